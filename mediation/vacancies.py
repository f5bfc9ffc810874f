"""The seats of who left the SMA or is tied to a side by now: how they are freed; who is told of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.events import doorbell
from marketplace.events.reactions import on
from marketplace.events.tellings import Facts, Kind, tells
from mediation.hearers import sma
from mediation.letters import BEFORE, OPEN_CASE, OfCase, OfTurn, Words, say
from mediation.models import Assignment, Course, Dispute
from mediation.models.bench import chiefs
from mediation.states import DisputeState, Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.events.models import Event

log = logging.getLogger(__name__)
LATE = {
    Role.MEDIATOR: _("You had neither written nor proposed a split at your date: another member was given the seat."),
    Role.ARBITRATOR: _("Two working days after its date you had not decided: another member was given the seat."),
    Role.APPROVER: _("You had neither approved the decision nor sent it back at your date: another member is asked."),
}
MAY_AGREE = _("The mediation goes on: the same split accepted by both of you still settles the dispute.")


def free_seats(at: datetime) -> int:
    """Free the seats of whoever may not sit any more: suspended, off its group or the staff, or tied to a side by now.

    Case by case, each in a transaction of its own: one that fails is logged and stops no other. How many were freed.
    """
    freed = 0
    abandoned = Assignment.objects.abandoned().values("dispute")
    for dispute in Dispute.objects.with_parties().filter(pk__in=abandoned).order_by("pk"):
        try:
            freed += Course(dispute).free_seats(at=at)
        except Exception:
            log.exception("The seats of case %s could not be freed.", dispute.number)
    return freed


@on("user.suspended")
def look_for_seats(event: Event) -> None:
    """A suspended member of the SMA loses their seats as soon as a worker can, after the commit; a sweep comes too."""
    transaction.on_commit(partial(doorbell.ring, "mediation.tasks.free_seats"))


def namers(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who may name a mediator, when that seat has been left; the administrators besides."""
    return [*sma(dispute, event), *chiefs()] if event.facts["role"] == Role.MEDIATOR else []


def heads_replaced(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The administrators, when somebody has taken the seat that was left: of an empty one they are told to fill it."""
    return chiefs() if event.facts["then"] else []


def both_unseated(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, when the seat that was left is empty: they were told the name of whoever has taken it."""
    return [] if event.facts["then"] or event.facts["role"] == Role.APPROVER else dispute.parties


def leaver(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who had the seat."""
    return User.objects.filter(pk=event.facts["staff"])


class OfEmptySeat(OfTurn):
    """Both sides learn that a seat is empty; as long as the mediation lasts, that they may still agree."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        told = super().paragraphs(facts)
        return [*told, MAY_AGREE] if facts["state"] == DisputeState.MEDIATION else told


say(
    "vacated",
    namers,
    Words(
        _("Name a mediator for case SMA %(n)s: %(name)s has left the seat"),
        [
            _("%(name)s, its %(role)s, has left the SMA or has a tie to a side by now: nobody sits there."),
            _("Name somebody before %(name_by)s; otherwise who has least to do is named by itself."),
        ],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "vacated",
    heads_replaced,
    Words(
        _("Nothing to do, %(then)s takes the seat of %(name)s, case SMA %(n)s"),
        [_("%(name)s, its %(role)s, has left the SMA or has a tie to a side by now: %(then)s sits there, and knows.")],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "vacated",
    both_unseated,
    Words(
        _("the SMA finds somebody in the place of %(name)s"),
        [
            _("%(name)s, its %(role)s, no longer sits in this case. Somebody else will, without a tie to either side."),
            _("You will be told who. The money stays frozen, and you may go on writing in the case."),
        ],
        OPEN_CASE,
        BEFORE,
        answers=True,
    ),
    shape=OfEmptySeat,
)


@tells("mediation.replaced", kind=Kind.DISPUTE)
class OfLeave(OfCase):
    """Somebody learns that a seat is no longer theirs: since when it was, why, and that nothing is left to do."""

    to = staticmethod(leaver)
    in_admin = True
    words = Words(
        _("Nothing more to do, you are no longer the %(role)s of case SMA %(n)s"),
        [
            _("You sat there since %(since)s. You have nothing more to do in this case."),
            _("Your notes and messages are kept in it: whoever sits there reads them."),
        ],
        _("See where the case is"),
    )

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """Why comes first; the reason that a colleague gave is quoted."""
        return [self.why(facts), *self.words.paragraphs]

    def why(self, facts: Facts) -> _StrPromise:
        """What took the seat: a date, one's leave or tie, a colleague, or the end of what there was to approve."""
        if facts["gone"]:
            return _("Your account is no longer that of an active member of the SMA: your seat in this case is free.")
        if facts.get("tied"):
            return _("You have a tie to a side by now (business, bank account or project in common): nobody sits so.")
        if facts["late"]:
            return LATE[Role(facts["role"])]
        if facts["role"] == Role.APPROVER and facts["who"]:
            return _("%(who)s gave the seat to another member, for this reason.")
        if facts["role"] == Role.APPROVER:
            return _("The arbitrator has left: the decision that you were to approve falls, and another is written.")
        return _("%(who)s gave the seat to another member, for this reason, which both sides read.")

    def more(self, facts: Facts) -> list[str]:
        """Nothing of the case concerns them any more."""
        return []

    def figures(self, facts: Facts) -> list[tuple[str, str]]:
        return []

    def action(self, facts: Facts) -> tuple[str, str] | None:
        """The administration, for who still finds the case there."""
        return None if facts["gone"] or facts.get("tied") else super().action(facts)
