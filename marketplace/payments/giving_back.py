"""Money that had its place and goes back to the cards that paid it, because both sides or the SMA decided so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Sum

from marketplace.ledger import posting as ledger
from marketplace.payments.models import Payment, PaymentState, Refund

if TYPE_CHECKING:
    from marketplace.ledger.models import Account
    from marketplace.payments.models.payments import PaymentQuerySet


def give_back(cents: int, payments: PaymentQuerySet) -> list[tuple[Account, int]]:
    """Order the refund of `cents` in all out of `payments`, the newest first, one refund from each at most.

    Returns each `refunding` account with its share: the caller posts just that into it, in the same transaction. A
    payment never gives back more than it brought; a sum that they do not cover is a mistake of ours (ValueError).
    """
    shares, left = [], cents
    paid = payments.filter(state=PaymentState.PAID).order_by("pk").select_for_update(no_key=True, of=("self",))
    for payment in list(paid)[::-1]:
        if part := min(left, returnable_cents(payment)):
            shares.append((refunding_of(payment), part))
            payment.refunds.create(intent_id=payment.intent_id, cents=part).ring()
            left -= part
    if left:
        raise ValueError(f"{left} of {cents} cents were never paid here.")
    return shares


def returnable_cents(payment: Payment) -> int:
    """What a payment brought and has not given back."""
    gone = Refund.objects.filter(payment=payment, intent_id=F("payment__intent_id"))
    return payment.cents - int(gone.aggregate(cents=Sum("cents"))["cents"] or 0)


def refunding_of(payment: Payment) -> Account:
    """Where a payment's money waits until Stripe has sent it back; opened with its first refund."""
    if payment.refunding is None:
        payment.refunding = ledger.open_account("refunding")
        payment.save(update_fields=["refunding"])
    return payment.refunding
