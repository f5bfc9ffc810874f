"""`make check`: every tool that reads the code, several at once, and what each of them found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from marketplace.launch.ground import ROOT, program, say

DJHTML = [program("djhtml"), "--tabwidth", "2"]
DJADE = [program("djade"), "--target-version", "5.2"]
PACKAGES = ("marketplace", "projects", "credits", "escrow", "mediation", "payouts")
PRODUCTION = {
    "PLACE": "production",
    "COMPANY_NAME": "Paraphe SAS",
    "COMPANY_ADDRESS": "12 rue des Minutes, 44000 Nantes",
    "BASE_URL": "https://paraphe.example",
    "ALLOWED_HOSTS": "paraphe.example",
    "SECRET_KEY": "0123456789-a-key-that-nobody-uses-but-the-checks-abcdefghij",
    "FIELD_KEYS": "dHJpYWwtb25seS1maWVsZC1rZXktbm90LXNlY3JldCE=",
    "DATABASE_URL": "postgres://app@127.0.0.1/paraphe",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp://127.0.0.1:25",
    "DEFAULT_FROM_EMAIL": "ne-pas-repondre@paraphe.example",
    "STRIPE_SECRET_KEY": "sk_live_of_the_checks",
    "STRIPE_WEBHOOK_SECRETS": "whsec_of_the_checks",
    "BANK_NAME": "Paraphe SAS",
    "BANK_IBAN": "FR7630001007941234567890185",
    "BANK_BIC": "BDFEFRPPCCT",
    "BANK_STREET": "12 rue des Minutes",
    "BANK_POSTCODE": "44000",
    "BANK_TOWN": "Nantes",
    "BANK_COUNTRY": "FR",
}


@dataclass(frozen=True)
class Check:
    """One tool; it is content when it ends with 0."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)


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
    yield Check("production", manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION)
    yield Check("imports", [program("lint-imports"), "--no-cache"])
    yield Check("template indents", [*DJHTML, "--check", *templates()])
    yield Check("template style", [*DJADE, "--check", *templates()])
    yield Check("style", [program("ruff"), "check", "--quiet", "."])
    yield Check("format", [program("ruff"), "format", "--check", "--quiet", "."])


def perform(check: Check) -> bool:
    """Run one; what a discontented tool says is shown whole."""
    began = time.monotonic()
    env = os.environ | {"PLACE": "test", "DJANGO_SETTINGS_MODULE": "marketplace.settings"} | check.env
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
