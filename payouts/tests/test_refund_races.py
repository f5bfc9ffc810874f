"""Two of Finance, the payer and the bank at once on refunds that no card took."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from payouts.models import BankAnswer, PayoutBatch, RefundTransfer
from payouts.tests import way
from payouts.tests.test_races import Ibans

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


class Scene:
    """An account whose client's card refuses what comes back, and two of Finance."""

    def __init__(self, account: EscrowAccount, finance: User, second: User) -> None:
        self.account, self.finance, self.second = account, finance, second
        self.payee = account.agreement.client

    def owed(self) -> RefundTransfer:
        with connection.cursor() as cursor:  # the hold is not what these races are about
            cursor.execute("update accounts_bankaccount set usable_from = created_at")
        return way.refused_by_card(self.account, 100)

    def approved(self) -> RefundTransfer:
        transfer = self.owed()
        transfer.approve(by=self.finance)
        return transfer

    def changing(self) -> Callable[[], object]:
        return partial(way.banked, User.objects.get(pk=self.payee.pk), Ibans.next())


def two_batches_share_no_refund(crowd: Crowd, scene: Scene) -> None:
    rows = [scene.approved(), scene.approved()]
    choices = [rows, rows[::-1], rows[:1], rows[1:]]
    answers = crowd.race([partial(PayoutBatch.make, refunds=chosen, by=scene.second) for chosen in choices])
    made = [answer for answer in answers if isinstance(answer, PayoutBatch)]
    assert set(tally(answers)) <= {"PayoutBatch", "NotApproved"}
    assert sum(batch.refunds.count() for batch in made) == len({r.pk for b in made for r in b.refunds.all()}) > 0


def an_approval_meets_another_iban(crowd: Crowd, scene: Scene) -> None:
    """Whichever comes first, nothing stays approved for the IBAN of before."""
    row = scene.owed()
    answers = crowd.race([partial(row.approve, by=scene.finance), scene.changing()])
    assert type(answers[0]).__name__ in {"NoneType", "AccountOnHold"}
    found = way.anew(row)
    assert (found.state, found.destination.replaced_at) == ("WAITING", None)


def a_batch_meets_another_iban(crowd: Crowd, scene: Scene) -> None:
    row = scene.approved()
    answers = crowd.race([partial(PayoutBatch.make, refunds=[row], by=scene.second), scene.changing()])
    assert type(answers[0]).__name__ in {"PayoutBatch", "NotApproved", "NotYetApproved"}
    assert way.anew(row).state == "WAITING"
    assert not PayoutBatch.objects.filter(state="MADE", refunds__isnull=True).exists()


def one_answer_is_read_once(crowd: Crowd, scene: Scene) -> None:
    row = scene.approved()
    batch = PayoutBatch.make(refunds=[row], by=scene.second)
    batch.hand_out()
    batch.mark_sent(by=scene.second)
    files = [way.report(batch, whole=status) for status in ("ACSC", "ACSC", "RJCT", "RJCT")]
    answers = crowd.race([partial(BankAnswer.read, file, by=scene.finance) for file in files])
    assert sum(answer.paid + answer.returned for answer in answers) == 1
    assert way.anew(row).state in {"PAID", "RETURNED"}


RACES = [
    two_batches_share_no_refund,
    an_approval_meets_another_iban,
    a_batch_meets_another_iban,
    one_answer_is_read_once,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_rounds_and_one_with_slow_rows(
    race: Callable[[Crowd, Scene], None], account: EscrowAccount, finance_user: User, second_finance_user: User
) -> None:
    scene = Scene(account, finance_user, second_finance_user)
    way.banked(scene.payee, Ibans.next())
    with Crowd(4) as crowd:
        for _round in range(ROUNDS):
            race(crowd, scene)
        with slowed("payouts_refundtransfer", seconds=0.03):
            race(crowd, scene)
    assert checks.run() == []
