"""Agreements: the terms that the client and the winner both accept, then the introduction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.payments import doorbell
from marketplace.payments.models import Payment
from marketplace.refusals import Refusal
from marketplace.states import States

from .calls import new_key
from .choices import Formula
from .content import days_after
from .deadlines import Deadline
from .offers import Offer, must_add_up
from .projects import Project
from .terms import AgreementTranche, AgreementVersion, Consent, Fees, Terms, terms_of

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class AgreementState(models.TextChoices):
    PROPOSED = "PROPOSED", _("terms to confirm")
    AGREED = "AGREED", _("terms confirmed, introduction to pay")
    ACTIVE = "ACTIVE", _("active")
    DECLINED = "DECLINED", _("declined")
    LAPSED = "LAPSED", _("lapsed")


AGREEMENT_MOVES = (
    ("", "PROPOSED"),
    ("PROPOSED", "AGREED"),
    ("AGREED", "ACTIVE"),
    ("PROPOSED", "DECLINED"),
    ("PROPOSED", "LAPSED"),
    ("AGREED", "LAPSED"),
)
LIVING = (AgreementState.PROPOSED, AgreementState.AGREED, AgreementState.ACTIVE)


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def living(self) -> AgreementQuerySet:
        """Agreements being confirmed, paid or active."""
        return self.filter(state__in=LIVING)

    def unpaid(self) -> AgreementQuerySet:
        """Agreements that may still lapse: being confirmed, or waiting for their fees."""
        return self.filter(state__in=[AgreementState.PROPOSED, AgreementState.AGREED])

    def frozen(self) -> AgreementQuerySet:
        """Agreements whose terms both accepted, whatever became of them."""
        return self.exclude(sha256="")

    def declined(self) -> AgreementQuerySet:
        """Agreements that the provider who was chosen did not want."""
        return self.filter(state=AgreementState.DECLINED)

    def visible_to(self, user: User) -> AgreementQuerySet:
        """The two parties' own agreements; nobody else's."""
        return self.filter(Q(client=user) | Q(provider=user))

    def payable_by(self, user: User) -> AgreementQuerySet:
        """The agreements whose fees `user` owes: the client, unless the terms confirmed say that the provider does."""
        return self.filter(Q(payer=user) | Q(payer=None, client=user))


class Agreement(models.Model):
    """What binds a client and the winner: numbered versions, one of them accepted by both (product, section 4.7)."""

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="agreements")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="agreements")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="agreements_as_client")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="agreements_as_provider")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)  # once confirmed
    state = models.CharField(max_length=10, choices=AgreementState, default=AgreementState.PROPOSED, editable=False)
    vat_rate_bp = models.PositiveIntegerField()  # the provider's VAT, frozen with the terms
    confirm_by = models.DateTimeField()
    pay_by = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    agreed_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)  # of the terms in force
    ended_at = models.DateTimeField(null=True)  # declined or lapsed
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    end_reason = models.TextField(max_length=1000, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        triggers = [States(field="state", edges=AGREEMENT_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state__in=["PROPOSED", "AGREED", "ACTIVE"]),
                name="one_living_agreement_per_project",
            ),
            models.CheckConstraint(condition=~Q(client=models.F("provider")), name="agreement_has_two_parties"),
            models.CheckConstraint(
                condition=Q(state__in=["PROPOSED", "DECLINED", "LAPSED"]) | ~Q(sha256=""),
                name="agreed_terms_are_hashed",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | ~Q(state__in=LIVING), name="living_agreement_has_not_ended"
            ),
            models.CheckConstraint(
                condition=Q(payer=None) | Q(payer=models.F("client")) | Q(payer=models.F("provider")),
                name="agreement_is_paid_by_a_party",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}, {self.key}"

    def get_absolute_url(self) -> str:
        return reverse("projects:agreement", args=[self.key])

    @classmethod
    def draw_up(cls, offer: Offer) -> Agreement:
        """Draw up version 1 from the winner's offer, whatever an earlier agreement with them said.

        Called by Selection and SecondChoice under the project's lock.
        """
        project, now = offer.project, timezone.now()
        agreement = cls.objects.create(
            project=project,
            offer=offer,
            client=project.client,
            provider=offer.provider,
            vat_rate_bp=offer.vat_rate_bp,
            confirm_by=days_after(now, settings.AGREEMENT_DAYS),
        )
        agreement.write(terms_of(offer), by=offer.provider)
        agreement._await_by(agreement.confirm_by, now)
        return agreement

    @property
    def version(self) -> AgreementVersion:
        """The version under discussion, or the frozen one that is in force: the latest. Read anew each time.

        The terms of an avenant are among them once they are in force.
        """
        return self.versions.standing()[0]

    def history(self) -> list[AgreementVersion]:
        """Every such version, the latest first, with author, avenant and tranches: two queries for any number."""
        rows = self.versions.standing().select_related("author", "amendment")
        return list(rows.prefetch_related("tranches"))

    @property
    def vat_note(self) -> str:
        """Why the provider bills no VAT, in the words that the law wants; nothing when they bill it."""
        if self.vat_rate_bp:
            return ""
        if self.provider.company.country == "FR":
            return str(_("VAT not applicable, art. 293 B of the French tax code."))
        return str(_("VAT due by the client where it applies (reverse charge)."))

    @property
    def is_r0(self) -> bool:
        """Whether the agreed formula is R0."""
        return self.version.formula == Formula.R0

    def propose(self, terms: Terms, *, by: User, instead_of: int) -> AgreementVersion:
        """Write a new numbered version of the terms, which both must accept anew.

        Only the client chooses the formula: a provider's version keeps it. The same terms give the current version.
        Refused: NotOpen once confirmed or past its date, Replaced when `instead_of` is no longer the latest number,
        Offer.TranchesDoNotSum, R0NotOffered.
        """
        with locked(self.project, self):
            current = self.version
            self.must_be_open()
            if current.number != instead_of:
                raise self.Replaced
            if by == self.provider:
                terms = replace(terms, formula=current.formula)
            must_add_up(terms.tranches, terms.price_cents)
            if current.says(terms):
                return current
            Formula.must_be_offered(terms.formula)
            version = self.write(terms, by=by)
            Event.record(
                "agreement.proposed",
                project=self.project,
                by=by,
                agreement=self.pk,
                number=version.number,
                title=self.project.title,
            )
            return version

    def accept(self, number: int, *, by: User, consents: Collection[Consent] = ()) -> None:
        """Accept version `number` as one of the two parties; when both have, the terms are frozen and hashed.

        A second acceptance changes nothing. Refused: NotOpen (declined or lapsed too), Replaced when a newer version
        exists, NeedsConsent when `consents` lack what these terms ask of `by` apart, R0NotOffered.
        """
        with locked(self.project, self):
            version = self.version
            if version.number == number and version.accepted_by(by) and self.state in LIVING:
                return
            self.must_be_open()
            if version.number != number:
                raise self.Replaced
            Formula.must_be_offered(version.formula)
            if not version.consents_of(by) <= set(consents):
                raise self.NeedsConsent
            version.mark_accepted(by=by, as_client=by == self.client)
            Event.record(
                "agreement.accepted",
                project=self.project,
                by=by,
                agreement=self.pk,
                number=number,
                title=self.project.title,
            )
            if version.is_agreed:
                self._freeze(version)

    def decline(self, *, by: User, reason: str) -> None:
        """End the discussion of the terms; the other party reads the `reason`, the client may then choose again.

        A provider declines (their offer is taken back, their credits do not come back); when the client ends it, the
        agreement lapses. A second call changes nothing. Refused: NotDeclinable once both accepted, NeedsReason.
        """
        with locked(self.project, self):
            if self.state in {AgreementState.DECLINED, AgreementState.LAPSED}:
                return
            if self.state != AgreementState.PROPOSED:
                raise self.NotDeclinable
            if not reason.strip():
                raise self.NeedsReason
            self.ended_by, self.end_reason = by, reason.strip()
            refused = by.pk == self.provider_id
            self._end(AgreementState.DECLINED if refused else AgreementState.LAPSED, timezone.now())
            self._fall_through("agreement.declined" if refused else "agreement.called_off", by=by)

    def lapse(self, *, at: datetime) -> None:
        """A date has passed at `at`: to confirm the terms, or to pay the introduction. The client may choose again.

        A payment on its way finds no place any more and goes back by itself. Refused (NotDue) unless it is so.
        """
        with locked(self.project, self):
            if not self.due_by or at <= self.due_by:
                raise self.NotDue
            was = str(self.state)
            self._end(AgreementState.LAPSED, at)
            self._fall_through("agreement.lapsed", was=was)

    def remind(self, *, at: datetime) -> None:
        """Tell who must act that the date is near. Refused (NotDue) when nothing is waited for at `at`."""
        with locked(self.project, self):
            if not self.due_by or at > self.due_by:
                raise self.NotDue
            self._remind_before(self.due_by, at)
            Event.record(
                "agreement.reminded",
                project=self.project,
                agreement=self.pk,
                title=self.project.title,
                state=str(self.state),
                until=self.due_by.isoformat(),
            )

    @property
    def due_by(self) -> datetime | None:
        """Until when somebody must act: confirm the terms, then pay the introduction; None otherwise."""
        return {AgreementState.PROPOSED: self.confirm_by, AgreementState.AGREED: self.pay_by}.get(
            AgreementState(self.state)
        )

    def fees(self) -> Fees:
        """What the platform is owed for the current version."""
        return self.version.fees

    def pay(self, *, by: User, key: UUID) -> Payment:
        """Start the payment of the fees; the same `key` gives the same payment. Refused (NotPayable) unless agreed.

        Another key (a second tab) gives the payment that is still to be made, so that nobody pays the fees twice.
        """
        with locked(self.project, self):
            if self.state != AgreementState.AGREED:
                raise self.NotPayable
            total, about = self.fees().total, {"payer": by, "purpose": "agreements.fees", "reference": str(self.pk)}
            waiting = Payment.objects.payable().filter(**about, cents=total.cents).first()
            return waiting or Payment.start(
                key=key,
                payer=by,
                purpose="agreements.fees",
                reference=str(self.pk),
                ht_cents=total.ht_cents,
                vat_cents=total.vat_cents,
                cents=total.cents,
                description=str(_("Introduction: %(title)s") % {"title": self.project.title})[:200],
                project=self.project.key,
            )

    def awaits(self, payment: Payment) -> bool:
        """Whether this money would pay the fees: they are due, and this much."""
        return self.state == AgreementState.AGREED and payment.cents == self.fees().total.cents

    def activate(self, payment: Payment) -> list[ledger.Move] | None:
        """The fees are paid: the agreement and its project become active, both sides get each other's details.

        Returns the moves of the fees, or None when this money has no place (paid before, or another amount).
        Called by the payment's settlement, under the locks of project, agreement and payment.
        """
        if not self.awaits(payment):
            return None
        fees = self.fees()
        self.state, self.active_at = AgreementState.ACTIVE, timezone.now()
        self.save(update_fields=["state", "active_at"])
        Deadline.objects.cancel(self)
        self.project.mark_active()
        Event.record(
            "agreement.active",
            project=self.project,
            by=payment.payer,
            agreement=self.pk,
            formula=self.version.formula,
            title=self.project.title,
        )
        parts = [
            ("revenue:commission", fees.commission.ht_cents),
            ("revenue:r0", fees.r0.ht_cents),
            ("vat", fees.total.vat_cents),
        ]
        return [ledger.Move("stripe", account, cents) for account, cents in parts if cents]

    def write(self, terms: Terms, *, by: User, numbers: Sequence[int] = ()) -> AgreementVersion:
        """Write the next version; its tranches are numbered from 1, or keep their `numbers`. Called under the lock."""
        number = 1 + self.versions.count()
        version = AgreementVersion.objects.create(
            agreement=self,
            number=number,
            author=by,
            scope=terms.scope,
            price_cents=terms.price_cents,
            delay_days=terms.delay_days,
            starts_on=terms.starts_on,
            formula=terms.formula,
            release_on_silence=terms.release_on_silence,
            fees_by=terms.fees_by,
            fees_reason=terms.fees_reason,
        )
        AgreementTranche.objects.bulk_create(
            AgreementTranche(version=version, position=n, **vars(part))
            for n, part in zip(numbers or count(1), terms.tranches, strict=False)
        )
        return version

    def mark_amended(self, sha256: str) -> None:
        """The terms of an avenant are those in force. Called by Amendment under the lock."""
        self.sha256 = sha256
        self.save(update_fields=["sha256"])

    def end_with_project(self, at: datetime) -> None:
        """The project has ended `at`, before the introduction was paid. Called by Project under the lock."""
        self._end(AgreementState.LAPSED, at)

    @property
    def has_ended_with_project(self) -> bool:
        """Whether it lapsed because its project was withdrawn or cancelled, not by a date of its own."""
        return self.ended_at is not None and self.ended_at == self.project.ended_at

    def must_be_open(self) -> None:
        """Refuse (NotOpen) changes once the terms are confirmed or the date to confirm them has passed."""
        if not self.is_open:
            raise self.NotOpen

    @property
    def is_open(self) -> bool:
        """Whether its terms may still be discussed."""
        return self.state == AgreementState.PROPOSED and timezone.now() <= self.confirm_by

    @property
    def other_than_payer(self) -> User:
        """The party that owes the platform nothing."""
        return self.other_party(self.payer or self.client)

    def other_party(self, user: User) -> User:
        """The party that `user` is not."""
        return self.provider if user.pk == self.client_id else self.client

    def _freeze(self, version: AgreementVersion) -> None:
        self.state, self.agreed_at, self.sha256 = AgreementState.AGREED, timezone.now(), version.digest()
        self.pay_by, self.payer = days_after(self.agreed_at, settings.INTRODUCTION_DAYS), version.payer
        self.save(update_fields=["state", "agreed_at", "sha256", "pay_by", "payer"])
        self._await_by(self.pay_by, self.agreed_at)
        Event.record(
            "agreement.agreed",
            project=self.project,
            agreement=self.pk,
            number=version.number,
            title=self.project.title,
            pay_by=self.pay_by.isoformat(),
            fees_cents=self.fees().total.cents,
        )

    def _await_by(self, end: datetime, now: datetime) -> None:
        """The agreement lapses at `end` unless somebody acts before, and they are reminded."""
        Deadline.objects.set("agreement.lapse", self, end, project=self.project)
        self._remind_before(end, now)

    def _remind_before(self, end: datetime, now: datetime) -> None:
        confirming = self.state == AgreementState.PROPOSED
        days = settings.AGREEMENT_REMINDER_DAYS if confirming else settings.INTRODUCTION_REMINDER_DAYS
        Deadline.objects.cancel(self, "agreement.remind")
        Deadline.objects.remind("agreement.remind", self, end, days, project=self.project, now=now)

    def _end(self, state: AgreementState, at: datetime) -> None:
        """Nothing is waited for any more; payments that wait are called off, one on its way goes back by itself."""
        self.state, self.ended_at = state, at
        self.save(update_fields=["state", "ended_at", "ended_by", "end_reason"])
        Deadline.objects.cancel(self)
        doorbell.ring("marketplace.payments.tasks.call_off_unwanted", self.project.key)

    def _fall_through(self, verb: str, *, by: User | None = None, **facts: str) -> None:
        """The award is undone: the offer stands no more, and the client has a second choice until a date."""
        offer, at = self.offer, self.ended_at or timezone.now()
        offer.project = self.project
        if self.state == AgreementState.DECLINED:
            offer.mark_declined()
        else:
            offer.mark_lost(self.end_reason or str(self.FELL_THROUGH))
        end = self.project.mark_unsettled(at)
        Deadline.objects.set("project.cancel", self.project, end, project=self.project)
        days = settings.SECOND_CHOICE_REMINDER_DAYS
        Deadline.objects.remind("project.remind", self.project, end, days, project=self.project, now=at)
        told = {"agreement": self.pk, "title": self.project.title, "decide_by": end.isoformat(), **facts}
        Event.record(verb, project=self.project, by=by, reason=self.end_reason, **told)

    class NotOpen(Refusal):
        sentence = _("The terms are already confirmed, or the date to confirm them has passed: they no longer change.")

    FELL_THROUGH = _("The date to confirm the terms or to pay the introduction has passed.")

    class NotDeclinable(Refusal):
        sentence = _("Both of you have accepted these terms: they can no longer be declined.")

    class NeedsReason(Refusal):
        sentence = _("Give your reason: the other party will read it, word for word.")

    class NeedsConsent(Refusal):
        sentence = _("Tick apart what these terms ask of you. Nothing was recorded.")

    class NotDue(Refusal):
        sentence = _("This agreement has not come to that date.")

    class Replaced(Refusal):
        sentence = _("A newer version of the terms was proposed meanwhile: read it first. Nothing was recorded.")

    class NotPayable(Refusal):
        sentence = _("There is nothing to pay on this agreement now. Nothing was charged.")
