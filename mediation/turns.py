"""Whose turn it is in a case, found by one query, which may come with the cases of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Subquery, Sum
from django.db.models.functions import JSONObject

from escrow.models import FreezePart
from mediation.models import Decision, Dispute, Entry, Seizure, SplitProposal
from mediation.models.cases import ANSWERS
from mediation.states import DisputeState

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from mediation.models.cases import DisputeQuerySet


def with_turns(rows: DisputeQuerySet) -> DisputeQuerySet:
    """`rows` with what `Turn.of` reads, and what is frozen, as `frozen_cents`."""
    parts = FreezePart.objects.filter(freeze=OuterRef("freeze")).order_by().values("freeze")
    frozen = Subquery(parts.annotate(sum=Sum("cents")).values("sum"))
    spoken = Entry.objects.filter(dispute=OuterRef("pk"), kind__in=ANSWERS).order_by("pk").values("by_id")
    latest = SplitProposal.objects.open().filter(dispute=OuterRef("pk")).order_by("-number")
    turn = JSONObject(
        spoken=ArraySubquery(spoken),
        proposal=Subquery(latest.values("number")[:1]),
        client=Subquery(latest.values("client_accepted_at")[:1]),
        provider=Subquery(latest.values("provider_accepted_at")[:1]),
        drafted=Exists(Decision.objects.drafted().filter(dispute=OuterRef("pk"))),
        seized=Exists(Seizure.objects.standing().filter(dispute=OuterRef("pk"))),
    )
    return rows.annotate(frozen_cents=frozen, turn=turn)


class Turn:
    """What a case waits for: `is_drafted`, a decision for its approval; `is_seized`, the ruling of a court."""

    def __init__(self, dispute: Dispute, found: dict[str, Any]) -> None:
        self.dispute, self._found = dispute, found
        self.is_drafted, self.is_seized = bool(found["drafted"]), bool(found["seized"])

    @classmethod
    def of(cls, dispute: Dispute) -> Turn:
        """As `with_turns` found it with the case; asked for now, if it did not."""
        known: dict[str, Any] | None = vars(dispute).get("turn")
        if known is None:
            known = vars(with_turns(Dispute.objects.filter(pk=dispute.pk)).get())["turn"]
        return cls(dispute, known)

    @property
    def sides(self) -> list[int]:
        """The client, then the provider."""
        agreement = self.dispute.account.agreement
        return [agreement.client_id, agreement.provider_id]

    @property
    def silent(self) -> list[int]:
        """The sides that have neither opened nor answered the case."""
        return [pk for pk in self.sides if pk not in {*self._found["spoken"], self.dispute.opened_by_id}]

    @property
    def proposal(self) -> int:
        """The number of the latest proposal that is open; 0 without one."""
        return int(self._found["proposal"] or 0) if self.dispute.state == DisputeState.MEDIATION else 0

    @property
    def answering(self) -> list[int]:
        """The sides that have still to accept or refuse that latest proposal: whoever made it has accepted it."""
        accepted = zip(self.sides, (self._found["client"], self._found["provider"]), strict=True)
        return [pk for pk, at in accepted if self.proposal and not at]

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
