"""Asking to be paid: what moves, and what is refused without moving anything."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import F, Value
from django.utils import timezone

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import Company, User
from marketplace.ledger.models import Transfer
from marketplace.ledger.tests.crowd import balance
from payouts.bills import Bill, bare
from payouts.models import PayoutRequest
from payouts.models.requests import refused_by_name
from payouts.tests import way

pytestmark = pytest.mark.django_db


def test_the_money_asked_for_is_claimed(asked: PayoutRequest) -> None:
    account = asked.escrow
    assert (balance(account.payable), balance(account.claimed)) == (0, way.CENTS)
    assert (asked.state, asked.document.purpose, asked.bank_account.last4) == ("ASKED", "payouts.invoice", "0189")
    assert Transfer.objects.get(key=f"payout:{asked.pk}:ask").by == asked.provider
    assert str(asked) == "AC-1 (Paul Mercier)"


def test_the_same_page_sent_twice_asks_once(tranche: Tranche) -> None:
    key = uuid.uuid4()
    assert way.asked(tranche, key=key) == way.asked(tranche, key=key)
    assert PayoutRequest.objects.count() == 1
    with pytest.raises(PayoutRequest.KeyReused):
        way.asked(tranche, Bill("AC-9", way.ISSUED, 50_000, 10_000), key=key)


def test_less_leaves_the_rest_claimable(tranche: Tranche) -> None:
    way.asked(tranche, Bill("AC-1", way.ISSUED, 40_000, 8_000))
    assert PayoutRequest.claimable_cents(tranche) == 72_000
    way.asked(tranche, Bill("AC-2", way.ISSUED, 60_000, 12_000))
    assert balance(tranche.account.payable) == 0


def test_more_than_released_is_refused_with_the_figures(tranche: Tranche) -> None:
    for cents in (0, 120_001, 10**17):
        with pytest.raises(PayoutRequest.TooMuch, match="1\u202f200,00\xa0€ sont libérés"):
            way.asked(tranche, Bill("AC-1", way.ISSUED, cents, 0))
    assert balance(tranche.account.claimed) == 0


def test_only_what_is_released_counts(account: EscrowAccount) -> None:
    tranche = escrow_way.released(escrow_way.delivered(escrow_way.funded(account)[0]), 60_000, "Une partie.")
    with pytest.raises(PayoutRequest.TooMuch):
        way.asked(tranche)
    assert way.asked(tranche, Bill("AC-1", way.ISSUED, 50_000, 10_000)).cents == 60_000


def test_another_vat_than_agreed_is_refused(tranche: Tranche) -> None:
    for ht, vat in [(100_000, 0), (100_000, 5_500), (110_000, 10_000), (3, -2), (0, 5), (100_000, 19_994)]:
        with pytest.raises(PayoutRequest.WrongVat, match="20\xa0%"):
            way.asked(tranche, Bill("AC-1", way.ISSUED, ht, vat))
    assert way.asked(tranche, Bill("AC-1", way.ISSUED, 100_000, 19_995)).vat_cents == 19_995


def test_an_account_has_any_rate() -> None:
    assert Bill("AC-1", way.ISSUED, 100_000, 5_500).is_at(550)
    assert not Bill("AC-1", way.ISSUED, 100_000, 5_506).is_at(550)


@pytest.fixture
def exempt(client_user: User, provider_user: User) -> Tranche:
    """A released tranche of 1 000 € of a provider in franchise (art. 293 B)."""
    Company.objects.filter(user=provider_user).update(vat_status="FRANCHISE", vat_number="")
    provider_user.refresh_from_db()
    way.banked(provider_user)
    return way.released(escrow_way.opened(client_user, provider_user))


def test_a_franchise_is_paid_without_vat(exempt: Tranche) -> None:
    assert exempt.cents == 100_000
    with pytest.raises(PayoutRequest.WrongVat, match="0\xa0%"):
        way.asked(exempt, Bill("AC-1", way.ISSUED, 99_999, 1))
    assert way.asked(exempt, Bill("AC-1", way.ISSUED, 100_000, 0)).cents == 100_000


def test_a_number_serves_once_while_it_lives(account: EscrowAccount, finance_user: User) -> None:
    first, second = way.released(account), way.released(account, 1)
    request = way.asked(first, Bill("AC-1", way.ISSUED, 50_000, 10_000))
    with pytest.raises(PayoutRequest.NumberTaken, match="AC-1"):
        way.asked(second)
    request.refuse(by=finance_user, reason="Illisible.")
    assert way.asked(second).invoice_number == "AC-1"
    with pytest.raises(PayoutRequest.NumberTaken):
        way.asked(first)


def test_a_refused_invoice_is_sent_again(asked: PayoutRequest, finance_user: User) -> None:
    asked.refuse(by=finance_user, reason="Il manque votre SIREN.")
    again = way.asked(asked.tranche)
    assert (again.invoice_number, again.state) == ("AC-1", "ASKED")
    assert balance(asked.escrow.claimed) == way.CENTS


def test_without_an_iban_nothing_can_be_asked_for(client_user: User, provider_user: User) -> None:
    tranche = way.released(escrow_way.opened(client_user, provider_user))
    with pytest.raises(PayoutRequest.NoBankAccount):
        way.asked(tranche)


def test_an_iban_just_changed_waits(tranche: Tranche, provider_user: User) -> None:
    way.banked(provider_user, way.OTHER_IBAN)
    with pytest.raises(PayoutRequest.AccountOnHold, match="avant le"):
        way.asked(tranche)


def test_what_the_database_refuses_by_a_fault_of_ours_stays_a_fault(asked: PayoutRequest) -> None:
    """Only the two constraints that people can run into become sentences."""
    with pytest.raises(IntegrityError, match="payout_adds_up"), refused_by_name(way.BILL):
        PayoutRequest.objects.filter(pk=asked.pk).update(cents=1)


@pytest.mark.parametrize(
    "number", ["AC-1\u200b", "AC\u20111", "ac\u20131", "\uff21\uff23-\uff11", "AC -1", "ac1", "a c\xa0\u22121"]
)
def test_a_number_is_the_same_in_any_spelling(account: EscrowAccount, number: str) -> None:
    way.asked(way.released(account))
    with pytest.raises((PayoutRequest.NumberTaken, PayoutRequest.NotNumbered)):
        way.asked(way.released(account, 1), Bill(number, way.ISSUED, 120_000, 24_000))
    rows = PayoutRequest.objects.alias(bare=bare(F("invoice_number")))
    assert rows.filter(bare=bare(Value(number))).count() == 1


@pytest.mark.parametrize("number", ["AC/1", "AC.1", "AC-11", "ÂC-1"])
def test_another_number_is_another_invoice(account: EscrowAccount, number: str) -> None:
    way.asked(way.released(account))
    assert way.asked(way.released(account, 1), Bill(number, way.ISSUED, 120_000, 24_000)).invoice_number == number


@pytest.mark.parametrize("number", ["---", "\u200b", "AC\u200b2", "AC\x072", "AC\u202e2"])
def test_a_number_that_nobody_can_read_is_refused(tranche: Tranche, number: str) -> None:
    with pytest.raises(PayoutRequest.NotNumbered):
        way.asked(tranche, Bill(number, way.ISSUED, way.HT, way.VAT))


@pytest.mark.parametrize("days", [-1, 731, 40_000])
def test_an_invoice_of_another_age_is_refused(tranche: Tranche, days: int) -> None:
    issued = timezone.localdate() - timedelta(days=days) - timedelta(days=1 if days > 0 else -1)
    with pytest.raises(PayoutRequest.NotDated):
        way.asked(tranche, Bill("AC-1", issued, way.HT, way.VAT))
