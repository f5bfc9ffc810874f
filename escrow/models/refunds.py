"""Refunds: held money that went back to the client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import Amendment

if TYPE_CHECKING:
    from .accounts import EscrowAccount
    from .tranches import Tranche


class Refund(models.Model):
    """One decision: `cents` of the account, taken off tranches, held → refunding, by an avenant both accepted."""

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="refunds")
    amendment = models.OneToOneField(Amendment, models.PROTECT, related_name="+")
    cents = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("refund of a deposit"), _("refunds of deposits")
        default_permissions = ("view",)
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="escrow_refund_of_something")]

    def __str__(self) -> str:
        return f"{self.account}: {self.cents}"

    @classmethod
    def record(cls, account: EscrowAccount, parts: Sequence[tuple[Tranche, int]], *, amendment: Amendment) -> Refund:
        """Write a refund and its parts. Called by EscrowAccount.give_back under the locks."""
        refund = cls.objects.create(account=account, amendment=amendment, cents=sum(cents for _tranche, cents in parts))
        RefundPart.objects.bulk_create(RefundPart(refund=refund, tranche=t, cents=cents) for t, cents in parts)
        return refund


class RefundPart(models.Model):
    """What one refund took off one tranche."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="parts")
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="refund_parts")
    cents = models.BigIntegerField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["refund", "tranche"], name="one_part_per_refund_and_tranche"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="refund_part_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.cents}"
