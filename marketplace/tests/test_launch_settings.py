import os
import re
import subprocess
import sys

import pytest

from marketplace.launch.checks import PRODUCTION
from marketplace.launch.ground import ROOT

SETTINGS = (ROOT / "marketplace/settings.py").read_text()
NEEDED = sorted({*re.findall(r'needed\(\s*"(\w+)"', SETTINGS), "REDIS_URL", "EMAIL_URL"})


def start(env):
    """What Python says when the settings are read in a process of their own."""
    command = [sys.executable, "-c", "import marketplace.settings"]
    base = {name: os.environ[name] for name in ("PATH", "VAR_DIR")}
    return subprocess.run(command, cwd=ROOT, env=base | env, capture_output=True, text=True, check=False)


def test_production_starts_once_everything_is_given():
    done = start(PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NEEDED)
def test_production_refuses_to_start_without(name):
    done = start({key: value for key, value in PRODUCTION.items() if key != name})
    assert done.returncode
    assert f"{name} must be set" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "trial-only-secret-key-never-used-in-production-0123456789"),
        ("DEBUG", "1"),
    ],
)
def test_production_refuses_what_is_unsafe(name, value):
    assert "ImproperlyConfigured" in start(PRODUCTION | {name: value}).stderr


def test_another_place_is_refused():
    assert "trial, test, production" in start({"PLACE": "staging"}).stderr


def test_the_example_names_every_setting():
    read = set(re.findall(r'(?:needed|env|env\.\w+)\(\s*"([A-Z]\w+)"', SETTINGS))
    named = set(re.findall(r"^(?:# )?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read - named == set()
