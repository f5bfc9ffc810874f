"""From bids to the introduction, two people or two tabs at once: it counts as if one had come after the other."""

import uuid
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from marketplace.payments.models import Payment, PaymentState
from projects.models import Agreement, Answer, Offer, Project, Question, Selection
from projects.tests.bids import agreed, asked, awarded, bidder, changed, fees, paid, terms
from projects.tests.calls import consulted, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
Race = Callable[[Crowd, "Stage"], None]


class Stage:
    """A client and three bidders with plenty of credits."""

    def __init__(self, client: User) -> None:
        self.client, self.bidders = client, [bidder(n) for n in range(1, 4)]

    def call(self) -> Project:
        """A new project on which all three may bid."""
        project = opened(self.client)
        for provider in self.bidders:
            consulted(project, provider, Kind.OFFER)
        return project

    def offers(self, project: Project) -> list[Offer]:
        """All three have bid."""
        return [Offer.place(project, by=by, terms=terms(), key=uuid.uuid4()) for by in self.bidders]


@pytest.fixture
def stage(client_user: User) -> Stage:
    return Stage(client_user)


def choosing(offer: Offer, revision: int | None = None) -> Callable[[], Agreement]:
    """The choice of one tab: its own rows."""
    mine = Offer.objects.select_related("project__client").get(pk=offer.pk)
    return partial(Selection(mine, reason="Prix.", revision=revision).carry_out, by=mine.project.client)


def placing(project: Project, by: User, key: uuid.UUID | None = None) -> Callable[[], Offer]:
    mine = Project.objects.select_related("client").get(pk=project.pk)
    return partial(Offer.place, mine, by=User.objects.get(pk=by.pk), terms=terms(), key=key or uuid.uuid4())


def fresh(offer: Offer) -> Offer:
    return Offer.objects.select_related("project", "provider").get(pk=offer.pk)


def one_of_three_is_chosen(crowd: Crowd, stage: Stage) -> None:
    offers = stage.offers(stage.call())
    answers = crowd.race([choosing(offer) for offer in offers * 2])
    made = {answer.pk for answer in answers if isinstance(answer, Agreement)}
    assert set(tally(answers)) <= {"Agreement", "AlreadyMade"}
    assert len(made) == 1
    states = sorted(Offer.objects.filter(pk__in=[o.pk for o in offers]).values_list("state", flat=True))
    assert states == ["LOST", "LOST", "WON"]
    assert Event.objects.filter(verb="project.awarded", project_key=offers[0].project.key).count() == 1


def the_winner_withdraws_meanwhile(crowd: Crowd, stage: Stage) -> None:
    offers = stage.offers(stage.call())
    withdrawing = partial(fresh(offers[0]).withdraw, by=offers[0].provider)
    chosen, withdrawn = crowd.race([choosing(offers[0]), withdrawing])
    state = fresh(offers[0]).state
    if isinstance(chosen, Agreement):
        assert (state, type(withdrawn).__name__) == ("WON", "NotRevisable")
    else:
        assert (state, type(chosen).__name__, withdrawn) == ("WITHDRAWN", "Gone", None)
        assert Project.objects.get(pk=offers[0].project_id).state == "OPEN"


def the_winner_revises_meanwhile(crowd: Crowd, stage: Stage) -> None:
    offers = stage.offers(stage.call())
    revising = partial(fresh(offers[0]).revise, by=offers[0].provider, terms=terms(900_000))
    chosen, revised = crowd.race([choosing(offers[0], revision=1), revising])
    row = fresh(offers[0])
    if isinstance(chosen, Agreement):
        assert (row.price_cents, chosen.version.price_cents) == (300_000, 300_000)
        assert type(revised).__name__ == "NotAvailable"
    else:
        assert (type(chosen).__name__, revised, row.price_cents) == ("Revised", None, 900_000)


def an_offer_arrives_meanwhile(crowd: Crowd, stage: Stage) -> None:
    project = stage.call()
    first = placing(project, stage.bidders[0])()
    chosen, placed = crowd.race([choosing(first), placing(project, stage.bidders[1])])
    assert isinstance(chosen, Agreement)
    told = Event.objects.get(verb="project.awarded", project_key=project.key).facts["losers"]
    if isinstance(placed, Offer):
        assert [facts["offer"] for facts in told] == [placed.pk]
        assert fresh(placed).state == "LOST"
    else:
        assert (type(placed).__name__, told) == ("NotAvailable", [])


def the_client_withdraws_the_project_meanwhile(crowd: Crowd, stage: Stage) -> None:
    """Whoever comes first, the project ends withdrawn, and no agreement lives."""
    offers = stage.offers(stage.call())
    project = offers[0].project
    leaving = partial(Project.objects.get(pk=project.pk).withdraw, by=stage.client)
    chosen, withdrawn = crowd.race([choosing(offers[0]), leaving])
    assert withdrawn is None
    assert type(chosen).__name__ in {"Agreement", "Over"}
    assert Project.objects.get(pk=project.pk).state == "WITHDRAWN"
    assert not Agreement.objects.living().filter(project=project).exists()


def one_company_bids_twice(crowd: Crowd, stage: Stage) -> None:
    project, (one, two, _three) = stage.call(), stage.bidders
    number = two.company.vat_number
    type(two.company).objects.filter(pk=two.company.pk).update(vat_number=one.company.vat_number)
    answers = crowd.race([placing(project, one), placing(project, two)])
    type(two.company).objects.filter(pk=two.company.pk).update(vat_number=number)
    assert tally(answers) == {"Offer": 1, "CompanyHasOffer": 1}
    assert project.offers.living().count() == 1


def one_form_is_sent_many_times(crowd: Crowd, stage: Stage) -> None:
    project, key = stage.call(), uuid.uuid4()
    answers = crowd.race([placing(project, stage.bidders[0], key) for _n in range(8)])
    assert tally(answers) == {"Offer": 8}
    assert project.offers.count() == Event.objects.filter(verb="offer.placed", project_key=project.key).count() == 1


def one_question_is_asked_many_times(crowd: Crowd, stage: Stage) -> None:
    project, key, by = stage.call(), uuid.uuid4(), stage.bidders[0]
    rows = [Project.objects.select_related("client").get(pk=project.pk) for _n in range(8)]
    answers = crowd.race([partial(Question.ask, row, by=by, text="Oui ?", key=key) for row in rows])
    assert tally(answers) == {"Question": 8}
    assert project.questions.count() == 1


def two_answers_are_given(crowd: Crowd, stage: Stage) -> None:
    question = asked(stage.call(), stage.bidders[0])
    rows = [Question.objects.select_related("project").get(pk=question.pk) for _n in range(6)]
    pairs = zip(rows, "ABABAB", strict=True)
    answers = crowd.race([partial(row.answer_with, text, by=stage.client) for row, text in pairs])
    assert tally(answers) == {"Answer": 3, "AlreadyAnswered": 3}
    assert Answer.objects.filter(question=question).count() == 1


def both_accept_at_once(crowd: Crowd, stage: Stage) -> None:
    agreement = bound(stage)
    crowd.race([accepting(agreement, 1, by) for by in (agreement.client, agreement.provider) * 2])
    agreement.refresh_from_db()
    assert agreement.state == "AGREED"
    assert Event.objects.filter(verb="agreement.agreed", facts__agreement=agreement.pk).count() == 1
    assert Event.objects.filter(verb="agreement.accepted", facts__agreement=agreement.pk).count() == 2


def one_accepts_while_the_other_proposes(crowd: Crowd, stage: Stage) -> None:
    """Either the acceptance came first and stands on version 1 only, or it is told that version 2 must be read."""
    agreement = bound(stage)
    agreement.accept(1, by=agreement.provider)
    proposing = partial(again(agreement).propose, changed(agreement, delay_days=9), by=agreement.provider, instead_of=1)
    accepted, proposed = crowd.race([accepting(agreement, 1, agreement.client), proposing])
    agreement.refresh_from_db()
    if accepted is None:
        assert (agreement.state, agreement.version.number, type(proposed).__name__) == ("AGREED", 1, "NotOpen")
    else:
        assert (agreement.state, agreement.version.number, type(accepted).__name__) == ("PROPOSED", 2, "Replaced")


def two_versions_are_proposed(crowd: Crowd, stage: Stage) -> None:
    agreement, days = bound(stage), count(40)
    deeds = [
        partial(again(agreement).propose, changed(agreement, delay_days=next(days)), by=by, instead_of=1)
        for by in (agreement.client, agreement.provider)
    ]
    assert tally(crowd.race(deeds)) == {"AgreementVersion": 1, "Replaced": 1}
    assert agreement.versions.count() == 2


def two_payments_arrive(crowd: Crowd, stage: Stage) -> None:
    agreement = agreed(bound(stage))
    payments = fees(agreement, 3)
    crowd.race([partial(paid, Payment.objects.get(pk=payment.pk)) for payment in payments * 2])
    states = sorted(Payment.objects.get(pk=payment.pk).state for payment in payments)
    assert states == [PaymentState.PAID, PaymentState.RETURNED, PaymentState.RETURNED]
    assert Event.objects.filter(verb="agreement.active", facts__agreement=agreement.pk).count() == 1


def a_payment_arrives_while_the_project_is_withdrawn(crowd: Crowd, stage: Stage) -> None:
    agreement = agreed(bound(stage))
    payment = agreement.pay(by=agreement.client, key=uuid.uuid4())
    leaving = partial(Project.objects.get(pk=agreement.project_id).withdraw, by=agreement.client)
    _paid, withdrawn = crowd.race([partial(paid, payment), leaving])
    project, state = Project.objects.get(pk=agreement.project_id), Payment.objects.get(pk=payment.pk).state
    if withdrawn is None:
        assert (project.state, state) == ("WITHDRAWN", "RETURNED")
    else:
        assert (project.state, state, type(withdrawn).__name__) == ("ACTIVE", "PAID", "NotWithdrawable")


def bound(stage: Stage) -> Agreement:
    """A new agreement with the first bidder."""
    return awarded(opened(stage.client), stage.bidders[0])


def again(agreement: Agreement) -> Agreement:
    return Agreement.objects.select_related("project", "client", "provider").get(pk=agreement.pk)


def accepting(agreement: Agreement, number: int, by: User) -> Callable[[], Any]:
    return partial(again(agreement).accept, number, by=by)


RACES = [
    one_of_three_is_chosen,
    the_winner_withdraws_meanwhile,
    the_winner_revises_meanwhile,
    an_offer_arrives_meanwhile,
    the_client_withdraws_the_project_meanwhile,
    one_company_bids_twice,
    one_form_is_sent_many_times,
    one_question_is_asked_many_times,
    two_answers_are_given,
    both_accept_at_once,
    one_accepts_while_the_other_proposes,
    two_versions_are_proposed,
    two_payments_arrive,
    a_payment_arrives_while_the_project_is_withdrawn,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Race, stage: Stage) -> None:
    with Crowd(8) as crowd:
        for _round in range(ROUNDS):
            race(crowd, stage)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Race, stage: Stage) -> None:
    with Crowd(8) as crowd, slowed("events_event", seconds=0.05):
        for _round in range(2):
            race(crowd, stage)
