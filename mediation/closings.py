"""What those who sit in a case are told of its end, and what is left to do: publish a decision once it is executed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from marketplace.events.tellings import Facts
from mediation.hearers import bench, called
from mediation.letters import BEFORE, EXECUTED_ON, NOTED, OPEN_CASE, OfCase, Words, say
from mediation.models import Bench, Dispute
from mediation.states import DisputeState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from marketplace.events.models import Event


def publisher(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who is asked to publish a decision that is executed: its arbitrator, or else somebody who sat beside them."""
    if not dispute.decision:
        return []
    people = {one.pk: one for one in Bench(dispute).sitting()}
    seats = (dispute.arbitrator_id, dispute.approver_id, dispute.mediator_id)
    return [people[pk] for pk in seats if pk in people][:1]


class OfClosing(OfCase):
    """The end of a case, or a step to it: no proposal waits any more, no evidence is taken."""

    def more(self, facts: Facts) -> list[str]:
        return []


class OfAward(OfClosing):
    """What is frozen is shared out: by an agreement, a decision, or the ruling of a court."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """By whose word it was, then what is left to do."""
        word = SETTLED if facts["was"] == DisputeState.SETTLED else DECIDED
        word = UNREAD if facts.get("unread") else word
        return [RULED if facts.get("ruling") else word, *self.words.paragraphs]


class ToPublish(OfAward):
    """The decision is to be published, be it void."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        replaced = _("Publish the decision of case SMA %(n)s, which a court’s ruling replaces")
        return replaced if facts.get("ruling") else super().subject(facts)


SETTLED = _("Both sides have accepted the same split: it is executed.")
DECIDED = _("Nothing stops the decision any more: it is executed.")
UNREAD = _("The decision is executed, though nobody has examined what was sent since: its one delay is over.")
ASKED_FOR_NOTHING = _("You were asked to take this case up, or to name a colleague: it is over, and nobody has to.")
RULED = _("A court has ruled: its ruling is executed in the place of the decision.")

say(
    "decided",
    bench,
    Words(
        _("Nothing to do for now, the decision of case SMA %(n)s is issued"),
        [_("Both sides have the decision. It is executed on %(until)s, unless a court is seized before.")],
        OPEN_CASE,
        EXECUTED_ON,
        shares=True,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "seized",
    bench,
    Words(
        _("Nothing to do for now, a court is seized, case SMA %(n)s"),
        [_("The decision is not executed: %(frozen)s stay frozen until the court has ruled.")],
        OPEN_CASE,
        quoted=NOTED,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "lifted",
    bench,
    Words(
        _("Nothing to do for now, no court is seized any more, case SMA %(n)s"),
        [_("The decision is executed at its date.")],
        OPEN_CASE,
        EXECUTED_ON,
        quoted=NOTED,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "executed",
    publisher,
    Words(
        _("Publish the decision of case SMA %(n)s, it is executed"),
        [_("Write for the public register why it was so decided, in words that name nobody.")],
        _("Publish the decision"),
        shares=True,
    ),
    staff=True,
    shape=ToPublish,
)
say(
    "executed",
    bench,
    Words(
        _("Nothing more to do, case SMA %(n)s is over"),
        [_("You have nothing more to do in this case.")],
        OPEN_CASE,
        shares=True,
    ),
    staff=True,
    shape=OfAward,
)
say(
    "executed",
    called,
    Words(
        _("Nothing to do, case SMA %(n)s is settled"),
        [SETTLED, ASKED_FOR_NOTHING],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "withdrawn",
    bench,
    Words(
        _("Nothing more to do, case SMA %(n)s is withdrawn"),
        [_("Nobody claims anything any more: %(frozen)s are held again, and nothing is decided.")],
        OPEN_CASE,
        quoted=_("%(who)s gives up its claim, for this reason."),
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "withdrawn",
    called,
    Words(
        _("Nothing to do, case SMA %(n)s is withdrawn"),
        [ASKED_FOR_NOTHING],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "undecided",
    bench,
    Words(
        _("Nothing more to do, case SMA %(n)s ended without a decision"),
        [_("Nobody decided in time: %(frozen)s are held again, and nobody has won.")],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfClosing,
)
say(
    "renounced",
    bench,
    Words(
        _("Nothing to do for now, %(who)s gives up its claim, case SMA %(n)s"),
        [_("The case goes on for what the other side claims.")],
        OPEN_CASE,
        BEFORE,
        quoted=_("%(who)s gives up its claim, for this reason."),
    ),
    staff=True,
)
