"""What every verb of the launcher stands on: where things lie, saying a line, running a step, being told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from marketplace.launch.cluster import tether

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HOME = "PARAPHE_HOME"  # marks the processes of this folder, so that a later start finds those a killed one left


class CannotGoOn(Exception):
    """The launcher stops here; the message says what to do."""


def say(line: str) -> None:
    """One line per step, seen at once."""
    sys.stdout.write(f"· {line}\n")
    sys.stdout.flush()


def leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def listen() -> None:
    """From now on, any signal that asks to stop leaves through `finally`."""
    for stop in STOPS:
        signal.signal(stop, leave)


def be_deaf() -> None:
    """From now on, stopping is not interrupted by a second signal."""
    for stop in STOPS:
        signal.signal(stop, signal.SIG_IGN)


def step(command: Sequence[str], env: dict[str, str] | None = None) -> None:
    """Run one command to its end; whatever ends us ends it too."""
    child = subprocess.Popen([*tether(), *command], env=os.environ | (env or {}), cwd=ROOT)
    try:
        if child.wait():
            raise CannotGoOn("This failed: " + " ".join(command))
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def manage(*words: str, env: dict[str, str] | None = None) -> None:
    """Run a management command of the site."""
    step([sys.executable, "manage.py", *words], env)


def program(name: str) -> str:
    """A program that our virtual environment brings."""
    return str(Path(sys.executable).with_name(name))
