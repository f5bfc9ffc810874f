"""What follows from what Stripe tells us: our rows are brought to its objects."""

from __future__ import annotations

from uuid import UUID

from marketplace.payments import checkout, gateway
from marketplace.payments.facts import follows
from marketplace.payments.models import CashReturn, Payment, Refund


@follows(
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
)
def session_changed(session_id: str) -> None:
    follow(gateway.session(session_id))


@follows(
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.partially_funded",
)
def intent_changed(intent_id: str) -> None:
    follow(gateway.session_of_intent(intent_id))


@follows("refund.created", "refund.updated", "refund.failed")
def refund_changed(refund_id: str) -> None:
    fact = gateway.repayment(refund_id)
    for refund in Refund.objects.filter(key__in=keys_of(fact.reference)).select_related("payment"):
        refund.follow(fact)
    for payment in Payment.objects.filter(key__in=keys_of(fact.payment)):
        CashReturn.follow(payment, fact)


@follows("cash_balance.funds_available")
def cash_arrived(customer: str) -> None:
    for payment in Payment.objects.filter(key__in=keys_of(gateway.payment_of_customer(customer))):
        checkout.follow(payment, gateway.session(payment.checkout_id))


def follow(session: gateway.Session | None) -> None:
    """Bring the payment of a session to it; a session that is not ours changes nothing."""
    if session:
        for payment in Payment.objects.filter(key__in=keys_of(session.reference)):
            checkout.follow(payment, session)


def keys_of(reference: str) -> list[UUID]:
    """The key in a reference of ours; none in somebody else's."""
    try:
        return [UUID(reference)]
    except ValueError:
        return []
