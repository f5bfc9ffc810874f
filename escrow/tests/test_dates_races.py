"""A person and a date at once: what happens counts as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from escrow.models import CancellationNotice, CaseRequest, Cause, EscrowAccount, Release, Tranche
from escrow.tests import way
from escrow.tests.test_races import CENTS, HT, fresh, letting_go, ready, whole
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from projects.models import Deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
LATER = timedelta(days=15)


@pytest.fixture
def account(client_user: Any, provider_user: Any) -> EscrowAccount:
    """An account with a tranche of 120 € for each round; silence releases."""
    return way.opened(client_user, provider_user, [HT] * (ROUNDS + 1), silence=True)


def falling(tranche: Tranche, kind: str) -> Callable[[], bool]:
    """The sweep lets the date of one tranche fall."""
    deadline = Deadline.objects.waiting().about(tranche, kind).select_related("project").get()
    return partial(deadline.fall, timezone.now() + LATER)


def sending_back(tranche: Tranche) -> Callable[[], Any]:
    mine = fresh(tranche)
    delivery, by = mine.deliveries.latest("pk"), mine.account.agreement.client
    delivery.tranche = mine
    return partial(delivery.ask_changes, "Le logo.", by=by, key=uuid.uuid4())


def a_release_meets_silence(crowd: Crowd, tranche: Tranche) -> None:
    """One of the two releases, the other finds nothing."""
    ready(tranche)
    answers = crowd.race([letting_go(tranche, CENTS), falling(tranche, "tranche.accept")])
    assert tally(answers) in (
        {"Release": 1, "bool": 1},
        {"Release": 1, "NotSilent": 1},
        {"NotReleasable": 1, "bool": 1},
    )
    assert Release.objects.filter(tranche=tranche).count() == 1
    assert fresh(tranche).released_cents == CENTS


def changes_meet_silence(crowd: Crowd, tranche: Tranche) -> None:
    """The clock has stopped, or the money is released: never both."""
    ready(tranche)
    changes, _fall = crowd.race([sending_back(tranche), falling(tranche, "tranche.accept")])
    is_sent = type(changes).__name__ == "ChangeRequest"
    assert fresh(tranche).released_cents == (0 if is_sent else CENTS)


def changes_meet_a_release(crowd: Crowd, tranche: Tranche) -> None:
    """The release always succeeds: the client may release while changes are awaited."""
    ready(tranche)
    changes, release = crowd.race([sending_back(tranche), letting_go(tranche, CENTS)])
    assert type(release).__name__ == "Release"
    assert type(changes).__name__ in {"ChangeRequest", "NothingToChange"}
    assert fresh(tranche).state == "RELEASED"


def two_requests_for_changes_are_one(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    answers = crowd.race([sending_back(tranche) for _n in range(3)])
    assert tally(answers) == {"ChangeRequest": 1, "ChangesAsked": 2}


def a_deposit_meets_the_end_of_a_notice(crowd: Crowd, tranche: Tranche) -> None:
    """The money keeps the tranche, or goes back whole."""
    way.noticed(fresh(tranche), tranche.account.agreement.provider)
    payment = tranche.account.deposit(CENTS, by=tranche.account.agreement.client, key=uuid.uuid4(), tranche=tranche)
    crowd.race([partial(way.paid, payment), falling(tranche, "tranche.cancel")])
    states = {("PAID", "FUNDED", "OVERTAKEN"), ("RETURNED", "CANCELLED", "CARRIED_OUT")}
    payment.refresh_from_db()
    notice = CancellationNotice.objects.get(tranche=tranche)
    assert (payment.state, fresh(tranche).state, notice.state) in states


def of_two_notices_one_runs(crowd: Crowd, tranche: Tranche) -> None:
    parties = (tranche.account.agreement.client, tranche.account.agreement.provider)
    answers = crowd.race([partial(way.noticed, fresh(tranche), party) for party in parties])
    assert tally(answers) == {"CancellationNotice": 1, "AlreadyGiven": 1}


def of_two_cases_one_is_opened(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    asks = [partial(CaseRequest.open, fresh(tranche), cause=cause, by=None) for cause in (Cause.IDLE, Cause.REFUSED)]
    assert tally(crowd.race(asks)) == {"CaseRequest": 1, "AlreadyOpen": 1}


RACES = [
    a_release_meets_silence,
    changes_meet_silence,
    changes_meet_a_release,
    two_requests_for_changes_are_one,
    a_deposit_meets_the_end_of_a_notice,
    of_two_notices_one_runs,
    of_two_cases_one_is_opened,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_rounds_and_one_with_slow_rows(race: Callable[[Crowd, Tranche], None], account: EscrowAccount) -> None:
    *tranches, last = Tranche.objects.with_parties().filter(account=account).order_by("position")
    with Crowd(4) as crowd:
        for tranche in tranches:
            race(crowd, tranche)
        with slowed("escrow_tranche", seconds=0.03):
            race(crowd, last)
    assert whole(account)
    assert checks.run() == []
