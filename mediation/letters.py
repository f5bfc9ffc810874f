"""What the letters of a case say, shape by shape (product, sections 6 and 10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.accounts.models import User
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros
from mediation.duties import duty, frozen_turn, next_step, silence, when
from mediation.hearers import called, keeper, sma
from mediation.models import Dispute
from mediation.models.bench import chiefs
from mediation.models.cases import page_of
from mediation.models.course import ASSIGN
from mediation.states import DisputeState, Role
from mediation.turns import Turn
from mediation.words import ended, lapse, numbered, was_late
from projects.models import Deadline

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.events.models import Event
    from mediation.hearers import People

AMOUNTS = {"frozen": "frozen_cents", "claim": "claim_cents", "provider": "provider_cents", "client": "client_cents"}
DATES = ("until", "replaced_at", "since", "name_by", "again_at", "act_by")
SHARES = ("provider_cents", "client_cents")


class Words(NamedTuple):
    """What a letter says; `%(name)s` places are filled from the facts. `dated`: the label of the date of the step.

    `after`: the subject for a side that reads in the same letter what the other has just said. `quoted`: what
    introduces the words that it quotes. `answers`: it names the proposals that its reader has besides to answer;
    `pieces`: until when evidence is in time.
    """

    subject: _StrPromise | str
    paragraphs: Sequence[_StrPromise]
    label: _StrPromise
    dated: _StrPromise | str = ""
    shares: bool = False
    after: _StrPromise | str = ""
    quoted: _StrPromise | str = ""
    answers: bool = False
    pieces: bool = False


class OfCase(Telling):
    """A letter about a case; `to` says to whom, `words` what."""

    to: People
    words: Words
    in_admin = False

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        dispute = event.about(Dispute.objects.with_parties(), "dispute")
        page = reverse("admin:mediation_dispute_change", args=[dispute.pk]) if self.in_admin else page_of(dispute.key)
        facts = {**event.facts, **by_whom(dispute, event), "number": dispute.project.number, "page": page}
        if type(self).to in OUTSIDE:
            facts["text"] = ""
        for one in filter(None, type(self).to(dispute, event)):
            own = {"spoken_by": None, "text": ""} if event.facts.get("spoken_by") == one.pk else {}
            turn = event.once("turn", lambda: Turn.of(dispute))
            yield one, {**facts, **own, **frozen_turn(turn, one.pk)}

    def letter(self, facts: Facts) -> Letter:
        known = in_words(facts)
        return Letter(
            subject=str(self.subject(facts)) % known,
            paragraphs=[*(str(each) % known for each in self.paragraphs(facts)), *self.more(facts)],
            project=_now("Project %(number)s") % facts,
            quote=quote_of(facts),
            figures=self.figures(facts),
            items=self.items(facts),
            action=self.action(facts),
            links=self.links(facts),
            links_title=_now("Documents"),
        )

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do."""
        return self.words.after if self.words.after and facts.get("spoken_by") else self.words.subject

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """What happened; first what introduces the words that are quoted."""
        return [*self.intro(facts), *self.words.paragraphs]

    def intro(self, facts: Facts) -> list[_StrPromise | str]:
        """Whose words are quoted: the reason of a change, what the other side has just said, or another's."""
        if not quote_of(facts):
            return []
        if facts.get("spoken_by"):
            return [CLAIMED if facts.get("claim_cents") else ANSWERED]
        quoted = CHANGED if facts.get("changed") else self.words.quoted
        return [quoted] if quoted else []

    def items(self, facts: Facts) -> list[str]:
        """What is listed."""
        return []

    def action(self, facts: Facts) -> tuple[str, str] | None:
        """Where it is done."""
        return str(self.words.label), facts["page"]

    def more(self, facts: Facts) -> list[str]:
        """What the letter says besides: of who was late, of proposals that lapse or wait, of evidence."""
        proof = str(of_proof(facts)) if facts.get("proves") else ""
        changed = filter(None, [was_late(facts.get("late")), lapse(facts.get("lapsed", [])), proof])
        return [*changed, *self.unanswered(facts), *self.pieces(facts)]

    def unanswered(self, facts: Facts) -> list[str]:
        """The proposals that wait for the reader, where the letter is about answering them."""
        asked: list[int] = facts.get("unanswered", []) if self.words.answers else []
        numbers = [n for n in asked if n != facts.get("proposal")]
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
        """The decision, and what a court wrote, for those to whom it is announced."""
        number = _now("case SMA %(n)s") % facts
        decision = f"{page_of(facts['case'])}decision.pdf" if "decision" in facts else None
        papers = [
            (_now("The decision as a PDF"), decision),
            (_now("The ruling of the court"), facts.get("ruling")),
            (_now("The proof that a court is seized"), facts.get("proof")),
        ]
        return [(label, path, number) for label, path in papers if path]

    def share_labels(self) -> tuple[str, str]:
        """What is said of the provider's share and of the client's."""
        return _now("To the provider"), _now("To the client")

    def figures(self, facts: Facts) -> list[tuple[str, str]]:
        """What is frozen, how it is shared, and the date of the step."""
        rows = [(_now("Frozen"), euros(facts["frozen_cents"]))]
        if facts.get("arbitrator"):
            rows.append((_now("Arbitrator"), facts["arbitrator"]))
        if facts.get("mediator"):
            rows.append((_now("Mediator"), facts["mediator"]))
        if self.words.shares:
            rows += zip(self.share_labels(), (euros(facts[key]) for key in SHARES), strict=True)
        if self.words.dated and facts["until"]:
            dated = _now("Arbitrator named before") if facts.get("arbitrator") == "" else str(self.words.dated)
            rows.append((dated, when(facts["until"])))
        if facts.get("sha256"):
            rows.append((_now("SHA-256 of the PDF"), facts["sha256"]))
        return rows


def by_whom(dispute: Dispute, event: Event) -> Facts:
    """Who did it: their name, and whether it is one of the two sides."""
    by = event.by
    return {"who": by.display_name if by else "", "by_side": bool(by and dispute.is_party(by))}


def quote_of(facts: Facts) -> str:
    """The words of somebody that a letter quotes: what was written in the case, or a reason."""
    text: str = facts.get("text") or facts.get("reason", "")
    return text


def in_words(facts: Facts) -> Facts:
    """The facts with their amounts and dates in words."""
    amounts = {name: euros(facts.get(key)) for name, key in AMOUNTS.items()}
    dates = {name: when(facts[name]) for name in DATES if facts.get(name)}
    roles = {"role": Role(facts["role"]).label} if facts.get("role") else {}
    return {**facts, **amounts, **dates, **roles}


def escaped(words: str) -> str:
    """Words that are whole, among those whose places are still to be filled."""
    return words.replace("%", "%%")


def say(verb: str, to: People, words: Words, *, staff: bool = False, shape: type[OfCase] = OfCase) -> None:
    """Declare that some people are told of `verb` in these words."""
    parts = {"to": staticmethod(to), "words": words, "in_admin": staff}
    tells(f"mediation.{verb}", name=f"mediation.{verb}.{to.__name__}", kind=Kind.DISPUTE)(type(verb, (shape,), parts))


OUTSIDE = (sma, called)  # they have no seat: what the two sides write is for who sits in the case


class OfTurn(OfCase):
    """A letter that begins with what its reader has to do now, be it nothing; its `subject` is what has happened."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do and before when, then what has happened."""
        news = str(super().subject(facts)) % in_words(facts)
        told = {"duty": self.duty(facts), "news": news, "n": facts["n"], "title": facts["title"]}
        return escaped(_now("%(duty)s, %(news)s, case SMA %(n)s: %(title)s") % told)

    def duty(self, facts: Facts) -> str:
        """What the reader has to do."""
        return duty(facts)

    def more(self, facts: Facts) -> list[str]:
        """What comes next closes it."""
        return [*super().more(facts), next_step(facts)]


class OfReminder(OfTurn):
    """The date of a step is near, and its reader has to act."""

    def subject(self, facts: Facts) -> str:
        """What there is to do and before when."""
        told = {"duty": self.duty(facts), "n": facts["n"], "title": facts["title"]}
        return escaped(_now("%(duty)s, case SMA %(n)s: %(title)s") % told)


class OfOpening(OfCase):
    """A case is open; what was opened before has no mediation any more."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*super().paragraphs(facts), *([STRAIGHT] if facts["straight"] else [])]

    def intro(self, facts: Facts) -> list[_StrPromise | str]:
        """Who opened it, and why."""
        return super().intro(facts) if facts["by_side"] else [OPENED_BY_THE_SMA]


class ToName(OfCase):
    """Somebody is to name a mediator, before a date; afterwards who has least to do is."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        dispute = event.about(Dispute.objects.with_parties(), "dispute")
        row = Deadline.objects.about(dispute, ASSIGN).waiting().first()
        for one, facts in super().people(event):
            yield one, {**facts, "name_by": row.due_at.isoformat() if row else ""}


class OfMediation(OfCase):
    """A mediation begins: after an answer, which is quoted, or without one."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*self.intro(facts), *silence(facts), *self.words.paragraphs]


class ToMediate(OfMediation):
    """A mediator is to write or to propose before a date, unless they have; before the mediation there is time."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do, and before when."""
        return MEDIATE_BEFORE if facts.get("act_by") else super().subject(facts)

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        told = [*super().paragraphs(facts)]
        if facts.get("act_by"):
            return [*told, or_else(facts)]
        return [*told, NOT_YET] if facts["state"] == DisputeState.OPENED else told


class OfProposal(OfCase):
    """A split is proposed: a side has accepted its own, the mediator's needs both."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*super().paragraphs(facts), SETTLES_AT_ONCE if facts["by_side"] else SETTLES_WITH_THE_OTHER]


class OfRefusal(OfTurn):
    """A split is refused: nobody accepts it any more."""

    def duty(self, facts: Facts) -> str:
        """Propose another one, where no other waits for an answer."""
        if facts["unanswered"] or not facts["mine"]:
            return duty(facts)
        return _now("Propose another split before %(until)s") % {"until": when(facts["until"])}

    def intro(self, facts: Facts) -> list[_StrPromise | str]:
        """That it is, with the reason if there is one."""
        return [REFUSED_FOR if quote_of(facts) else REFUSED]

    def share_labels(self) -> tuple[str, str]:
        return _now("Refused: to the provider"), _now("Refused: to the client")


class ToProposeAgain(OfRefusal):
    """The mediator learns of a refusal: there is nothing to do as long as another proposal waits for an answer."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """To propose another, or nothing."""
        return REFUSED_WAIT if facts["waiting"] else self.words.subject

    def more(self, facts: Facts) -> list[str]:
        """What waits still."""
        numbers = facts["waiting"]
        told = ngettext(
            "Proposal %(n)s still waits for an answer: until then you have nothing to do.",
            "Proposals %(n)s still wait for an answer: until then you have nothing to do.",
            len(numbers),
        )
        return [told % {"n": numbered(numbers)}] if numbers else []


class OfSaid(OfCase):
    """Whoever sits in a case reads what was written in it."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        told = [OBJECTED] if facts.get("objects") else [FROZEN] if facts["state"] != DisputeState.DECIDED else []
        return [*self.intro(facts), *told]


class OfArbitration(OfCase):
    """An arbitrator decides: last evidence is called for where it is still in time."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What there is to do, if anything."""
        return super().subject(facts) if facts.get("evidence_by") else NOTHING_BUT_WAIT

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """How it came to that, then who decides."""
        if facts["straight"]:
            return [*self.intro(facts), *silence(facts), DECIDED_STRAIGHT]
        told = self.intro(facts) or [HANDED_OVER if facts["who"] else FAILED]
        return [*told, *self.words.paragraphs]

    def more(self, facts: Facts) -> list[str]:
        """What lapses with the mediation comes first."""
        return [*filter(None, [ended(facts.get("dropped", []))]), *super().more(facts)]


class OfArbitrator(OfCase):
    """Another arbitrator decides: evidence that is still in time stays so."""

    def pieces(self, facts: Facts) -> list[str]:
        """Until when, if it is."""
        return super().pieces(facts) if facts.get("evidence_by") else []


class OfStuck(OfCase):
    """Nobody can take a seat; whether there are administrators, and who keeps it meanwhile."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        dispute = event.about(Dispute.objects.with_parties(), "dispute")
        kept = event.once("kept", lambda: "".join(one.display_name for one in keeper(dispute, event) if one))
        known = event.once("known", lambda: chiefs().exists())
        for one, facts in super().people(event):
            yield one, {**facts, "kept": kept, "known": known, "chief": one.is_superuser}

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*super().paragraphs(facts), *([KEPT] if facts["kept"] else [])]


class ToFind(OfStuck):
    """The members of the SMA look for somebody, with the administrators if there are any."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*super().paragraphs(facts), HEADS_KNOW if facts["known"] else LOOK_FOR, LOOKED_FOR_AGAIN]


class ToKeep(OfStuck):
    """Who is late keeps the seat, as nobody else can take it, and has still to act."""

    def subject(self, facts: Facts) -> _StrPromise | str:
        """What the seat asks for."""
        return KEEP_TO_THE_END if ends_before(facts) else KEEP[Role(facts["role"])]

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """Why it is still theirs, who knows, and what an administrator may do."""
        first, then = self.words.paragraphs
        told = [first, UNTIL_IT_ENDS if ends_before(facts) else then]
        told += [HEADS_TOLD] if facts["known"] and not facts["chief"] else []
        return [*told, *([ADD_SOMEBODY] if facts["chief"] else [])]


def ends_before(facts: Facts) -> bool:
    """Whether the mediation ends before somebody is looked for again."""
    if facts["role"] != Role.MEDIATOR or not facts["until"]:
        return False
    return datetime.fromisoformat(facts["until"]) < datetime.fromisoformat(facts["again_at"])


class ToDecide(OfCase):
    """Somebody is to decide: not before the day until which both sides were told that their evidence is in time."""

    def more(self, facts: Facts) -> list[str]:
        words = _now("Both sides may send evidence until %(at)s: write the decision after that, not before.")
        told = [words % {"at": when(facts["evidence_by"])}] if facts.get("evidence_by") else []
        return [*super().more(facts), *told]


class ToWrite(OfCase):
    """A mediator has still neither written nor proposed."""

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        return [*super().paragraphs(facts), or_else(facts)]


def or_else(facts: Facts) -> _StrPromise:
    """What happens at the date before which a mediator writes or proposes."""
    return OR_ENDED if facts["act_by"] == facts["until"] else OR_REPLACED


FROZEN = _("The SMA can decide on %(frozen)s only: that is what the tranches in dispute held.")


def of_proof(facts: Facts) -> _StrPromise:
    """What a piece sent since the decision brings about, for the other side."""
    if facts.get("noted"):
        return _("The SMA reads it before the ruling of the court, which it has noted, is executed.")
    if facts.get("seized"):
        return _("The SMA reads it. A court is seized: nothing is executed before it has ruled.")
    if facts.get("put_off"):
        return _("The SMA examines it; it no longer stops the execution by itself.")
    return _("The SMA examines whether it proves that a court is seized: the execution may have to wait.")


OBJECTED = _("The ruling of the court is noted: whoever executes it reads these words before.")
NOTHING_BUT_WAIT = _("Nothing to do for now, an arbitrator decides: %(title)s")
SILENCE = _("Silence never wins by itself: on that date the case goes on without you.")
STRAIGHT = _(
    "Opened once before, the dispute goes straight to an arbitrator, without a mediation: send all your evidence."
)
OPENED_BY_THE_SMA = _("The SMA has opened a dispute on your project, case SMA %(n)s, for this reason.")
ANSWERED = _("%(who)s has answered, with these words.")
CLAIMED = _("%(who)s joined the case and claims %(claim)s of the frozen money, with these words.")
CHANGED = _("This is a change: another person sat there until now. The reason given by the SMA:")
MEDIATE_BEFORE = _("Write to both sides or propose a split before %(act_by)s, case SMA %(n)s")
OR_REPLACED = _(
    "Write or propose a split before %(act_by)s: on that date somebody else takes your place, if anybody can."
)
OR_ENDED = _(
    "Write or propose a split before %(act_by)s: on that date the mediation ends and, without an agreement, an "
    "arbitrator decides."
)
NOT_YET = _(
    "There is nothing to propose yet: the mediation begins once the case is answered, on %(until)s at the latest. You "
    "are told then, with the date before which you write or propose a split."
)
SETTLES_AT_ONCE = _(
    "Proposal %(proposal)s: %(who)s accepts it by making it. If you accept it too, the dispute is settled at once and "
    "for good: the provider’s share is released, to be invoiced, the client’s is refunded. Else refuse it, or propose "
    "another."
)
SETTLES_WITH_THE_OTHER = _(
    "Proposal %(proposal)s: accept it and the dispute is settled if the other side accepts it too, refuse it, or "
    "propose another."
)
REFUSED = _("%(who)s refuses proposal %(proposal)s.")
REFUSED_FOR = _("%(who)s refuses proposal %(proposal)s, for this reason.")
REFUSED_WAIT = _("Nothing to do for now, %(who)s refuses proposal %(proposal)s, case SMA %(n)s")
HANDED_OVER = _("%(who)s has ended the mediation before its date: you have not agreed on a split.")
FAILED = _("The mediation has failed: its date has passed and no split was accepted by both of you.")
DECIDED_STRAIGHT = _(
    "There is no mediation, as the dispute was opened before: somebody without a tie to either of you decides case SMA "
    "%(n)s, with written reasons."
)
NOBODY_CAN = _("Nobody of the SMA can be its %(role)s: all are tied, have sat in it, or are away. %(frozen)s wait.")
KEPT = _("%(kept)s, who is late, keeps the seat until somebody else can take it.")
HEADS_KNOW = _("The administrators know. Tell them who could be added to the SMA, or whose leave ends.")
LOOK_FOR = _("Look among you for who could join the SMA, or whose leave ends.")
HEADS_TOLD = _("The administrators know, and are asked to add somebody to the SMA.")
ADD_SOMEBODY = _("You are an administrator, too: add somebody to the SMA.")
LOOKED_FOR_AGAIN = _("On %(again_at)s the site looks for somebody again, and chooses at once if there is anybody.")
KEEP = {
    Role.MEDIATOR: _("Write to both sides or propose a split before %(again_at)s: you keep case SMA %(n)s"),
    Role.ARBITRATOR: _("Write the decision before %(again_at)s: you keep case SMA %(n)s"),
    Role.APPROVER: _("Approve or send back the decision before %(again_at)s: you keep case SMA %(n)s"),
}
KEEP_TO_THE_END = _("Write to both sides or propose a split before %(until)s: you keep case SMA %(n)s")
UNTIL_IT_ENDS = _("Both sides still wait for you, until the mediation ends on %(until)s.")
NOTED = _("%(who)s, for the SMA, notes these words.")
OPEN_CASE, TO_ANSWER, ANSWER_BEFORE = _("Open the case"), _("Answer the dispute"), _("To answer before")
SETTLE_BEFORE, DECIDED_BEFORE, EXECUTED_ON = _("To settle before"), _("Decided before"), _("Executed on")
BEFORE = _("Before")
