"""Compiles the translations, so that no gettext is needed to run the site."""

from __future__ import annotations

import os
from pathlib import Path

import polib


def compile_newer(root: Path) -> int:
    """Write each `.mo` that is missing or older than its `.po`; how many."""
    done = 0
    for source in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        half = target.with_suffix(f".mo.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(half))
        half.replace(target)
        done += 1
    return done
