from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import Company, User
from marketplace.testing.cast import person, signed_in

DETAILS: dict[str, Any] = {
    "name": "Atelier Morvan",
    "country": "FR",
    "siren": "732829320",
    "vat_status": "REGISTERED",
    "vat_number": "FR44732829320",
    "street": "3 rue des Tanneurs",
    "postcode": "21000",
    "city": "Dijon",
}
IBAN = "FR7630001007941234567890185"
OTHER_IBAN = "DE89370400440532013000"


@pytest.fixture
def newcomer(db: None) -> User:
    """A person whose address is confirmed, without company or hat."""
    return person("nadia@exemple.fr", "Nadia Corbin")


@pytest.fixture
def provider(newcomer: User) -> User:
    Company.declare(user=newcomer, hats=["provider"], details=DETAILS)
    return User.objects.get(pk=newcomer.pk)


@pytest.fixture
def as_provider(provider: User) -> Client:
    return signed_in(provider)


@pytest.fixture
def as_newcomer(newcomer: User) -> Client:
    return signed_in(newcomer)
