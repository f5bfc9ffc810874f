"""Where a payer goes to pay: Stripe's page while that is open, else our own page that says what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.payments import gateway

if TYPE_CHECKING:
    from marketplace.payments.models import Payment


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
        payment.follow(session)
        if payment.is_payable and session.url:
            return session.url
    return payment.return_url()


def call_off(payment: Payment) -> None:
    """Close a payment whose purpose is gone, at Stripe too; what was paid meanwhile goes back as ever. No lock is held.

    A bank transfer that may be on its way cannot be closed: its payer is told to send it no more. GatewayError when
    Stripe does not answer.
    """
    if payment.checkout_id:
        payment.follow(gateway.end_session(payment.checkout_id))
        payment.warn_off()
    else:
        payment.drop()
