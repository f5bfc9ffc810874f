"""Where a payer goes to pay: Stripe's page while that is open, else our own page that says what happened."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db.models import Sum

from marketplace.payments import gateway
from marketplace.payments.models import CashReturn

if TYPE_CHECKING:
    from marketplace.payments.gateway import Session
    from marketplace.payments.models import Payment

log = logging.getLogger(__name__)


def page_of(payment: Payment) -> str:
    """The address to send the payer to; opens the session or uses the one that is open. No lock is held meanwhile.

    A payment that nobody waits for any more is called off instead: the payer must not be charged for nothing.
    GatewayError when Stripe does not answer: nothing is lost, the same request may be made again.
    """
    if payment.is_payable and not payment.is_wanted:
        call_off(payment)
    if payment.is_payable:
        known = payment.checkout_id
        session = gateway.session(known) if known else gateway.open_session(payment.order)
        follow(payment, session)
        if payment.is_payable and session.url:
            return session.url
    return payment.return_url()


def call_off(payment: Payment, why: str = "unneeded") -> None:
    """Close a payment that shall not be made, at Stripe too; what was paid meanwhile goes back. No lock is held.

    The payer of a bank transfer is told to send it no more and `why` (Payment.warn_off); what has come of it, or comes
    all the same, is sent back. GatewayError when Stripe does not answer.
    """
    if payment.checkout_id:
        session = gateway.end_session(payment.checkout_id)
        if not (session.intent and session.intent.is_paid):
            payment.warn_off(why)
        follow(payment, session)
    else:
        payment.drop()


def follow(payment: Payment, session: Session) -> None:
    """Bring a payment to what Stripe says of its session; what came for one that is over goes back to its payer."""
    payment.follow(session)
    if session.customer and not payment.is_payable:
        return_cash(payment, session.customer)


def return_cash(payment: Payment, customer: str) -> None:
    """Have Stripe send back what `customer` sent beyond `payment` or too late for it. It never was on our balance.

    The same sum is never sent twice. What Stripe could not send back, and what comes beside a refund of the payment
    itself, is left to Finance. GatewayError when Stripe does not answer.
    """
    cents = gateway.cash_of(customer)
    if cents <= 0:
        return
    if payment.cash_returns.failed().exists() or payment.refunds.exists():
        log.warning("Payment %s: %s cents wait at Stripe as the cash of %s.", payment.key, cents, customer)
        return
    before = payment.cash_returns.aggregate(sum=Sum("cents"))["sum"] or 0
    CashReturn.follow(payment, gateway.return_cash(customer, cents=cents, payment=payment.key, before=before))
