"""Finance decides; a change of the bank account makes it decide anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from marketplace import deadlines
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import balance
from payouts.models import PayoutBatch, PayoutRequest
from payouts.tests import way

pytestmark = pytest.mark.django_db


def test_an_approved_request_has_its_decider_and_its_account(approved: PayoutRequest, finance_user: User) -> None:
    assert (approved.state, approved.decided_by, approved.bank_account.last4) == ("APPROVED", finance_user, "0189")
    assert approved.due_at == deadlines.after(approved.decided_at or timezone.now(), 1)
    assert balance(approved.escrow.claimed) == way.CENTS


def test_a_refused_request_gives_its_money_back(asked: PayoutRequest, finance_user: User) -> None:
    asked.refuse(by=finance_user, reason="  Il manque votre SIREN. ")
    assert (asked.state, asked.why, asked.due_at) == ("REFUSED", "Il manque votre SIREN.", None)
    assert (balance(asked.escrow.payable), balance(asked.escrow.claimed)) == (way.CENTS, 0)
    assert PayoutRequest.claimable_cents(asked.tranche) == way.CENTS


def test_an_approved_request_can_still_be_refused(approved: PayoutRequest, second_finance_user: User) -> None:
    approved.refuse(by=second_finance_user, reason="Facture en double.")
    assert approved.decided_by == second_finance_user


def test_a_refusal_has_a_reason(asked: PayoutRequest, finance_user: User) -> None:
    with pytest.raises(PayoutRequest.NeedsReason):
        asked.refuse(by=finance_user, reason=" \n")
    assert balance(asked.escrow.claimed) == way.CENTS


def test_a_request_is_decided_once(approved: PayoutRequest, finance_user: User, second_finance_user: User) -> None:
    with pytest.raises(PayoutRequest.NotDecidable):
        approved.approve(by=second_finance_user)
    approved.refuse(by=finance_user, reason="Illisible.")
    with pytest.raises(PayoutRequest.NotDecidable):
        approved.refuse(by=finance_user, reason="Illisible.")


@pytest.fixture
def colleague(asked: PayoutRequest, finance_user: User) -> User:
    """A member of Finance whose own company is the provider's."""
    theirs = asked.provider.company
    details = {"name": theirs.name, "siren": theirs.siren, "vat_number": theirs.vat_number, "country": "FR"}
    details |= {"vat_status": theirs.vat_status, "street": theirs.street, "postcode": "44000", "city": "Nantes"}
    Company.objects.create(user=finance_user, **details)
    finance_user.refresh_from_db()
    return finance_user


@pytest.mark.parametrize(
    "deed",
    [
        lambda request, by: request.approve(by=by),
        lambda request, by: request.refuse(by=by, reason="Non."),
    ],
)
def test_nobody_decides_on_their_own_request(
    deed: Callable[[PayoutRequest, User], Any], asked: PayoutRequest, colleague: User
) -> None:
    for by in (colleague, asked.provider):
        with pytest.raises(PayoutRequest.OwnRequest):
            deed(asked, by)
    assert way.fresh(asked).state == "ASKED"


def test_nobody_batches_their_own_request(asked: PayoutRequest, colleague: User, second_finance_user: User) -> None:
    asked.approve(by=second_finance_user)
    with pytest.raises(PayoutRequest.OwnRequest):
        PayoutBatch.make([asked], by=colleague)


def test_a_changed_iban_returns_approved_requests_and_blocks_72_hours(
    approved: PayoutRequest, provider_user: User, finance_user: User, second_finance_user: User
) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False) as clock:
        account = way.banked(provider_user, way.OTHER_IBAN)
        row = way.fresh(approved)
        assert (row.state, row.decided_by, row.bank_account) == ("ASKED", None, account)
        assert row.due_at == deadlines.after(account.usable_from, 2)
        with pytest.raises(PayoutRequest.AccountOnHold):
            row.approve(by=finance_user)
        with pytest.raises(PayoutBatch.NotApproved):
            PayoutBatch.make([row], by=second_finance_user)
        clock.shift(timedelta(hours=71, minutes=59))
        with pytest.raises(PayoutRequest.AccountOnHold):
            row.approve(by=finance_user)
        clock.shift(timedelta(minutes=1))
        row.approve(by=finance_user)
        assert b"BE68539007547034" in way.batched([row], second_finance_user).hand_out()


def test_the_provider_and_finance_are_told_to_look_again(approved: PayoutRequest, provider_user: User) -> None:
    Notice.objects.all().delete()
    way.banked(provider_user, way.OTHER_IBAN)
    assert Event.objects.filter(verb="payout.reopened").count() == 1
    told = {notice.name: notice.user.email for notice in Notice.objects.filter(name__startswith="payout")}
    assert told == {"payout.reopened": provider_user.email, "payout.reopened.finance": approved.decided_by.email}  # type: ignore[union-attr]


def test_a_request_that_waits_anyway_follows_without_a_word(asked: PayoutRequest, provider_user: User) -> None:
    account = way.banked(provider_user, way.OTHER_IBAN)
    assert way.fresh(asked).bank_account == account
    assert not Event.objects.filter(verb="payout.reopened").exists()


def test_the_same_iban_again_changes_nothing(approved: PayoutRequest, provider_user: User) -> None:
    way.banked(provider_user)
    assert way.fresh(approved).state == "APPROVED"


def test_a_company_that_changes_its_name_has_its_requests_looked_at_again(
    approved: PayoutRequest, provider_user: User, finance_user: User
) -> None:
    details = {name: getattr(provider_user.company, name) for name in ("siren", "vat_number", "vat_status", "country")}
    details |= {"street": "4 quai de la Fosse", "postcode": "44000", "city": "Nantes"}
    Company.declare(user=provider_user, hats=["provider"], details={**details, "name": "Atelier Mercier"})
    assert way.fresh(approved).state == "APPROVED"
    Company.declare(user=provider_user, hats=["provider"], details={**details, "name": "Mercier Conseil"})
    row = way.fresh(approved)
    assert row.state == "ASKED"
    assert not BankAccount.objects.of(provider_user).current().exists()
    with pytest.raises(PayoutRequest.NoBankAccount):
        row.approve(by=finance_user)


def test_other_providers_requests_stay(approved: PayoutRequest, rival_user: User) -> None:
    way.banked(rival_user, way.OTHER_IBAN)
    way.banked(rival_user, "FR7630001007941234567890185")
    assert way.fresh(approved).state == "APPROVED"
