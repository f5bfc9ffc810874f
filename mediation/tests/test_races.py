"""Two hands at once on a case: what happens counts as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from escrow.models import CaseRequest, EscrowAccount, Tranche
from escrow.tests import way as escrow
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from mediation.asking import take_up_by_hand
from mediation.models import Dispute, Plea, Seizure
from mediation.models.bench import members
from mediation.tests import way
from projects.models import Deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
HT, CENTS = 10_000, 12_000


@pytest.fixture
def account(client_user: Any, provider_user: Any, mediator_user: Any, arbitrator_user: Any) -> EscrowAccount:
    """An account with a tranche of 120 € for each round."""
    return escrow.opened(client_user, provider_user, [HT] * (ROUNDS + 1))


def fresh(tranche: Tranche) -> Tranche:
    """The tranche as another request would read it."""
    return Tranche.objects.with_parties().get(pk=tranche.pk)


def opening(tranche: Tranche, side: str = "client", key: uuid.UUID | None = None) -> Callable[[], Dispute]:
    mine = fresh(tranche)
    by = getattr(mine.account.agreement, side)
    return partial(Dispute.open, mine.account, [mine], plea=Plea("Rien.", 1), by=by, key=key or uuid.uuid4())


def funded(tranche: Tranche) -> Tranche:
    escrow.deposited(tranche.account, CENTS, tranche)
    return fresh(tranche)


def mediated(tranche: Tranche) -> Dispute:
    dispute = way.fresh(opening(funded(tranche))())
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    return way.fresh(dispute)


def a_release_meets_an_opening(crowd: Crowd, tranche: Tranche) -> None:
    """Released, or frozen: never both."""
    mine = escrow.delivered(funded(tranche))
    by = mine.account.agreement.client
    release = partial(mine.account.release, tranche=mine, cents=CENTS, by=by, key=uuid.uuid4())
    answers = tally(crowd.race([release, opening(tranche)]))
    assert answers in ({"Release": 1, "NothingHeld": 1}, {"InDispute": 1, "Dispute": 1})
    assert fresh(tranche).state == ("RELEASED" if answers["Release"] else "DISPUTED")


def two_openings_give_one_case(crowd: Crowd, tranche: Tranche) -> None:
    """The second is told of the first, which it may join."""
    funded(tranche)
    answers = crowd.race([opening(tranche), opening(tranche, "provider")])
    assert tally(answers) == {"Dispute": 1, "AlreadyInCase": 1}
    (refusal,) = [answer for answer in answers if isinstance(answer, Dispute.AlreadyInCase)]
    assert refusal.case == Dispute.objects.about([tranche]).get()


def what_was_asked_is_opened_once(crowd: Crowd, tranche: Tranche) -> None:
    """By hand, by its date, by a side: one case."""
    request = escrow.unopened(funded(tranche))
    mine = CaseRequest.objects.with_parties().get(pk=request.pk)
    hand = partial(take_up_by_hand, mine, by=members()[0])
    date = partial(CaseRequest.ask_again, fresh(tranche).account, at=timezone.now())
    answers = tally(crowd.race([hand, date, opening(tranche)]))
    assert answers["Dispute"] <= 1
    assert answers["NoneType"] == 1
    assert Dispute.objects.about([tranche]).count() == 1
    assert not CaseRequest.objects.open().exists()


def a_double_click_opens_one_case(crowd: Crowd, tranche: Tranche) -> None:
    funded(tranche)
    key = uuid.uuid4()
    answers = crowd.race([opening(tranche, key=key) for _n in range(3)])
    assert {answer.pk for answer in answers} == {Dispute.objects.about([tranche]).get().pk}


def an_award_meets_a_deposit(crowd: Crowd, tranche: Tranche) -> None:
    """A deposit on its way to a disputed tranche goes back; what is frozen is shared, and no more."""
    account, by = tranche.account, tranche.account.agreement.client
    escrow.deposited(account, CENTS // 2, tranche)
    payment = account.deposit(CENTS // 2, by=by, key=uuid.uuid4(), tranche=tranche)
    dispute = way.fresh(opening(tranche)())
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    proposal = way.proposed(way.fresh(dispute), 1_000, dispute.provider)
    accepted, paid = crowd.race([partial(proposal.accept, by=dispute.client), partial(escrow.paid, payment)])
    assert (accepted, paid.state) == (None, "RETURNED")
    assert (fresh(tranche).state, fresh(tranche).funded_cents) == ("REFUNDED", 1_000)


def both_accept_at_once(crowd: Crowd, tranche: Tranche) -> None:
    """Each accepts the mediator's split: one transfer."""
    dispute = mediated(tranche)
    mediator = next(iter(way.members()))
    dispute.assign(mediator, by=None)
    number = way.proposed(way.fresh(dispute), 5_000, mediator).number
    hands = [way.fresh(dispute).proposals.get(number=number) for _side in dispute.parties]
    answers = crowd.race([partial(hand.accept, by=by) for hand, by in zip(hands, dispute.parties, strict=True)])
    assert answers == [None, None]
    assert way.fresh(dispute).state == "EXECUTED"


def two_splits_are_accepted_at_once(crowd: Crowd, tranche: Tranche) -> None:
    """Each accepts the other's: the first that comes settles it, the second finds the case over."""
    dispute = mediated(tranche)
    mine, theirs = (way.proposed(dispute, cents, by) for cents, by in zip((5, 9), dispute.parties, strict=True))
    hands = [partial(mine.accept, by=dispute.provider), partial(theirs.accept, by=dispute.client)]
    assert tally(crowd.race(hands)) == {"NoneType": 1, "Closed": 1}
    assert fresh(tranche).released_cents in {5, 9}


def a_withdrawal_meets_a_decision(crowd: Crowd, tranche: Tranche) -> None:
    dispute = mediated(tranche)
    way.let_fall(dispute, "sma.mediate")
    mine, theirs = way.fresh(dispute), way.fresh(dispute)
    decide = partial(way.drafted, mine, CENTS)
    answers = tally(crowd.race([decide, partial(theirs.withdraw, by=theirs.client)]))
    assert answers in ({"Decision": 1, "Closed": 1}, {"NoneType": 1, "Closed": 1})
    assert way.fresh(dispute).state == ("DECIDED" if answers["Decision"] else "WITHDRAWN")


def an_acceptance_meets_a_withdrawal(crowd: Crowd, tranche: Tranche) -> None:
    """Settled, or thawed: never both."""
    dispute = mediated(tranche)
    proposal, theirs = way.proposed(dispute, 5_000, dispute.client), way.fresh(dispute)
    hands = [partial(proposal.accept, by=dispute.provider), partial(theirs.withdraw, by=theirs.client)]
    assert tally(crowd.race(hands)) == {"NoneType": 1, "Closed": 1}
    outcome = (way.fresh(dispute).state, fresh(tranche).released_cents, fresh(tranche).held_cents)
    assert outcome in {("EXECUTED", 5_000, 0), ("WITHDRAWN", 0, CENTS)}


def an_acceptance_meets_another_proposal(crowd: Crowd, tranche: Tranche) -> None:
    """What is accepted is what was read: replaced meanwhile, it is refused."""
    dispute = mediated(tranche)
    first, theirs = way.proposed(dispute, 5_000, dispute.client), way.fresh(dispute)
    hands: list[Callable[[], Any]] = [partial(first.accept, by=dispute.provider)]
    hands += [partial(way.proposed, theirs, 4_000, theirs.client)]
    answers = tally(crowd.race(hands))
    assert answers in ({"NoneType": 1, "Closed": 1}, {"Overtaken": 1, "SplitProposal": 1})
    assert fresh(tranche).released_cents == (5_000 if answers["NoneType"] else 0)


def a_counter_proposal_meets_an_acceptance(crowd: Crowd, tranche: Tranche) -> None:
    """The other side's own proposal leaves the first to be answered: both pass, or the case is settled before."""
    dispute = mediated(tranche)
    first, theirs = way.proposed(dispute, 5_000, dispute.client), way.fresh(dispute)
    hands: list[Callable[[], Any]] = [partial(first.accept, by=dispute.provider)]
    hands += [partial(way.proposed, theirs, 6_000, theirs.provider)]
    answers = tally(crowd.race(hands))
    assert answers in ({"NoneType": 1, "Closed": 1}, {"NoneType": 1, "SplitProposal": 1})
    assert (way.fresh(dispute).state, fresh(tranche).released_cents) == ("EXECUTED", 5_000)


def the_end_of_a_mediation_meets_an_acceptance(crowd: Crowd, tranche: Tranche) -> None:
    """Settled, or before an arbitrator: never decided over a settlement."""
    dispute = mediated(tranche)
    proposal = way.proposed(dispute, 5_000, dispute.client)
    deadline = Deadline.objects.about(dispute, "sma.mediate").waiting().get()
    fall = partial(deadline.fall, deadline.due_at + way.SECOND)
    crowd.race([partial(proposal.accept, by=dispute.provider), fall])
    outcome = (way.fresh(dispute).state, fresh(tranche).released_cents)
    assert outcome in {("EXECUTED", 5_000), ("ARBITRATION", 0)}


def a_decision_meets_an_acceptance(crowd: Crowd, tranche: Tranche) -> None:
    """Before an arbitrator no proposal is accepted any more, whoever comes first."""
    dispute = mediated(tranche)
    proposal = way.proposed(dispute, 5_000, dispute.client)
    dispute = way.let_fall(dispute, "sma.mediate")
    answers = tally(crowd.race([partial(way.drafted, dispute, 7_000), partial(proposal.accept, by=dispute.provider)]))
    assert answers in ({"Decision": 1, "NotInMediation": 1}, {"Decision": 1, "Closed": 1})
    assert (way.fresh(dispute).state, fresh(tranche).released_cents) == ("DECIDED", 0)


def an_approval_meets_an_acceptance(crowd: Crowd, tranche: Tranche) -> None:
    """The decision is issued, once; the proposal stays without object."""
    dispute = mediated(tranche)
    proposal = way.proposed(dispute, 5_000, dispute.client)
    with override_settings(SMA_APPROVAL_CENTS=0):
        draft = way.drafted(way.let_fall(dispute, "sma.mediate"), 7_000)
    approver: Any = way.fresh(dispute).approver
    hands = [partial(draft.approve, by=approver), partial(proposal.accept, by=dispute.provider)]
    answers = tally(crowd.race(hands))
    assert answers in ({"NoneType": 1, "NotInMediation": 1}, {"NoneType": 1, "Closed": 1})
    assert (way.fresh(dispute).state, dispute.decisions.get().state) == ("DECIDED", "ISSUED")


def a_court_meets_the_date_of_execution(crowd: Crowd, tranche: Tranche) -> None:
    """Seized in time, nothing is executed; else there is nothing left to seize a court of."""
    dispute = way.let_fall(mediated(tranche), "sma.mediate")
    way.drafted(dispute, 7_000)
    dispute, by = way.fresh(dispute), next(iter(way.members()))
    deadline = Deadline.objects.about(dispute, "sma.execute").waiting().get()
    seize = partial(Seizure.record, dispute, way.exhibit().copy, note="", by=by)
    answers = tally(crowd.race([seize, partial(deadline.fall, deadline.due_at + way.SECOND)]))
    outcome = (way.fresh(dispute).state, fresh(tranche).released_cents)
    assert outcome == (("DECIDED", 0) if answers["Seizure"] else ("EXECUTED", 7_000)), answers


def a_date_meets_an_answer(crowd: Crowd, tranche: Tranche) -> None:
    """The mediation begins once."""
    dispute = way.fresh(opening(funded(tranche))())
    deadline = Deadline.objects.about(dispute, "sma.answer").waiting().get()
    answer = partial(way.fresh(dispute).answer, "Non.", by=dispute.provider, key=uuid.uuid4())
    crowd.race([answer, partial(deadline.fall, deadline.due_at + way.SECOND)])
    assert way.fresh(dispute).state == "MEDIATION"
    assert dispute.entries.filter(kind="MEDIATION").count() == 1


RACES = [
    a_release_meets_an_opening,
    two_openings_give_one_case,
    what_was_asked_is_opened_once,
    a_double_click_opens_one_case,
    an_award_meets_a_deposit,
    both_accept_at_once,
    two_splits_are_accepted_at_once,
    a_withdrawal_meets_a_decision,
    an_acceptance_meets_a_withdrawal,
    an_acceptance_meets_another_proposal,
    a_counter_proposal_meets_an_acceptance,
    the_end_of_a_mediation_meets_an_acceptance,
    a_decision_meets_an_acceptance,
    an_approval_meets_an_acceptance,
    a_court_meets_the_date_of_execution,
    a_date_meets_an_answer,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_rounds_and_one_with_slow_rows(race: Callable[[Crowd, Tranche], None], account: EscrowAccount) -> None:
    *tranches, last = Tranche.objects.with_parties().filter(account=account).order_by("position")
    with Crowd(3) as crowd:
        for tranche in tranches:
            race(crowd, tranche)
        with slowed("mediation_dispute", seconds=0.03):
            race(crowd, last)
    assert checks.run() == []
