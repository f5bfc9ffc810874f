"""Whose turn it is in a case, found by one query, which may come with the cases of a list."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, OuterRef, Subquery, Sum
from django.db.models.functions import JSONObject
from django.utils import timezone

from escrow.models import FreezePart
from marketplace import deadlines
from mediation.models import Decision, Dispute, Entry, Evidence, Seizure, SplitProposal
from mediation.models.cases import ANSWERS
from mediation.models.course import COURT, REPLACE
from mediation.states import ACTS, DecisionState, DisputeState
from projects.models import Deadline

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from mediation.models.cases import DisputeQuerySet


def with_turns(rows: DisputeQuerySet) -> DisputeQuerySet:
    """`rows` with what `Turn.of` reads, and what is frozen, as `frozen_cents`."""
    parts = FreezePart.objects.filter(freeze=OuterRef("freeze")).order_by().values("freeze")
    frozen = Subquery(parts.annotate(sum=Sum("cents")).values("sum"))
    spoken = Entry.objects.filter(dispute=OuterRef("pk"), kind__in=ANSWERS).order_by("pk").values("by_id")
    waiting = SplitProposal.objects.open().filter(dispute=OuterRef("pk")).order_by("number")
    answered = JSONObject(n="number", client="client_accepted_at", provider="provider_accepted_at")
    turn = JSONObject(
        spoken=ArraySubquery(spoken),
        proposals=ArraySubquery(waiting.values(each=answered)),
        begun=Exists(Entry.objects.filter(dispute=OuterRef("pk"), by=OuterRef("mediator"), kind__in=ACTS)),
        drafted=Exists(Decision.objects.drafted().filter(dispute=OuterRef("pk"))),
        seized=Exists(Seizure.objects.standing().filter(dispute=OuterRef("pk"))),
        noted=Exists(Seizure.objects.noted().filter(dispute=OuterRef("pk"))),
        proof=Exists(Evidence.objects.to_examine().filter(dispute=OuterRef("pk"))),
        returned=Exists(returned_to(OuterRef("arbitrator"), OuterRef("pk"))),
        replaced_at=date_of(REPLACE),
        asked_at=date_of(COURT),
    )
    return rows.annotate(frozen_cents=frozen, turn=turn)


def date_of(kind: str) -> Subquery:
    """When the date of `kind` falls on a case, if it is set."""
    rows = Deadline.objects.waiting().filter(kind=kind, subject_label="mediation.dispute", subject_id=OuterRef("pk"))
    return Subquery(rows.values("due_at"))


def returned_to(arbitrator: Any, dispute: Any) -> models.QuerySet[Decision]:
    """What a second person sent back to the arbitrator of a case, who writes another; the latest first."""
    rows = Decision.objects.filter(dispute=dispute, arbitrator=arbitrator, state=DecisionState.SENT_BACK)
    return rows.exclude(sent_back_reason="")


class Turn:
    """What a case waits for: `is_drafted`, a decision for its approval; `is_seized`, the ruling of a court.

    `is_noted`: that ruling is known and waits for its execution; `has_proof`: the SMA has to examine what a side sent
    since the decision.
    `is_begun`: its mediator has written or proposed a split, and is not replaced by a date any more. `is_returned`: its
    arbitrator writes the decision again, which was sent back.
    """

    def __init__(self, dispute: Dispute, found: dict[str, Any]) -> None:
        self.dispute, self._found = dispute, found
        self.is_begun = bool(found["begun"])
        self.is_drafted, self.is_seized = bool(found["drafted"]), bool(found["seized"])
        self.is_noted, self.has_proof = bool(found["noted"]), bool(found["proof"])
        self.is_returned = bool(found["returned"]) and not self.is_drafted

    @classmethod
    def of(cls, dispute: Dispute) -> Turn:
        """As `with_turns` found it with the case; asked for now, if it did not."""
        known: dict[str, Any] | None = vars(dispute).get("turn")
        if known is None:
            known = vars(with_turns(Dispute.objects.filter(pk=dispute.pk)).get())["turn"]
        return cls(dispute, known)

    @property
    def is_late(self) -> bool:
        """Whether the date to decide has passed: another arbitrator takes over, unless the decision comes before."""
        case = self.dispute
        undecided = case.state == DisputeState.ARBITRATION and case.arbitrator_id and not self.is_drafted
        return bool(undecided and case.decide_by and case.decide_by < timezone.now())

    @property
    def due_by(self) -> datetime | None:
        """When something happens next: the end of the step, the replacement of who is late, the question to a court."""
        if self.is_late and self.dispute.decide_by:
            return self._at("replaced_at") or deadlines.after(self.dispute.decide_by, settings.SMA_LATE_DAYS)
        return self._at("asked_at") if self.is_seized else self.dispute.step_ends

    def _at(self, name: str) -> datetime | None:
        """A date that came with the case."""
        return datetime.fromisoformat(self._found[name]) if self._found[name] else None

    @property
    def sides(self) -> list[int]:
        """The client, then the provider."""
        agreement = self.dispute.account.agreement
        return [agreement.client_id, agreement.provider_id]

    @property
    def silent(self) -> list[int]:
        """The sides that have neither opened nor answered the case."""
        return [pk for pk in self.sides if pk not in {*self._found["spoken"], self.dispute.opened_by_id}]

    def unanswered(self, side: int) -> list[int]:
        """The numbers of the open proposals that a side has neither accepted nor refused; its own it has accepted."""
        if self.dispute.state != DisputeState.MEDIATION or side not in self.sides:
            return []
        name = "client" if side == self.sides[0] else "provider"
        return [row["n"] for row in self._found["proposals"] if not row[name]]

    @property
    def answering(self) -> list[int]:
        """The sides that have a proposal to accept or to refuse, be it the latest or an earlier one."""
        return [side for side in self.sides if self.unanswered(side)]

    @property
    def awaited(self) -> list[int]:
        """Who must act now: those who have not answered the case or a proposal, or who decides; nobody once decided.

        Without a proposal to answer, both sides are to agree.
        """
        dispute = self.dispute
        if dispute.state == DisputeState.OPENED:
            return self.silent
        if dispute.state == DisputeState.MEDIATION:
            return self.answering or self.sides
        one = dispute.approver_id if self.is_drafted else dispute.arbitrator_id
        return [one] if one and dispute.state == DisputeState.ARBITRATION else []


def awaited(dispute: Dispute) -> list[User]:
    """The people who must act now."""
    pks = Turn.of(dispute).awaited
    return [one for one in (*dispute.parties, dispute.arbitrator, dispute.approver) if one and one.pk in pks]
