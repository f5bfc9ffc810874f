"""Who is told of each step of a case, and what each of them has to do next (product, sections 6 and 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from mediation.models import Bench, Dispute, has_tie
from mediation.models.bench import chiefs, members
from mediation.models.cases import page_of
from mediation.states import DisputeState, Role
from mediation.turns import Turn, awaited
from mediation.words import lapse, numbered, was_late

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from marketplace.events.models import Event

People = Callable[[Dispute, "Event"], Iterable["User | None"]]
AMOUNTS = {"frozen": "frozen_cents", "claim": "claim_cents", "provider": "provider_cents", "client": "client_cents"}


class Words(NamedTuple):
    """What a letter says; `%(name)s` places are filled from the facts. `dated`: the label of the date of the step.

    `after`: the subject for a side that reads in the same letter what the other has just said. `answers`: it names the
    proposals that its reader has besides to answer; `pieces`: until when evidence is in time.
    """

    subject: _StrPromise
    paragraphs: Sequence[_StrPromise]
    label: _StrPromise
    dated: _StrPromise | str = ""
    shares: bool = False
    after: _StrPromise | str = ""
    answers: bool = False
    pieces: bool = False


def author(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The side that did it; nobody if it was no side."""
    return [event.by] if event.by and dispute.is_party(event.by) else []


def others(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have not done it: both, if it was no side."""
    return [party for party in dispute.parties if party.pk != event.by_id]


def others_waiting(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have not done it, unless the case goes on with it: that letter says both."""
    return [] if event.facts.get("last") else others(dispute, event)


def both(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return dispute.parties


def silent(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have to answer."""
    return dispute.silent()


def both_later(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides; the letter of the opening names a mediator who sits from then on."""
    first = dispute.assignments.count() == 1 and dispute.assignments.filter(at=dispute.opened_at).exists()
    return [] if first else dispute.parties


def mediator(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.mediator]


def arbitrator(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.arbitrator]


def approver(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.approver]


def bench(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who sits in it now, or sat last in each seat once it is decided; but who did it.

    What may prove that a court is seized is told to the whole SMA in a letter of its own.
    """
    if event.facts.get("proves"):
        return []
    return [one for one in Bench(dispute).sitting() if one.pk != event.by_id]


def sma(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Every member of the SMA who could mediate it, unless somebody or nobody does: nobody with a tie hears of it."""
    if dispute.mediator or dispute.straight:
        return []
    return [one for one in Bench(dispute).candidates(Role.MEDIATOR) if one.pk != event.by_id]


def heads(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return chiefs()


def untied(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The members of the SMA without a tie to a side; the administrators have a letter of their own."""
    return [one for one in members() if not one.is_superuser and not has_tie(one, dispute)]


def late_staff(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who sits in it and must act now."""
    return [one for one in awaited(dispute) if not dispute.is_party(one)]


def late_sides(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides whose step it is."""
    return [one for one in awaited(dispute) if dispute.is_party(one)]


def both_in_the_end(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, before the execution of a decision."""
    return dispute.parties if dispute.state == DisputeState.DECIDED else []


def both_again(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, when it is not the first: they were told of that one with the step itself."""
    return dispute.parties if event.facts["again"] else []


class OfCase(Telling):
    """A letter about a case; `to` says to whom, `words` what."""

    to: People
    words: Words
    in_admin = False

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        dispute = event.about(Dispute.objects.with_parties(), "dispute")
        who = event.by.display_name if event.by else ""
        page = reverse("admin:mediation_dispute_change", args=[dispute.pk]) if self.in_admin else page_of(dispute.key)
        facts = {**event.facts, "number": dispute.project.number, "who": who, "page": page}
        if type(self).to is sma:  # what the two sides write is for who sits in the case
            facts["text"] = ""
        turn = Turn.of(dispute)
        for one in filter(None, type(self).to(dispute, event)):
            own = {"spoken_by": None, "text": ""} if event.facts.get("spoken_by") == one.pk else {}
            unanswered = [n for n in turn.unanswered(one.pk) if n != facts.get("proposal")]
            yield one, {**facts, **own, "unanswered": unanswered}

    def letter(self, facts: Facts) -> Letter:
        known = in_words(facts)
        return Letter(
            subject=str(self.subject(facts)) % known,
            paragraphs=[*(str(each) % known for each in self.paragraphs(facts)), *self.more(facts)],
            project=_now("Project %(number)s") % facts,
            quote=facts.get("text", ""),
            figures=self.figures(facts),
            items=self.items(facts),
            action=self.action(facts),
            links=self.links(facts),
            links_title=_now("Documents"),
        )

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do."""
        return self.words.after if self.words.after and facts.get("spoken_by") else self.words.subject

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise]:
        """What happened; first what is quoted: the reason of a change, or what the other side has just said."""
        if facts.get("changed"):
            return [CHANGED, *self.words.paragraphs]
        if facts.get("spoken_by"):
            return [CLAIMED if facts.get("claim_cents") else ANSWERED, *self.words.paragraphs]
        return self.words.paragraphs

    def items(self, facts: Facts) -> list[str]:
        """What is listed."""
        return []

    def action(self, facts: Facts) -> tuple[str, str] | None:
        """Where it is done."""
        return str(self.words.label), facts["page"]

    def more(self, facts: Facts) -> list[str]:
        """What the letter says besides: of who was late, of proposals that lapse or wait, of evidence."""
        changed = filter(None, [was_late(facts.get("late")), lapse(facts.get("lapsed", []))])
        return [*changed, *self.unanswered(facts), *self.pieces(facts)]

    def unanswered(self, facts: Facts) -> list[str]:
        """The proposals that wait for the reader, where the letter is about answering them."""
        numbers: list[int] = facts.get("unanswered", []) if self.words.answers else []
        told = ngettext(
            "Proposal %(n)s waits for your answer: accept it or refuse it.",
            "Proposals %(n)s wait for your answer: accept one or refuse them.",
            len(numbers),
        )
        return [told % {"n": numbered(numbers)}] if numbers else []

    def pieces(self, facts: Facts) -> list[str]:
        """What evidence is worth from now on, where the letter calls for it."""
        if not self.words.pieces:
            return []
        if not facts.get("evidence_by"):
            return [_now("You may still write and send evidence; it is labelled as late.")]
        words = _now("You may send evidence until %(at)s: nothing is decided before. Later it is labelled as late.")
        return [words % {"at": when(facts["evidence_by"])}]

    def links(self, facts: Facts) -> list[tuple[str, str, str]]:
        """The decision, and what a court wrote, for the sides to whom it is announced."""
        number = _now("case SMA %(n)s") % facts
        decision = f"{facts['page']}decision.pdf" if "decision" in facts else None
        papers = [
            (_now("The decision as a PDF"), decision),
            (_now("The ruling of the court"), facts.get("ruling")),
            (_now("The proof that a court is seized"), facts.get("proof")),
        ]
        return [(label, path, number) for label, path in papers if path]

    def figures(self, facts: Facts) -> list[tuple[str, str]]:
        """What is frozen, how it is shared, and the date of the step."""
        rows = [(_now("Frozen"), euros(facts["frozen_cents"]))]
        if facts.get("arbitrator"):
            rows.append((_now("Arbitrator"), facts["arbitrator"]))
        if facts.get("mediator"):
            rows.append((_now("Mediator"), facts["mediator"]))
        if self.words.shares:
            rows.append((_now("To the provider"), euros(facts["provider_cents"])))
            rows.append((_now("To the client"), euros(facts["client_cents"])))
        if self.words.dated and facts["until"]:
            dated = _now("Arbitrator named before") if facts.get("arbitrator") == "" else str(self.words.dated)
            rows.append((dated, when(facts["until"])))
        if facts.get("sha256"):
            rows.append((_now("SHA-256 of the PDF"), facts["sha256"]))
        return rows


def when(iso: str) -> str:
    """A date in words."""
    return paris(datetime.fromisoformat(iso))


def in_words(facts: Facts) -> Facts:
    """The facts with their amounts and dates in words."""
    amounts = {name: euros(facts.get(key)) for name, key in AMOUNTS.items()}
    dates = {
        name: when(facts[name]) for name in ("until", "replaced_at", "since", "name_by", "again_at") if facts.get(name)
    }
    roles = {"role": Role(facts["role"]).label} if facts.get("role") else {}
    return {**facts, **amounts, **dates, **roles}


def say(verb: str, to: People, words: Words, *, staff: bool = False, shape: type[OfCase] = OfCase) -> None:
    """Declare that some people are told of `verb` in these words."""
    parts = {"to": staticmethod(to), "words": words, "in_admin": staff}
    tells(f"mediation.{verb}", name=f"mediation.{verb}.{to.__name__}", kind=Kind.DISPUTE)(type(verb, (shape,), parts))


class OfArbitration(OfCase):
    """An arbitrator decides: last evidence is called for where it is still in time, as there was no mediation."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do, if anything."""
        return super().subject(facts) if facts.get("evidence_by") else NOTHING_BUT_WAIT


class ToDecide(OfCase):
    """Somebody is to decide: not before the day until which both sides were told that their evidence is in time."""

    def more(self, facts: Facts) -> list[str]:
        words = _now("Both sides may send evidence until %(at)s: write the decision after that, not before.")
        told = [words % {"at": when(facts["evidence_by"])}] if facts.get("evidence_by") else []
        return [*super().more(facts), *told]


FROZEN = _("The SMA can decide on %(frozen)s only: that is what the tranches in dispute held.")
NOTHING_BUT_WAIT = _("Nothing to do for now, an arbitrator decides: %(title)s")
SILENCE = _("Silence never wins by itself: on that date the case goes on without you.")
ANSWERED = _("%(who)s has answered, with these words.")
CLAIMED = _("%(who)s joined the case and claims %(claim)s of the frozen money, with these words.")
CHANGED = _("This is a change: another person sat there until now. The reason given by the SMA:")
OPEN_CASE, TO_ANSWER, ANSWER_BEFORE = _("Open the case"), _("Answer the dispute"), _("To answer before")
SETTLE_BEFORE, DECIDED_BEFORE, EXECUTED_ON = _("To settle before"), _("Decided before"), _("Executed on")

say(
    "opened",
    silent,
    Words(
        _("Answer the dispute before %(until)s: %(title)s"),
        [
            _("A dispute is open on your project, case SMA %(n)s. Read it, answer and send your evidence."),
            FROZEN,
            SILENCE,
        ],
        TO_ANSWER,
        ANSWER_BEFORE,
    ),
)
say(
    "opened",
    author,
    Words(
        _("Nothing to do for now, your dispute is open, case SMA %(n)s: %(title)s"),
        [_("You claim %(claim)s. The other side has been asked to answer; you have nothing to do until then."), FROZEN],
        OPEN_CASE,
        _("The other side answers before"),
    ),
)
say(
    "opened",
    sma,
    Words(
        _("Take up case SMA %(n)s: name a mediator"),
        [_("A dispute about %(frozen)s is open. Without a mediator, who has least to do is named by itself.")],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "joined",
    others_waiting,
    Words(
        _("Read what the other side claims, case SMA %(n)s: %(title)s"),
        [CLAIMED],
        OPEN_CASE,
    ),
)
say("joined", bench, Words(_("Read the claim of %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE), staff=True)
say(
    "answered",
    others_waiting,
    Words(
        _("Read the answer to your dispute, case SMA %(n)s: %(title)s"),
        [ANSWERED],
        OPEN_CASE,
    ),
)
say("answered", bench, Words(_("Read the answer of %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE), staff=True)
say(
    "mediation",
    both,
    Words(
        _("Propose a split before %(until)s: %(title)s"),
        [
            _("The mediation of case SMA %(n)s begins. Propose how to share the frozen money, or answer a proposal."),
            _("The same split accepted by both of you settles the dispute and is paid at once."),
            _("Without it, an arbitrator decides: silence never wins by itself."),
        ],
        _("Propose a split"),
        SETTLE_BEFORE,
        after=_("Read the answer, then propose a split before %(until)s: %(title)s"),
    ),
)
say(
    "assigned",
    both_later,
    Words(
        _("Nothing to do for now, %(name)s mediates, case SMA %(n)s: %(title)s"),
        [_("%(name)s mediates between the two of you. Write to them in the case: both sides read everything.")],
        OPEN_CASE,
    ),
)
say(
    "assigned",
    mediator,
    Words(
        _("Mediate case SMA %(n)s: write to both sides"),
        [_("You are the mediator of a dispute about %(frozen)s. Write or propose a split, or you will be replaced.")],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "proposed",
    others,
    Words(
        _("Answer the split proposed by %(who)s, case SMA %(n)s: %(title)s"),
        [_("Proposal %(proposal)s: accept it and the dispute is settled, refuse it, or propose another.")],
        _("Answer the proposal"),
        SETTLE_BEFORE,
        shares=True,
        answers=True,
    ),
)
say(
    "proposed",
    bench,
    Words(_("Read the split proposed by %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, shares=True),
    staff=True,
)
say(
    "accepted",
    others,
    Words(
        _("Answer proposal %(proposal)s, which %(who)s accepts, case SMA %(n)s: %(title)s"),
        [_("If you accept the same proposal the dispute is settled and the shares are paid at once.")],
        _("Answer the proposal"),
        SETTLE_BEFORE,
        shares=True,
        answers=True,
    ),
)
say(
    "accepted",
    bench,
    Words(_("Nothing to do, %(who)s accepts proposal %(proposal)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, shares=True),
    staff=True,
)
say(
    "refused",
    others,
    Words(
        _("Propose another split, proposal %(proposal)s is refused, case SMA %(n)s: %(title)s"),
        [_("%(who)s refuses this split. There is time for another proposal.")],
        _("Propose a split"),
        SETTLE_BEFORE,
        shares=True,
        answers=True,
    ),
)
say(
    "refused",
    bench,
    Words(
        _("Propose another split, %(who)s refuses proposal %(proposal)s, case SMA %(n)s"),
        [FROZEN],
        OPEN_CASE,
        shares=True,
    ),
    staff=True,
)
say(
    "said",
    others,
    Words(
        _("Read the message of %(who)s, case SMA %(n)s: %(title)s"),
        [_("%(who)s wrote in the case or sent evidence. Answer there: both sides and the SMA read it.")],
        OPEN_CASE,
    ),
)
say("said", bench, Words(_("Read the message of %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE), staff=True)
say(
    "arbitration",
    both,
    Words(
        _("Send your last evidence, an arbitrator decides: %(title)s"),
        [
            _("Somebody who did not mediate case SMA %(n)s decides it, with written reasons."),
        ],
        OPEN_CASE,
        DECIDED_BEFORE,
        after=_("Read the answer, send your last evidence, an arbitrator decides: %(title)s"),
        pieces=True,
    ),
    shape=OfArbitration,
)
say(
    "appointed",
    arbitrator,
    Words(
        _("Decide case SMA %(n)s before %(until)s"),
        [_("You are the arbitrator of a dispute about %(frozen)s. Write the shares and the reasons.")],
        _("Write the decision"),
        DECIDED_BEFORE,
    ),
    staff=True,
    shape=ToDecide,
)
say(
    "appointed",
    both_again,
    Words(
        _("Nothing to do, %(name)s now decides case SMA %(n)s: %(title)s"),
        [_("%(name)s decides the case and has no tie to either of you. You have nothing to do.")],
        OPEN_CASE,
        DECIDED_BEFORE,
    ),
)
say(
    "late",
    arbitrator,
    Words(
        _("Write the decision of case SMA %(n)s before %(replaced_at)s, or another arbitrator takes over"),
        [
            _("The date to decide has passed."),
            _("On %(replaced_at)s another arbitrator takes your place, and both sides are told."),
        ],
        _("Write the decision"),
    ),
    staff=True,
)
say(
    "approval_asked",
    approver,
    Words(
        _("Approve or send back the decision before %(until)s, case SMA %(n)s"),
        [_("A decision on %(frozen)s needs a second person, and you are asked. Both sides wait for it.")],
        _("Read the decision"),
        _("To approve before"),
    ),
    staff=True,
)
say(
    "sent_back",
    arbitrator,
    Words(
        _("Write the decision again before %(until)s, case SMA %(n)s"),
        [_("%(who)s sends your decision back, with these words.")],
        _("Write the decision"),
        DECIDED_BEFORE,
    ),
    staff=True,
)
say(
    "decided",
    both,
    Words(
        _("Read the decision, executed on %(until)s: %(title)s"),
        [
            _("Case SMA %(n)s is decided. The reasons are in the case, with the decision as a PDF."),
            _("It is executed on the date below, unless a court is seized before: send the proof in the case."),
        ],
        _("Read the decision"),
        EXECUTED_ON,
        shares=True,
    ),
)
say(
    "seized",
    both,
    Words(
        _("Nothing to do, a court is seized and nothing is executed: %(title)s"),
        [_("The decision of case SMA %(n)s is not executed: %(frozen)s stay frozen until the court has ruled.")],
        OPEN_CASE,
    ),
)
say(
    "lifted",
    both,
    Words(
        _("Nothing to do, the decision is executed after all: %(title)s"),
        [_("No court is seized any more: the decision of case SMA %(n)s is executed.")],
        OPEN_CASE,
        EXECUTED_ON,
    ),
)
say(
    "court_asked",
    both,
    Words(
        _("Tell us what the court has decided: %(title)s"),
        [_("A court has long had case SMA %(n)s. Send us its ruling, or tell us that it is no longer seized.")],
        OPEN_CASE,
    ),
)
say(
    "renounced",
    others,
    Words(
        _("Nothing to do, the other side gives up its claim, case SMA %(n)s: %(title)s"),
        [_("%(who)s no longer claims anything. The case goes on for what you claim; you may give it up too.")],
        OPEN_CASE,
    ),
)
say("undecided", heads, Words(_("Find out why case SMA %(n)s ended undecided"), [FROZEN], OPEN_CASE), staff=True)
say(
    "reminded",
    late_sides,
    Words(
        _("Act in your dispute before %(until)s: %(title)s"),
        [_("Case SMA %(n)s waits for you."), SILENCE],
        OPEN_CASE,
        _("Before"),
        answers=True,
    ),
)
say(
    "reminded",
    both_in_the_end,
    Words(
        _("Nothing to do, the decision is executed on %(until)s: %(title)s"),
        [_("Case SMA %(n)s: if a court is seized, send its proof in the case before. Otherwise do nothing.")],
        OPEN_CASE,
        EXECUTED_ON,
    ),
)
say(
    "reminded",
    late_staff,
    Words(_("Write the decision before %(until)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, _("Before")),
    staff=True,
)
say(
    "stuck",
    heads,
    Words(
        _("Add somebody to the SMA for case SMA %(n)s: nobody can be its %(role)s"),
        [_("Nobody of the SMA can be its %(role)s: all are tied, have sat in it, or are away. Add somebody.")],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "stuck",
    untied,
    Words(
        _("Look for somebody for case SMA %(n)s: nobody can be its %(role)s"),
        [
            _("Nobody of the SMA can be its %(role)s: all are tied, have sat in it, or are away. %(frozen)s wait."),
            _("The administrators know. Tell them who could be added to the SMA, or whose leave ends."),
            _("On %(again_at)s somebody is looked for again by itself, and then chosen at once if there is anybody."),
        ],
        OPEN_CASE,
    ),
    staff=True,
)
