"""Money that has rested for sixty days goes to the SMA; each movement of the project puts it off."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from escrow.models import CaseRequest, Cause, EscrowAccount, Freeze, Tranche
from escrow.tests import way
from marketplace.events.models import Notice
from marketplace.ledger.models import Transfer
from payouts.tests import way as payouts
from projects.models import Deadline
from projects.models.content import days_after

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
IDLE = "account.idle"


@pytest.fixture
def filled(account: EscrowAccount) -> EscrowAccount:
    """1 200 and 400 € are held."""
    way.deposited(account, 160_000)
    return account


def due() -> datetime:
    (at,) = way.waiting(IDLE)
    return at


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 2)])
def test_each_tranche_that_holds_money_has_a_case_once_the_date_is_past(
    filled: EscrowAccount, after: timedelta, count: int
) -> None:
    way.swept(due() + after, IDLE)
    requests = CaseRequest.objects.filter(cause=Cause.IDLE, by=None)
    assert sorted(request.tranche.position for request in requests) == [1, 2][:count]


def test_one_letter_tells_each_of_the_two_of_all_tranches(filled: EscrowAccount) -> None:
    at, lost = due() + MINUTE, way.drained(filled)
    way.swept(at, IDLE)
    way.refilled(filled, lost)
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.case_asked")}
    assert set(letters) == {filled.agreement.client, filled.agreement.provider}
    for letter in letters.values():
        assert "1\u202f600,00\xa0€" in letter.paragraphs[0]
        assert len(letter.items) == 2


def test_long_work_that_is_under_way_is_not_idle_before_it_is_late(account: EscrowAccount) -> None:
    tranche = account.tranches.all()[0]
    Tranche.objects.filter(pk=tranche.pk).update(due_on=(timezone.now() + timedelta(days=100)).date())
    way.deposited(account, 120_000)
    tranche.refresh_from_db()
    assert tranche.overdue_at
    assert way.waiting(IDLE) == [tranche.overdue_at]
    way.swept(tranche.overdue_at, IDLE)
    assert not CaseRequest.objects.exists()
    way.swept(tranche.overdue_at + SECOND, IDLE)
    assert CaseRequest.objects.get().cause == Cause.IDLE


def test_nothing_held_has_no_date(account: EscrowAccount) -> None:
    assert way.waiting(IDLE) == []
    way.finished(account)
    assert way.waiting(IDLE) == []


def test_a_deposit_and_a_release_put_it_off(filled: EscrowAccount) -> None:
    first = due()
    way.deposited(filled, 1_000)
    second = due()
    way.released(way.delivered(filled.tranches.all()[0]), 1_000, "Le début.")
    assert first < second < due()


def test_what_the_payouts_tell_puts_it_off(filled: EscrowAccount) -> None:
    payouts.banked(filled.agreement.provider)
    way.released(way.delivered(filled.tranches.all()[0]))
    before = due()
    payouts.asked(filled.tranches.all()[0])
    assert due() > before


def test_a_movement_that_nobody_told_of_is_found_when_the_date_falls(filled: EscrowAccount) -> None:
    early = Transfer.objects.latest("pk").at
    Deadline.objects.waiting().filter(kind=IDLE).update(due_at=early)
    assert way.swept(early + SECOND, IDLE) == 1
    assert (due(), CaseRequest.objects.count()) == (days_after(early, 60), 0)


def test_what_the_sma_has_already_is_not_asked_twice(filled: EscrowAccount) -> None:
    for tranche in filled.tranches.holding():
        way.unopened(tranche)
    before = CaseRequest.objects.count()
    assert way.swept(due() + MINUTE, IDLE) == 1
    assert CaseRequest.objects.count() == before


def test_a_dispute_takes_its_money_off_the_date_and_its_end_brings_it_back(filled: EscrowAccount) -> None:
    freeze = Freeze.begin(filled, filled.tranches.holding(), by=filled.agreement.client, key=uuid.uuid4())
    assert way.waiting(IDLE) == []
    freeze.thaw(by=None, key=uuid.uuid4())
    assert due()
