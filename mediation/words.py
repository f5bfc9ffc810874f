"""The steps of a case in words: what was done, by whom, and what comes next, for one reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import euros, paris
from mediation.states import DisputeState, EntryKind

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from mediation.models import Dispute, Entry
    from mediation.turns import Turn

AMOUNTS = {"amount": "cents", "claim": "claim_cents", "provider": "provider_cents", "client": "client_cents"}
NAMED = ("proposal", "name")
WRITTEN = (EntryKind.SAID, EntryKind.PRODUCED)


class Said(NamedTuple):
    """What a step says: its title, a sentence, and its tone on the timeline."""

    title: str
    text: str = ""
    tone: str = ""


def given(text: str = "") -> str:
    """How a split is told to both sides and to the SMA alike."""
    return " ".join(filter(None, [_("%(provider)s to the provider, %(client)s to the client."), text]))


def back_again() -> str:
    return _("The money is held again and the tranches are as they were before.")


def nobody_won() -> str:
    return " ".join([_("Nobody has decided in time, and nobody has won."), back_again()])


def thawed(dispute: Dispute) -> str:
    """What has become of the money of a case that ended without an award, and why."""
    if dispute.state != DisputeState.UNDECIDED:
        return back_again()
    return " ".join([nobody_won(), _("Opened again, the dispute goes straight to an arbitrator.")])


STEPS: dict[EntryKind, Callable[[], Said]] = {
    EntryKind.OPENED: lambda: Said(
        _("Dispute opened"), _("%(amount)s are frozen, of which %(claim)s are claimed."), "stop"
    ),
    EntryKind.JOINED: lambda: Said(_("Claim of the other side, in the same case"), _("%(claim)s are claimed.")),
    EntryKind.ANSWERED: lambda: Said(_("Answer to the dispute")),
    EntryKind.SILENT: lambda: Said("", _("The case goes on all the same: silence never wins by itself.")),
    EntryKind.SAID: lambda: Said(_("Message")),
    EntryKind.PRODUCED: lambda: Said(_("New evidence")),
    EntryKind.ASSIGNED: lambda: Said(_("%(name)s mediates"), _("Without a tie to either side.")),
    EntryKind.APPOINTED: lambda: Said(
        _("%(name)s decides"), _("Another person than the mediator, without a tie to either side.")
    ),
    EntryKind.VACATED: lambda: Said(
        _("%(name)s no longer sits in this case"), _("The SMA finds somebody else, without a tie to either side.")
    ),
    EntryKind.MEDIATION: lambda: Said(_("The mediation begins"), _("You have until %(until)s to agree on a split.")),
    EntryKind.PROPOSED: lambda: Said(_("Proposal %(proposal)s"), given()),
    EntryKind.ACCEPTED: lambda: Said(_("Proposal %(proposal)s accepted"), given(), "go"),
    EntryKind.REFUSED: lambda: Said(_("Proposal %(proposal)s refused")),
    EntryKind.ARBITRATION: lambda: Said(
        _("The case goes to an arbitrator"), _("The decision is due before %(until)s."), "soon"
    ),
    EntryKind.DECIDED: lambda: Said(_("Decision"), given(), "soon"),
    EntryKind.DISMISSED: lambda: Said(
        _("Examined: %(pieces)s"), _("The SMA has examined it: it does not prove that a court is seized.")
    ),
    EntryKind.HELD: lambda: Said(
        _("Execution put off"),
        _("The SMA still has to examine what was sent since the decision. Executed on %(until)s, once and for all."),
        "soon",
    ),
    EntryKind.SEIZED: lambda: Said(_("A court is seized"), _("Nothing is executed meanwhile."), "stop"),
    EntryKind.LIFTED: lambda: Said(_("No court is seized any more"), _("The decision is executed at its date.")),
    EntryKind.NOTED: lambda: Said(
        _("The SMA has received the ruling of the court"), _("It takes the place of the SMA’s decision."), "soon"
    ),
    EntryKind.RULED: lambda: Said(
        _("A court has ruled"), given(_("Its ruling takes the place of the SMA’s decision.")), "stop"
    ),
    EntryKind.RENOUNCED: lambda: Said(_("Claim withdrawn"), _("The case goes on with the other side’s claim.")),
    EntryKind.SETTLED: lambda: Said(_("Settled"), _("Both have accepted the same split."), "go"),
    EntryKind.EXECUTED: lambda: Said(_("Executed"), given(_("In one movement, to the cent.")), "go"),
    EntryKind.WITHDRAWN: lambda: Said(_("Case withdrawn"), back_again(), "go"),
    EntryKind.UNDECIDED: lambda: Said(_("Ended without a decision"), nobody_won()),
}


def step_of(entry: Entry, reader: User, decided_at: datetime | None = None) -> dict[str, Any]:
    """An entry as components/timeline.html draws it; `decided_at`: when the case was decided, if it was."""
    said, facts = STEPS[EntryKind(entry.kind)](), in_words(entry.facts)
    text = said.text % facts
    if entry.kind == EntryKind.OPENED and "claim_cents" not in entry.facts:
        text = _("%(amount)s are frozen; nobody claims anything yet.") % facts
    if entry.kind == EntryKind.NOTED and "provider_cents" in entry.facts:
        text = given(_("Write here at once if these are not its own shares.")) % facts
    if entry.kind == EntryKind.DISMISSED and entry.facts.get("noted"):
        text = _("The SMA has read it: it changes nothing in the ruling that is noted.")
    elif entry.kind == EntryKind.DISMISSED and entry.facts.get("seized"):
        text = _("The SMA has read it. A court is seized: nothing is executed before it has ruled.")
    if entry.kind == EntryKind.EXECUTED and entry.facts.get("unread"):
        text = f"{text} {_('What was sent since the decision was not examined in time.')}"
    if entry.kind == EntryKind.ARBITRATION and not entry.facts["until"]:
        text = _("Nobody can decide it yet: the SMA looks for an arbitrator.")
    if entry.kind == EntryKind.APPOINTED and entry.dispute.straight:
        text = _("Without a tie to either side.")
    text = " ".join(filter(None, [text, was_late(entry.facts.get("late")), lapse(entry.facts.get("lapsed", []))]))
    if pieces := ", ".join(str(piece) for piece in entry.evidence.all()):
        text = " ".join(filter(None, [text, _("With: %(pieces)s.") % {"pieces": pieces}]))
    return {
        "at": entry.at,
        "title": titled(silence(entry, reader) or said.title % facts, entry, decided_at),
        "who": author(entry, reader),
        "text": text,
        "quote": entry.text,
        "kind": said.tone,
    }


def silence(entry: Entry, reader: User) -> str:
    """Who has let the days to answer pass, for the step of it."""
    if entry.kind != EntryKind.SILENT:
        return ""
    side: User = getattr(entry.dispute, entry.facts["side"])
    if side == reader:
        return _("You have not answered in time")
    return _("%(who)s has not answered in time") % {"who": whose(entry.dispute, side, reader)}


def was_late(name: str | None) -> str:
    """Why somebody else has a seat: who had it let its date pass; nothing if nobody did."""
    return _("%(name)s, who had the seat, was late: another person has it, by itself.") % {"name": name} if name else ""


def lapse(numbers: Sequence[int]) -> str:
    """That what a mediator had proposed ends with their seat; nothing if there was nothing."""
    told = ngettext(
        "Proposal %(n)s of the former mediator lapses: nobody accepts it any more.",
        "Proposals %(n)s of the former mediator lapse: nobody accepts them any more.",
        len(numbers),
    )
    return told % {"n": numbered(numbers)} if numbers else ""


def ended(numbers: Sequence[int]) -> str:
    """That what was still proposed ends with the mediation; nothing if there was nothing."""
    told = ngettext(
        "Proposal %(n)s lapses with the mediation: nobody accepts it any more.",
        "Proposals %(n)s lapse with the mediation: nobody accepts them any more.",
        len(numbers),
    )
    return told % {"n": numbered(numbers)} if numbers else ""


def titled(title: str, entry: Entry, decided_at: datetime | None) -> str:
    """The title of a step; that of what was said or sent after the decision says so."""
    if entry.kind in WRITTEN and label_of(entry.at, decided_at):
        return _("%(title)s, after the decision") % {"title": title}
    return title


def in_words(facts: dict[str, Any]) -> dict[str, str]:
    """The facts of a step with amounts and dates in words; none is missing."""
    words = {name: euros(facts.get(key, 0)) for name, key in AMOUNTS.items()}
    words["until"] = paris(datetime.fromisoformat(facts["until"])) if facts.get("until") else ""
    words["pieces"] = ", ".join(facts.get("pieces", []))
    return words | {name: str(facts.get(name, "")) for name in NAMED}


def author(entry: Entry, reader: User) -> str:
    """Whose act a step is, for its reader; what follows by itself is nobody's."""
    return whose(entry.dispute, entry.by, reader) if entry.by else ""


def whose(dispute: Dispute, person: User, reader: User) -> str:
    """How `person` is called on the case's page."""
    if person == reader:
        return _("You")
    if dispute.is_("client", person):
        return _("The client")
    if dispute.is_("provider", person):
        return _("The provider")
    return _("The SMA: %(name)s") % {"name": person.display_name}


def opposite(dispute: Dispute, reader: User) -> str:
    """The other side, as one of the two calls it."""
    return _("the provider") if dispute.is_("client", reader) else _("the client")


class Phase(NamedTuple):
    """What happens now: a name for where the case is, who must act, and what silence causes."""

    title: str
    who: str
    note: str
    silence: str
    mine: bool = False


def phase_of(turn: Turn, reader: User) -> Phase:
    """Where a living case is, as `turn` says."""
    makers = {
        DisputeState.OPENED: opened,
        DisputeState.MEDIATION: mediated,
        DisputeState.ARBITRATION: arbitrated,
        DisputeState.DECIDED: decided,
    }
    return makers[DisputeState(turn.dispute.state)](turn, reader)


def opened(turn: Turn, reader: User) -> Phase:
    dispute, silent = turn.dispute, [side for side in turn.dispute.parties if side.pk in turn.silent]
    silence = _("The mediation begins without it; silence never wins by itself.")
    if dispute.straight:
        silence = _("The case goes to an arbitrator without it; silence never wins by itself.")
    if reader in silent:
        note = _("Say what you think of it and send your evidence.")
        return Phase(_("Opened"), _("You: answer the dispute"), note, silence, mine=True)
    who = _("Both sides") if len(silent) > 1 else whose(dispute, silent[0], reader)
    note = _("You may write and send evidence meanwhile.") if dispute.is_party(reader) else ""
    return Phase(_("Opened"), _("%(who)s: answer the dispute") % {"who": who}, note, silence)


def mediated(turn: Turn, reader: User) -> Phase:
    dispute, silence = turn.dispute, _("Without an agreement an arbitrator decides.")
    if not dispute.is_party(reader):
        return Phase(_("Mediation"), expected(turn, reader), "", silence)
    if mine := turn.unanswered(reader.pk):
        note = ngettext(
            "Accept it or refuse it; you may propose another split, too.",
            "Accept one or refuse them; you may propose another split, too.",
            len(mine),
        )
        return Phase(_("Mediation"), expected(turn, reader), note, silence, mine=True)
    if turn.answering:
        note = _("You agree to it: you have nothing to do, and may still propose another split.")
        return Phase(_("Mediation"), expected(turn, reader), note, silence)
    who = _("You and %(side)s: agree on a split") % {"side": opposite(dispute, reader)}
    note = _("The same proposal accepted by both is executed at once.")
    return Phase(_("Mediation"), who, note, silence, mine=True)


def expected(turn: Turn, reader: User) -> str:
    """What a mediation waits for, in its reader's words."""
    names = {side.pk: whose(turn.dispute, side, reader) for side in turn.dispute.parties}
    return answers(turn, names, reader.pk) or _("Both sides: agree on a split")


def answers(turn: Turn, names: Mapping[int, str], reader: int) -> str:
    """Which proposals each side has still to answer, the reader first; `names` are those of the two sides."""
    sides = sorted(turn.answering, key=lambda side: side != reader)
    told = [answer_of(names[side], turn.unanswered(side)) for side in sides]
    if len(told) < 2:
        return "".join(told)
    if turn.unanswered(sides[0]) == turn.unanswered(sides[1]):
        pair = {"one": names[sides[0]], "other": lowered(names[sides[1]])}
        both = _("%(one)s and %(other)s") % pair if reader in sides else _("Both sides")
        return answer_of(both, turn.unanswered(sides[0]))
    return _("%(one)s; %(other)s") % {"one": told[0], "other": lowered(told[1])}


def answer_of(who: str, numbers: Sequence[int]) -> str:
    """What somebody is to do: answer the proposals of these numbers."""
    told = ngettext("%(who)s: answer proposal %(n)s", "%(who)s: answer proposals %(n)s", len(numbers))
    return told % {"who": who, "n": numbered(numbers)}


def numbered(numbers: Sequence[int]) -> str:
    """Numbers in a sentence: 1, 2 and 4."""
    first, last = ", ".join(map(str, numbers[:-1])), str(numbers[-1])
    return _("%(one)s and %(other)s") % {"one": first, "other": last} if first else last


def lowered(name: str) -> str:
    """How somebody is called inside a sentence; the SMA keeps its capital."""
    return name if name[:2].isalpha() and name[:2].isupper() else name[:1].lower() + name[1:]


def approved(turn: Turn, reader: User) -> Phase:
    """A decision is written, and waits for a second person: its arbitrator has nothing more to do."""
    one = turn.dispute.approver
    who = unseated(turn) or _("The SMA: approve the decision")
    note = _("It is written. For this amount a second person reads it before it is given to you.")
    if not turn.dispute.is_party(reader):
        who = _("The SMA: %(name)s approves the decision") % {"name": one.display_name} if one else who
        note = _("It is written. For this amount a second person reads it before both sides do.")
    return Phase(_("Arbitration"), who, note, _("Another person is asked; the money stays frozen."))


def unseated(turn: Turn) -> str:
    """What the SMA does first where nobody sits who decides, or who approves what is written; nothing if somebody does.

    The same words on every page of the two sides.
    """
    if turn.is_drafted:
        return "" if turn.dispute.approver_id else _("The SMA: name somebody to approve the decision")
    return "" if turn.dispute.arbitrator_id else _("The SMA: name an arbitrator")


def arbitrated(turn: Turn, reader: User) -> Phase:
    if turn.is_drafted:
        return approved(turn, reader)
    dispute, one = turn.dispute, turn.dispute.arbitrator
    told = _("The arbitrator, who is late: %(name)s") if turn.is_late else _("The arbitrator: %(name)s")
    who = told % {"name": one.display_name} if one else unseated(turn)
    notes = [returned() if turn.is_returned else "", evidence_note(dispute) if dispute.is_party(reader) else ""]
    silence = _("An arbitrator who is late is replaced; the money stays frozen.")
    if one is None:
        silence = _("The SMA looks for an arbitrator again at that date; the money stays frozen.")
    elif turn.is_late:
        silence = _("The decision was due before %(at)s: another arbitrator takes over. The money stays frozen.")
        silence = silence % {"at": paris(dispute.decide_by)}
    return Phase(_("Arbitration"), who, " ".join(filter(None, notes)), silence)


def returned() -> str:
    """Why the date to decide has changed; what the second person found is for the arbitrator alone."""
    return _("The second person has sent the decision back to be written again: the date is a new one.")


def examined_or_put_off(dispute: Dispute) -> str:
    """What happens if the SMA does not examine in time what may prove that a court is seized."""
    if dispute.is_put_off:
        return _("Not examined by then, it no longer stops the execution.")
    words = ngettext(
        "Not examined by then, it puts the execution off by %(n)s working day, once.",
        "Not examined by then, it puts the execution off by %(n)s working days, once.",
        settings.SMA_PROOF_DAYS,
    )
    return words % {"n": settings.SMA_PROOF_DAYS}


def evidence_note(dispute: Dispute) -> str:
    """What evidence that a side sends to the arbitrator now is worth."""
    last, now = dispute.evidence_by, timezone.now()
    if last is None or now > last:
        return _("You may still write; evidence is labelled as late.")
    words = _("You may send evidence until %(at)s: nothing is decided before. Later it is labelled as late.")
    return words % {"at": paris(last)}


def label_of(at: datetime, decided_at: datetime | None, *, late: bool = False) -> str:
    """How evidence or a message sent at `at` is labelled, if it came too late for the decision or for its date."""
    if decided_at and at > decided_at:
        return _("After the decision")
    return _("Late") if late else ""


def labels_mean(dispute: Dispute) -> str:
    """What the labels of evidence say."""
    late = _("“Late”: sent after the mediation; it is kept, and the SMA weighs it.")
    if dispute.heard_until:
        late = _("“Late”: sent after %(at)s, the last day for evidence; it is kept, and the SMA weighs it.")
        late = late % {"at": paris(dispute.heard_until)}
    elif dispute.straight:
        late = _(
            "“Late”: sent after the last day for evidence, as there is no mediation; it is kept, the SMA weighs it."
        )
    after = _("“After the decision”: the arbitrator has not read it and it changes nothing in the decision.")
    return f"{late} {after}"


def decided(turn: Turn, reader: User) -> Phase:
    if turn.is_noted:
        note = _("It is executed in the place of the decision: check the shares that the SMA has noted, below.")
        silence = _("On that date it is asked of the SMA again; the money stays frozen.")
        who = _("The SMA: execute the ruling of the court")
        who = _("The SMA: read what was sent, then execute the ruling of the court") if turn.has_proof else who
        return Phase(_("Decided"), who, note, silence)
    if turn.is_seized:
        note = _("Nothing is executed before it has ruled: send us its ruling as soon as you have it.")
        if turn.has_proof:
            note = _("Nothing is executed before it has ruled. The SMA reads what was sent since the decision.")
        silence = _("The SMA then asks both of you where the court stands. The money stays frozen: nobody has lost.")
        return Phase(_("Decided"), _("The court that is seized"), note, silence)
    if turn.has_proof:
        who, note = _("The SMA: examine what was sent since the decision"), _("Does it prove that a court is seized?")
        return Phase(_("Decided"), who, note, examined_or_put_off(turn.dispute))
    note = _("Whoever disagrees goes to court and sends us the proof before that date.")
    return Phase(_("Decided"), _("Nobody: it is executed by itself"), note, _("The decision is executed."))
