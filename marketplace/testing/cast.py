"""The cast: people made as the site makes them, and a test client signed in for each."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import Company, User
from marketplace.accounts.staff import FINANCE, MODERATION, SMA

PASSWORD = "un-notaire-tranquille-1789"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def person(email: str, name: str, *, staff_of: str = "", password: str = PASSWORD) -> User:
    """Somebody whose address is confirmed; a member of the staff group `staff_of` gets a second factor too."""
    user = User.objects.create_user(
        email, password, name=name, phone="+33 6 12 34 56 78", is_staff=bool(staff_of), email_verified_at=timezone.now()
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if staff_of:
        user.groups.add(Group.objects.get(name=staff_of))
        TOTP.activate(user, TOTP_SECRET)
        RecoveryCodes.activate(user)
    return user


def professional(email: str, name: str, hat: str, company: str, siren: str) -> User:
    """A person with one hat and a French company registered for VAT."""
    user = person(email, name)
    key = (12 + 3 * (int(siren) % 97)) % 97
    details = {
        "name": company,
        "country": "FR",
        "siren": siren,
        "vat_number": f"FR{key:02d}{siren}",
        "vat_status": Company.VatStatus.REGISTERED,
        "street": "4 quai de la Fosse",
        "postcode": "44000",
        "city": "Nantes",
    }
    Company.declare(user=user, hats=[hat], details=details)
    return User.objects.get(pk=user.pk)


def signed_in(user: User) -> Client:
    """A client with the session of `user`, who has just given the password again."""
    client = Client()
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[0])
    reauthenticate(client, user)
    return client


def reauthenticate(client: Client, user: User, *, ago: float = 0) -> None:
    """Have the session say that the password was given `ago` seconds ago."""
    methods = [{"method": "password", "at": time.time() - ago, "email": user.email, "reauthenticated": True}]
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        methods.append({"method": "mfa", "at": time.time() - ago, "type": "totp", "reauthenticated": True})
    session = client.session
    session["account_authentication_methods"] = methods
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.fixture
def client_user(db: None) -> User:
    return professional("claire@caron-architectes.example", "Claire Caron", "client", "Caron Architectes", "914505565")


@pytest.fixture
def provider_user(db: None) -> User:
    return professional("paul@atelier-mercier.example", "Paul Mercier", "provider", "Atelier Mercier", "852856566")


@pytest.fixture
def rival_user(db: None) -> User:
    return professional("rita@studio-lemoine.example", "Rita Lemoine", "provider", "Studio Lemoine", "870152279")


@pytest.fixture
def stranger_user(db: None) -> User:
    """A client and provider with no part in anything."""
    user = professional("sam@garnier-conseil.example", "Sam Garnier", "provider", "Garnier Conseil", "919392761")
    user.is_client = True
    user.save(update_fields=["is_client"])
    return user


@pytest.fixture
def moderator_user(db: None) -> User:
    return person("maud@paraphe.example", "Maud Vasseur", staff_of=MODERATION)


@pytest.fixture
def mediator_user(db: None) -> User:
    return person("marc@paraphe.example", "Marc Tellier", staff_of=SMA)


@pytest.fixture
def arbitrator_user(db: None) -> User:
    return person("aude@paraphe.example", "Aude Rousset", staff_of=SMA)


@pytest.fixture
def finance_user(db: None) -> User:
    return person("fanny@paraphe.example", "Fanny Besson", staff_of=FINANCE)


@pytest.fixture
def second_finance_user(db: None) -> User:
    return person("felix@paraphe.example", "Félix Aubry", staff_of=FINANCE)


@pytest.fixture
def superuser(db: None) -> User:
    """The first administrator."""
    user = person("root@paraphe.example", "Rose Administratrice", staff_of=MODERATION)
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user


def signs_in(fixture: str) -> Callable[[pytest.FixtureRequest], Client]:
    """A fixture: the user of the fixture so named, signed in."""

    def as_somebody(request: pytest.FixtureRequest, **cast: User) -> Client:
        return signed_in(cast[fixture])

    asked = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("request", fixture)]
    as_somebody.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    return pytest.fixture(as_somebody, name=f"as_{fixture.removesuffix('_user')}")


as_client = signs_in("client_user")
as_provider = signs_in("provider_user")
as_rival = signs_in("rival_user")
as_stranger = signs_in("stranger_user")
as_moderator = signs_in("moderator_user")
as_mediator = signs_in("mediator_user")
as_arbitrator = signs_in("arbitrator_user")
as_finance = signs_in("finance_user")
as_second_finance = signs_in("second_finance_user")
as_superuser = signs_in("superuser")
