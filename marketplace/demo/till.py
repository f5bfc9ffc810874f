"""The payer's hand in the trial: pays on the hosted page of Stripe's stand-in, over HTTP, as a browser would."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.error import HTTPError

from marketplace.payments import gateway
from marketplace.payments.checkout import page_of
from marketplace.payments.models import Payment


class StayHere(urllib.request.HTTPRedirectHandler):
    """Where the payer is sent afterwards is ours, and not asked for: the site may not be running."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere)


class NotPaid(Exception):
    """The stand-in did not take the payment."""


def pay(payment: Payment) -> Payment:
    """Open the payment's page, press its button, and follow what Stripe then says, as the worker does."""
    press(page_of(payment), "pay")
    payment.follow(gateway.session(payment.checkout_id))
    payment.refresh_from_db()
    if payment.paid_at is None:
        raise NotPaid(str(payment))
    return payment


def press(page: str, deed: str) -> None:
    """Send the form of the hosted page with one of its buttons."""
    try:
        browser.open(page, f"deed={deed}".encode(), timeout=20).close()
    except HTTPError as answer:
        with answer:
            if not 300 <= answer.code < 400:
                raise NotPaid(f"{page}: {answer.code}") from answer
