"""Builds `.venv` with any Python ≥ 3.11 and hands over to it: `python3 marketplace/launch/bootstrap.py run`.

The standard library only, and a syntax that older Pythons (3.7) read: they must be able to say what they lack.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = Path(os.environ.get("VENV", ROOT / ".venv"))
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
NEEDS_DEV = {"test", "check", "prove", "format"}


def say(line: str) -> None:
    sys.stdout.write("· " + line + "\n")
    sys.stdout.flush()


def leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def call(command: list[str]) -> None:
    """Run a command; whatever ends us ends it too."""
    child = subprocess.Popen(command)
    try:
        if child.wait():
            raise SystemExit("This failed: " + " ".join(command))
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def be_recent_enough() -> None:
    """Go on with a Python that is not too old, or say so."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(20, OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])
    raise SystemExit("Python 3.11 or later is needed; this is " + sys.version.split()[0])


def build() -> None:
    """Make the virtual environment; one left half-made by a kill is made again."""
    if PYTHON.exists() and (VENV / "bin" / "pip").exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        apt = ["apt-get", "install", "-y", "-q", "python3-venv"]
        if os.geteuid() or not shutil.which("apt-get"):
            raise SystemExit("Python's venv module is missing. Install it first:\n    sudo " + " ".join(apt))
        say("Installing python3-venv")
        call(["apt-get", "update", "-q"])
        call(apt)
    say(f"Making {VENV}")
    call([sys.executable, "-m", "venv", "--clear", str(VENV)])


def install(name: str) -> None:
    """Install the pinned requirements unless exactly these have been installed before."""
    file, stamp = ROOT / name, VENV / (name + ".sha256")
    wanted = hashlib.sha256(b"".join(f.read_bytes() for f in sorted({ROOT / "requirements.txt", file}))).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing " + name)
    call([str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(file)])
    stamp.write_text(wanted)


def main() -> None:
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, leave)
    be_recent_enough()
    build()
    install("requirements-dev.txt" if sys.argv[1] in NEEDS_DEV else "requirements.txt")
    os.chdir(str(ROOT))
    os.execv(str(PYTHON), [str(PYTHON), "-m", "marketplace.launch", *sys.argv[1:]])


if __name__ == "__main__":
    main()
