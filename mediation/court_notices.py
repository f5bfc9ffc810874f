"""Who is told what when a court comes in: a proof to examine, an execution put off, a ruling to execute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mediation.models.bench import chiefs
from mediation.notices import EXECUTED_ON, OPEN_CASE, OfCase, Words, author, both, say, untied

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event
    from marketplace.events.tellings import Facts
    from mediation.models import Dispute

PUT_OFF_ONCE = _("Not examined by then, it puts the execution off once; after that the decision is executed.")


def all_of_the_sma(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The SMA's members without a tie to a side, and the administrators."""
    people = filter(None, (*untied(dispute, event), *chiefs()))
    return {one.pk: one for one in people if one.pk != event.by_id}.values()


def second(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who may execute a ruling that one person does not execute alone; asked again, the administrators know too."""
    seizure = dispute.seizures.standing().first()
    if seizure is None or not (seizure.needs_another or event.facts["again"]):
        return []
    alone = seizure.noted_by_id if seizure.needs_another else None
    people = all_of_the_sma(dispute, event) if event.facts["again"] else untied(dispute, event)
    return [one for one in people if one and one.pk != alone]


def both_at_first(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, when the ruling is noted."""
    return [] if event.facts["again"] else dispute.parties


class OfProof(OfCase):
    """Somebody of the SMA is to examine what a side sent."""

    def more(self, facts: Facts) -> list[str]:
        return [*super().more(facts), *self.named(facts)]

    def named(self, facts: Facts) -> list[str]:
        """Which pieces came, where the event tells."""
        words = _now("What came: %(pieces)s.")
        return [words % {"pieces": ", ".join(facts["pieces"])}] if facts.get("pieces") else []


say(
    "proof",
    all_of_the_sma,
    Words(
        _("Examine before %(until)s what was sent since the decision, case SMA %(n)s"),
        [
            _("A side has sent something in a decided case: it may prove that a court is seized, or what it ruled."),
            _("Note that a court is seized, or set it aside and say why. %(frozen)s are at stake."),
            PUT_OFF_ONCE,
        ],
        OPEN_CASE,
        EXECUTED_ON,
    ),
    staff=True,
    shape=OfProof,
)
say(
    "proof",
    author,
    Words(
        _("Nothing to do, the SMA examines what you sent: %(title)s"),
        [
            _("The SMA has what you sent in case SMA %(n)s since the decision, and looks whether a court is seized."),
            PUT_OFF_ONCE,
        ],
        OPEN_CASE,
        EXECUTED_ON,
    ),
    shape=OfProof,
)
say(
    "set_aside",
    both,
    Words(
        _("Read why the decision is executed all the same: %(title)s"),
        [
            _("It does not prove that a court is seized. Better proof is still taken before the date below."),
        ],
        OPEN_CASE,
        EXECUTED_ON,
        quoted=_("The SMA has examined what was sent since the decision of case SMA %(n)s, and writes:"),
    ),
    shape=OfProof,
)
say(
    "held",
    both,
    Words(
        _("Nothing to do, the execution is put off until %(until)s: %(title)s"),
        [_("In case SMA %(n)s the SMA still has to examine what was sent since the decision. This happens once.")],
        OPEN_CASE,
        EXECUTED_ON,
    ),
)
say(
    "held",
    all_of_the_sma,
    Words(
        _("Examine it before %(until)s, else the decision is executed, case SMA %(n)s"),
        [
            _("Nobody has looked in time at what was sent since the decision: its execution was put off, once."),
            _("Note that a court is seized, or set it aside and say why. %(frozen)s are at stake."),
        ],
        OPEN_CASE,
        EXECUTED_ON,
    ),
    staff=True,
)
say(
    "noted",
    both_at_first,
    Words(
        _("Nothing to do, the SMA has received the ruling of the court: %(title)s"),
        [_("The ruling in case SMA %(n)s is read again, then executed in the place of the decision.")],
        OPEN_CASE,
    ),
)
say(
    "noted",
    second,
    Words(
        _("Read the ruling of the court and execute it, case SMA %(n)s"),
        [
            _("A colleague has noted what the court ruled. For this amount another person reads it and executes it."),
            _("If a share is wrong, note it again. %(frozen)s stay frozen until then."),
        ],
        OPEN_CASE,
    ),
    staff=True,
)
