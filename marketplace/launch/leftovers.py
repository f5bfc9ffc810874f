"""Processes that a killed start left behind, found by the mark in their environment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from marketplace.launch.ground import HOME


def marked(home: Path) -> Iterator[psutil.Process]:
    """The processes of `home` that are neither we nor those who started us, nor PostgreSQL (stopped by its cluster)."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in ours and process.environ().get(HOME) == str(home) and process.name() != "postgres":
                yield process


def stop(home: Path) -> int:
    """Ask them to stop, kill those that do not within 8 s; how many there were."""
    found = list(marked(home))
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _gone, alive = psutil.wait_procs(found, 8)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, 5)
    return len(found)
