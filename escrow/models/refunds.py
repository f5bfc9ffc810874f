"""Refunds: held or frozen money that went back to the client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.ledger import posting as ledger
from marketplace.payments.giving_back import give_back
from marketplace.payments.models import Payment
from projects.models import Amendment

if TYPE_CHECKING:
    from django.db.models import Model

    from .accounts import EscrowAccount
    from .tranches import Tranche

Part = tuple["Tranche", int]


class Refund(models.Model):
    """One decision: `cents` of the account, taken off tranches, into refunding.

    Out of what is held by an avenant that both accepted or by a request that the provider agreed to, out of what is
    frozen by a settlement or decision of the SMA.
    """

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="refunds")
    amendment = models.OneToOneField(Amendment, models.PROTECT, related_name="+", null=True)
    request = models.OneToOneField("escrow.RefundRequest", models.PROTECT, related_name="refund", null=True)
    freeze = models.OneToOneField("escrow.Freeze", models.PROTECT, related_name="refund", null=True)
    cents = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("refund of a deposit"), _("refunds of deposits")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="escrow_refund_of_something"),
            models.CheckConstraint(
                condition=Q(amendment__isnull=False, request=None, freeze=None)
                | Q(amendment=None, request__isnull=False, freeze=None)
                | Q(amendment=None, request=None, freeze__isnull=False),
                name="escrow_refund_of_one_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.cents}"

    @classmethod
    def order(
        cls, account: EscrowAccount, parts: Sequence[Part], *, source: ledger.Account, **cause: Model
    ) -> tuple[Refund, list[ledger.Move]]:
        """Write a refund and its parts, and order it from the cards that deposited, the latest first.

        Returns it with its moves out of `source`, which the caller posts in the same transaction. Called under the
        locks of project, account and tranches.
        """
        refund = cls.objects.create(account=account, cents=sum(cents for _tranche, cents in parts), **cause)
        RefundPart.objects.bulk_create(RefundPart(refund=refund, tranche=t, cents=cents) for t, cents in parts)
        shares = give_back(refund.cents, Payment.objects.filter(deposit__account=account))
        return refund, [ledger.Move(source, refunding, cents) for refunding, cents in shares]


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
