"""The steps of a case that are still to come: who will act, expected before when, and what silence will cause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace import deadlines
from marketplace.templatetags.page import paris
from mediation.models.course import ASSIGN, LAST, decision_due, evening
from mediation.states import MEDIATED, DisputeState
from mediation.words import opposite
from projects.models import Deadline

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from mediation.models import Dispute
    from mediation.turns import Turn

Duties = list[tuple[str, str]]


class Ahead(NamedTuple):
    """Until when each step lasts if everybody takes the whole time; a replacement makes it longer."""

    mediation: datetime
    decision: datetime
    approval: datetime | None
    execution: datetime

    @classmethod
    def of(cls, turn: Turn) -> Ahead:
        """Counted from the dates that are set; `approval` is that of a second person, where the amount needs one."""
        dispute = turn.dispute
        answered = dispute.answer_by
        mediation = dispute.mediate_by or evening(answered, settings.SMA_MEDIATION_DAYS)
        begun = answered if dispute.straight else mediation
        heard = deadlines.after(begun, settings.SMA_EVIDENCE_DAYS) if dispute.straight else None
        decision = decision_by(turn) or decision_due(begun, heard)
        approval = None if turn.is_drafted else approval_by(dispute.cents, decision)
        return cls(mediation, decision, approval, evening(approval or decision, settings.SMA_EXECUTION_DAYS))


def decision_by(turn: Turn) -> datetime | None:
    """Until when it is decided at the latest, once that is known: by another arbitrator, if nobody is there or in time.

    Of a decision that is written, until when it is approved.
    """
    if turn.dispute.state != DisputeState.ARBITRATION or not turn.due_by:
        return turn.dispute.decide_by
    if turn.dispute.arbitrator and not turn.is_late:
        return turn.due_by
    return decision_due(turn.due_by, turn.dispute.heard_until)


def approval_by(cents: int, decided: datetime) -> datetime | None:
    """Until when a second person approves a decision of `decided`; None if `cents` frozen need none."""
    return deadlines.after(decided, settings.SMA_APPROVAL_DAYS) if cents > settings.SMA_APPROVAL_CENTS else None


def steps_ahead(turn: Turn, reader: User) -> Iterator[dict[str, Any]]:
    """As components/timeline.html draws them, in the order of their dates; none once it is decided."""
    yield from sorted(to_come(turn, reader), key=lambda step: step["at"])


def to_come(turn: Turn, reader: User) -> Iterator[dict[str, Any]]:
    """What may still happen."""
    ahead, dispute = Ahead.of(turn), turn.dispute
    if dispute.state in MEDIATED and not dispute.mediator and (at := date_of(dispute, ASSIGN)):
        yield naming(at)
    if dispute.state == DisputeState.OPENED and not dispute.straight:
        yield mediation(ahead, dispute, reader)
    if dispute.state in MEDIATED:
        yield decision(ahead, dispute)
    if dispute.is_open and ahead.approval:
        yield approval(ahead.approval)
    if dispute.is_open:
        yield execution(ahead, dispute)
    if dispute.state == DisputeState.ARBITRATION and (at := date_of(dispute, LAST)):
        yield last_resort(at)


def date_of(dispute: Dispute, kind: str) -> datetime | None:
    """When a date of the case falls, if it is set."""
    row = Deadline.objects.about(dispute, kind).waiting().first()
    return row.due_at if row else None


def step(title: str, text: str, at: datetime, duties: Duties) -> dict[str, Any]:
    """A step to come, with the date before which it is expected."""
    return {"title": title, "text": text, "at": at, "by": _("expected before"), "kind": "next", "duties": duties}


def naming(at: datetime) -> dict[str, Any]:
    duties = [
        (_("Who"), _("The SMA")),
        (_("By when"), paris(at)),
        (_("If nobody acts"), _("A mediator is named by itself.")),
    ]
    return step(_("Name of the mediator"), _("Without a tie to either side. You are told who it is."), at, duties)


def mediation(ahead: Ahead, dispute: Dispute, reader: User) -> dict[str, Any]:
    both = _("Both sides")
    if dispute.is_party(reader):
        both = _("You and %(side)s") % {"side": opposite(dispute, reader)}
    duties = [
        (_("Who"), both),
        (_("By when"), paris(ahead.mediation)),
        (_("If nobody acts"), _("The case goes to an arbitrator.")),
    ]
    return step(_("Mediation"), _("Splits proposed by either side or by the mediator."), ahead.mediation, duties)


def decision(ahead: Ahead, dispute: Dispute) -> dict[str, Any]:
    duties = [
        (_("Who"), _("The arbitrator of the SMA")),
        (_("By when"), paris(ahead.decision)),
        (_("If the arbitrator is late"), _("Another one takes over; the money stays frozen.")),
    ]
    text = _("Without an agreement. Another person than the mediator, without a tie to either side.")
    if dispute.straight:
        text = _("Without a mediation, as the dispute was opened again. A person without a tie to either side.")
    return step(_("Decision of an arbitrator, with written reasons"), text, ahead.decision, duties)


def approval(at: datetime) -> dict[str, Any]:
    duties = [
        (_("Who"), _("A second person of the SMA")),
        (_("By when"), paris(at)),
        (_("If nobody acts"), _("Another person is asked; the money stays frozen.")),
    ]
    text = _("For this amount a second person reads the decision before it is given to both sides.")
    return step(_("Approval of the decision"), text, at, duties)


def execution(ahead: Ahead, dispute: Dispute) -> dict[str, Any]:
    when = _("After the time to seize a court, expected before %(at)s.")
    if dispute.may_settle:
        when = _(
            "At once when both accept the same split; else after the time to seize a court, expected before %(at)s."
        )
    duties = [
        (_("Who"), _("Nobody: it is executed by itself")),
        (_("By when"), when % {"at": paris(ahead.execution)}),
        (_("If a court is seized"), _("Nothing is executed before it has ruled.")),
    ]
    text = _("One movement: the provider’s share is released, the client’s is refunded.")
    return step(_("Execution"), text, ahead.execution, duties)


def last_resort(at: datetime) -> dict[str, Any]:
    text = _("The money is held again and the tranches are as they were before: nobody has won.")
    duties = [
        (_("Who"), _("Nobody: it happens by itself")),
        (_("By when"), paris(at)),
        (_("And then"), _("Opened again, the dispute goes straight to an arbitrator.")),
    ]
    words = {"by": _("otherwise on"), "kind": "next", "duties": duties}
    return {"title": _("Without a decision by then: the case ends undecided"), "text": text, "at": at, **words}
