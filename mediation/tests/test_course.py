"""The dates of a case: what falls a second after each of them, and that every way ends with nobody acting."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Event
from marketplace.templatetags.page import PARIS
from marketplace.testing.cast import person
from mediation.models import Course, Dispute
from mediation.tests import way
from mediation.turns import awaited
from projects.models import Deadline

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def paris(*at: int) -> datetime:
    return datetime(*at, tzinfo=PARIS)  # type: ignore[arg-type, misc]


def sweep_until_it_ends(dispute: Dispute) -> Dispute:
    """Nobody acts: each date passes in turn, until none is left."""
    for _step in range(100):
        waiting = Deadline.objects.waiting().about(dispute).order_by("due_at").first()
        if not waiting:
            break
        with time_machine.travel(waiting.due_at + SECOND, tick=False):
            Deadline.objects.sweep(timezone.now())
    return way.fresh(dispute)


STEPS = [
    ("sma.assign", lambda dispute: dispute.mediator is not None),
    ("sma.answer", lambda dispute: dispute.state == "MEDIATION"),
]


@pytest.mark.parametrize(("kind", "done"), STEPS, ids=["assign", "answer"])
@pytest.mark.parametrize(("after", "falls"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)])
def test_first_dates_fall_a_second_later(
    account: EscrowAccount, mediator_user: User, kind: str, done: Any, after: timedelta, falls: bool
) -> None:
    dispute = way.opened(account)
    Deadline.objects.sweep(way.due(dispute, kind) + after)
    assert done(way.fresh(dispute)) is falls


@pytest.mark.parametrize(
    ("after", "state"), [(-SECOND, "MEDIATION"), (0 * SECOND, "MEDIATION"), (SECOND, "ARBITRATION")]
)
def test_mediation_ends_a_second_after_its_date(account: EscrowAccount, after: timedelta, state: str) -> None:
    dispute = way.mediated(account)
    assert dispute.mediate_by == way.due(dispute, "sma.mediate")
    Deadline.objects.sweep(dispute.mediate_by + after)
    assert way.fresh(dispute).state == state


@pytest.mark.parametrize(("after", "state"), [(-SECOND, "DECIDED"), (0 * SECOND, "DECIDED"), (SECOND, "EXECUTED")])
def test_decision_is_executed_a_second_after_its_date(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, after: timedelta, state: str
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 50_000)
    Deadline.objects.sweep(way.due(dispute, "sma.execute") + after)
    assert way.fresh(dispute).state == state


@pytest.mark.parametrize(("after", "changed"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)])
def test_arbitrator_two_working_days_late_is_replaced(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, after: timedelta, changed: bool
) -> None:
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.decide")
    at = way.due(dispute, "sma.replace")
    Deadline.objects.sweep(at + after)
    dispute = way.fresh(dispute)
    assert dispute.arbitrator == (third if changed else arbitrator_user)
    assert dispute.assignments.filter(late=True).exists() is changed
    assert dispute.decide_by
    assert (dispute.decide_by > at) is changed


def test_late_arbitrator_stays_while_there_is_nobody_else(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User
) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.decide")
    dispute = way.let_fall(dispute, "sma.replace")
    assert dispute.arbitrator == arbitrator_user
    assert Event.objects.filter(verb="mediation.stuck").count() == 1
    way.drafted(dispute, 60_000)
    assert way.fresh(dispute).state == "DECIDED"


def test_arbitrator_found_later_has_the_whole_time(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert (dispute.arbitrator, awaited(dispute)) == (None, [])
    late = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    at = way.due(dispute, "sma.replace")
    dispute = way.let_fall(dispute, "sma.replace")
    assert dispute.arbitrator == late
    assert dispute.decide_by
    assert dispute.decide_by > at + timedelta(days=9)


def test_silent_mediator_is_replaced_and_one_who_writes_is_not(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    silent, busy = way.mediated(account, 1), way.mediated(account, 2)
    for dispute in (silent, busy):
        dispute.assign(mediator_user, by=None)
    busy.say("Bonjour à tous deux.", by=mediator_user, key=uuid.uuid4())
    assert way.let_fall(busy, "sma.replace").mediator == mediator_user
    silent = way.let_fall(silent, "sma.replace")
    assert silent.mediator == arbitrator_user
    assert way.let_fall(silent, "sma.replace").mediator == arbitrator_user


def test_mediator_named_too_late_to_be_replaced_keeps_the_seat(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    dispute = way.let_fall(dispute, "sma.replace")
    assert dispute.mediator == arbitrator_user
    assert not Deadline.objects.about(dispute, "sma.nudge").waiting().exists()
    assert way.due(dispute, "sma.mediate") < way.due(dispute, "sma.replace")
    dispute = way.let_fall(dispute, "sma.mediate")
    assert (dispute.state, dispute.mediator) == ("ARBITRATION", arbitrator_user)


def test_mediator_named_before_the_answer_is_watched_from_it(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    assert not Deadline.objects.about(dispute, "sma.replace").exists()
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    assert way.due(dispute, "sma.replace")


def test_case_without_anybody_to_mediate_goes_on(account: EscrowAccount, superuser: User) -> None:
    dispute = way.let_fall(way.opened(account), "sma.assign")
    assert dispute.mediator is None
    assert way.due(dispute, "sma.assign")
    assert Event.objects.filter(verb="mediation.stuck").count() == 1


def test_late_approver_is_replaced_then_the_administrators_know(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    dispute = way.arbitrated(account, mediator_user)
    dispute.appoint(arbitrator_user, by=None)
    decision = way.drafted(way.fresh(dispute), 60_000)
    assert [way.fresh(dispute).approver, way.let_fall(dispute, "sma.approve").approver] == [third, superuser]
    assert way.let_fall(dispute, "sma.approve").approver == superuser
    assert Event.objects.filter(verb="mediation.stuck").count() == 1
    decision.approve(by=superuser)
    assert way.fresh(dispute).state == "DECIDED"


def test_decision_that_nobody_can_approve_ends_by_the_last_resort(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    decision = way.drafted(dispute, 60_000)
    assert sweep_until_it_ends(dispute).state == "UNDECIDED"
    decision.refresh_from_db()
    assert decision.state == "SENT_BACK"


def test_written_decision_waits_for_whoever_may_still_approve_it(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 60_000)
    zoe = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    last = way.due(dispute, "sma.last")
    dispute = way.let_fall(dispute, "sma.last")
    assert (dispute.state, dispute.approver) == ("ARBITRATION", zoe)
    assert way.due(dispute, "sma.last") > last
    assert way.let_fall(dispute, "sma.last").state == "UNDECIDED"


def test_last_resort_leaves_their_days_to_who_has_just_been_asked(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    with time_machine.travel(way.due(dispute, "sma.last") - timedelta(hours=1), tick=False):
        decision = way.drafted(dispute, 60_000)
    assert way.let_fall(dispute, "sma.last").state == "ARBITRATION"
    decision.approve(by=superuser)
    assert way.fresh(dispute).state == "DECIDED"


def test_case_opened_again_goes_straight_to_an_arbitrator(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    assert not way.opened(account, 2).straight
    answered = way.opened(account, 1)
    assert answered.straight
    answered.answer("Toujours non.", by=answered.provider, key=uuid.uuid4())
    assert (way.fresh(answered).state, way.fresh(answered).mediate_by) == ("ARBITRATION", None)


def test_case_opened_again_goes_to_an_arbitrator_without_an_answer_too(
    account: EscrowAccount, mediator_user: User
) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    assert way.let_fall(way.opened(account), "sma.answer").state == "ARBITRATION"


def test_whoever_opens_again_what_nobody_decided_goes_straight(account: EscrowAccount) -> None:
    undecided = way.let_fall(way.let_fall(way.mediated(account), "sma.mediate"), "sma.last")
    assert way.opened(account, by=undecided.provider).straight


def test_other_side_that_opens_after_a_withdrawal_is_mediated(account: EscrowAccount) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    assert not way.opened(account, by=account.agreement.provider).straight


@pytest.mark.parametrize("staff", [0, 1, 3])
@pytest.mark.parametrize("start", ["opened", "straight", "answered", "proposed", "arbitrated"])
def test_every_way_ends_with_nobody_acting(account: EscrowAccount, staff: int, start: str) -> None:
    people = [person(f"sma{n}@paraphe.example", f"Personne {n}", staff_of=SMA) for n in range(staff)]
    if start == "straight":
        way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.opened(account) if start in {"opened", "straight"} else way.mediated(account)
    if start == "proposed":
        way.proposed(dispute, 1, dispute.client)
    if start == "arbitrated" and people:
        dispute.assign(people[0], by=None)
        way.handed_over(dispute)
    dispute = sweep_until_it_ends(dispute)
    assert (dispute.state, dispute.ended_by, dispute.freeze.state) == ("UNDECIDED", None, "THAWED")
    assert way.tranche(account).state == "FUNDED"
    assert not dispute.assignments.current().exists()
    assert way.opened(account).straight is True


def test_every_large_decision_ends_with_nobody_acting(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 60_000)
    assert sweep_until_it_ends(dispute).state == "EXECUTED"


def test_last_resort_comes_sixty_days_after_the_arbitration_began(account: EscrowAccount) -> None:
    with time_machine.travel(paris(2026, 3, 2, 9, 0), tick=False):
        dispute = way.mediated(account)
    assert dispute.mediate_by == paris(2026, 3, 12, 18, 0)
    assert way.due(way.let_fall(dispute, "sma.mediate"), "sma.last") == paris(2026, 5, 11, 18, 0)


@pytest.mark.parametrize(
    ("at", "answer", "mediate"),
    [
        (paris(2026, 3, 24, 23, 30), paris(2026, 3, 31, 18, 0), paris(2026, 4, 10, 18, 0)),
        (paris(2026, 10, 22, 0, 30), paris(2026, 10, 29, 18, 0), paris(2026, 11, 8, 18, 0)),
        (paris(2026, 4, 30, 12, 0), paris(2026, 5, 11, 18, 0), paris(2026, 5, 21, 18, 0)),
    ],
)
def test_dates_keep_the_hour_of_paris_and_pass_over_holidays(
    account: EscrowAccount, at: datetime, answer: datetime, mediate: datetime
) -> None:
    with time_machine.travel(at, tick=False):
        dispute = way.opened(account)
    assert dispute.answer_by == answer
    assert way.let_fall(dispute, "sma.answer").mediate_by == mediate


def test_who_must_act_is_reminded_two_days_before(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    at = way.due(dispute, "sma.remind")
    assert at == dispute.answer_by - timedelta(days=2)
    Deadline.objects.sweep(at + SECOND)
    told = Event.objects.get(verb="mediation.reminded").notices.all()
    assert [notice.user for notice in told] == [dispute.provider]
    assert not Deadline.objects.about(dispute, "sma.remind").waiting().exists()


def test_date_that_the_case_has_overtaken_changes_nothing(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    named, written = way.mediated(account, 2), way.arbitrated(account, mediator_user)
    named.assign(mediator_user, by=None)
    with pytest.raises(Course.NotDue):
        Course(way.fresh(named)).assignment_lapsed(at=timezone.now())
    way.drafted(written, 1)
    with pytest.raises(Course.NotDue):
        Course(way.fresh(written)).replacement_due(at=timezone.now())
    assert (way.fresh(named).mediator, way.fresh(written).arbitrator) == (mediator_user, arbitrator_user)


def test_what_no_longer_is_due_is_refused(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    course, late = Course(way.fresh(dispute)), way.due(dispute, "sma.last") + SECOND
    for deed in (
        "answer_lapsed",
        "mediation_lapsed",
        "assignment_lapsed",
        "approval_late",
        "execution_due",
        "court_to_ask",
    ):
        with pytest.raises(Course.NotDue):
            getattr(course, deed)(at=late)
    with pytest.raises(Course.NotDue):
        course.remind(at=late)
    way.drafted(dispute, 1)
    with pytest.raises(Course.NotDue):
        Course(way.fresh(dispute)).court_to_ask(at=late)
