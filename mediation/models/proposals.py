"""Proposals: how the frozen money could be shared, which settles the case once both sides accept the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Shares
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros
from mediation.states import PROPOSAL_MOVES, DisputeState, EntryKind, ProposalState

from .timeline import concerned

if TYPE_CHECKING:
    from typing import Any

    from marketplace.accounts.models import User

    from .cases import Dispute


class SplitProposalQuerySet(models.QuerySet["SplitProposal"]):
    def visible_to(self, user: User) -> SplitProposalQuerySet:
        """The proposals of one's own cases: the two sides and the SMA's people in them; nobody else's."""
        return self.filter(concerned(user))

    def open(self) -> SplitProposalQuerySet:
        """Those to be answered: one at most of each side and of the mediator."""
        return self.filter(state=ProposalState.OPEN)

    def of_the_sma(self) -> SplitProposalQuerySet:
        """Those of whoever mediates or mediated."""
        agreement = "dispute__account__agreement"
        return self.exclude(by=F(f"{agreement}__client")).exclude(by=F(f"{agreement}__provider"))

    def lapse(self) -> int:
        """The mediation is over: nobody accepts them any more; how many."""
        return self.open().update(state=ProposalState.LAPSED, closed_at=timezone.now())


class SplitProposal(models.Model):
    """All that is frozen, shared between the two, as one side or the mediator proposes it; in cents.

    A side has accepted its own. Accepted by both, it is executed at once.
    """

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField(_("number"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    provider_cents = models.BigIntegerField(_("to the provider"))
    client_cents = models.BigIntegerField(_("to the client"))
    reason = models.TextField(_("reason"), max_length=2000)
    state = models.CharField(
        _("state"), max_length=8, choices=ProposalState, default=ProposalState.OPEN, editable=False
    )
    client_accepted_at = models.DateTimeField(_("accepted by the client"), null=True)
    provider_accepted_at = models.DateTimeField(_("accepted by the provider"), null=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    key = models.UUIDField(unique=True, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = SplitProposalQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("proposed split"), _("proposed splits")
        default_permissions = ("view",)
        ordering = ["-number"]
        triggers = [States(field="state", edges=PROPOSAL_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "number"], name="one_proposal_per_number"),
            models.UniqueConstraint(
                fields=["dispute", "by"], condition=Q(state="OPEN"), name="one_open_proposal_per_author"
            ),
            models.CheckConstraint(
                condition=Q(provider_cents__gte=0, client_cents__gte=0), name="proposal_shares_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", closed_at=None) | (~Q(state="OPEN") & Q(closed_at__isnull=False)),
                name="closed_proposal_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state="ACCEPTED", client_accepted_at__isnull=False, provider_accepted_at__isnull=False)
                | (~Q(state="ACCEPTED") & (Q(client_accepted_at=None) | Q(provider_accepted_at=None))),
                name="accepted_proposal_is_by_both",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute}, {self.number}"

    @classmethod
    def propose(cls, dispute: Dispute, shares: Shares, *, reason: str, by: User, key: UUID) -> SplitProposal:
        """Propose a split as one of the two sides or as the mediator; an earlier one of theirs is replaced.

        The same `key` with the same content gives the first. Refused: NotInMediation, NotYours, NotTheWhole,
        NeedsReason, KeyReused, and a split that another proposes already: SameAsTheirs, SameForBoth, SameAccepted.
        """
        with locked(dispute.project, dispute):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(dispute, shares, reason=reason, by=by)
            dispute.must_be_in(DisputeState.MEDIATION)
            cls._must_be_right(dispute, shares, reason, by)
            before = dispute.proposals.open()
            before = before.filter(by=by) if dispute.is_party(by) else before.of_the_sma()
            before.update(state=ProposalState.REPLACED, closed_at=timezone.now())
            number = 1 + (dispute.proposals.aggregate(last=Max("number"))["last"] or 0)
            own = {f"{side}_accepted_at": timezone.now() for side in ("client", "provider") if dispute.is_(side, by)}
            proposal = cls.objects.create(
                dispute=dispute,
                number=number,
                by=by,
                provider_cents=shares.provider_cents,
                client_cents=shares.client_cents,
                reason=reason,
                key=key,
                **own,
            )
            dispute.write(EntryKind.PROPOSED, by=by, text=reason, **proposal.facts())
            dispute.tell("proposed", by=by, reason=reason, **proposal.facts())
            return proposal

    @property
    def shares(self) -> Shares:
        """Both shares, in cents."""
        return Shares(self.provider_cents, self.client_cents)

    def accepted_by(self, user: User) -> bool:
        """Whether that side has accepted it."""
        sides = {side: getattr(self, f"{side}_accepted_at") for side in ("client", "provider")}
        return any(at and self.dispute.is_(side, user) for side, at in sides.items())

    def accept(self, *, by: User) -> None:
        """Accept as one of the two sides; once both have, the case is settled and the split executed, in one transfer.

        A second acceptance changes nothing. Refused: NotYours, Overtaken, Dispute.Closed, Dispute.NotInMediation.
        """
        with locked(self.dispute.project, self.dispute, self):
            if self.accepted_by(by) and self.state in {ProposalState.OPEN, ProposalState.ACCEPTED}:
                return
            self._must_be_open(by)
            side = "client" if self.dispute.is_("client", by) else "provider"
            setattr(self, f"{side}_accepted_at", timezone.now())
            both = self.client_accepted_at and self.provider_accepted_at
            if both:
                self.state, self.closed_at = ProposalState.ACCEPTED, timezone.now()
            self.save(update_fields=[f"{side}_accepted_at", "state", "closed_at"])
            self.dispute.write(EntryKind.ACCEPTED, by=by, **self.facts())
            if both:
                self.dispute.settle(self, by=by)
            else:
                self.dispute.tell("accepted", by=by, **self.facts())

    def refuse(self, *, by: User, reason: str = "") -> None:
        """One side does not want it. A second refusal changes nothing.

        Refused: NotYours (one's own is replaced by another), Overtaken, Dispute.NotInMediation.
        """
        with locked(self.dispute.project, self.dispute, self):
            if self.state == ProposalState.REFUSED and self.refused_by_id == by.pk:
                return
            self._must_be_open(by)
            if by.pk == self.by_id:
                raise self.NotYours
            self.state, self.closed_at, self.refused_by = ProposalState.REFUSED, timezone.now(), by
            self.save(update_fields=["state", "closed_at", "refused_by"])
            self.dispute.write(EntryKind.REFUSED, by=by, text=reason, **self.facts())
            self.dispute.tell("refused", by=by, reason=reason, **self.facts())

    def facts(self) -> dict[str, Any]:
        """What every step and event of it says."""
        shares = {"provider_cents": self.provider_cents, "client_cents": self.client_cents}
        return {"proposal": self.number, **shares}

    def same_as(self, dispute: Dispute, shares: Shares, *, reason: str, by: User) -> SplitProposal:
        """This proposal, if the repeated request says the same; refused (KeyReused) otherwise."""
        if (self.dispute_id, self.shares, self.reason, self.by_id) != (dispute.pk, shares, reason, by.pk):
            raise self.KeyReused
        return self

    @classmethod
    def _must_be_right(cls, dispute: Dispute, shares: Shares, reason: str, by: User) -> None:
        if not dispute.is_party(by) and by.pk != dispute.mediator_id:
            raise cls.NotYours
        if min(shares) < 0 or sum(shares) != dispute.cents:
            raise cls.NotTheWhole(frozen=euros(dispute.cents))
        if not reason.strip():
            raise cls.NeedsReason
        if dispute.is_party(by):
            cls._must_be_another(dispute, shares, by)

    @classmethod
    def _must_be_another(cls, dispute: Dispute, shares: Shares, by: User) -> None:
        """Refuse a side the split that somebody else proposes already, and say what is to be done with that one."""
        same = list(dispute.proposals.open().exclude(by=by).filter(provider_cents=shares.provider_cents))
        other = next(party for party in dispute.parties if party != by)
        if ready := next((row for row in same if row.accepted_by(other)), None):
            raise cls.SameAsTheirs(n=ready.number)
        for row in same:
            raise (cls.SameAccepted if row.accepted_by(by) else cls.SameForBoth)(n=row.number)

    def _must_be_open(self, by: User) -> None:
        self.dispute.must_be_in(DisputeState.MEDIATION)
        if not self.dispute.is_party(by):
            raise self.NotYours
        if self.state != ProposalState.OPEN:
            raise self.Overtaken

    class NotYours(Refusal):
        sentence = _("This is for the other side to do. Nothing was recorded.")

    class NotTheWhole(Refusal):
        sentence = _("%(frozen)s are frozen: the two shares must come to exactly that. Nothing was recorded.")

    class NeedsReason(Refusal):
        sentence = _("Say why you propose this split: the other side reads it. Nothing was recorded.")

    class SameAsTheirs(Refusal):
        sentence = _("Proposal %(n)s is just this split: accept it, and the case is settled. Nothing was recorded.")

    class SameForBoth(Refusal):
        sentence = _(
            "Proposal %(n)s, the mediator’s, is just this split: accept it. The case is settled once the other side "
            "accepts it too. Nothing was recorded."
        )

    class SameAccepted(Refusal):
        sentence = _(
            "Proposal %(n)s is just this split, and you have accepted it: the case is settled once the other side "
            "accepts it too. Nothing was recorded."
        )

    class Overtaken(Refusal):
        sentence = _("This proposal has been answered or replaced meanwhile: read the latest. Nothing was recorded.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another proposal: nothing was recorded. Send it again.")
