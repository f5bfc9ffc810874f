"""Where a payer goes to pay: Stripe's page while that is open, else our own page that says what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.payments import gateway

if TYPE_CHECKING:
    from marketplace.payments.models import Payment


def page_of(payment: Payment) -> str:
    """The address to send the payer to; opens the session or uses the one that is open. No lock is held meanwhile.

    GatewayError when Stripe does not answer: nothing is lost, the same request may be made again.
    """
    if payment.is_payable:
        known = payment.checkout_id
        session = gateway.session(known) if known else gateway.open_session(payment.order)
        payment.follow(session)
        if payment.is_payable and session.url:
            return session.url
    return payment.return_url()
