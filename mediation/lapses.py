"""What the deadlines of cases cause."""

from __future__ import annotations

from datetime import datetime

from mediation.models import Course, Dispute
from mediation.models import course as kinds
from projects.models import Deadline
from projects.models.deadlines import falling


def course_of(deadline: Deadline) -> Course:
    """The course of the case that a deadline is about."""
    return Course(Dispute.objects.with_parties().get(pk=deadline.subject_id))


@falling(kinds.ASSIGN)
def assign_somebody(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).assignment_lapsed(at=at)


@falling(kinds.ANSWER)
def go_on_without_an_answer(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).answer_lapsed(at=at)


@falling(kinds.MEDIATE)
def end_the_mediation(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).mediation_lapsed(at=at)


@falling(kinds.DECIDE)
def press_the_arbitrator(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).decision_late(at=at)


@falling(kinds.REPLACE)
def replace_who_is_late(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).replacement_due(at=at)


@falling(kinds.APPROVE)
def ask_another_approver(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).approval_late(at=at)


@falling(kinds.EXECUTE)
def execute_the_decision(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).execution_due(at=at)


@falling(kinds.COURT)
def ask_of_the_court(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).court_to_ask(at=at)


@falling(kinds.REMIND)
def remind_who_must_act(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).remind(at=at)


@falling(kinds.NUDGE)
def remind_the_mediator(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).nudge(at=at)


@falling(kinds.LAST)
def end_without_a_decision(deadline: Deadline, at: datetime) -> None:
    course_of(deadline).last_resort(at=at)
