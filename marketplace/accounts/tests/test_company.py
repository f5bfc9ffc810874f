from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from marketplace.accounts.countries import choices, name_of
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.accounts.models.company import plain
from marketplace.accounts.tests.conftest import DETAILS, IBAN, OTHER_IBAN

PAGE = "/mon-compte/entreprise/"
TYPED = DETAILS | {"hats": ["provider"]}
FOREIGN = TYPED | {"country": "DE", "siren": "", "vat_number": "DE136695976", "postcode": "10115", "city": "Berlin"}


def errors(response: Any) -> set[str]:
    return set(response.context["form"].errors)


def test_french_company_is_recorded_with_its_vat_number(as_newcomer: Client, newcomer: User) -> None:
    both = {"hats": ["client", "provider"], "phone": "06 11 00 72 35"}
    typed = TYPED | both | {"siren": "732 829 320", "vat_number": ""}
    assert as_newcomer.post(PAGE, typed).status_code == 302
    company = Company.objects.get(user=newcomer)
    assert (company.siren, company.vat_number, company.number) == ("732829320", "FR44732829320", "732829320")
    assert company.address == "3 rue des Tanneurs, 21000 Dijon"
    assert User.objects.get(pk=newcomer.pk).acts_as_client
    assert company.vat_rate_bp == 2000
    assert User.objects.get(pk=newcomer.pk).phone == "06 11 00 72 35"


@pytest.mark.parametrize("phone", ["", "   ", "appelez-moi", "0"])
def test_client_gives_a_phone_that_rings(as_newcomer: Client, phone: str) -> None:
    assert errors(as_newcomer.post(PAGE, TYPED | {"hats": ["client"], "phone": phone})) == {"phone"}
    assert not Company.objects.exists()


def test_no_vat_status_is_chosen_for_anybody(as_newcomer: Client) -> None:
    page = as_newcomer.get(PAGE).content.decode()
    assert page.split(">Choisissez le statut")[0].split("<option ")[-1].split() == ['value=""', "selected"]
    assert "facultatif" not in page


def test_exempt_company_needs_no_vat_number(as_newcomer: Client, newcomer: User) -> None:
    as_newcomer.post(PAGE, TYPED | {"vat_status": "FRANCHISE", "vat_number": ""})
    company = Company.objects.get(user=newcomer)
    assert (company.vat_number, company.vat_rate_bp) == ("", 0)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"siren": "732829321"}, "siren"),
        ({"siren": ""}, "siren"),
        ({"vat_number": "FR83404833048"}, "vat_number"),
        ({"vat_number": "n’importe quoi"}, "vat_number"),
        ({"vat_status": "FOREIGN"}, "vat_status"),
        ({"postcode": "2100"}, "postcode"),
        ({"postcode": "2100", "siren": "1"}, "postcode"),
        ({"vat_status": ""}, "vat_status"),
        ({"hats": []}, "hats"),
        ({"country": "XX"}, "country"),
        ({"country": "DE", "vat_number": "FR44732829320"}, "vat_number"),
        ({"country": "DE", "vat_number": ""}, "vat_number"),
        ({"country": "GB", "vat_number": "123"}, "vat_number"),
        ({"country": "MA", "vat_number": "?"}, "vat_number"),
    ],
)
def test_wrong_numbers_are_named_beside_their_field(as_newcomer: Client, typed: dict[str, Any], field: str) -> None:
    response = as_newcomer.post(PAGE, TYPED | typed)
    assert response.status_code == 200
    assert field in errors(response)
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("country", "number", "kept"),
    [
        ("DE", "DE 136 695 976", "DE136695976"),
        ("GR", "EL094259216", "EL094259216"),
        ("CH", "CHE-107.787.577 TVA", "CHE107787577TVA"),
        ("GB", "GB 980 7806 84", "980780684"),
        ("MA", "0012 3456 7", "001234567"),
    ],
)
def test_foreign_company_is_recorded_by_its_vat_number(
    as_newcomer: Client, newcomer: User, country: str, number: str, kept: str
) -> None:
    response = as_newcomer.post(PAGE, FOREIGN | {"country": country, "vat_number": number})
    assert response.status_code == 302, errors(response)
    company = Company.objects.get(user=newcomer)
    assert (company.siren, company.vat_number, company.vat_status, company.number) == (None, kept, "FOREIGN", kept)
    assert company.address.endswith(name_of(country))


def test_company_page_shows_what_was_given_and_warns(as_provider: Client) -> None:
    page = as_provider.get(PAGE).content.decode()
    assert 'value="Atelier Morvan"' in page
    assert "met votre compte bancaire hors d’usage" in page


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"siren": None}, "company_is_identified"),
        ({"siren": "12"}, "company_siren"),
        ({"country": "fr"}, "company_country"),
        ({"country": "DE"}, "company_is_identified"),
        ({"vat_number": ""}, "company_registered_has_vat_number"),
    ],
)
def test_database_refuses_an_unidentified_company(provider: User, changes: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Company.objects.filter(user=provider).update(**changes)


def test_another_name_puts_the_bank_account_out_of_use(provider: User) -> None:
    account = BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    Company.declare(user=provider, hats=["provider"], details=DETAILS | {"city": "Beaune"})
    assert BankAccount.objects.current().get() == account
    Company.declare(user=provider, hats=["provider"], details=DETAILS | {"name": "Atelier Beaunois"})
    assert not BankAccount.objects.current().exists()
    again = BankAccount.change(user=User.objects.get(pk=provider.pk), holder="Atelier Beaunois", iban=IBAN)
    assert again.usable_from > again.created_at


def test_one_business_is_recognised_by_number_and_by_iban(provider: User, db: None) -> None:
    twin = User.objects.create_user("jumeau@exemple.fr", name="Jumeau")
    assert not provider.is_tied_to(twin)
    Company.declare(user=twin, hats=["client"], details=DETAILS | {"siren": "404833048", "vat_number": "FR83404833048"})
    assert provider.is_tied_to(provider)
    assert not provider.is_tied_to(twin)
    for user in (provider, twin):
        BankAccount.change(user=user, holder="Atelier Morvan", iban=OTHER_IBAN)
    assert provider.is_tied_to(twin)
    Company.declare(user=twin, hats=["client"], details=DETAILS)
    assert provider.company.is_same_as(User.objects.get(pk=twin.pk).company)


def test_names_are_compared_without_accents_capitals_and_legal_form() -> None:
    assert plain("SARL L’Atelier  Été") == plain("latelier ete s.a.r.l.") == ("latelier", "ete")
    assert plain("SARL") == ("sarl",)


def test_countries_come_in_the_readers_order() -> None:
    codes = [code for code, _name in choices()]
    assert codes[:3] == ["FR", "DZ", "DE"]
    assert name_of("ZZ") == "ZZ"


@pytest.mark.parametrize(
    ("back", "there"),
    [("/projets/publier/", "/projets/publier/"), ("//evil.example", "/mon-compte/"), ("", "/mon-compte/")],
)
def test_who_is_asked_for_a_company_comes_back_to_what_they_opened(as_newcomer: Client, back: str, there: str) -> None:
    asked = as_newcomer.get("/projets/publier/", follow=True)
    assert asked.redirect_chain == [(f"{PAGE}?next=%2Fprojets%2Fpublier%2F", 302)]
    assert "réservée aux clients" in asked.content.decode()
    typed = TYPED | {"hats": ["client"], "phone": "06 11 00 72 35"}
    assert as_newcomer.post(f"{PAGE}?next={back}", typed)["Location"] == there
