"""Deposits: money of the client that came onto the account, and requests for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.payments.models import Payment

if TYPE_CHECKING:
    from .accounts import EscrowAccount
    from .tranches import Tranche

LEAST_CENTS = 50  # Stripe takes no card payment below 0.50 €


class Deposit(models.Model):
    """`cents` that came by one payment, spread over tranches. `tranche` is the one that the payer chose, if any."""

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="deposits")
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="deposit")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    cents = models.BigIntegerField()
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("deposit"), _("deposits")
        default_permissions = ("view",)
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="deposit_of_something")]

    def __str__(self) -> str:
        return f"{self.account}: {self.cents}"

    @classmethod
    def record(
        cls,
        account: EscrowAccount,
        payment: Payment,
        parts: Sequence[tuple[Tranche, int]],
        *,
        tranche_id: int | None,
    ) -> Deposit:
        """Write a deposit and its parts. Called by EscrowAccount.receive under the locks."""
        deposit = cls.objects.create(
            account=account, payment=payment, payer=payment.payer, cents=payment.cents, tranche_id=tranche_id
        )
        DepositPart.objects.bulk_create(DepositPart(deposit=deposit, tranche=t, cents=part) for t, part in parts)
        return deposit


class DepositPart(models.Model):
    """What one deposit brought to one tranche."""

    deposit = models.ForeignKey(Deposit, models.PROTECT, related_name="parts")
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="deposit_parts")
    cents = models.BigIntegerField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["deposit", "tranche"], name="one_part_per_deposit_and_tranche"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="deposit_part_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.cents}"


class DepositRequest(models.Model):
    """The provider asked the client to deposit what a tranche lacks."""

    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="deposit_requests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.tranche)


def lacking_cents(tranches: Iterable[Tranche]) -> int:
    """What these tranches still lack."""
    return sum(tranche.lacking_cents for tranche in tranches)


def payable(cents: int, total: int) -> bool:
    """Whether a card can pay `cents` of the `total` that is lacking, and later what is then left."""
    return cents >= LEAST_CENTS and not 0 < total - cents < LEAST_CENTS


def unpayable_rest(cents: int, filled: Sequence[Tranche], total: int) -> int:
    """What a deposit of `cents` into `filled` would leave that no card pays: of the `total`, or on one tranche."""
    parts = spread(cents, filled) or []
    rests = [total - cents, *(tranche.lacking_cents - part for tranche, part in parts)]
    return next((rest for rest in rests if 0 < rest < LEAST_CENTS), 0)


def askable(tranche: Tranche, total: int) -> int:
    """What the client is asked to deposit for `tranche`, in cents: what it lacks, or all the `total` that is lacking.

    All of it when no card could pay that alone, or then the rest; nothing when even that is less than a card pays.
    """
    if not tranche.lacking_cents or total < LEAST_CENTS:
        return 0
    return tranche.lacking_cents if payable(tranche.lacking_cents, total) else total


def spread(cents: int, tranches: Sequence[Tranche]) -> list[tuple[Tranche, int]] | None:
    """`cents` poured into `tranches` in their order, each up to what it lacks; None when they do not take it all."""
    parts = []
    for tranche in tranches:
        if part := min(cents, tranche.lacking_cents):
            parts.append((tranche, part))
            cents -= part
    return None if cents else parts
