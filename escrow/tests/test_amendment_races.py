"""Two people at once over an avenant: one outcome, as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from escrow.amendments import account_of
from escrow.models import EscrowAccount, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import Crowd, slowed, tally
from marketplace.payments.models import Payment
from projects.models import Agreement, Amendment, Formula
from projects.models.content import days_after
from projects.tests.avenants import accepted, amended, proposed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
ROUNDS = 5


@pytest.fixture
def agreement(client_user: User, provider_user: User) -> Agreement:
    """R0, all deposited."""
    account = way.opened(client_user, provider_user)
    way.funded(account)
    return fresh(account.agreement)


def fresh(agreement: Agreement) -> Agreement:
    return Agreement.objects.select_related("project", "client", "provider").get(pk=agreement.pk)


def again(amendment: Amendment) -> Amendment:
    """The avenant as another request would read it."""
    rows = Amendment.objects.select_related("agreement__project", "agreement__client", "agreement__provider", "version")
    return rows.get(pk=amendment.pk)


def accepting(amendment: Amendment) -> Callable[[], Any]:
    """Both parties, the second of them in the race."""
    amendment.accept(by=amendment.agreement.provider)
    mine = again(amendment)
    return partial(mine.accept, by=mine.agreement.client)


def acceptance_meets_another_proposal(crowd: Crowd, agreement: Agreement, n: int) -> None:
    first = proposed(agreement, delay_days=40 + 2 * n)
    terms, numbers = amended(agreement, delay_days=41 + 2 * n)
    other = fresh(agreement)
    again_proposing = partial(
        Amendment.propose, other, terms, numbers=numbers, by=other.provider, instead_of=first.number
    )
    accepts, proposes = crowd.race([accepting(first), again_proposing])
    states = {accepts is None: "IN_FORCE", type(accepts).__name__ == "Replaced": "REPLACED"}
    assert again(first).state == states[True]
    assert type(proposes).__name__ == "Amendment"
    proposes.withdraw(by=agreement.provider)


def acceptance_meets_its_lapse(crowd: Crowd, agreement: Agreement, n: int) -> None:
    first = proposed(agreement, delay_days=40 + n)
    late = days_after(first.confirm_by, 1)
    crowd.race([accepting(first), partial(again(first).lapse, at=late)])
    assert again(first).state in {"IN_FORCE", "LAPSED"}


def payment_meets_the_lapse(crowd: Crowd, agreement: Agreement, n: int) -> None:
    first = accepted(proposed(agreement, {3: 90_000 + 10_000 * n}))
    payment = first.pay(by=agreement.client, key=uuid.uuid4())
    late = days_after(first.pay_by or timezone.now(), 1)
    crowd.race([partial(way.paid, payment), partial(again(first).lapse, at=late)])
    outcome = {"IN_FORCE": "PAID", "LAPSED": "RETURNED"}
    assert Payment.objects.get(pk=payment.pk).state == outcome[again(first).state]


def both_accept_and_a_delivery_comes(crowd: Crowd, agreement: Agreement, n: int) -> None:
    """The tranche is lowered, then delivered; or delivered, then left as it was."""
    tranche = Tranche.objects.with_parties().get(account__agreement=agreement, position=1)
    if tranche.state != "FUNDED":
        return
    first = proposed(agreement, {1: 50_000 - n})
    deliver = partial(tranche.deliver, "Fait.", by=agreement.provider, key=uuid.uuid4())
    accepts, _delivery = crowd.race([accepting(first), deliver])
    assert accepts is None or tally([accepts]) == {"Fixed": 1}
    assert again(first).state == ("IN_FORCE" if accepts is None else "PROPOSED")
    if accepts is not None:
        first.withdraw(by=agreement.client)


def payment_meets_a_delivery(crowd: Crowd, agreement: Agreement, n: int) -> None:
    """Paid and in force, then delivered; or delivered, and what was accepted has ended before its money came."""
    tranche = Tranche.objects.with_parties().filter(account__agreement=agreement, state="FUNDED").first()
    if tranche is None:
        return
    first = accepted(proposed(agreement, {tranche.position: 400_000}))
    payment = first.pay(by=agreement.client, key=uuid.uuid4())
    deliver = partial(tranche.deliver, "Fait.", by=agreement.provider, key=uuid.uuid4())
    crowd.race([partial(way.paid, payment), deliver])
    outcome = {"IN_FORCE": "PAID", "LAPSED": "RETURNED"}
    assert Payment.objects.get(pk=payment.pk).state == outcome[again(first).state]
    assert way.reread(tranche).state == "DELIVERED"


RACES = [
    acceptance_meets_another_proposal,
    acceptance_meets_its_lapse,
    payment_meets_the_lapse,
    both_accept_and_a_delivery_comes,
    payment_meets_a_delivery,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_five_rounds_and_one_with_slow_rows(
    race: Callable[[Crowd, Agreement, int], None], agreement: Agreement
) -> None:
    with Crowd(2) as crowd:
        for n in range(1, ROUNDS + 1):
            race(crowd, agreement, n)
        with slowed("projects_amendment", seconds=0.05):
            race(crowd, agreement, ROUNDS + 1)
    account = account_of(agreement)
    assert account
    assert account.held.balance == sum(tranche.held_cents for tranche in account.tranches.all())
    assert checks.run() == []


def a_deposit_meets_the_close(crowd: Crowd, account: EscrowAccount) -> None:
    """Back to base only from zero: the deposit is there and the close is refused, or the money goes back."""
    client = account.agreement.client
    closing = proposed(fresh(account.agreement), formula=Formula.BASE)
    payment = account.deposit(12_000, by=client, key=uuid.uuid4())
    accepts, paid = crowd.race([accepting(closing), partial(way.paid, payment)])
    outcome = {None: "RETURNED", "NotAtZero": "PAID"}[accepts and type(accepts).__name__]
    assert paid.state == outcome
    account.held.refresh_from_db()
    assert account.held.balance == (12_000 if outcome == "PAID" else 0)


@pytest.mark.parametrize("table", ["", "payments_payment", "projects_amendment"])
def test_a_deposit_and_the_close_leave_nothing_without_a_place(
    table: str, client_user: User, provider_user: User
) -> None:
    accounts = [way.opened(client_user, provider_user, [10_000]) for _n in range(1 if table else 4)]
    with Crowd(2) as crowd, slowed(table, seconds=0.1) if table else nullcontext():
        for account in accounts:
            a_deposit_meets_the_close(crowd, account)
    assert checks.run() == []
