"""Payments by card or bank transfer: what is to be paid, what comes back, and what Stripe tells us."""

from marketplace.payments.models.cash import CashReturn
from marketplace.payments.models.inbox import StripeEvent
from marketplace.payments.models.payments import Means, Payment, PaymentState
from marketplace.payments.models.refunds import BACK, Refund, RefundState

__all__ = ["BACK", "CashReturn", "Means", "Payment", "PaymentState", "Refund", "RefundState", "StripeEvent"]
