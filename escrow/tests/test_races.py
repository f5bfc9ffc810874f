"""Two people, or one hand twice: what happens at once counts as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest

from escrow.models import Deposit, EscrowAccount, Release, Tranche
from escrow.tests import way
from marketplace.ledger import checks
from marketplace.ledger.models import Transfer
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, balance, slowed, tally
from marketplace.payments.models import Payment, PaymentState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
HT, CENTS = 10_000, 12_000


@pytest.fixture
def account(client_user: Any, provider_user: Any) -> EscrowAccount:
    """An account with a tranche of 120 € for each round."""
    return way.opened(client_user, provider_user, [HT] * (ROUNDS + 1))


def fresh(tranche: Tranche) -> Tranche:
    """The tranche as another request would read it."""
    return Tranche.objects.with_parties().get(pk=tranche.pk)


def letting_go(tranche: Tranche, cents: int, key: uuid.UUID | None = None, reason: str = "") -> Callable[[], Release]:
    mine = fresh(tranche)
    account, by = mine.account, mine.account.agreement.client
    return partial(account.release, tranche=mine, cents=cents, by=by, key=key or uuid.uuid4(), reason=reason)


def handing_in(tranche: Tranche) -> Callable[[], Any]:
    mine = fresh(tranche)
    return partial(mine.deliver, "Fait.", by=mine.account.agreement.provider, key=uuid.uuid4())


def ready(tranche: Tranche) -> Tranche:
    """Funded and delivered."""
    way.deposited(tranche.account, CENTS, tranche)
    return way.delivered(fresh(tranche))


def one_release_takes_all(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    answers = crowd.race([letting_go(tranche, CENTS) for _n in range(4)])
    assert tally(answers) == {"Release": 1, "NotReleasable": 3}
    assert fresh(tranche).released_cents == CENTS


def parts_share_what_is_held(crowd: Crowd, tranche: Tranche) -> None:
    """Each asks for 50 of 120 €: two get it, whoever they are."""
    ready(tranche)
    answers = crowd.race([letting_go(tranche, 5_000, reason="Une partie.") for _n in range(4)])
    assert tally(answers) == {"Release": 2, "TooMuch": 2}
    assert fresh(tranche).released_cents == 10_000


def one_key_releases_once(crowd: Crowd, tranche: Tranche) -> None:
    ready(tranche)
    key = uuid.uuid4()
    answers = crowd.race([letting_go(tranche, CENTS, key) for _n in range(4)])
    assert {answer.pk for answer in answers} == {Release.objects.get(key=key).pk}
    assert Transfer.objects.filter(key=f"release:{answers[0].pk}").count() == 1


def of_two_deposits_one_goes_back(crowd: Crowd, tranche: Tranche) -> None:
    account, by = tranche.account, tranche.account.agreement.client
    payments = [account.deposit(CENTS, by=by, key=uuid.uuid4(), tranche=tranche) for _n in range(2)]
    answers = crowd.race([partial(way.paid, payment) for payment in payments])
    assert sorted(answer.state for answer in answers) == [PaymentState.PAID, PaymentState.RETURNED]
    assert fresh(tranche).funded_cents == CENTS
    assert Deposit.objects.filter(tranche=tranche).count() == 1


def one_payment_is_taken_in_once(crowd: Crowd, tranche: Tranche) -> None:
    account, by = tranche.account, tranche.account.agreement.client
    payment = account.deposit(CENTS, by=by, key=uuid.uuid4(), tranche=tranche)
    copies = [Payment.objects.get(pk=payment.pk) for _n in range(3)]
    answers = crowd.race([partial(way.paid, copy) for copy in copies])
    assert {answer.state for answer in answers} == {PaymentState.PAID}
    assert Deposit.objects.get(payment=payment).cents == fresh(tranche).funded_cents == CENTS


def a_double_click_starts_one_payment(crowd: Crowd, tranche: Tranche) -> None:
    key, by = uuid.uuid4(), tranche.account.agreement.client
    accounts = [EscrowAccount.objects.with_parties().get(pk=tranche.account_id) for _n in range(3)]
    answers = crowd.race([partial(account.deposit, CENTS, by=by, key=key) for account in accounts])
    assert {answer.pk for answer in answers} == {Payment.objects.get(key=key).pk}


def a_delivery_meets_a_release(crowd: Crowd, tranche: Tranche) -> None:
    """The release comes first and the delivery is refused, or after it: the money moves once either way."""
    ready(tranche)
    release, delivery = crowd.race([letting_go(tranche, CENTS), handing_in(tranche)])
    assert type(release).__name__ == "Release"
    assert type(delivery).__name__ in {"Delivery", "NotDeliverable"}
    assert fresh(tranche).state == "RELEASED"


def a_release_meets_the_first_delivery(crowd: Crowd, tranche: Tranche) -> None:
    """Before the delivery nothing can be released; after it, all of it."""
    way.deposited(tranche.account, CENTS, tranche)
    release, delivery = crowd.race([letting_go(tranche, CENTS), handing_in(tranche)])
    assert type(delivery).__name__ == "Delivery"
    states = {"Release": "RELEASED", "NotReleasable": "DELIVERED"}
    assert fresh(tranche).state == states[type(release).__name__]


RACES = [
    one_release_takes_all,
    parts_share_what_is_held,
    one_key_releases_once,
    of_two_deposits_one_goes_back,
    one_payment_is_taken_in_once,
    a_double_click_starts_one_payment,
    a_delivery_meets_a_release,
    a_release_meets_the_first_delivery,
]


def whole(account: EscrowAccount) -> bool:
    """Whether the ledger holds what the tranches say; what is in dispute is frozen, not held."""
    tranches = list(account.tranches.all())
    released = sum(tranche.released_cents for tranche in tranches)
    held = sum(tranche.held_cents for tranche in tranches if tranche.state != "DISPUTED")
    return (balance(account.held), balance(account.payable)) == (held, released)


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


@pytest.mark.parametrize("slow", [False, True])
def test_fifty_hands_with_one_key_release_once(slow: bool, account: EscrowAccount) -> None:
    tranche, key = Tranche.objects.with_parties().filter(account=account)[0], uuid.uuid4()
    ready(tranche)
    deeds = [letting_go(tranche, CENTS, key) for _n in range(50)]
    with Crowd(50) as crowd, slowed("escrow_tranche", seconds=0.05) if slow else nullcontext():
        answers = crowd.race(deeds)
    assert {answer.pk for answer in answers} == {Release.objects.get(key=key).pk}
    assert fresh(tranche).released_cents == CENTS
