"""Money that leaves the account, by two hands at once: one outcome, as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from escrow.models import EscrowAccount, Freeze, RefundRequest, Tranche
from escrow.tests import way
from escrow.tests.test_races import CENTS, HT, fresh, letting_go, ready
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from marketplace.payments.models import Payment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@pytest.fixture
def account(client_user: Any, provider_user: Any) -> EscrowAccount:
    """An account with a tranche of 120 € for each round."""
    return way.opened(client_user, provider_user, [HT] * (ROUNDS + 1))


def freezing(tranche: Tranche, key: uuid.UUID | None = None) -> Callable[[], Freeze]:
    mine = fresh(tranche)
    return partial(mine.account.freeze, [mine], by=mine.account.agreement.client, key=key or uuid.uuid4())


def again(freeze: Freeze) -> Freeze:
    """The freeze as another request would read it."""
    return Freeze.objects.select_related("account__project", "account__agreement").get(pk=freeze.pk)


def executing(freeze: Freeze, provider_cents: int) -> Callable[[], Freeze]:
    mine = again(freeze)
    return partial(mine.execute, mine.spread(provider_cents, mine.cents - provider_cents), by=None, key=uuid.uuid4())


def a_release_meets_a_freeze(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    answers = crowd.race([letting_go(tranche, CENTS), freezing(tranche)])
    outcomes = {("Release", "NothingHeld"): "RELEASED", ("InDispute", "Freeze"): "DISPUTED"}
    assert fresh(tranche).state == outcomes[type(answers[0]).__name__, type(answers[1]).__name__]


def one_of_two_freezes_takes_it(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    assert tally(crowd.race([freezing(tranche) for _n in range(3)])) == {"Freeze": 1, "AlreadyDisputed": 2}


def one_key_freezes_once(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    key = uuid.uuid4()
    answers = crowd.race([freezing(tranche, key) for _n in range(3)])
    assert {answer.pk for answer in answers} == {Freeze.objects.get(key=key).pk}


def an_award_meets_a_deposit(crowd: Crowd, tranche: Tranche) -> None:
    """What comes for a disputed tranche goes back, whether the award is there already or not."""
    way.deposited(tranche.account, 7_000, tranche)
    account, by = tranche.account, tranche.account.agreement.client
    payment = account.deposit(5_000, by=by, key=uuid.uuid4(), tranche=fresh(tranche))
    freeze = freezing(tranche)()
    award, _paid = crowd.race([executing(freeze, 3_000), partial(way.paid, payment)])
    assert (award.state, Payment.objects.get(pk=payment.pk).state) == ("EXECUTED", "RETURNED")
    assert (fresh(tranche).state, fresh(tranche).funded_cents) == ("REFUNDED", 3_000)


def a_thaw_meets_an_award(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    freeze = freezing(tranche)()
    thaw = partial(again(freeze).thaw, by=freeze.by, key=uuid.uuid4())
    answers = crowd.race([thaw, executing(freeze, CENTS), executing(freeze, 1_000)])
    assert tally(answers) == {"Freeze": 1, "Closed": 2}
    assert fresh(tranche).state in {"DELIVERED", "RELEASED", "REFUNDED"}


def consent_meets_a_release(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    mine = fresh(tranche)
    asked = RefundRequest.ask(mine, CENTS, reason="Fini.", by=mine.account.agreement.client, key=uuid.uuid4())
    request = RefundRequest.objects.with_parties().get(pk=asked.pk)
    agree = partial(request.agree, by=mine.account.agreement.provider, held_cents=CENTS)
    release, consent = crowd.race([letting_go(tranche, CENTS), agree])
    if consent is None:
        assert (type(release).__name__, fresh(tranche).state) == ("NotReleasable", "REFUNDED")
    else:
        assert (type(consent).__name__, fresh(tranche).state) == ("Answered", "RELEASED")


RACES = [
    a_release_meets_a_freeze,
    one_of_two_freezes_takes_it,
    one_key_freezes_once,
    an_award_meets_a_deposit,
    a_thaw_meets_an_award,
    consent_meets_a_release,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_rounds_and_one_with_slow_rows(race: Callable[[Crowd, Tranche], None], account: EscrowAccount) -> None:
    *tranches, last = Tranche.objects.with_parties().filter(account=account).order_by("position")
    with Crowd(4) as crowd:
        for tranche in tranches:
            race(crowd, tranche)
        with slowed("escrow_tranche", seconds=0.03):
            race(crowd, last)
    assert checks.run() == []
