"""Money sent by bank transfer to a payment that is over: the payer's cash at Stripe, which sends it back."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.payments.gateway import Repayment
from marketplace.payments.models.payments import Payment
from marketplace.states import States


class CashReturnState(models.TextChoices):
    """Where it is."""

    SENT = "SENT", _("on its way")
    SUCCEEDED = "SUCCEEDED", _("given back")
    FAILED = "FAILED", _("failed: kept by Stripe for the payer")


EDGES = (
    *(("", state) for state in ("SENT", "SUCCEEDED", "FAILED")),
    *(("SENT", state) for state in ("SUCCEEDED", "FAILED")),
    ("SUCCEEDED", "FAILED"),
)
OUTCOMES = {
    "succeeded": CashReturnState.SUCCEEDED,
    "failed": CashReturnState.FAILED,
    "canceled": CashReturnState.FAILED,
}


class CashReturnQuerySet(models.QuerySet["CashReturn"]):
    def failed(self) -> Self:
        """Money that Stripe could not send back, and keeps for its payer."""
        return self.filter(state=CashReturnState.FAILED)

    def sent(self) -> Self:
        """Money on its way back."""
        return self.filter(state=CashReturnState.SENT)


class CashReturn(models.Model):
    """`cents` that Stripe sends back to a payer: they came for a payment that no longer awaited them.

    They never stood on our balance, hence not in the ledger. A row is what Stripe says of its refund `stripe_id`.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="cash_returns", verbose_name=_("payment"))
    stripe_id = models.CharField(_("Stripe’s refund"), max_length=255, unique=True)
    cents = models.BigIntegerField(_("amount, in cents"))
    state = models.CharField(_("state"), max_length=10, choices=CashReturnState)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = CashReturnQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("transfer sent back by Stripe"), _("transfers sent back by Stripe")
        default_permissions = ("view",)
        ordering = ("-pk",)
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="cash_return_of_something")]
        triggers = [States(field="state", edges=EDGES)]

    def __str__(self) -> str:
        return f"{self.payment.description} ({self.stripe_id})"

    @classmethod
    def follow(cls, payment: Payment, fact: Repayment) -> None:
        """Write what Stripe says of a return of the cash of `payment`, and tell the payer of each change, once.

        Seen again, or late, it changes nothing.
        """
        state = OUTCOMES.get(fact.status, CashReturnState.SENT)
        with locked(payment):
            row = payment.cash_returns.filter(stripe_id=fact.id).first()
            if row is None:
                row = cls(payment=payment, stripe_id=fact.id, cents=fact.cents)
                row.tell("payment.cash_back")
            elif (row.state, state) not in EDGES:
                return
            row.state, row.failure = state, fact.failure[:300]
            row.save()
            if state == CashReturnState.FAILED:
                row.tell("payment.cash_stuck")

    def tell(self, verb: str) -> None:
        """Record a step, for the payer."""
        facts = self.payment.facts(cents=self.cents, refund=self.stripe_id)
        Event.record(verb, project=self.payment.project_key, **facts)
