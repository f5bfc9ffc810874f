"""Work that is paid for and fifteen days late: both are told, once, on the day; a delivery or an avenant moves it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from escrow.models import EscrowAccount, RefundRequest, Tranche
from escrow.models.requests import SILENCE
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from projects.models import Deadline, DeadlineState

SECOND = timedelta(seconds=1)
OVERDUE = "tranche.overdue"
DUE_ON = date(2027, 3, 20)
LATE = datetime(2027, 4, 4, 21, 59, tzinfo=UTC)  # the clocks have moved in between


@pytest.fixture
def account(client_user: User, provider_user: User) -> EscrowAccount:
    """Three tranches to be delivered by the same day."""
    return way.opened(client_user, provider_user, due_on=DUE_ON)


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The first tranche, half funded."""
    way.deposited(account, 60_000)
    return account.tranches.all()[0]


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_late_work_is_told_once_the_date_is_past(tranche: Tranche, after: timedelta, count: int) -> None:
    assert way.waiting(OVERDUE) == [LATE]
    assert way.swept(LATE + after, OVERDUE) == count
    assert Notice.objects.filter(event__verb="escrow.overdue").count() == 2 * count


def test_the_client_reads_what_may_be_asked_back_and_the_provider_what_remains(tranche: Tranche) -> None:
    way.swept(LATE + SECOND, OVERDUE)
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.overdue")}
    to_client = letters[tranche.account.agreement.client]
    assert to_client.subject == "Livraison en retard de 15 jours\xa0: Étape 1"
    assert "au plus tard le samedi 20\xa0mars\xa02027\xa0: elle a 15 jours de retard." in to_client.paragraphs[0]
    assert to_client.paragraphs[1].startswith("600,00\xa0€ sont bloqués pour elle")
    to_provider = letters[tranche.account.agreement.provider]
    assert "Livrez, ou proposez une autre date par un avenant." in to_provider.paragraphs[1]


def test_nothing_deposited_is_never_late(account: EscrowAccount) -> None:
    assert way.waiting(OVERDUE) == []
    assert account.tranches.all()[0].overdue_at is None


def test_a_delivery_cancels_the_date(tranche: Tranche) -> None:
    way.delivered(tranche)
    assert way.waiting(OVERDUE) == []


def test_a_second_deposit_after_the_date_tells_nothing_twice(tranche: Tranche) -> None:
    way.swept(LATE + SECOND, OVERDUE)
    with time_machine.travel(LATE + timedelta(days=1)):
        way.deposited(EscrowAccount.objects.with_parties().get(), 10_000)
        assert way.reread(tranche).is_overdue
    assert way.waiting(OVERDUE) == []


def test_a_tranche_without_a_day_is_never_late(client_user: User, provider_user: User) -> None:
    tranche = way.funded(way.opened(client_user, provider_user))[0]
    assert (tranche.overdue_at, tranche.is_overdue) == (None, False)
    with pytest.raises(Tranche.NotLate):
        tranche.tell_late(at=LATE + SECOND)


def test_a_date_that_is_no_longer_one_is_without_object(tranche: Tranche) -> None:
    Tranche.objects.filter(pk=tranche.pk).update(due_on=None)
    assert way.swept(LATE + SECOND, OVERDUE) == 0
    assert Deadline.objects.get(kind=OVERDUE).state == DeadlineState.CANCELLED
    assert not Event.objects.filter(verb="escrow.overdue").exists()


def test_the_day_is_over_at_midnight_in_paris(tranche: Tranche) -> None:
    assert tranche.overdue_at == LATE
    seen = []
    for at in (LATE, LATE + SECOND):
        with time_machine.travel(at, tick=False):
            seen.append(tranche.is_overdue)
    assert seen == [False, True]


def test_a_refund_asked_before_the_date_is_answered_from_then_on(tranche: Tranche) -> None:
    client, late = tranche.account.agreement.client, LATE + SECOND
    request = RefundRequest.ask(tranche, 10_000, reason="Nous arrêtons.", by=client, key=uuid.uuid4())
    assert way.waiting(SILENCE) == []
    with time_machine.travel(late, tick=False):
        way.swept(late, OVERDUE)
    request.refresh_from_db()
    assert request.answer_by
    assert way.waiting(SILENCE) == [request.answer_by]
    assert Notice.objects.filter(event__verb="escrow.refund_reminded").exists()
