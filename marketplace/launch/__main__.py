"""`python -m marketplace.launch run|test|check|prove|format|demo-reset`, called by `make` through bootstrap.py."""

from __future__ import annotations

import os
import sys

from marketplace.launch import checks, prove, system, trial
from marketplace.launch.cluster import NotStarted
from marketplace.launch.ground import CannotGoOn, listen


def test(*words: str) -> None:
    """The whole suite, by three workers on two processors: one of them mostly waits for browsers and processes.

    What it needs is installed or named.
    """
    system.install(system.missing_to_test())
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # set by the import of our package; tests choose their own place
    os.environ.pop("MAKEFLAGS", None)  # else the ARGS of this run would be those of each `make run` that it tries
    command = [sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "loadgroup"]
    os.execv(sys.executable, [*command, "--no-loadscope-reorder", *words])


def check() -> None:
    """Everything that is read, not run."""
    system.install(system.missing_to_check())
    raise SystemExit(checks.run())


VERBS = {
    "run": trial.run,
    "demo-reset": trial.reset,
    "test": test,
    "check": check,
    "prove": prove.run,
    "format": checks.tidy,
}


def main() -> None:
    """Bytecode is kept: an image that says not to write it would have each of our many processes compile it all."""
    listen()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        VERBS[sys.argv[1]](*sys.argv[2:])
    except (CannotGoOn, NotStarted) as error:
        raise SystemExit(f"✗ {error}") from error


if __name__ == "__main__":
    main()
