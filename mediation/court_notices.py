"""Who is told what when a court comes in: a proof to examine, an execution put off, a ruling to execute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from mediation.hearers import author, both, may_hear
from mediation.letters import EXECUTED_ON, NOTED, OPEN_CASE, OfCase, Words, say
from mediation.models import Bench, has_tie
from mediation.models.bench import chiefs, members
from mediation.states import DisputeState, EntryKind, Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.events.models import Event
    from marketplace.events.tellings import Facts
    from mediation.models import Dispute

ASKED = ("mediation.proof.all_of_the_sma", "mediation.held.all_of_the_sma", "mediation.noted.second")
NOTED_BY = (EntryKind.SEIZED, EntryKind.NOTED, EntryKind.LIFTED)
AT_STAKE = _("Note that a court is seized, or set it aside and say why. %(frozen)s are at stake.")


def all_of_the_sma(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The SMA's members without a tie to a side, but who did it; without any, the administrators, who may add some."""
    people = [one for one in members() if not has_tie(one, dispute)]
    return [one for one in people or chiefs() if one.pk != event.by_id]


def second(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who may execute a ruling: another than who noted it, if it takes two; else it is asked of all only again."""
    return executors(dispute, event) if event.facts["second"] or event.facts["again"] else []


def executors(dispute: Dispute, event: Event) -> list[User]:
    """Who may execute a ruling that is noted, but who did it."""
    seizure = dispute.seizures.noted().first()
    if not seizure:
        return []
    people = seizure.others if seizure.needs_another else all_of_the_sma(dispute, event)
    return [one for one in people if one and one.pk != event.by_id]


def asked(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who was asked to examine or to execute something, or noted it, and does not sit in the case; but who did it."""
    rows = Notice.objects.filter(name__in=ASKED, event__facts__dispute=dispute.pk, event__project_key=event.project_key)
    told = {event.by_id, *(one.pk for one in Bench(dispute).sitting())}
    noted = dispute.entries.filter(kind__in=NOTED_BY).values("by")
    people = User.objects.filter(Q(pk__in=rows.values("user")) | Q(pk__in=noted))
    people = people.exclude(pk__in=[pk for pk in told if pk])
    return [one for one in people if may_hear(one, dispute, Role.APPROVER)]


def asked_or_sitting(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who was asked, and who sits in it, but who did it; nobody as long as there is something else to do."""
    if event.facts["left"] or event.facts["noted"]:
        return []
    return [*asked(dispute, event), *(one for one in Bench(dispute).sitting() if one.pk != event.by_id)]


def able(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who may execute a ruling that is noted, once nothing is left to be read before; but who has read it."""
    return [] if event.facts["left"] else executors(dispute, event)


def objected_to(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who may execute a ruling of which a side has written without a piece; who sits in the case has the words."""
    if not event.facts.get("objects") or event.facts["proves"]:
        return []
    sitting = Bench(dispute).sitting()
    return [one for one in all_of_the_sma(dispute, event) if one not in sitting]


def asked_in_vain(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who was asked, when the decision is executed by its date: of a ruling they have a letter of its own."""
    return [] if event.facts.get("ruling") else asked(dispute, event)


def heads_if_alone(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The administrators, where it takes two to execute a ruling and there is nobody but who noted it."""
    return chiefs() if event.facts["second"] and not second(dispute, event) else []


def both_in_the_end(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, before the execution of a decision."""
    return dispute.parties if dispute.state == DisputeState.DECIDED else []


def both_at_first(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, when a ruling is noted."""
    return [] if event.facts["again"] else dispute.parties


class OfProof(OfCase):
    """Somebody of the SMA is to examine what a side sent; its words are only for who sits in the case."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        for user, facts in super().people(event):
            yield user, {**facts, "text": ""} if self.in_admin else facts

    def subject(self, facts: Facts) -> _StrPromise | str:
        return self.words.after if facts.get("seized") and self.words.after else self.words.subject

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        asks = [at_stake(facts)] if self.in_admin else []
        return [*super().paragraphs(facts), *asks, what_if(facts)]

    def more(self, facts: Facts) -> list[str]:
        return [*super().more(facts), *self.named(facts)]

    def named(self, facts: Facts) -> list[str]:
        """Which pieces came, where the event tells."""
        words = _now("What came: %(pieces)s.")
        return [words % {"pieces": ", ".join(facts["pieces"])}] if facts.get("pieces") else []


def at_stake(facts: Facts) -> _StrPromise:
    """What somebody of the SMA may do about it."""
    if facts.get("seized"):
        return _("If it is the ruling of the court, note it; otherwise set it aside and say what you make of it.")
    return AT_STAKE


def what_if(facts: Facts) -> _StrPromise:
    """What happens if nobody examines it in time."""
    if facts.get("noted"):
        return _("The ruling of the court is noted: it is not executed before somebody has read what was sent.")
    if facts.get("seized"):
        return _("A court is seized: %(frozen)s stay frozen until it has ruled.")
    if facts.get("put_off"):
        return _("Not examined by then, it no longer stops the execution.")
    return _("Not examined by then, it puts the execution off once; after that the decision is executed.")


class OfExamined(OfProof):
    """Something was done about it: the papers are for who sits in the case."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return OfCase.paragraphs(self, facts)

    def links(self, facts: Facts) -> list[tuple[str, str, str]]:
        return []


class OfSetAside(OfExamined):
    """It does not prove that a court is seized, unless one is; there may be more to examine."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        return self.words.after if facts.get("seized") or facts["left"] else self.words.subject

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        told = [what_if(facts)] if facts.get("seized") else super().paragraphs(facts)[-1:]
        if facts.get("noted") and not facts["left"]:
            told = [_("The ruling of the court is noted: it is executed in the place of the decision.")]
        more = [_("The SMA still examines the rest of what was sent.")] if facts["left"] else []
        return [*self.intro(facts), *told, *more]


class OfLastDays(OfCase):
    """The date of the execution is near; what was sent since the decision may still be under examination."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        return self.words.after if facts.get("unread") else self.words.subject

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [STILL_EXAMINED, what_if(facts), STILL_TAKEN] if facts.get("unread") else self.words.paragraphs


STILL_EXAMINED = _("Case SMA %(n)s: the SMA examines what was sent since the decision.")
STILL_TAKEN = _("If a court is seized and you have not sent its proof, send it in the case before that date.")


class OfObjection(OfProof):
    """A side has written of a ruling that is noted: the words stand on the page that executes it."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return self.words.paragraphs


class OfLifted(OfCase):
    """No court is seized any more: a ruling that was noted falls."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        fallen = [_("The ruling that the SMA had noted is not executed.")] if facts.get("noted") else []
        return [*super().paragraphs(facts), *fallen]


class OfReceived(OfCase):
    """Both sides learn that the ruling has come, or that another took its place."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        return self.words.after if facts["other"] else self.words.subject


class OfRuling(OfCase):
    """A ruling is to be executed, by another person than who noted it if it takes two."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        alone = _("The ruling of the court is noted. Read it and execute it.")
        two = _("A colleague has noted what the court ruled: another person reads it and executes it.")
        other = _("%(who)s has noted it otherwise than it was noted before: that is replaced, compare.")
        first = [other] if facts["other"] else []
        return [*first, two if facts["second"] else alone, *super().paragraphs(facts)]


say(
    "proof",
    all_of_the_sma,
    Words(
        _("Examine before %(until)s what was sent since the decision, case SMA %(n)s"),
        [
            _("A side has sent something in a decided case: it may prove that a court is seized, or what it ruled."),
        ],
        OPEN_CASE,
        EXECUTED_ON,
        after=_("Read what was sent while a court is seized, case SMA %(n)s"),
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
            _("The SMA has what you sent in case SMA %(n)s since the decision, and examines it."),
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
        after=_("Read what the SMA makes of what was sent: %(title)s"),
    ),
    shape=OfSetAside,
)
say(
    "set_aside",
    asked_or_sitting,
    Words(
        _("Nothing more to do, what was sent is examined, case SMA %(n)s"),
        [_("%(who)s has examined what was sent since the decision, and written to both sides.")],
        OPEN_CASE,
        EXECUTED_ON,
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "set_aside",
    able,
    Words(
        _("Execute the court’s ruling, what was sent is examined, case SMA %(n)s"),
        [_("%(who)s has examined what was sent since the decision: nothing is left to be read before the ruling.")],
        OPEN_CASE,
        _("Before"),
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "seized",
    asked,
    Words(
        _("Nothing more to do, it is noted that a court is seized, case SMA %(n)s"),
        [_("%(who)s has noted that a court is seized: %(frozen)s stay frozen until it has ruled.")],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "ruled",
    asked,
    Words(
        _("Nothing more to do, the ruling of the court is executed, case SMA %(n)s"),
        [_("%(who)s has executed the ruling of the court in the place of the decision.")],
        OPEN_CASE,
        shares=True,
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "executed",
    asked_in_vain,
    Words(
        _("Nothing more to do, the decision is executed, case SMA %(n)s"),
        [_("The decision is executed: there is nothing more to examine.")],
        OPEN_CASE,
        shares=True,
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "said",
    objected_to,
    Words(
        _("Read what a side writes of the court’s ruling before it is executed, case SMA %(n)s"),
        [_("A side has written while the ruling of a court is noted: the page that executes it shows the words.")],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfObjection,
)
say(
    "lifted",
    both,
    Words(
        _("Nothing to do, the decision is executed on %(until)s after all: %(title)s"),
        [
            _("No court is seized any more: the decision of case SMA %(n)s is executed on the date below."),
            _("If a court is still seized, or seized again, send its proof in the case before."),
        ],
        OPEN_CASE,
        EXECUTED_ON,
        quoted=NOTED,
    ),
    shape=OfLifted,
)
say(
    "lifted",
    asked,
    Words(
        _("Nothing more to do, no court is seized any more, case SMA %(n)s"),
        [_("%(who)s has noted that no court is seized any more: the decision is executed.")],
        OPEN_CASE,
        EXECUTED_ON,
    ),
    staff=True,
    shape=OfExamined,
)
say(
    "reminded",
    both_in_the_end,
    Words(
        _("Nothing to do, the decision is executed on %(until)s: %(title)s"),
        [_("Case SMA %(n)s: if a court is seized, send its proof in the case before. Otherwise do nothing.")],
        OPEN_CASE,
        EXECUTED_ON,
        after=_("Nothing to do, the SMA still examines what was sent before the execution: %(title)s"),
    ),
    shape=OfLastDays,
)
say(
    "held",
    both,
    Words(
        _("Nothing to do, the execution is put off until %(until)s: %(title)s"),
        [
            _("In case SMA %(n)s the SMA still has to examine what was sent since the decision. This happens once."),
            STILL_TAKEN,
        ],
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
            AT_STAKE,
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
        _("Check the shares of the court’s ruling, which the SMA has noted: %(title)s"),
        [
            _("The ruling in case SMA %(n)s is executed in the place of the decision, with these shares."),
            _("If they are not those of the ruling, write so in the case at once. Otherwise you have nothing to do."),
        ],
        OPEN_CASE,
        shares=True,
        after=_("Check the shares of the ruling that the SMA has noted in the place of another: %(title)s"),
    ),
    shape=OfReceived,
)
say(
    "noted",
    heads_if_alone,
    Words(
        _("Add somebody to the SMA for case SMA %(n)s: nobody can execute the court’s ruling"),
        [_("Another person than who noted the ruling executes it, and there is nobody: %(frozen)s wait until then.")],
        OPEN_CASE,
        shares=True,
    ),
    staff=True,
)
say(
    "noted",
    second,
    Words(
        _("Read the ruling of the court and execute it before %(until)s, case SMA %(n)s"),
        [
            _("If a share is wrong, note it again. %(frozen)s stay frozen until then; on that date it is asked again."),
        ],
        OPEN_CASE,
        _("Before"),
        shares=True,
    ),
    staff=True,
    shape=OfRuling,
)
