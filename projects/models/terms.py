"""The terms of an agreement: numbered versions with their tranches, and what the platform charges for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from marketplace.billing.vat import Amount, vat_for
from projects.contacts import masked

from .choices import Formula
from .offers import Offer, TrancheTerms, is_whole

if TYPE_CHECKING:
    from marketplace.accounts.models import User


SAID = (
    *("scope", "price_cents", "delay_days", "formula", "starts_on"),
    *("release_on_silence", "fees_by", "fees_reason"),
)  # what a version says, but for its tranches


class FeesBy(models.TextChoices):
    CLIENT = "CLIENT", _("the client")
    PROVIDER = "PROVIDER", _("the provider, exceptionally")


class Consent(models.TextChoices):
    """What an acceptance does not say by itself: ticked apart, never beforehand (product, sections 4.7 and 5)."""

    FEES = "FEES", _("the provider pays the introduction")
    SILENCE = "SILENCE", _("silence releases the money")


@dataclass(frozen=True)
class Terms:
    """The terms of one version: `price_cents` excluding VAT, tranches that sum to it, delay in days from the start.

    `fees_by` owes the platform its fees; a provider does for a stated `fees_reason` only.
    """

    scope: str
    price_cents: int
    delay_days: int
    formula: str
    starts_on: date | None = None
    tranches: Sequence[TrancheTerms] = field(default_factory=tuple)
    release_on_silence: bool = False
    fees_by: str = FeesBy.CLIENT
    fees_reason: str = ""


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    def standing(self) -> AgreementVersionQuerySet:
        """The terms discussed and frozen at the introduction, then those of avenants in force; the latest first."""
        return self.filter(Q(amendment=None) | Q(amendment__state="IN_FORCE")).order_by("-number")

    def frozen(self) -> AgreementVersionQuerySet:
        """Those that are in force or were: accepted by both, the latest first, each with what froze it."""
        both = self.standing().filter(client_accepted_at__isnull=False, provider_accepted_at__isnull=False)
        return both.select_related("amendment", "agreement")

    def visible_to(self, user: User) -> AgreementVersionQuerySet:
        """The terms of one's own agreements; nobody else's."""
        return self.filter(Q(agreement__client=user) | Q(agreement__provider=user))


class AgreementVersion(models.Model):
    """One numbered state of the terms; `price_cents` and tranches exclude VAT. Never edited: a change is a new one."""

    agreement = models.ForeignKey("projects.Agreement", models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    scope = models.TextField(max_length=40_000)  # an offer's two texts fit
    price_cents = models.BigIntegerField()
    delay_days = models.PositiveIntegerField()
    starts_on = models.DateField(null=True)
    formula = models.CharField(max_length=4, choices=Formula)
    release_on_silence = models.BooleanField(default=False)
    fees_by = models.CharField(max_length=8, choices=FeesBy, default=FeesBy.CLIENT)
    fees_reason = models.TextField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    client_accepted_at = models.DateTimeField(null=True)
    provider_accepted_at = models.DateTimeField(null=True)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="one_version_per_number"),
            models.CheckConstraint(condition=Q(price_cents__gt=0), name="version_price_is_positive"),
            models.CheckConstraint(
                condition=Q(fees_by="CLIENT", fees_reason="") | (Q(fees_by="PROVIDER") & ~Q(fees_reason="")),
                name="provider_pays_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(release_on_silence=False) | Q(formula="R0"), name="silence_releases_in_r0_only"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement}, {self.number}"

    @property
    def is_agreed(self) -> bool:
        """Whether both parties accepted this version."""
        return bool(self.client_accepted_at and self.provider_accepted_at)

    @property
    def amount(self) -> Amount:
        """Price excluding VAT, VAT and total in cents: the sum of the tranches' own roundings."""
        rate = self.agreement.vat_rate_bp
        return Amount.total([Amount.from_ht(tranche.cents, rate) for tranche in self.tranches.all()])

    @property
    def frozen_at(self) -> datetime | None:
        """Since when these terms are, or were, in force: of those that are frozen."""
        amendment = getattr(self, "amendment", None)
        return amendment.in_force_at if amendment else self.agreement.agreed_at

    @property
    def seal(self) -> str:
        """SHA-256 of terms that are frozen, as their avenant keeps it; of the first, whose words stand, worked out."""
        amendment = getattr(self, "amendment", None)
        return amendment.sha256 if amendment else self.digest()

    @property
    def next_in_force(self) -> AgreementVersion | None:
        """The terms that took the place of these, if any did."""
        return self.agreement.versions.frozen().filter(number__gt=self.number).last()

    def accepted_by(self, user: User) -> bool:
        """Whether `user`, one of the two parties, accepted this version."""
        as_client = user.pk == self.agreement.client_id
        return bool(self.client_accepted_at if as_client else self.provider_accepted_at)

    def consents_of(self, user: User) -> frozenset[Consent]:
        """What `user`, one of the two parties, must tick apart to accept this version."""
        asked = {Consent.FEES} if self.fees_by == FeesBy.PROVIDER and user.pk == self.agreement.provider_id else set()
        return frozenset(asked | ({Consent.SILENCE} if self.release_on_silence else set()))

    @property
    def payer(self) -> User:
        """Who owes the platform its fees by these terms."""
        return self.agreement.provider if self.fees_by == FeesBy.PROVIDER else self.agreement.client

    def mark_accepted(self, *, by: User, as_client: bool) -> None:
        """Note one party's acceptance. Called by Agreement.accept or Amendment.accept under the lock."""
        name = "client_accepted_at" if as_client else "provider_accepted_at"
        setattr(self, name, timezone.now())
        self.save(update_fields=[name])

    def says(self, terms: Terms) -> bool:
        """Whether this version already says `terms`."""
        same = all(getattr(self, name) == getattr(terms, name) for name in SAID)
        return same and [tranche.terms for tranche in self.tranches.all()] == list(terms.tranches)

    @property
    def typed_tranches(self) -> list[TrancheTerms]:
        """The tranches as somebody typed them: none when the price is one payment."""
        own = [tranche.terms for tranche in self.tranches.all()]
        return [] if is_whole(own, self.price_cents) else own

    @property
    def terms(self) -> Terms:
        """What this version says."""
        said = {name: getattr(self, name) for name in SAID}
        return Terms(**said, tranches=[tranche.terms for tranche in self.tranches.all()])

    @property
    def fees(self) -> Fees:
        """What the platform is owed for these terms, at its payer's VAT: commission, and in R0 the R0 fee."""
        rate = vat_for(self.payer.company)
        commission = share(self.price_cents, settings.COMMISSION_RATE_BP)
        r0 = share(self.price_cents, settings.R0_FEE_RATE_BP) if self.formula == Formula.R0 else 0
        return Fees(Amount.from_ht(commission, rate), Amount.from_ht(r0, rate))

    def as_json(self) -> dict[str, Any]:
        """The terms in a form that does not depend on wording or language: what is hashed."""
        return {
            "agreement": self.agreement.key,
            "version": self.number,
            "client": self.agreement.client_id,
            "provider": self.agreement.provider_id,
            "scope": self.scope,
            "price_cents": self.price_cents,
            "vat_rate_bp": self.agreement.vat_rate_bp,
            "delay_days": self.delay_days,
            "starts_on": self.starts_on.isoformat() if self.starts_on else None,
            "formula": self.formula,
            "release_on_silence": self.release_on_silence,
            "fees_by": self.fees_by,
            "fees_reason": self.fees_reason,
            "tranches": [
                [t.position, t.title, t.deliverable, t.cents, t.due_on.isoformat() if t.due_on else None]
                for t in self.tranches.all()
            ],
        }

    def digest(self) -> str:
        """SHA-256 of the terms, in hexadecimal."""
        text = json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class AgreementTranche(models.Model):
    """A tranche of a version: cents excluding VAT."""

    version = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="tranches")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    deliverable = models.TextField(max_length=2000, blank=True)
    cents = models.BigIntegerField()
    due_on = models.DateField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="one_agreed_tranche_per_position"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="agreed_tranche_is_positive"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def terms(self) -> TrancheTerms:
        """The tranche as terms."""
        return TrancheTerms(self.title, self.deliverable, self.cents, self.due_on)


def terms_of(offer: Offer) -> Terms:
    """The terms of version 1: the offer's, under the formula that the client wished for."""
    return Terms(
        scope=scope_of(offer),
        price_cents=offer.price_cents,
        delay_days=offer.delay_days,
        formula=Formula.or_base(offer.project.formula_wanted),
        starts_on=offer.starts_on,
        tranches=[unnamed(tranche.terms) for tranche in offer.tranches.all()],
    )


def unnamed(tranche: TrancheTerms) -> TrancheTerms:
    """A tranche without the contact details that its author may have written into it."""
    return replace(tranche, title=masked(tranche.title), deliverable=masked(tranche.deliverable))


def scope_of(offer: Offer) -> str:
    """What version 1 says is to be done: the client's need and files (by their SHA-256), the provider's answer to it.

    Contact details are masked in it, as in the dossier: who the parties are is told by the introduction. In the
    client's language: from there on both parties edit it as they like.
    """
    files = offer.project.specification_files.select_related("document").order_by("pk")
    with override(offer.project.client.language):
        named = "\n".join(f"{file.document.name} (SHA-256 {file.document.sha256})" for file in files)
        parts = [
            (_("The client’s need"), masked(offer.project.description, addresses=False)),
            (_("Specification"), named),
            (_("The provider’s answer"), masked(offer.pitch)),
            (_("Assumptions"), masked(offer.assumptions)),
        ]
        return "\n\n".join(f"{title}\n{text}" for title, text in parts if text)


@dataclass(frozen=True)
class Fees:
    """What the platform is owed at the introduction."""

    commission: Amount
    r0: Amount

    @property
    def total(self) -> Amount:
        """Commission and R0 fee together."""
        return Amount.total([self.commission, self.r0])


def share(cents: int, rate_bp: int) -> int:
    """`rate_bp` basis points of `cents`, half a cent rounded up."""
    return (cents * rate_bp + 5000) // 10_000
