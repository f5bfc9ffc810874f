"""Welcome credits: once per company and once per person, when a provider's account is complete."""

from typing import Any

import pytest
from django.test import Client

from credits.models import Kind, Wallet, Welcome
from marketplace.accounts.models import Company, User
from marketplace.events.models import Notice
from marketplace.ledger.models import Transfer
from marketplace.testing.cast import person

pytestmark = pytest.mark.django_db
FIRST, SECOND = "852856566", "870152279"


@pytest.fixture(autouse=True)
def three(settings: Any) -> None:
    settings.WELCOME_CREDITS = {"CONSULTATION": 3, "OFFER": 1, "CONTACT": 0}


def declared(user: User, siren: str = FIRST, *hats: str, **changes: Any) -> User:
    """`user` with a company; as a provider unless other hats are given."""
    details = {"name": "Atelier", "country": "FR", "siren": siren, "vat_status": Company.VatStatus.FRANCHISE}
    address = {"street": "1 rue Haute", "postcode": "44000", "city": "Nantes"}
    Company.declare(user=user, hats=hats or ["provider"], details=details | address | changes)
    return User.objects.get(pk=user.pk)


def total(user: User) -> int:
    """All credits of a person."""
    found = Wallet.found(user)
    return found.total if found else 0


def test_complete_account_gets_them_once_with_a_notice() -> None:
    user = declared(person("a@exemple.fr", "Ana"))
    declared(user, name="Atelier Ana")
    assert Wallet.of(user).balances == {Kind.CONSULTATION: 3, Kind.OFFER: 1, Kind.CONTACT: 0}
    letter = Notice.objects.get(user=user, name="credit.granted").letter
    assert letter.subject == "Offert pour vos premiers pas\xa0: 3 crédits consultation, 1 crédit offre"
    assert Transfer.objects.get(event="credit.granted").key == f"welcome:{FIRST}"
    assert str(Welcome.objects.get()) == f"{FIRST}: Ana"


def test_second_account_of_the_company_gets_none() -> None:
    first, second = (declared(person(f"{n}@exemple.fr", n)) for n in "ab")
    assert (total(first), total(second)) == (4, 0)


def test_person_who_changes_companies_gets_none_again() -> None:
    user = declared(declared(person("a@exemple.fr", "Ana")), SECOND)
    assert total(user) == 4
    assert total(declared(person("b@exemple.fr", "Bob"), SECOND)) == 4


def test_foreign_company_is_known_by_its_vat_number() -> None:
    foreign: dict[str, Any] = {"country": "BE", "siren": None, "vat_status": "FOREIGN", "vat_number": "BE0403170701"}
    users = [declared(person(f"{n}@exemple.be", n), **foreign) for n in "ab"]
    assert [total(user) for user in users] == [4, 0]


def test_client_gets_them_only_with_the_hat_of_a_provider() -> None:
    user = declared(person("a@exemple.fr", "Ana"), FIRST, "client")
    assert total(user) == 0
    assert total(declared(user, FIRST, "client", "provider")) == 4


def test_address_not_confirmed_gets_none() -> None:
    assert total(declared(User.objects.create_user("a@exemple.fr", "x", name="Ana"))) == 0


def test_none_is_given_unless_the_setting_says_so(settings: Any) -> None:
    settings.WELCOME_CREDITS = {}
    assert total(declared(person("a@exemple.fr", "Ana"))) == 0
    assert not Welcome.objects.exists()


def test_wallet_says_that_they_were_offered(provider_user: User, as_provider: Client) -> None:
    assert "Offert pour vos premiers pas" in as_provider.get("/credits/").content.decode()
