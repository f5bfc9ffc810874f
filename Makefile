PYTHON ?= python3
.PHONY: run test check format demo-reset

run test check format demo-reset:
	@exec $(PYTHON) marketplace/launch/bootstrap.py $@ $(ARGS)
