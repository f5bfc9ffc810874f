from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts import crypto
from marketplace.accounts.models import BankAccount, User
from marketplace.accounts.tests.conftest import IBAN, OTHER_IBAN
from marketplace.events.models import Event, Notice

PAGE = "/mon-compte/iban/"


def test_first_account_is_usable_at_once(provider: User) -> None:
    account = BankAccount.change(user=provider, holder="ATELIER MORVAN SARL", iban="FR76 3000 1007 9412 3456 7890 185")
    assert account.is_usable(timezone.now())
    assert (account.last4, str(account), account.clear_iban) == ("0185", "•••• •••• •••• 0185", IBAN)


def test_changed_account_waits_72_hours(provider: User) -> None:
    first = BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    second = BankAccount.change(user=provider, holder="Atelier Morvan", iban=OTHER_IBAN, bic="cobadeff xxx")
    first.refresh_from_db()
    now = timezone.now()
    assert not first.is_usable(now)
    assert not second.is_usable(now + timedelta(hours=71))
    assert second.is_usable(now + timedelta(hours=73))
    assert second.bic == "COBADEFFXXX"
    assert BankAccount.objects.of(provider).current().get() == second


def test_same_account_again_changes_nothing(provider: User) -> None:
    first = BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    assert BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN) == first
    assert Event.objects.filter(verb="bank_account.changed").count() == 1


def test_return_to_an_earlier_account_waits_too(provider: User) -> None:
    for number in (IBAN, OTHER_IBAN, IBAN):
        account = BankAccount.change(user=provider, holder="Atelier Morvan", iban=number)
    assert account.usable_from > timezone.now() + timedelta(hours=71)


@pytest.mark.parametrize(
    ("holder", "iban", "refusal"),
    [
        ("Atelier Morvan", "FR7630001007941234567890186", BankAccount.NotIban),
        ("Atelier Morvan", "SA0380000000608010167519", BankAccount.NotReachable),
        ("Atelier Morvane", IBAN, BankAccount.NotHolder),
    ],
)
def test_wrong_account_is_refused(provider: User, holder: str, iban: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        BankAccount.change(user=provider, holder=holder, iban=iban)
    assert not BankAccount.objects.exists()


def test_account_without_a_company_is_refused(newcomer: User) -> None:
    with pytest.raises(BankAccount.NoCompany):
        BankAccount.change(user=newcomer, holder="Nadia", iban=IBAN)


def test_database_keeps_one_account_per_user(provider: User) -> None:
    BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    BankAccount.change(user=provider, holder="Atelier Morvan", iban=OTHER_IBAN)
    with pytest.raises(IntegrityError, match="bank_account_one_current_per_user"), transaction.atomic():
        BankAccount.objects.update(replaced_at=None)


def test_iban_is_unreadable_in_the_database(provider: User) -> None:
    BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    with connection.cursor() as cursor:
        cursor.execute("select b::text || e.facts::text from accounts_bankaccount b, events_event e")
        rows = "".join(row for (row,) in cursor.fetchall())
    assert IBAN[4:14] not in rows


def test_change_is_told_by_mail_with_the_date(provider: User) -> None:
    BankAccount.change(user=provider, holder="Atelier Morvan", iban=IBAN)
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False):
        BankAccount.change(user=provider, holder="Atelier Morvan", iban=OTHER_IBAN)
    first, second = Notice.objects.filter(user=provider, name="bank_account.changed").order_by("pk")
    assert "versés sur ce compte" in first.letter.paragraphs[1]
    assert "27 novembre 2026" in second.letter.paragraphs[1]
    assert "3000" in second.letter.paragraphs[0]


def test_page_asks_for_the_password_again(provider: User) -> None:
    client = Client()
    client.force_login(provider)
    assert client.get(PAGE)["Location"].startswith("/compte/confirmation/")
    assert client.post(PAGE, {"iban": IBAN})["Location"].startswith("/compte/confirmation/")


def test_page_records_and_shows_the_account_masked(as_provider: Client) -> None:
    assert "Pas encore de compte bancaire" in as_provider.get(PAGE).content.decode()
    typed = {"key": str(uuid4()), "holder": "Atelier Morvan", "iban": IBAN, "bic": "BDFEFRPPCCT"}
    assert as_provider.post(PAGE, typed)["Location"] == PAGE
    page = as_provider.get(PAGE).content.decode()
    assert "•••• 0185" in page
    assert IBAN[4:14] not in page
    as_provider.post(PAGE, typed | {"iban": OTHER_IBAN, "bic": ""})
    assert "Versements à partir du" in as_provider.get(PAGE).content.decode()


def test_page_names_each_error_beside_its_field(as_provider: Client) -> None:
    typed = {"key": str(uuid4()), "holder": "Quelqu’un", "iban": "FR76", "bic": "NON"}
    response = as_provider.post(PAGE, typed)
    assert set(response.context["form"].errors) == {"holder", "iban", "bic"}
    assert "«\u00a0Atelier Morvan\u00a0»" in response.content.decode()


def test_encrypted_column_reads_under_an_older_key(settings: object) -> None:
    old, new = "dHJpYWwtb25seS1maWVsZC1rZXktbm90LXNlY3JldCE=", "A" * 43 + "="
    settings.FIELD_KEYS = [old]  # type: ignore[attr-defined]
    token, mark = crypto.encrypt("secret"), crypto.fingerprint("secret")
    settings.FIELD_KEYS = [new, old]  # type: ignore[attr-defined]
    assert crypto.decrypt(token) == "secret"
    assert crypto.fingerprint("secret") == mark
