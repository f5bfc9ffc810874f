"""Two people, or one hand twice: what happens at once counts as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from itertools import count

import pytest
from django.db import connection

from escrow.models import Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.tests import way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
HT, VAT, CENTS = 100, 20, 120


class Scene:
    """Two released tranches of two projects of one provider, two of Finance; a fresh invoice number each time."""

    def __init__(self, tranches: list[Tranche], finance: User, second: User) -> None:
        self.tranches, self.finance, self.second = tranches, finance, second
        self.provider = tranches[0].account.agreement.provider
        self.numbers = (f"N-{n}" for n in count(1))

    def bill(self, ht: int = HT) -> Bill:
        return Bill(next(self.numbers), way.ISSUED, ht, ht // 5)

    def approved(self, project: int = 0) -> PayoutRequest:
        return way.approved(way.asked(self.tranches[project], self.bill()), self.finance)

    def sent(self) -> PayoutBatch:
        return way.sent([self.approved(0), self.approved(1)], self.second)


def asking(tranche: Tranche, bill: Bill, key: uuid.UUID | None = None) -> Callable[[], PayoutRequest]:
    mine = Tranche.objects.with_parties().get(pk=tranche.pk)
    return partial(
        PayoutRequest.ask,
        mine,
        by=mine.account.agreement.provider,
        bill=bill,
        invoice=way.clean(),
        key=key or uuid.uuid4(),
    )


def states(*requests: PayoutRequest) -> list[str]:
    return [way.fresh(request).state for request in requests]


def of_the_same_money_as_much_is_asked_for_as_there_is(crowd: Crowd, scene: Scene) -> None:
    tranche = scene.tranches[0]
    left = PayoutRequest.claimable_cents(tranche)
    half = left // 2 // 6 * 5  # twice this and its VAT fit, not three times
    answers = crowd.race([asking(tranche, scene.bill(half // 5 * 5)) for _n in range(4)])
    assert tally(answers) == {"PayoutRequest": 2, "TooMuch": 2}
    for answer in answers:
        if isinstance(answer, PayoutRequest):
            answer.refuse(by=scene.finance, reason="Essai.")


def one_page_asks_once(crowd: Crowd, scene: Scene) -> None:
    key, bill = uuid.uuid4(), scene.bill()
    answers = crowd.race([asking(scene.tranches[0], bill, key) for _n in range(4)])
    assert {answer.pk for answer in answers} == {PayoutRequest.objects.get(key=key).pk}


def one_number_for_two_projects_serves_once(crowd: Crowd, scene: Scene) -> None:
    bill = scene.bill()
    answers = crowd.race([asking(tranche, bill) for tranche in scene.tranches for _n in range(2)])
    assert tally(answers) == {"PayoutRequest": 1, "NumberTaken": 3}


def one_page_for_two_projects_asks_once(crowd: Crowd, scene: Scene) -> None:
    key = uuid.uuid4()
    answers = crowd.race([asking(tranche, scene.bill(), key) for tranche in scene.tranches])
    assert tally(answers) == {"PayoutRequest": 1, "KeyReused": 1}


def two_batches_share_no_request(crowd: Crowd, scene: Scene) -> None:
    requests = [scene.approved(0), scene.approved(1), scene.approved(0)]
    choices = [requests, requests[::-1], requests[:2], requests[1:]]
    answers = crowd.race([partial(PayoutBatch.make, chosen, by=scene.second) for chosen in choices])
    made = [answer for answer in answers if isinstance(answer, PayoutBatch)]
    assert set(tally(answers)) <= {"PayoutBatch", "NotApproved"}
    assert len(made) == 1
    made[0].drop(by=scene.second)


def a_request_is_approved_or_refused(crowd: Crowd, scene: Scene) -> None:
    """The refusal may follow the approval; never the other way round, and the money goes back once."""
    request = way.asked(scene.tranches[0], scene.bill())
    one, two, three = (way.fresh(request) for _n in range(3))
    deeds: list[Callable[[], object]] = [partial(one.approve, by=scene.finance), partial(two.approve, by=scene.second)]
    answers = crowd.race([*deeds, partial(three.refuse, by=scene.finance, reason="Non.")])
    assert set(tally(answers)) <= {"NoneType", "NotDecidable"}
    assert sum(answer is None for answer in answers[:2]) <= 1
    assert answers[2] is None
    assert states(request) == ["REFUSED"]


def a_refusal_meets_a_batch(crowd: Crowd, scene: Scene) -> None:
    request = scene.approved()
    deeds: list[Callable[[], object]] = [
        partial(way.fresh(request).refuse, by=scene.finance, reason="Non."),
        partial(PayoutBatch.make, [way.fresh(request)], by=scene.second),
    ]
    answers = crowd.race(deeds)
    ends = {("NoneType", "NotApproved"): "REFUSED", ("NotDecidable", "PayoutBatch"): "BATCHED"}
    assert states(request) == [ends[type(answers[0]).__name__, type(answers[1]).__name__]]


def one_answer_is_read_once(crowd: Crowd, scene: Scene) -> None:
    batch = scene.sent()
    same = way.report(batch, whole="ACSC")
    files = [same, same, way.report(batch, whole="ACSC"), way.report(batch, whole="ACSC")]
    answers = crowd.race([partial(BankAnswer.read, file, by=scene.finance) for file in files])
    assert tally(answers) == {"BankAnswer": 4}
    first = {answer.pk: answer.paid for answer in answers if not answer.repeated}
    assert (len(first), sum(first.values())) == (3, 2)
    assert states(*batch.requests.all()) == ["PAID", "PAID"]


def unknown_answers_at_once_are_kept_once(crowd: Crowd, scene: Scene) -> None:
    file = way.report("AUTRE-1", whole="RJCT")
    answers = crowd.race([partial(BankAnswer.read, file, by=scene.finance) for _n in range(4)])
    assert len({answer.pk for answer in answers}) == 1


def a_batch_is_sent_or_dropped(crowd: Crowd, scene: Scene) -> None:
    batch = way.batched([scene.approved(0), scene.approved(1)], scene.second)
    batch.hand_out()
    one, two, three = (PayoutBatch.objects.get(pk=batch.pk) for _n in range(3))
    deeds: list[Callable[[], object]] = [
        partial(one.mark_sent, by=scene.second),
        partial(two.drop, by=scene.finance),
        three.hand_out,
    ]
    answers = crowd.race(deeds)
    assert {type(answer).__name__ for answer in answers[:2]} == {"NoneType", "NotSendable"}
    assert type(answers[2]).__name__ in {"bytes", "Dropped"}


def batches_of_the_same_projects_the_other_way_round(crowd: Crowd, scene: Scene) -> None:
    """Each holds a request of both projects, in the other order: without one order of locks they would deadlock."""
    a0, b1, b0, a1 = scene.approved(0), scene.approved(1), scene.approved(1), scene.approved(0)
    batches = [way.batched(pair, scene.second) for pair in ([a0, b1], [b0, a1])]
    for batch in batches:
        batch.hand_out()
    answers = crowd.race([partial(batch.mark_sent, by=scene.second) for batch in batches])
    assert answers == [None, None]
    files = [way.report(batch, whole="ACSC") for batch in batches]
    answers = crowd.race([partial(BankAnswer.read, file, by=scene.finance) for file in files])
    assert [answer.paid for answer in answers] == [2, 2]


class Ibans:
    """An IBAN never used before, each time."""

    numbers = count(10**10)

    @classmethod
    def next(cls) -> str:
        body = f"30006000{next(cls.numbers):011d}89"[:21].ljust(21, "0")
        body = f"{body}89"
        rest = 98 - int(f"{body}152700") % 97
        return f"FR{rest:02d}{body}"


def usable_at_once() -> None:
    """The hold is not what these races are about."""
    with connection.cursor() as cursor:
        cursor.execute("update accounts_bankaccount set usable_from = created_at")


def a_change_of_iban_meets_a_batch(crowd: Crowd, scene: Scene) -> None:
    """Whichever comes first: no file that can be taken bears the old IBAN, both requests wait for approval again."""
    usable_at_once()
    requests = [scene.approved(0), scene.approved(1)]
    change = partial(way.banked, User.objects.get(pk=scene.provider.pk), Ibans.next())
    answers = crowd.race([change, partial(PayoutBatch.make, [way.fresh(row) for row in requests], by=scene.second)])
    assert type(answers[0]).__name__ == "BankAccount"
    assert isinstance(answers[1], PayoutBatch | PayoutBatch.NotApproved)
    assert states(*requests) == ["ASKED", "ASKED"]
    assert not PayoutBatch.objects.exclude(state__in=["DROPPED", "SENT", "ANSWERED"]).exists()
    usable_at_once()


def a_change_of_iban_meets_everything(crowd: Crowd, scene: Scene) -> None:
    """Approval, a batch being sent, and an answer, on the same two projects: all end, and the books are right."""
    usable_at_once()
    waiting, batch, gone = (
        way.asked(scene.tranches[1], scene.bill()),
        [scene.approved(1), scene.approved(0)],
        scene.sent(),
    )
    made = way.batched(batch, scene.second)
    made.hand_out()
    deeds: list[Callable[[], object]] = [
        partial(way.banked, User.objects.get(pk=scene.provider.pk), Ibans.next()),
        partial(way.fresh(waiting).approve, by=scene.finance),
        partial(PayoutBatch.objects.get(pk=made.pk).mark_sent, by=scene.second),
        partial(BankAnswer.read, way.report(gone, whole="RJCT"), by=scene.finance),
    ]
    answers = crowd.race(deeds)
    assert type(answers[0]).__name__ == "BankAccount"
    assert type(answers[1]).__name__ in {"NoneType", "AccountOnHold"}
    assert answers[2] is None
    assert answers[3].returned == 2
    assert states(waiting) == ["ASKED"]
    assert states(*batch) == [{"NoneType": "SENT", "NotSendable": "ASKED"}[type(answers[2]).__name__]] * 2
    usable_at_once()


RACES = [
    of_the_same_money_as_much_is_asked_for_as_there_is,
    one_page_asks_once,
    one_number_for_two_projects_serves_once,
    one_page_for_two_projects_asks_once,
    two_batches_share_no_request,
    a_request_is_approved_or_refused,
    a_refusal_meets_a_batch,
    one_answer_is_read_once,
    unknown_answers_at_once_are_kept_once,
    a_batch_is_sent_or_dropped,
    batches_of_the_same_projects_the_other_way_round,
    a_change_of_iban_meets_a_batch,
    a_change_of_iban_meets_everything,
]


MANY_REQUESTS = {
    one_answer_is_read_once,
    batches_of_the_same_projects_the_other_way_round,
    a_change_of_iban_meets_everything,
}


@pytest.fixture
def scene(client_user: User, provider_user: User, finance_user: User, second_finance_user: User) -> Scene:
    way.banked(provider_user)
    tranches = [way.released(escrow_way.opened(client_user, provider_user)) for _n in range(2)]
    return Scene(tranches, finance_user, second_finance_user)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_rounds_and_one_with_slow_rows(race: Callable[[Crowd, Scene], None], scene: Scene) -> None:
    with Crowd(4) as crowd:
        for _round in range(ROUNDS // 2 if race in MANY_REQUESTS else ROUNDS):
            race(crowd, scene)
        with slowed("payouts_payoutrequest", seconds=0.03):
            race(crowd, scene)
    assert checks.run() == []
