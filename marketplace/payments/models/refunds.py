"""Money on its way back to the card that paid."""

from __future__ import annotations

import logging
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account
from marketplace.locking import locked
from marketplace.payments import gateway
from marketplace.payments.gateway import Repayment
from marketplace.payments.models.chores import Chore, ChoreQuerySet
from marketplace.payments.models.payments import Payment
from marketplace.states import States

log = logging.getLogger(__name__)


class RefundState(models.TextChoices):
    """Where a refund is."""

    ASKED = "ASKED", _("to be sent")
    SENT = "SENT", _("on its way")
    SUCCEEDED = "SUCCEEDED", _("given back")
    FAILED = "FAILED", _("failed: to be paid by transfer")
    REPAID = "REPAID", _("given back by transfer")


BACK = (RefundState.SUCCEEDED, RefundState.REPAID)  # the payer has their money
# A bank may hand a refund back days after it succeeded; what failed goes back by bank transfer.
EDGES = (
    ("", "ASKED"),
    ("ASKED", "SENT"),
    ("ASKED", "SUCCEEDED"),
    ("ASKED", "FAILED"),
    ("SENT", "SUCCEEDED"),
    ("SENT", "FAILED"),
    ("SUCCEEDED", "FAILED"),
    ("FAILED", "REPAID"),
)
OUTCOMES = {"succeeded": RefundState.SUCCEEDED, "failed": RefundState.FAILED, "canceled": RefundState.FAILED}


class Refund(Chore):
    """`cents` of one intent that go back to its card. They wait in the payment's `refunding` until Stripe says so."""

    WAITING = ("ASKED",)
    DOORBELL = "marketplace.payments.tasks.send_refund"

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    intent_id = models.CharField(_("Stripe’s payment"), max_length=255)
    cents = models.BigIntegerField(_("amount, in cents"))
    state = models.CharField(_("state"), max_length=10, choices=RefundState, default=RefundState.ASKED)
    stripe_id = models.CharField(_("Stripe’s refund"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ChoreQuerySet[Refund] = ChoreQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name, verbose_name_plural = _("refund"), _("refunds")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="refund_of_something"),
            models.CheckConstraint(
                condition=~Q(state__in=["SENT", "SUCCEEDED"]) | ~Q(stripe_id=""), name="refund_sent_with_its_number"
            ),
            models.UniqueConstraint(fields=["stripe_id"], condition=~Q(stripe_id=""), name="refund_once_at_stripe"),
        ]
        indexes = [models.Index(fields=["next_try_at"], name="refund_waiting", condition=Q(state="ASKED"))]
        triggers = [States(field="state", edges=EDGES)]

    def __str__(self) -> str:
        return f"{self.payment.description} ({self.key})"

    def work(self) -> None:
        """Ask Stripe for the refund, one and the same however often; what Stripe refuses for good stays with us."""
        try:
            known = gateway.repayment_by_key(self.intent_id, self.key) if self.attempts > 1 else None
            fact = known or gateway.refund(self.intent_id, cents=self.cents, key=self.key)
        except gateway.Rejected as error:
            fact = Repayment(self.stripe_id, "failed", self.cents, str(self.key), str(error))
        self.follow(fact)

    def follow(self, fact: Repayment) -> None:
        """Bring the refund to what Stripe says: money leaves `refunding` on success, comes back if that fails later.

        A failed refund stays in `refunding`, to be paid by bank transfer.
        """
        outcome = OUTCOMES.get(fact.status, RefundState.SENT)
        with locked(self.payment, self):
            if (self.state, outcome) not in EDGES:
                return
            if outcome == RefundState.SUCCEEDED:
                self.post(fact, "refunded", ledger.Move(self.account, "stripe", self.cents))
            elif self.state == RefundState.SUCCEEDED:
                self.post(fact, "failed", ledger.Move("stripe", self.account, self.cents))
            self.state, self.stripe_id, self.failure = outcome, fact.id, fact.failure[:300]
            self.claimed_until = None
            self.save(update_fields=["state", "stripe_id", "failure", "claimed_until"])
            self.tell()

    def mark_repaid(self) -> None:
        """The bank transfer that stands in for a failed refund has arrived. A second call changes nothing."""
        with locked(self.payment, self):
            if self.state == RefundState.FAILED:
                self.state = RefundState.REPAID
                self.save(update_fields=["state"])

    def park(self) -> None:
        """Eight tries failed by our own fault: it stays ASKED, is tried each hour, and the log calls for help."""

    @property
    def account(self) -> Account:
        """Where the money waits."""
        account = self.payment.refunding
        assert account is not None  # noqa: S101  (every refund is made with it)
        return account

    def post(self, fact: Repayment, what: str, move: ledger.Move) -> None:
        """Post what Stripe did, under the number of its refund."""
        key = f"stripe:{fact.id}:{what}"
        ledger.post(key, f"payment.refund_{what}", [move], project=self.payment.project_key)

    def tell(self) -> None:
        """Record the end of the refund, for its payer and for Finance."""
        verbs = {RefundState.SUCCEEDED: "payment.refunded", RefundState.FAILED: "payment.refund_failed"}
        if verb := verbs.get(RefundState(self.state)):
            facts = self.payment.facts(cents=self.cents, refund=self.pk)
            Event.record(verb, project=self.payment.project_key, **facts)
