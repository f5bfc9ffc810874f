"""The equations of payments: every paid one has its transfer, every such transfer its payment, and refunds add up."""

from __future__ import annotations

from django.db.models import CharField, Exists, F, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Concat

from marketplace.ledger import checks
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Payment, Refund, RefundState


def key(intent: str) -> Concat:
    """The key of the transfer that an intent causes."""
    return Concat(Value("stripe:"), intent, Value(":paid"), output_field=CharField())


@checks.register("payments.transfers")
def paid_without_transfer() -> list[str]:
    """Paid or returned payments whose money is not in the ledger."""
    proof = Transfer.objects.filter(key=OuterRef("transfer_key"))
    paid = Payment.objects.exclude(intent_id="").annotate(transfer_key=key("intent_id"))
    return [f"payment {row.key} has no transfer {row.transfer_key}" for row in paid.exclude(Exists(proof))]


@checks.register("payments.owners")
def transfer_without_payment() -> list[str]:
    """Money in the ledger that no payment and no refund accounts for."""
    posted = Transfer.objects.filter(event__in=["payment.paid", "payment.returned"], key__startswith="stripe:")
    owners = [model.objects.annotate(k=key("intent_id")).filter(k=OuterRef("key")) for model in (Payment, Refund)]
    return [f"transfer {row.key} has no payment" for row in posted.exclude(Exists(owners[0]) | Exists(owners[1]))]


@checks.register("payments.refunds")
def refunding_differs() -> list[str]:
    """Payments whose account `refunding` is not the sum of what has not gone back yet."""
    waiting = Coalesce(Sum("refunds__cents", filter=~Q(refunds__state=RefundState.SUCCEEDED)), 0)
    rows = Payment.objects.filter(refunding__isnull=False).annotate(waiting=waiting, balance=F("refunding__balance"))
    wrong = rows.exclude(waiting=F("balance"))
    return [f"payment {row.key}: refunding {row.balance}, refunds {row.waiting}" for row in wrong]
