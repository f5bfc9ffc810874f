"""Decisions: what an arbitrator allots of the frozen money and why; their publication."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from escrow.models import Shares
from marketplace.documents.intake import Clean
from marketplace.documents.models import Document
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros, paris
from mediation.papers import decision_paper
from mediation.states import DECISION_MOVES, DecisionState, DisputeState, Role

from .bench import Bench, has_tie
from .cases import Dispute
from .course import Course
from .timeline import SEATS, concerned, seated

if TYPE_CHECKING:
    from marketplace.accounts.models import User

LEAST_SIGNS = 50
AT_ONCE = timedelta(minutes=5)
PAPER = "mediation.decision"


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: User) -> DecisionQuerySet:
        """The issued decisions of one's own cases; a draft only for who decides the case or approves it."""
        return self.filter(Q(state=DecisionState.ISSUED) & concerned(user) | seated(user, seats=SEATS[1:]))

    def issued(self) -> DecisionQuerySet:
        """Those that both sides have; one at most per case."""
        return self.filter(state=DecisionState.ISSUED)

    def drafted(self) -> DecisionQuerySet:
        """Those that wait for a second person."""
        return self.filter(state=DecisionState.DRAFTED)

    def send_back(self, at: datetime) -> int:
        """Their case has ended without them, or their arbitrator has left: they fall, with no reason; how many."""
        return self.drafted().update(state=DecisionState.SENT_BACK, closed_at=at)


class Decision(models.Model):
    """How the arbitrator shares what is frozen, in cents, with written reasons; one in force per case.

    Above SMA_APPROVAL_CENTS a second person of the SMA approves it, who neither mediated nor decided. Issued, it never
    changes: `paper` is the PDF that both sides have, byte for byte, and `sha256`, printed in it, is of what is decided:
    number, tranches, shares, reasons.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="decisions", verbose_name=_("case"))
    arbitrator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("arbitrator")
    )
    provider_cents = models.BigIntegerField(_("to the provider"))
    client_cents = models.BigIntegerField(_("to the client"))
    reasons = models.TextField(_("reasons"), max_length=20_000)
    needs_approval = models.BooleanField(_("needs a second person"))
    state = models.CharField(
        _("state"), max_length=9, choices=DecisionState, default=DecisionState.DRAFTED, editable=False
    )
    key = models.UUIDField(unique=True, editable=False)
    drafted_at = models.DateTimeField(_("written at"), default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("approved by")
    )
    issued_at = models.DateTimeField(_("issued at"), null=True)
    closed_at = models.DateTimeField(_("sent back at"), null=True)
    sent_back_reason = models.TextField(_("why it was sent back"), max_length=2000, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    paper = models.OneToOneField(Document, models.PROTECT, related_name="+", null=True, verbose_name="PDF")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("decision"), _("decisions")
        default_permissions = ("view",)
        ordering = ["-pk"]
        triggers = [States(field="state", edges=DECISION_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=~Q(state="SENT_BACK"), name="one_decision_in_force_per_case"
            ),
            models.CheckConstraint(
                condition=Q(provider_cents__gte=0, client_cents__gte=0), name="decision_shares_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(state="ISSUED", issued_at__isnull=False) & ~Q(sha256="")
                | (~Q(state="ISSUED") & Q(issued_at=None, sha256="")),
                name="issued_decision_is_hashed",
            ),
            models.CheckConstraint(
                condition=~Q(state="ISSUED", needs_approval=True) | Q(approved_by__isnull=False),
                name="large_decision_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("arbitrator")), name="nobody_approves_alone"
            ),
        ]

    def __str__(self) -> str:
        return str(self.dispute)

    @classmethod
    def draft(cls, dispute: Dispute, shares: Shares, *, reasons: str, by: User, key: UUID) -> Decision:
        """Write the decision as the arbitrator: issued at once, or once a second person has approved it.

        The same `key` with the same content gives the first. Refused: Dispute.Closed, Dispute.NotInArbitration,
        NotArbitrator (the mediator too), Bench.Tied, Dispute.Drafted, TooEarly, NotTheWhole, TooShort, KeyReused.
        """
        with locked(dispute.project, dispute):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(dispute, shares, reasons=reasons, by=by)
            cls._must_be_right(dispute, shares, reasons, by)
            decision = cls.objects.create(
                dispute=dispute,
                arbitrator=by,
                provider_cents=shares.provider_cents,
                client_cents=shares.client_cents,
                reasons=reasons,
                needs_approval=dispute.cents > settings.SMA_APPROVAL_CENTS,
                key=key,
            )
            if decision.needs_approval:
                Course(dispute).await_approval(at=timezone.now())
            else:
                decision._issue(by=by)
            return decision

    @property
    def shares(self) -> Shares:
        """Both shares, in cents."""
        return Shares(self.provider_cents, self.client_cents)

    @property
    def has_fallen(self) -> bool:
        """Whether it was dropped as a draft: nobody sent it back, its case ended or its arbitrator left before."""
        return self.state == DecisionState.SENT_BACK and not self.sent_back_reason

    @property
    def lasted_days(self) -> int:
        """Whole days from the opening of the case to the decision; 0 until it is issued."""
        return (self.issued_at - self.dispute.opened_at).days if self.issued_at else 0

    def approve(self, *, by: User) -> None:
        """Approve as the second person who was asked: it is issued. A second approval changes nothing.

        Refused: NotWaiting, NotApprover (the arbitrator and the mediator never are), Bench.Tied.
        """
        with locked(self.dispute.project, self.dispute, self):
            if self.state == DecisionState.ISSUED and self.approved_by_id == by.pk:
                return
            self._must_wait_for(by)
            self.approved_by = by
            self._issue(by=by)

    def send_back(self, reason: str, *, by: User) -> None:
        """Send it back to the arbitrator, who writes another. A second call with the same reason changes nothing.

        Refused: NotWaiting, NotApprover, Bench.Tied, NeedsReason.
        """
        with locked(self.dispute.project, self.dispute, self):
            if self.state == DecisionState.SENT_BACK and self.sent_back_reason == reason:
                return
            self._must_wait_for(by)
            if not reason.strip():
                raise self.NeedsReason
            self.state, self.closed_at, self.sent_back_reason = DecisionState.SENT_BACK, timezone.now(), reason
            self.save(update_fields=["state", "closed_at", "sent_back_reason"])
            Course(self.dispute).resume_decision(at=timezone.now())
            self.dispute.tell("sent_back", by=by, text=reason)

    def publish(self, text: str, *, by: User) -> Publication:
        """Put it into the public register in words that name nobody; again, other words take their place.

        Refused: NotPublishable (only what is issued and executed), NeedsText.
        """
        with locked(self.dispute.project, self.dispute, self):
            if self.state != DecisionState.ISSUED or self.dispute.state != DisputeState.EXECUTED:
                raise self.NotPublishable
            if not text.strip():
                raise Dispute.NeedsText
            done, _made = Publication.objects.update_or_create(
                decision=self, defaults={"text": text, "by": by, "withdrawn_at": None}
            )
            return done

    def print_out(self, *, at: datetime) -> None:
        """Print it once and for all, in the language of the terms. Called by Course.decided under the locks."""
        with override(settings.LANGUAGE_CODE):
            content = decision_paper(self, at=at)
        file = Clean(f"decision-sma-{self.dispute.number}.pdf", "application/pdf", content)
        self.paper = Document.take_in(file, owner=self.arbitrator, purpose=PAPER)
        self.save(update_fields=["paper"])

    def keep_paper(self) -> None:
        """See that it has its PDF: one issued before PDFs were kept is printed now, once, which the file says.

        Called for a decision that was issued; once it is printed this changes nothing.
        """
        if self.paper_id:
            return
        with locked(self.dispute.project, self):
            if not self.paper_id:
                self.print_out(at=timezone.now())

    @property
    def printed_at(self) -> datetime | None:
        """When its PDF was made, if that was not when it was issued."""
        if not self.paper or not self.issued_at or self.paper.created_at - self.issued_at < AT_ONCE:
            return None
        return self.paper.created_at

    @property
    def paper_sha256(self) -> str:
        """The hash of the PDF as a file; none before it is issued."""
        return self.paper.sha256 if self.paper else ""

    def facts(self) -> dict[str, Any]:
        """What every step and event of it says."""
        return {"decision": self.pk, "provider_cents": self.provider_cents, "client_cents": self.client_cents}

    def same_as(self, dispute: Dispute, shares: Shares, *, reasons: str, by: User) -> Decision:
        """This decision, if the repeated request says the same; refused (KeyReused) otherwise."""
        if (self.dispute_id, self.shares, self.reasons, self.arbitrator_id) != (dispute.pk, shares, reasons, by.pk):
            raise self.KeyReused
        return self

    def _issue(self, *, by: User) -> None:
        """Freeze it, give it to both sides and let its days run. Under the locks."""
        self.state, self.issued_at, self.sha256 = DecisionState.ISSUED, timezone.now(), self._hash()
        self.save(update_fields=["state", "issued_at", "sha256", "approved_by"])
        Course(self.dispute).decided(self, by=by, at=self.issued_at)

    def _hash(self) -> str:
        tranches = [[part.tranche.position, part.cents] for part in self.dispute.freeze.rows]
        words = [self.dispute.number, tranches, self.provider_cents, self.client_cents, self.reasons]
        return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()

    @classmethod
    def _must_be_right(cls, dispute: Dispute, shares: Shares, reasons: str, by: User) -> None:
        dispute.must_be_in(DisputeState.ARBITRATION)
        held = Bench(dispute).held_by(by)
        if by.pk != dispute.arbitrator_id and Role.ARBITRATOR in held and dispute.arbitrator:
            raise cls.Superseded(name=dispute.arbitrator.display_name)
        if by.pk != dispute.arbitrator_id or Role.MEDIATOR in held:
            raise cls.NotArbitrator
        if has_tie(by, dispute):
            raise Bench.Tied(name=by.display_name)
        if dispute.draft:
            raise Dispute.Drafted
        if dispute.heard_until and timezone.now() <= dispute.heard_until:
            raise cls.TooEarly(at=paris(dispute.heard_until))
        if min(shares) < 0 or sum(shares) != dispute.cents:
            raise cls.NotTheWhole(frozen=euros(dispute.cents))
        if len(reasons.strip()) < LEAST_SIGNS:
            raise cls.TooShort(least=LEAST_SIGNS)

    def _must_wait_for(self, by: User) -> None:
        if self.state != DecisionState.DRAFTED:
            raise self.NotWaiting
        if by.pk != self.dispute.approver_id or by.pk == self.arbitrator_id:
            raise self.NotApprover
        if has_tie(by, self.dispute):
            raise Bench.Tied(name=by.display_name)

    class NotArbitrator(Refusal):
        sentence = _("Only the arbitrator of this case decides it, never who mediated it. Nothing was recorded.")

    class Superseded(Refusal):
        sentence = _("You no longer decide this case: %(name)s has it now. Keep your text: nothing was recorded.")

    class TooEarly(Refusal):
        sentence = _("Both sides were told that their evidence is in time until %(at)s: decide after that.")

    class NotTheWhole(Refusal):
        sentence = _("%(frozen)s are frozen: the two shares must come to exactly that. Nothing was recorded.")

    class TooShort(Refusal):
        sentence = _("Write the reasons of the decision: %(least)s signs at least. Nothing was recorded.")

    class NotWaiting(Refusal):
        sentence = _("This decision does not wait for an approval any more. Nothing was recorded.")

    class NotApprover(Refusal):
        sentence = _("Another person of the SMA was asked to approve this decision. Nothing was recorded.")

    class NeedsReason(Refusal):
        sentence = _("Say why you send it back: the arbitrator reads it. Nothing was recorded.")

    class NotPublishable(Refusal):
        sentence = _("A decision is published once it has been executed. Nothing was published.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another decision: nothing was recorded. Send it again.")


class PublicationQuerySet(models.QuerySet["Publication"]):
    def public(self) -> PublicationQuerySet:
        """What the register shows to everybody, the latest decisions first."""
        rows = self.filter(withdrawn_at=None).select_related("decision__dispute__project__category")
        return rows.order_by("-decision__issued_at", "-pk")

    def with_rulings(self) -> PublicationQuerySet:
        """With whether a court has ruled since, as `ruled`."""
        ruled = Dispute.objects.filter(pk=OuterRef("decision__dispute"), seizures__ruling__isnull=False)
        return self.annotate(ruled=Exists(ruled))


class Publication(models.Model):
    """A decision in the public register: the grounds in words that name nobody, chosen by the SMA."""

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="publication", verbose_name=_("decision"))
    text = models.TextField(_("grounds, naming nobody"), max_length=5000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("taken off at"), null=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("published decision"), _("published decisions")
        default_permissions = ("view",)
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.decision)

    def withdraw(self) -> None:
        """Take it off the register. A second call changes nothing."""
        with locked(self):
            if not self.withdrawn_at:
                self.withdrawn_at = timezone.now()
                self.save(update_fields=["withdrawn_at"])

    class NotPublic(Refusal):
        sentence = _("The register does not show this decision: there is nothing to take off.")
