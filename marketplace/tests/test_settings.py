"""Production settings: they refuse to start on a default, and Django's own deployment checks find nothing to say."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.assets import PlainAssets

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "PLACE": "production",
    "COMPANY_NAME": "Paraphe SAS",
    "COMPANY_ADDRESS": "12 rue des Minutes, 44000 Nantes",
    "BASE_URL": "https://paraphe.example",
    "ALLOWED_HOSTS": "paraphe.example",
    "SECRET_KEY": "".join(chr(97 + n % 26) for n in range(64)),
    "FIELD_KEYS": base64.urlsafe_b64encode(b"f" * 32).decode(),
    "DATABASE_URL": "postgres://app:secret@127.0.0.1:1/paraphe",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "DEFAULT_FROM_EMAIL": "Paraphe <ne-pas-repondre@paraphe.example>",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": "whsec_x",
    "BANK_NAME": "Paraphe SAS",
    "BANK_IBAN": "FR7630001007941234567890185",
    "BANK_BIC": "BDFEFRPPCCT",
    "BANK_STREET": "12 rue des Minutes",
    "BANK_POSTCODE": "44000",
    "BANK_TOWN": "Nantes",
    "BANK_COUNTRY": "FR",
}


def start(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with this environment alone."""
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    words = [sys.executable, str(ROOT / "manage.py"), *command]
    return subprocess.run(words, env=bare | environment, capture_output=True, text=True, check=False, timeout=60)


def test_deployment_checks_are_clean() -> None:
    done = start(PRODUCTION, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "BANK_IBAN"])
def test_production_does_not_start_on_a_default(missing: str) -> None:
    done = start({name: value for name, value in PRODUCTION.items() if name != missing}, "check")
    assert done.returncode != 0
    assert f"In production {missing} must be set" in done.stderr


@pytest.mark.parametrize(("name", "value"), [("SECRET_KEY", "short"), ("DEBUG", "on"), ("PLACE", "prod")])
def test_production_does_not_start_on_a_dangerous_value(name: str, value: str) -> None:
    done = start(PRODUCTION | {name: value}, "check")
    assert "ImproperlyConfigured" in done.stderr


def test_what_is_run_by_stripes_stand_in_is_not_in_production() -> None:
    done = start(PRODUCTION | {"STRIPE_SECRET_KEY": "sk_test_sandbox"}, "diffsettings", "--output", "unified")
    assert "+ SANDBOX = False" in done.stdout
    assert "'https://api.stripe.com'" in done.stdout


def test_production_offers_r0_once_a_licensed_holder_is_named() -> None:
    holder = {"R0_ACCOUNT_HOLDER": "Établissement Sûr", "R0_ACCOUNT_LICENCE": "12345"}
    shown = [start(PRODUCTION | more, "diffsettings", "--all").stdout for more in ({}, holder)]
    assert ["R0_OFFERED = True" in text for text in shown] == [False, True]


@pytest.mark.parametrize("name", ["R0_ACCOUNT_HOLDER", "R0_ACCOUNT_LICENCE"])
def test_production_wants_the_holder_with_its_licence(name: str) -> None:
    done = start(PRODUCTION | {name: "12345"}, "check")
    assert done.returncode != 0
    assert "R0_ACCOUNT_HOLDER and R0_ACCOUNT_LICENCE together" in done.stderr


def test_address_of_an_asset_is_worked_out_once() -> None:
    storage = PlainAssets()
    assert storage.url("css/base.css") == "/static/css/base.css"
    storage.base_url = "/elsewhere/"
    assert storage.url("css/base.css") == "/static/css/base.css"
    assert storage.url("css/layout.css") == "/elsewhere/css/layout.css"


def test_production_serves_assets_under_names_that_change_with_them() -> None:
    done = start(PRODUCTION, "diffsettings", "--output", "unified")
    assert "marketplace.assets.HashedAssets" in done.stdout
