"""What the wheels do not bring: a few system packages, installed by apt as root, else named with the exact command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from ctypes.util import find_library
from pathlib import Path

from marketplace.launch.cluster import is_root
from marketplace.launch.ground import CannotGoOn, say, step

FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "~/.fonts", "~/.local/share/fonts")
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}
HEADLESS = "chromium-headless-shell"  # Chromium without what nobody sees: less than half of its processor time
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def has_font() -> bool:
    """Whether there is a font to write invoices with."""
    folders = (Path(folder).expanduser() for folder in FONTS)
    return any(next(folder.rglob(kind), None) for folder in folders for kind in ("*.ttf", "*.otf"))


def missing_to_run() -> list[str]:
    """The packages without which invoices cannot be drawn."""
    packages = [package for library, package in LIBRARIES.items() if not find_library(library)]
    return packages if has_font() else [*packages, "fonts-dejavu-core"]


def missing_to_test() -> list[str]:
    """The packages without which the journeys cannot be walked."""
    missing = missing_to_run()
    if not os.environ.get("CHROMIUM") and not shutil.which(HEADLESS) and (not any_browser() or is_offered(HEADLESS)):
        missing.append(HEADLESS)
    if not shutil.which("redis-server"):
        missing.append("redis-server")
    return missing


def any_browser() -> str | None:
    """A Chromium that is here, the cheapest first; the CHROMIUM of the environment before them."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, (HEADLESS, *CHROMIUM))), None)


def is_offered(package: str) -> bool:
    """Whether we may install `package`, and apt knows it."""
    if not is_root() or not shutil.which("apt-cache"):
        return False
    return not subprocess.run(["apt-cache", "show", package], capture_output=True, check=False).returncode


def missing_to_check() -> list[str]:
    """The packages without which the words of the pages cannot be collected."""
    return [] if shutil.which("xgettext") else ["gettext"]


def install(packages: Iterable[str]) -> None:
    """Install what is missing, or say how."""
    names = sorted(set(packages))
    if not names:
        return
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    if not shutil.which("apt-get"):
        raise CannotGoOn("These system packages are missing (names of Debian and Ubuntu): " + ", ".join(names))
    if not is_root():
        raise CannotGoOn(f"System packages are missing. Install them first:\n    sudo {' '.join(command)}")
    say(f"Installing {', '.join(names)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    step(["apt-get", "update", "-q"], quiet)
    step(command, quiet)
