"""What the deadlines of calls, offers, hints and agreements cause."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from marketplace.events.reactions import on
from projects.models import Agreement, Deadline, Hint, Offer, ProjectState, SecondChoice
from projects.models.deadlines import falling
from projects.models.hints import TELLING
from projects.models.projects import CHOICE, EXPIRY
from projects.returns import UNREAD, UnreadOffer

if TYPE_CHECKING:
    from marketplace.events.models import Event

COUNTING = "offers.counting"


def agreement_of(deadline: Deadline) -> Agreement:
    """The agreement that a deadline is about."""
    return Agreement.objects.select_related("project", "offer").get(pk=deadline.subject_id)


@falling(EXPIRY)
def end_call(deadline: Deadline, at: datetime) -> None:
    """A call without an offer at its closing, or without a choice at the end of the time for it, expires."""
    project = deadline.project
    if project.is_overdue(at):
        project.expire(at=at)
    else:
        project.watch(at)


@falling(CHOICE)
def remind_to_choose(deadline: Deadline, at: datetime) -> None:
    deadline.project.remind(at=at)


@falling(UNREAD)
def return_credit(deadline: Deadline, at: datetime) -> None:
    """The credit of an offer that nobody opened comes back; if its days are longer than that, they run on."""
    unread = UnreadOffer(Offer.objects.select_related("project").get(pk=deadline.subject_id))
    if not unread.carry_out(at):
        unread.watch()


@falling(TELLING)
def tell_hint(deadline: Deadline, at: datetime) -> None:
    Hint.objects.select_related("project", "provider", "offer", "question").get(pk=deadline.subject_id).tell(at)


@falling("agreement.lapse")
def lapse_agreement(deadline: Deadline, at: datetime) -> None:
    agreement_of(deadline).lapse(at=at)


@falling("agreement.remind")
def remind_parties(deadline: Deadline, at: datetime) -> None:
    agreement_of(deadline).remind(at=at)


@falling("project.cancel")
def cancel_project(deadline: Deadline, at: datetime) -> None:
    SecondChoice(deadline.project).lapse(at=at)


@falling("project.remind")
def remind_client(deadline: Deadline, at: datetime) -> None:
    SecondChoice(deadline.project).remind(at=at)


@on("user.suspended", "user.reinstated")
def recount(event: Event) -> None:
    """The offers of a suspended account no longer count on open calls: counted anew at once.

    Not here: the account is locked, and a project is locked before people.
    """
    rows = Offer.objects.living().filter(provider=event.facts["user"], project__state=ProjectState.OPEN)
    for offer in rows.select_related("project"):
        Deadline.objects.set(COUNTING, offer.project, event.at, project=offer.project)


@falling(COUNTING)
def count_offers(deadline: Deadline, at: datetime) -> None:
    deadline.project.mark_counted(deadline.project.offers.counted().count())
