"""The course of a case: what follows from a deed or, with nobody acting, from a date. Every way ends by itself."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import deadlines
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.templatetags.page import PARIS
from mediation.states import ACTS, MEDIATED, OPEN, DisputeState, EntryKind, Role
from projects.models import Deadline, closing_on

from .bench import Bench, has_tie, sits_for_the_sma

if TYPE_CHECKING:
    from escrow.models import Shares
    from marketplace.accounts.models import User

    from .bench import Assignment
    from .cases import Dispute
    from .courts import Seizure
    from .decisions import Decision

log = logging.getLogger(__name__)
ASSIGN, ANSWER, MEDIATE, DECIDE = "sma.assign", "sma.answer", "sma.mediate", "sma.decide"
REPLACE, APPROVE, EXECUTE = "sma.replace", "sma.approve", "sma.execute"
REMIND, NUDGE, LAST, COURT = "sma.remind", "sma.nudge", "sma.last", "sma.court"


def days_to_seek(role: Role) -> int:
    """After how many working days somebody is looked for again, when nobody could take a seat."""
    days: dict[Role, int] = {
        Role.MEDIATOR: settings.SMA_ASSIGN_DAYS,
        Role.ARBITRATOR: settings.SMA_LATE_DAYS,
        Role.APPROVER: settings.SMA_APPROVAL_DAYS,
    }
    return days[role]


def evening(at: datetime, days: int) -> datetime:
    """18:00 in Paris, so many days after `at`."""
    return closing_on(timezone.localdate(at, PARIS) + timedelta(days=days))


def decision_due(at: datetime, heard_until: datetime | None) -> datetime:
    """Until when somebody named arbitrator at `at` decides: a working day at least after evidence is still in time."""
    last = evening(at, settings.SMA_DECISION_DAYS)
    return max(last, deadlines.after(heard_until, 1)) if heard_until else last


def named(staff: User | None) -> str:
    """The name that both sides read."""
    return staff.display_name if staff else ""


class Spoken(NamedTuple):
    """What a side said last before a case went on: an answer, or with `cents` a claim of its own."""

    by: User
    text: str
    cents: int = 0

    @property
    def facts(self) -> dict[str, Any]:
        """As the letter needs it that tells both at once: the answer, and that the case goes on."""
        return {"by": self.by, "text": self.text, "claim_cents": self.cents, "spoken_by": self.by.pk}


class Course:
    """What becomes of one case. Its deeds are called under the locks of project and case, but those of dates."""

    def __init__(self, dispute: Dispute) -> None:
        self.dispute = dispute

    def begin(self, at: datetime) -> None:
        """The other side has its days to answer, the SMA its own to name a mediator, if there is a mediation."""
        self._set(ANSWER, self.dispute.answer_by)
        if not self.dispute.straight:
            self._set(ASSIGN, deadlines.after(at, settings.SMA_ASSIGN_DAYS))
        self._remind(self.dispute.answer_by, at)

    def proceed_if_answered(self, at: datetime, spoken: Spoken) -> None:
        """Once every side has spoken the mediation begins; after it, this changes nothing."""
        if self.dispute.is_last_answer:
            self.proceed(at, spoken)

    def proceed(self, at: datetime, spoken: Spoken | None = None) -> None:
        """The mediation begins; a case opened again goes to an arbitrator."""
        dispute = self.dispute
        if dispute.straight:
            self.arbitrate(by=None, at=at, spoken=spoken)
            return
        self._cancel(ANSWER)
        dispute.state, dispute.mediate_by = DisputeState.MEDIATION, evening(at, settings.SMA_MEDIATION_DAYS)
        dispute.save(update_fields=["state", "mediate_by"])
        self._set(MEDIATE, dispute.mediate_by)
        self._remind(dispute.mediate_by, at)
        act_by = self._watch_mediator(at) if dispute.mediator else None
        dispute.write(EntryKind.MEDIATION, until=dispute.mediate_by.isoformat())
        dispute.tell("mediation", act_by=act_by, **(spoken.facts if spoken else {}))

    def welcome_mediator(self, *, by: User | None, at: datetime, reason: str = "") -> None:
        """A mediator is named: both sides know who, with the `reason` of a change; they have their days to act.

        What another mediator had proposed lapses.
        """
        dispute = self.dispute
        self._cancel(ASSIGN)
        act_by = self._watch_mediator(at) if dispute.state == DisputeState.MEDIATION else None
        facts: dict[str, Any] = {"name": named(dispute.mediator), "late": self._late(Role.MEDIATOR, at)}
        facts["lapsed"] = self._drop_proposals()
        dispute.write(EntryKind.ASSIGNED, by=by, text=reason, **facts)
        dispute.tell("assigned", by=by, text=reason, changed=bool(reason), act_by=act_by, **facts)
        self._take_leave(Role.MEDIATOR, by=by, at=at, reason=reason)

    def arbitrate(self, *, by: User | None, at: datetime, text: str = "", spoken: Spoken | None = None) -> None:
        """The mediation is over: an arbitrator decides, who has least to do and never mediated it."""
        dispute = self.dispute
        self._cancel(ASSIGN, ANSWER, MEDIATE, REPLACE, NUDGE)
        dropped = sorted(dispute.proposals.open().values_list("number", flat=True))
        dispute.proposals.lapse()
        dispute.assignments.filter(role=Role.MEDIATOR).close(at)
        dispute.state, dispute.arbitrated_at = DisputeState.ARBITRATION, at
        dispute.decide_by = decision_due(at, dispute.heard_until)
        dispute.save(update_fields=["state", "arbitrated_at", "decide_by"])
        until = dispute.decide_by.isoformat() if Bench(dispute).candidates(Role.ARBITRATOR) else None
        dispute.write(EntryKind.ARBITRATION, by=by, text=text, until=until)
        self._set(LAST, evening(at, settings.SMA_LAST_RESORT_DAYS))
        self._find_arbitrator(at)
        facts: dict[str, Any] = {"arbitrator": named(dispute.arbitrator), "evidence_by": self._heard_until(at)}
        dispute.tell("arbitration", dropped=dropped, **facts, **(spoken.facts if spoken else {"by": by, "text": text}))

    def welcome_arbitrator(self, *, by: User | None, at: datetime, reason: str = "") -> None:
        """An arbitrator is named: both sides know who, with the `reason` of a change; they have the whole time."""
        dispute = self.dispute
        dispute.decide_by = decision_due(at, dispute.heard_until)
        dispute.save(update_fields=["decide_by"])
        self._cancel(REPLACE)
        self._set(DECIDE, dispute.decide_by)
        self._remind(dispute.decide_by, at)
        facts: dict[str, Any] = {"name": named(dispute.arbitrator), "late": self._late(Role.ARBITRATOR, at)}
        again = dispute.assignments.filter(role=Role.ARBITRATOR).count() > 1
        dispute.write(EntryKind.APPOINTED, by=by, text=reason, until=dispute.decide_by.isoformat(), **facts)
        facts["evidence_by"] = self._heard_until(at)
        dispute.tell("appointed", by=by, again=again, text=reason, changed=bool(reason), **facts)
        self._take_leave(Role.ARBITRATOR, by=by, at=at, reason=reason)

    def await_approval(self, *, at: datetime) -> None:
        """A decision is written whose amount needs a second person; who has least to do is asked."""
        self._cancel(DECIDE, REPLACE, REMIND)
        self._set_approval(at)
        if found := Bench(self.dispute).candidates(Role.APPROVER):
            Bench(self.dispute).seat(Role.APPROVER, found[0], by=None, at=at)
            self.dispute.tell("approval_asked")
        else:
            self.dispute.mark_seated(Role.APPROVER, None)
            self.alarm(Role.APPROVER, at)

    def welcome_approver(self, *, by: User | None, at: datetime, reason: str = "") -> None:
        """Somebody was named to approve the decision, and knows, as does who leaves, with the `reason` of a change."""
        self._set_approval(at)
        self.dispute.tell("approval_asked", by=by)
        self._take_leave(Role.APPROVER, by=by, at=at, reason=reason)

    def resume_decision(self, *, at: datetime) -> None:
        """A decision was sent back: its arbitrator has two working days to write another."""
        dispute = self.dispute
        dispute.decide_by = deadlines.after(at, settings.SMA_APPROVAL_DAYS)
        dispute.save(update_fields=["decide_by"])
        self._cancel(APPROVE)
        dispute.assignments.filter(role=Role.APPROVER).close(at)
        self._set(DECIDE, dispute.decide_by)
        self._remind(dispute.decide_by, at)

    def decided(self, decision: Decision, *, by: User | None, at: datetime) -> None:
        """A decision is issued: both sides have days to seize a court, then it is executed."""
        dispute = self.dispute
        dispute.state, dispute.execute_at = DisputeState.DECIDED, evening(at, settings.SMA_EXECUTION_DAYS)
        dispute.save(update_fields=["state", "execute_at"])
        Deadline.objects.cancel(dispute)
        dispute.assignments.close(at)
        self._set(EXECUTE, dispute.execute_at)
        self._remind(dispute.execute_at, at)
        decision.print_out(at=at)
        dispute.write(EntryKind.DECIDED, by=decision.arbitrator, **decision.facts())
        dispute.tell("decided", by=by, sha256=decision.paper_sha256, **decision.facts())

    def execute(self, shares: Shares, *, by: User | None, at: datetime, **papers: str) -> None:
        """Share out what is frozen, in one transfer: the case is over. `papers` of a court are where they are read.

        `unread` among them: nobody examined in time what was sent since the decision, which both sides learn.
        """
        dispute, was = self.dispute, str(self.dispute.state)
        dispute.state, dispute.ended_at, dispute.ended_by = DisputeState.EXECUTED, at, by
        dispute.save(update_fields=["state", "ended_at", "ended_by"])
        self._close(at)
        key = uuid.uuid5(dispute.freeze.key, "award")
        dispute.freeze.execute(dispute.freeze.spread(*shares), by=by, key=key)
        facts: dict[str, Any] = {
            "provider_cents": shares.provider_cents,
            "client_cents": shares.client_cents,
            "was": was,
        }
        dispute.write(EntryKind.EXECUTED, by=by, **facts, unread=papers.get("unread", ""))
        dispute.tell("executed", by=by, **facts, **papers, parts=dispute.freeze.facts_of_parts())

    def thaw(self, end: DisputeState, *, by: User | None, at: datetime, text: str = "") -> None:
        """The case ends without an award: the money is held again, the tranches are as before it."""
        dispute = self.dispute
        dispute.decisions.drafted().send_back(at)
        dispute.proposals.lapse()
        dispute.state, dispute.ended_at, dispute.ended_by = end, at, by
        dispute.save(update_fields=["state", "ended_at", "ended_by"])
        self._close(at)
        dispute.freeze.thaw(by=by, key=uuid.uuid5(dispute.freeze.key, "thaw"))
        dispute.write(EntryKind(end), by=by, text=text)
        dispute.tell(end.lower(), by=by, text=text, parts=dispute.freeze.facts_of_parts())

    def answer_lapsed(self, *, at: datetime) -> None:
        """The days to answer have passed at `at`: silence decides nothing, the case goes on. Refused: NotDue."""
        with self._due(DisputeState.OPENED):
            for side in self.dispute.silent():
                self.dispute.write(EntryKind.SILENT, side="client" if self.dispute.is_("client", side) else "provider")
            self.proceed(at)

    def mediation_lapsed(self, *, at: datetime) -> None:
        """No split was accepted by both in time: an arbitrator decides. Refused: NotDue."""
        with self._due(DisputeState.MEDIATION):
            self.arbitrate(by=None, at=at)

    def assignment_lapsed(self, *, at: datetime) -> None:
        """Nobody named a mediator in time: who has least to do is. Refused: NotDue."""
        with self._due(*MEDIATED):
            if self.dispute.mediator:
                raise self.NotDue
            if found := Bench(self.dispute).candidates(Role.MEDIATOR):
                self.dispute.assign(found[0], by=None, at=at)
            else:
                self._set(ASSIGN, self.alarm(Role.MEDIATOR, at))

    def decision_late(self, *, at: datetime) -> None:
        """The date to decide has passed: the arbitrator is told, and replaced when still late. Refused: NotDue."""
        with self._due(DisputeState.ARBITRATION):
            replaced_at = deadlines.after(at, settings.SMA_LATE_DAYS)
            self._set(REPLACE, replaced_at)
            self.dispute.tell("late", replaced_at=replaced_at.isoformat())

    def replacement_due(self, *, at: datetime) -> None:
        """Somebody of the SMA is late by two working days: another takes the seat. Refused: NotDue."""
        with self._due(DisputeState.MEDIATION, DisputeState.ARBITRATION):
            if self.dispute.state == DisputeState.ARBITRATION:
                self._replace_arbitrator(at)
            elif not self._mediator_has_acted():
                self._replace_mediator(at)

    def approval_late(self, *, at: datetime) -> None:
        """Who was to approve has not: another is asked; with nobody else, the administrators know. Refused: NotDue."""
        with self._due(DisputeState.ARBITRATION):
            if not self.dispute.draft:
                raise self.NotDue
            if not self._ask_another(at):
                self.alarm(Role.APPROVER, at)

    def free_seats(self, *, at: datetime) -> int:
        """Who sits in it and may not any more loses the seat, and another person is found; how many.

        A mediator is named as at the opening, an arbitrator or an approver is chosen at once; both sides, the
        administrators and whoever leaves are told.
        """
        with locked(self.dispute.project, self.dispute):
            left = list(self.dispute.assignments.abandoned().select_related("staff"))
            for seat in left:
                Bench(self.dispute).vacate(seat, at=at)
            for seat in left:
                self._refill(seat, at)
            return len(left)

    def execution_due(self, *, at: datetime) -> None:
        """Ten days after the decision it is executed, unless a court is seized; put off once for a proof of that.

        Refused: NotDue, Seized.
        """
        with self._due(DisputeState.DECIDED):
            decision = self.dispute.decision
            if self.dispute.is_seized or decision is None:
                raise self.Seized
            unread = self.dispute.evidence.to_examine().exists()
            if unread and not self.dispute.is_put_off:
                self._put_off(at)
            else:
                self.execute(decision.shares, by=None, at=at, unread="yes" if unread else "")

    def court_to_ask(self, *, at: datetime) -> None:
        """A court has had the case for long: the SMA asks both sides where it stands. Refused: NotDue.

        A ruling that waits for a second person of the SMA is asked of them again instead.
        """
        with self._due(DisputeState.DECIDED):
            if not self.dispute.is_seized:
                raise self.NotDue
            if noted := self.dispute.seizures.noted().first():
                self.await_second(noted, by=None, at=at)
                return
            self._set(COURT, evening(at, settings.SMA_COURT_DAYS))
            self.dispute.tell("court_asked")

    def last_resort(self, *, at: datetime) -> None:
        """Nobody decided for too long: the case ends without an award, nobody has won. Refused: NotDue.

        A decision that is written waits until everybody who may approve it has had their days to.
        """
        with self._due(DisputeState.ARBITRATION):
            if self.dispute.draft and (self._is_asked_in_time(at) or self._ask_another(at)):
                self._set(LAST, deadlines.after(at, settings.SMA_APPROVAL_DAYS))
            else:
                self.thaw(DisputeState.UNDECIDED, by=None, at=at)

    def remind(self, *, at: datetime) -> None:
        """The date of the step is near: who must act is told, or both sides before an execution. Refused: NotDue."""
        with self._due(*OPEN, DisputeState.DECIDED):
            if not self.dispute.due_by or at > self.dispute.due_by:
                raise self.NotDue
            self._remind(self.dispute.due_by, at)
            unread = self.dispute.evidence.to_examine().exists()
            court: dict[str, Any] = self.dispute.court_facts() if unread else {}
            self.dispute.tell("reminded", unread=unread, **court)
            if unread:
                pieces = [piece.label for piece in self.dispute.evidence.to_examine()]
                self.dispute.ask_to_examine(pieces=pieces)

    def nudge(self, *, at: datetime) -> None:
        """A mediator who has neither written nor proposed is soon replaced: they are told before. Refused: NotDue."""
        with self._due(DisputeState.MEDIATION):
            row = Deadline.objects.about(self.dispute, REPLACE).waiting().first()
            if row is None or at > row.due_at or self._mediator_has_acted():
                raise self.NotDue
            self.dispute.tell("nudged", act_by=row.due_at.isoformat())

    def alarm(self, role: Role, at: datetime) -> datetime:
        """Nobody can take a seat: the SMA, the administrators and the log are told. When one is looked for again."""
        log.error("Case %s needs a person: nobody can be its %s.", self.dispute.number, role.label)
        again_at = deadlines.after(at, days_to_seek(role))
        self.dispute.tell("stuck", role=str(role), again_at=again_at.isoformat())
        return again_at

    def seized(self, *, at: datetime) -> None:
        """A court is seized: nothing is executed by itself any more, and the SMA asks from time to time."""
        self._cancel(EXECUTE, REMIND)
        self._set(COURT, evening(at, settings.SMA_COURT_DAYS))

    def await_second(self, seizure: Seizure, *, by: User | None, at: datetime, other: bool = False) -> None:
        """A ruling is noted, maybe in the place of an `other`, and waits for its execution: asked every two days."""
        again_at = deadlines.after(at, settings.SMA_APPROVAL_DAYS)
        self._set(COURT, again_at)
        facts = {"second": seizure.needs_another, "ruling": seizure.paper.get_absolute_url(), "other": other}
        facts |= {"provider_cents": seizure.provider_cents, "client_cents": seizure.client_cents}
        self.dispute.tell("noted", by=by, again=by is None, **facts, until=again_at.isoformat())

    def lifted(self, *, at: datetime) -> None:
        """No court is seized any more: the decision is executed at its date, in some days at the earliest.

        Whoever knows of a court has that time to show it, and the SMA to note it again.
        """
        dispute = self.dispute
        dispute.execute_at = max(dispute.execute_at or at, deadlines.after(at, settings.SMA_PROOF_DAYS))
        dispute.save(update_fields=["execute_at"])
        self._cancel(COURT)
        self._set(EXECUTE, dispute.execute_at)
        self._remind(dispute.execute_at, at)

    def _put_off(self, at: datetime) -> None:
        """Nobody of the SMA has looked at what may prove that a court is seized: once, they have some days more."""
        dispute = self.dispute
        dispute.execute_at = deadlines.after(at, settings.SMA_PROOF_DAYS)
        dispute.save(update_fields=["execute_at"])
        self._set(EXECUTE, dispute.execute_at)
        self._remind(dispute.execute_at, at)
        dispute.write(EntryKind.HELD, until=dispute.execute_at.isoformat())
        dispute.tell("held")

    def _ask_another(self, at: datetime) -> bool:
        """Ask somebody else to approve the decision, within days of their own; whether there is anybody."""
        self._set_approval(at)
        found = Bench(self.dispute).replace(Role.APPROVER, at=at)
        if found:
            self.welcome_approver(by=None, at=at)
        return found is not None

    def _is_asked_in_time(self, at: datetime) -> bool:
        """Whether who is to approve the decision still has time to at `at`."""
        seat = self.dispute.assignments.current().filter(role=Role.APPROVER).first()
        return seat is not None and at <= deadlines.after(seat.at, settings.SMA_APPROVAL_DAYS)

    def _find_arbitrator(self, at: datetime) -> None:
        if found := Bench(self.dispute).candidates(Role.ARBITRATOR):
            self.dispute.appoint(found[0], by=None, at=at)
        else:
            self._await_arbitrator(self.alarm(Role.ARBITRATOR, at))

    def _await_arbitrator(self, until: datetime) -> None:
        """Nobody decides: `until` is the date of the step, when an arbitrator is looked for again."""
        self.dispute.decide_by = until
        self.dispute.save(update_fields=["decide_by"])
        self._set(REPLACE, until)

    def _refill(self, seat: Assignment, at: datetime) -> None:
        """Somebody else takes over from who left `seat`, now or within the days of the SMA."""
        dispute, role, name = self.dispute, Role(seat.role), named(seat.staff)
        name_by = deadlines.after(at, settings.SMA_ASSIGN_DAYS)
        lapsed = self._drop_proposals() if role == Role.MEDIATOR else []
        if role != Role.APPROVER:
            dispute.write(EntryKind.VACATED, name=name, lapsed=lapsed)
        if role == Role.MEDIATOR:
            self._cancel(REPLACE, NUDGE)
            self._set(ASSIGN, name_by)
        elif role == Role.ARBITRATOR:
            self._decide_anew(at)
        elif dispute.draft:
            self.await_approval(at=at)
        then: User | None = getattr(dispute, role.lower())
        facts: dict[str, Any] = {"name": name, "role": str(role), "then": named(then), "lapsed": lapsed}
        dispute.tell("vacated", name_by=name_by.isoformat(), **facts)
        if not then or role == Role.APPROVER:
            self._take_leave(role, by=None, at=at)

    def _late(self, role: Role, at: datetime) -> str:
        """The name of who lost a seat at `at` for having let its date pass, if somebody did."""
        left = self.dispute.assignments.filter(role=role, ended_at=at, late=True).select_related("staff").last()
        return named(left.staff if left else None)

    def _heard_until(self, at: datetime) -> str | None:
        """Before when nothing is decided, as events say it; nothing once that is past."""
        last = self.dispute.heard_until
        return last.isoformat() if last and at < last else None

    def _drop_proposals(self) -> list[int]:
        """What a mediator who leaves had proposed lapses: the SMA has one open proposal at most. Their numbers."""
        rows = self.dispute.proposals.open().of_the_sma()
        numbers = sorted(rows.values_list("number", flat=True))
        rows.lapse()
        return numbers

    def _decide_anew(self, at: datetime) -> None:
        """The arbitrator has left: what they wrote and nobody approved falls, another one has the whole time."""
        self.dispute.decisions.drafted().send_back(at)
        if self.dispute.assignments.filter(role=Role.APPROVER).close(at):
            self._take_leave(Role.APPROVER, by=None, at=at)
        self._cancel(DECIDE, REPLACE, REMIND, APPROVE)
        self._find_arbitrator(at)

    def _take_leave(self, role: Role, *, by: User | None, at: datetime, reason: str = "") -> None:
        """Tell who had a seat until `at` that it is no longer theirs, since when it was, and why."""
        left = self.dispute.assignments.filter(role=role, ended_at=at).select_related("staff").last()
        if left is None:
            return
        gone = not sits_for_the_sma(left.staff, left.role)
        tied = not (gone or by or left.late) and has_tie(left.staff, self.dispute)
        facts = {"staff": left.staff_id, "role": str(role), "since": left.at.isoformat(), "late": left.late}
        self.dispute.tell("replaced", by=by, text=reason, gone=gone, tied=tied, **facts)

    def _replace_arbitrator(self, at: datetime) -> None:
        dispute = self.dispute
        if dispute.draft:
            raise self.NotDue
        if not dispute.arbitrator:
            self._find_arbitrator(at)
        elif Bench(dispute).replace(Role.ARBITRATOR, at=at):
            self.welcome_arbitrator(by=None, at=at)
        else:
            self._set(REPLACE, self.alarm(Role.ARBITRATOR, at))

    def _replace_mediator(self, at: datetime) -> None:
        if Bench(self.dispute).replace(Role.MEDIATOR, at=at):
            self.welcome_mediator(by=None, at=at)
        else:
            self._set(REPLACE, self.alarm(Role.MEDIATOR, at))

    def _watch_mediator(self, at: datetime) -> str | None:
        """The mediator is to write or propose; late by two working days more, another takes the seat, as events say it.

        None for one who has already. Nobody takes it from who is named so late that the mediation ends before that:
        its end is the date that they are told, and both sides are reminded of it.
        """
        if self._mediator_has_acted():
            return None
        until, last = deadlines.after(at, settings.SMA_FIRST_ACT_DAYS + settings.SMA_LATE_DAYS), self.dispute.mediate_by
        self._set(REPLACE, until)
        if last and last < until:
            self._cancel(NUDGE)
            return last.isoformat()
        self._remind(until, at, kind=NUDGE)
        return until.isoformat()

    def _mediator_has_acted(self) -> bool:
        return self.dispute.entries.filter(by=self.dispute.mediator_id, kind__in=ACTS).exists()

    @contextmanager
    def _due(self, *states: DisputeState) -> Iterator[None]:
        """The locks of what a date causes. Refused (NotDue) outside of `states`."""
        with locked(self.dispute.project, self.dispute):
            if self.dispute.state not in states:
                raise self.NotDue
            yield

    def _set(self, kind: str, at: datetime) -> None:
        Deadline.objects.set(kind, self.dispute, at, project=self.dispute.project)

    def _set_approval(self, at: datetime) -> None:
        """Two working days to approve: the date of the step."""
        self.dispute.decide_by = deadlines.after(at, settings.SMA_APPROVAL_DAYS)
        self.dispute.save(update_fields=["decide_by"])
        self._set(APPROVE, self.dispute.decide_by)

    def _remind(self, until: datetime, at: datetime, *, kind: str = REMIND) -> None:
        self._cancel(kind)
        days = settings.SMA_REMINDER_DAYS
        Deadline.objects.remind(kind, self.dispute, until, days, project=self.dispute.project, now=at)

    def _cancel(self, *kinds: str) -> None:
        Deadline.objects.cancel(self.dispute, *kinds)

    def _close(self, at: datetime) -> None:
        """Nothing is waited for any more."""
        Deadline.objects.cancel(self.dispute)
        self.dispute.assignments.close(at)

    class NotDue(Refusal):
        sentence = _("The case has not come to that date, or has gone on since.")

    class Seized(Refusal):
        sentence = _("A court is seized of this decision: it is not executed.")
