PYTHON ?= python3
.PHONY: run test check prove format demo-reset

run test check prove format demo-reset:
	@exec $(PYTHON) marketplace/launch/bootstrap.py $@ $(ARGS)
