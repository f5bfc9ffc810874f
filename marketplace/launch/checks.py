"""`make check`: every tool that reads the code, several at once, and what each of them found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from marketplace.launch.ground import ROOT, program, say

DJHTML = [program("djhtml"), "--tabwidth", "2"]
DJADE = [program("djade"), "--target-version", "5.2"]
PACKAGES = ("marketplace", "projects", "credits", "escrow", "mediation", "payouts")


@dataclass(frozen=True)
class Check:
    """One tool; it is content when it ends with 0."""

    name: str
    command: list[str]


def templates() -> list[str]:
    """Every template of ours."""
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "templates").rglob("*.html"))]


def manage(*words: str) -> list[str]:
    return [sys.executable, "-W", "ignore::RuntimeWarning", "manage.py", *words]


def every() -> Iterable[Check]:
    """The longest first."""
    yield Check("types", [program("mypy"), *PACKAGES, "conftest.py"])
    yield Check("words", [sys.executable, "-m", "marketplace.launch.words"])
    yield Check("migrations", manage("makemigrations", "--check", "--dry-run"))
    yield Check("site", manage("check", "--fail-level", "WARNING"))
    yield Check("imports", [program("lint-imports"), "--no-cache"])
    yield Check("template indents", [*DJHTML, "--check", *templates()])
    yield Check("template style", [*DJADE, "--check", *templates()])
    yield Check("style", [program("ruff"), "check", "--quiet", "."])
    yield Check("format", [program("ruff"), "format", "--check", "--quiet", "."])


def perform(check: Check) -> bool:
    """Run one; what a discontented tool says is shown whole."""
    began = time.monotonic()
    env = os.environ | {"PLACE": "test", "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    done = subprocess.run(check.command, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    took = f"{time.monotonic() - began:.1f} s"
    if done.returncode:
        sys.stdout.write(f"✗ {check.name} ({took})\n{done.stdout}{done.stderr}\n")
        sys.stdout.flush()
    else:
        say(f"{check.name} ({took})")
    return done.returncode == 0


def run() -> int:
    """0 when all are content."""
    for name in PACKAGES:
        if not Path(ROOT, name).is_dir():
            raise FileNotFoundError(name)
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        return 0 if all(list(pool.map(perform, every()))) else 1


def tidy() -> None:
    """Write every file the way the checks want it."""
    for command in (["ruff", "check", "--fix", "--quiet", "."], ["ruff", "format", "--quiet", "."]):
        subprocess.run([program(command[0]), *command[1:]], cwd=ROOT, check=False)
    for tool in (DJADE, DJHTML):
        subprocess.run([*tool, *templates()], cwd=ROOT, check=False, capture_output=True)
