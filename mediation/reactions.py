"""What other apps' events cause here, and what cases add to their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from marketplace.documents.readers import reads
from marketplace.templatetags.page import euros
from mediation import asking, closings, court_notices, endings, lapses, panel, vacancies
from mediation.models import Decision, Dispute, Evidence, Seizure
from mediation.models import course as kinds
from mediation.models.cases import page_of
from mediation.states import DisputeState
from mediation.turns import Turn
from mediation.words import answers, examined_or_put_off, unseated
from projects.dates import Coming, Words, coming, dated
from projects.report import Line, Reading, Todo, line, todo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from marketplace.events.models import Event
    from projects.models import Deadline

__all__ = [
    "asking",
    "closings",
    "court_notices",
    "endings",
    "lapses",
    "panel",
    "vacancies",
]  # imported for what it registers


@reads("mediation.evidence", suspended=True, owner=False)
def evidence_is_read_by(user: User, document: Document) -> bool:
    """The inert copy: both sides and the SMA's people in the case."""
    return Evidence.objects.visible_to(user).filter(document=document).exists()


@reads("mediation.original", owner=False)
def original_is_read_by(user: User, document: Document) -> bool:
    """What was sent, byte for byte: the SMA's people in the case, and who sent it."""
    rows = Evidence.objects.filter(original=document)
    return rows.examined_by(user).exists() or rows.visible_to(user).filter(by=user).exists()


@reads("mediation.decision", suspended=True, owner=False)
def decision_is_read_by(user: User, document: Document) -> bool:
    """The decision as a PDF: both sides and the SMA's people in the case."""
    return Decision.objects.visible_to(user).filter(paper=document).exists()


@reads("mediation.court", suspended=True, owner=False)
def court_paper_is_read_by(user: User, document: Document) -> bool:
    """What a court wrote: both sides and the SMA's people in the case."""
    return Seizure.objects.visible_to(user).filter(papers=document).exists()


def cases(reading: Reading) -> list[Dispute]:
    """The living cases of the project that concern its reader."""
    return [case for case in reading.once(panel.of_project) if case.is_living]


def case_of(deadline: Deadline, reading: Reading) -> Dispute | None:
    """The case that a deadline is about, if it concerns the reader."""
    return next((case for case in reading.once(cases) if case.pk == deadline.subject_id), None)


@todo
def act_in_a_case(reading: Reading) -> Todo | None:
    """The step of the case whose date is the nearest: the reader's, the other side's or the SMA's."""
    turns = [Turn.of(case) for case in reading.once(cases)]
    steps = [(turn.due_by, turn) for turn in turns if turn.due_by]
    if not steps:
        return None
    until, turn = min(steps, key=lambda step: (step[0], step[1].dispute.pk))
    case = turn.dispute
    title, text = TODO[DisputeState(case.state)](turn, reading.user.pk)
    label = _("Open case SMA %(n)s") % {"n": case.number}
    words = {"n": case.number, "amount": euros(vars(case)["frozen_cents"])}
    mine = reading.user.pk in turn.awaited
    return Todo(title % words, text % words, label, page_of(case.key), until, mine=mine, foremost=True, kept=True)


def to_answer(turn: Turn, reader: int) -> tuple[str, str]:
    """What a case that was opened waits for."""
    mine = reader in turn.awaited
    return (
        _("You: answer the dispute") if mine else _("The other side: answer the dispute"),
        _("%(amount)s are frozen. Without an answer the case goes on: silence never wins by itself."),
    )


def to_settle(turn: Turn, reader: int) -> tuple[str, str]:
    """What a mediation waits for."""
    text = _("The same split accepted by both is paid at once; without it an arbitrator decides.")
    names = {side: _("You") if side == reader else _("The other side") for side in turn.sides}
    return answers(turn, names, reader) or _("The two of you: agree on a split of %(amount)s"), text


def to_decide(turn: Turn, reader: int) -> tuple[str, str]:
    """What an arbitration waits for."""
    if turn.is_drafted:
        text = _("%(amount)s are frozen. The decision is written; a second person reads it before it is given to you.")
        return unseated(turn) or _("The SMA: approve the decision of case %(n)s"), text
    text = _("%(amount)s are frozen. An arbitrator without a tie to either of you decides, with written reasons.")
    if turn.is_late:
        text = _("%(amount)s are frozen. The date to decide has passed: on that one another arbitrator takes over.")
        return _("The SMA, which is late: decide case %(n)s"), text
    if turn.is_returned:
        text = _("%(amount)s are frozen. The second person has sent the decision back: it is being written again.")
    return unseated(turn) or _("The SMA: decide case %(n)s"), text


def to_execute(turn: Turn, reader: int) -> tuple[str, str]:
    """What a decision waits for."""
    if turn.has_proof and not turn.is_seized:
        return _("The SMA: examine what was sent since the decision of case %(n)s"), examined_or_put_off(turn.dispute)
    if turn.is_noted:
        text = _("%(amount)s stay frozen until then. The ruling is executed instead of the decision.")
        if turn.has_proof:
            return _("The SMA: read what was sent, then execute the court’s ruling, case SMA %(n)s"), text
        return _("The SMA: execute the court’s ruling, case SMA %(n)s"), text
    if turn.is_seized:
        text = _("%(amount)s stay frozen until it has ruled. On that date the SMA asks both of you where it stands.")
        return _("The court: rule on the dispute, case SMA %(n)s"), text
    title = _("Nobody: the decision of case %(n)s is executed by itself")
    return title, _("Unless a court is shown to be seized before that date.")


TODO: dict[DisputeState, Callable[[Turn, int], tuple[str, str]]] = {
    DisputeState.OPENED: to_answer,
    DisputeState.MEDIATION: to_settle,
    DisputeState.ARBITRATION: to_decide,
    DisputeState.DECIDED: to_execute,
}


@dated(kinds.ANSWER)
def answer_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: until when the case is answered."""
    told = _("Without an answer the case goes on.")
    return Words(_("Last day to answer the dispute"), told) if case_of(deadline, reading) else None


@dated(kinds.MEDIATE)
def mediation_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: until when they may agree."""
    told = _("Without one, an arbitrator decides.")
    return Words(_("Last day to agree on a split"), told) if case_of(deadline, reading) else None


@dated(kinds.DECIDE)
def decision_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: until when the arbitrator decides."""
    told = _("Two working days later another arbitrator takes over.")
    return Words(_("Decision of the SMA"), told) if case_of(deadline, reading) else None


@dated(kinds.REPLACE)
def replacement_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: when another arbitrator takes over from one who is late, or one is looked for again."""
    case = case_of(deadline, reading)
    if case is None or case.state != DisputeState.ARBITRATION:
        return None
    if case.arbitrator_id:
        return Words(_("Another arbitrator takes over"), _("Unless the decision, which is late, comes before."))
    return Words(_("The SMA looks for an arbitrator again"), _("Nobody can decide before; the money stays frozen."))


@dated(kinds.APPROVE)
def approval_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: until when a second person approves what is written."""
    told = _("Otherwise another person is asked.")
    return Words(_("Approval of the SMA’s decision"), told) if case_of(deadline, reading) else None


@dated(kinds.LAST)
def last_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: when a case that nobody decides is over."""
    told = _("The money is then held again: nobody has won.")
    return Words(_("Without a decision by then, the dispute ends"), told) if case_of(deadline, reading) else None


@dated(kinds.COURT)
def court_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: when the SMA asks what the court has done."""
    case = case_of(deadline, reading)
    if case and Turn.of(case).is_noted:
        return Words(_("The SMA is asked again to execute the court’s ruling"), _("The money stays frozen until then."))
    told = _("Nothing is executed before it has ruled.")
    return Words(_("The SMA asks both of you where the court stands"), told) if case else None


@coming
def evidence_dates(reading: Reading) -> Iterator[Coming]:
    """For the two sides: the last day for evidence, where the arbitrator waits for it."""
    words = Words(_("Last day for evidence"), _("Nothing is decided before; later it is labelled as late."))
    for case in reading.once(cases):
        if case.state == DisputeState.ARBITRATION and case.heard_until:
            yield Coming(f"sma-evidence-{case.pk}", case.heard_until, words)


@dated(kinds.EXECUTE)
def execution_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two sides: when the decision is carried out."""
    told = _("Unless a court is seized before.")
    return Words(_("The SMA’s decision is executed"), told) if case_of(deadline, reading) else None


LINES: dict[str, Callable[[], tuple[str, str, str]]] = {
    "mediation.opened": lambda: (
        _("Dispute opened, case SMA %(n)s"),
        _("%(amount)s are frozen until it ends: the rest goes on."),
        "stop",
    ),
    "mediation.mediation": lambda: (
        _("Mediation of case SMA %(n)s"),
        _("A split accepted by both settles it."),
        "soon",
    ),
    "mediation.arbitration": lambda: (_("Case SMA %(n)s before an arbitrator"), "", "soon"),
    "mediation.decided": lambda: (_("Case SMA %(n)s decided"), _("Executed unless a court is seized."), ""),
    "mediation.seized": lambda: (_("A court is seized of case SMA %(n)s"), _("Nothing is executed meanwhile."), "stop"),
    "mediation.held": lambda: (
        _("The execution of case SMA %(n)s is put off"),
        _("The SMA still has to examine what was sent since the decision."),
        "stop",
    ),
    "mediation.ruled": lambda: (
        _("A court has ruled on case SMA %(n)s"),
        _("Its ruling takes the place of the decision: %(provider)s to the provider, %(client)s to the client."),
        "",
    ),
    "mediation.executed": lambda: (
        _("Case SMA %(n)s is over: %(amount)s are shared out"),
        _("%(provider)s to the provider, %(client)s back to the client."),
        "go",
    ),
    "mediation.withdrawn": lambda: (_("Case SMA %(n)s withdrawn"), _("%(amount)s are held again, as before."), "go"),
    "mediation.undecided": lambda: (
        _("Case SMA %(n)s ended without a decision"),
        _("Nobody has won: %(amount)s are held again, as before."),
        "",
    ),
}


@line(*LINES)
def line_of(event: Event, reading: Reading) -> Line | None:
    """The steps of a case on the timeline: for the two sides only."""
    if reading.user.pk not in event.facts["parties"]:
        return None
    title, detail, tone = LINES[event.verb]()
    shares = {side: euros(event.facts.get(f"{side}_cents")) for side in ("provider", "client")}
    facts = {**event.facts, **shares, "amount": euros(event.facts["frozen_cents"])}
    return Line(title % facts, detail % facts, tone)
