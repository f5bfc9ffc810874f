"""Why a card, or an account, did not take a refund: Stripe's codes (Refund.failure_reason) in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

WORDS: dict[str, _StrPromise] = {
    "charge_for_pending_refund_disputed": _("the payment is contested"),
    "declined": _("the payer’s bank refused it"),
    "expired_or_canceled_card": _("the card has expired or was cancelled"),
    "insufficient_funds": _("our balance at Stripe did not suffice"),
    "lost_or_stolen_card": _("the card was lost or stolen"),
    "merchant_request": _("it was stopped at our demand"),
    "unknown": _("no reason was given"),
}


def in_words(failure: str) -> str:
    """A failure as people read it, with its code; what is no code of Stripe's is shown as it is."""
    words = WORDS.get(failure)
    return _now("%(words)s (code %(code)s)") % {"words": words, "code": failure} if words else failure
