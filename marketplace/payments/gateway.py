"""Our one door to Stripe: the only module that imports its SDK. It answers with plain facts of our own.

Every call has a time limit and may be repeated: what creates something carries an idempotency key made from the id of
a row that was committed before. Tests and the trial point it at the stand-in (`STRIPE_API_BASE`).
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import stripe
from django.conf import settings

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger(__name__)
T = TypeVar("T")
CONNECT_SECONDS, ANSWER_SECONDS, RETRIES = 3.0, 8.0, 1
TOLERANCE = 300  # seconds: how old, or how far ahead of us, a signed message may be
FINAL = {400, 402, 404}
INTENT = "payment_intent.latest_charge.balance_transaction"


class GatewayError(Exception):
    """Stripe did not do what we asked; nothing of ours has changed."""


class Unreachable(GatewayError):
    """No answer, or "later": the same call with the same key may be made again."""


class Rejected(GatewayError):
    """Stripe says no, and would say it again."""


class Forged(Exception):
    """A message that Stripe did not sign just now."""


@dataclass(frozen=True)
class Cost:
    """What Stripe kept of one movement of its balance."""

    id: str
    cents: int


@dataclass(frozen=True)
class Instructions:
    """Where a bank transfer is to be sent: an account for this payment alone; `left_cents` is still to come.

    `page` is Stripe's own page that says the same.
    """

    holder: str
    iban: str
    bic: str
    reference: str
    left_cents: int
    page: str


@dataclass(frozen=True)
class Intent:
    """A PaymentIntent: `cents` is what has been received; `instructions` while a bank transfer is awaited."""

    id: str
    status: str
    cents: int
    currency: str
    failure: str = ""
    cost: Cost | None = None
    instructions: Instructions | None = None

    @property
    def is_paid(self) -> bool:
        """Whether the money has left the payer."""
        return self.status == "succeeded"


@dataclass(frozen=True)
class Session:
    """A Checkout Session; `reference` is the key of our payment, `url` empty once it can no longer be paid.

    `customer` is Stripe's number of who pays by bank transfer: one for each payment.
    """

    id: str
    status: str
    url: str
    reference: str
    intent: Intent | None = None
    customer: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether no money will come: the intent was given up, or the means chosen on a page now closed failed."""
        status = self.intent.status if self.intent else ""
        return status == "canceled" or (self.status == "complete" and status == "requires_payment_method")

    @property
    def awaits_money(self) -> bool:
        """Whether its page is closed and a bank transfer may still come."""
        return bool(self.status == "complete" and self.intent and not (self.intent.is_paid or self.has_failed))


@dataclass(frozen=True)
class Repayment:
    """A refund at Stripe; `reference` is the key of ours, `payment` that of a payment whose cash it sends back."""

    id: str
    status: str
    cents: int
    reference: str
    failure: str = ""
    payment: str = ""


@dataclass(frozen=True)
class Message:
    """A signed message: something happened to one object, which is to be retrieved."""

    id: str
    kind: str
    object_id: str
    at: datetime


@lru_cache(maxsize=4)
def client(key: str, base: str) -> stripe.StripeClient:
    """The SDK's client; its connections are kept per thread."""
    http = stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
    return stripe.StripeClient(key, base_addresses={"api": base}, http_client=http, max_network_retries=RETRIES)


def asked(call: Callable[[stripe.StripeClient], T]) -> T:
    """The result of one call, the SDK's errors turned into ours."""
    try:
        return call(client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE))
    except stripe.StripeError as error:
        log.warning("Stripe: %s", error)
        # Also unreachable: a wrong API key (401), too many calls (429), another one with our key under way (409).
        raise (Rejected if error.http_status in FINAL else Unreachable)(str(error)) from error


@dataclass(frozen=True)
class Order:
    """What a Checkout Session is opened for; only what never changes, so that a retry says the same.

    `transfer_from` is the e-mail address of a payer who pays by bank transfer: Stripe writes there when it has to ask
    where such money goes back to. Empty, the order is paid by card.
    """

    key: UUID
    cents: int
    description: str
    success_url: str
    cancel_url: str
    transfer_from: str = ""


def open_session(order: Order) -> Session:
    """Open the page where `order` is paid; the same order gives the same session."""
    key = str(order.key)
    product: Any = {"currency": "eur", "unit_amount": order.cents, "product_data": {"name": order.description}}
    params: Any = {
        "mode": "payment",
        "client_reference_id": key,
        "locale": "auto",
        **means_of(order),
        "line_items": [{"quantity": 1, "price_data": product}],
        "payment_intent_data": {"description": order.description, "metadata": {"payment": key}},
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
    }
    options: Any = {"idempotency_key": f"payment:{key}"}
    return session_of(asked(lambda api: api.v1.checkout.sessions.create(params, options)))


def means_of(order: Order) -> dict[str, Any]:
    """How an order may be paid: by card, or by a transfer within Europe to an account of its own.

    Stripe gives such an account to each Customer: one for each payment, so that no transfer pays another one.
    """
    if not order.transfer_from:
        return {"payment_method_types": ["card"]}
    params: Any = {"email": order.transfer_from, "metadata": {"payment": str(order.key)}}
    options: Any = {"idempotency_key": f"customer:{order.key}"}
    transfer = {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "FR"}}
    return {
        "customer": asked(lambda api: api.v1.customers.create(params, options)).id,
        "payment_method_types": ["customer_balance"],
        "payment_method_options": {
            "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": transfer},
        },
    }


def session(session_id: str) -> Session:
    """A session as it is now, with its intent and what that cost."""
    return session_of(asked(lambda api: api.v1.checkout.sessions.retrieve(session_id, {"expand": [INTENT]})))


def end_session(session_id: str) -> Session:
    """The session, which nobody can pay any more; one that was over before stays as it was.

    A bank transfer that is awaited is awaited no longer: Stripe keeps what has come of it as the payer's cash.
    """
    with suppress(Rejected):
        asked(lambda api: api.v1.checkout.sessions.expire(session_id))
    found = session(session_id)
    if not (found.intent and found.awaits_money):
        return found
    intent_id = found.intent.id
    with suppress(Rejected):
        asked(lambda api: api.v1.payment_intents.cancel(intent_id))
    return session(session_id)


def session_of_intent(intent_id: str) -> Session | None:
    """The session that an intent belongs to, or None for an intent of another making."""
    params: Any = {"payment_intent": intent_id, "limit": 1, "expand": [f"data.{INTENT}"]}
    found = asked(lambda api: api.v1.checkout.sessions.list(params)).data
    return session_of(found[0]) if found else None


def refund(intent_id: str, *, cents: int, key: UUID) -> Repayment:
    """Give back `cents` of a paid intent; the same `key` gives the same refund. Rejected when it cannot take them."""
    params: Any = {"payment_intent": intent_id, "amount": cents, "metadata": {"refund": str(key)}}
    options: Any = {"idempotency_key": f"refund:{key}"}
    return repayment_of(asked(lambda api: api.v1.refunds.create(params, options)))


def cash_of(customer: str) -> int:
    """The cents that a payer sent by bank transfer and that stand for no payment: theirs, kept by Stripe."""
    found = asked(lambda api: api.v1.customers.cash_balance.retrieve(customer)).to_dict()
    return int((found.get("available") or {}).get("eur", 0))


def return_cash(customer: str, *, cents: int, payment: UUID, before: int) -> Repayment:
    """Send `cents` of a payer's cash back to the account that they came from.

    `before` is what was sent back of the same payment earlier: the same demand gives the same refund. Rejected when
    the cash does not suffice.
    """
    params: Any = {"customer": customer, "amount": cents, "currency": "eur", "origin": "customer_balance"}
    params["metadata"] = {"payment": str(payment)}
    options: Any = {"idempotency_key": f"cash:{payment}:{before}:{cents}"}
    return repayment_of(asked(lambda api: api.v1.refunds.create(params, options)))


def payment_of_customer(customer: str) -> str:
    """The key of the payment that a customer was made for; empty for one of another making."""
    found = asked(lambda api: api.v1.customers.retrieve(customer)).to_dict()
    return str((found.get("metadata") or {}).get("payment", ""))


def repayment(refund_id: str) -> Repayment:
    """A refund as it is now."""
    return repayment_of(asked(lambda api: api.v1.refunds.retrieve(refund_id)))


def repayment_by_key(intent_id: str, key: UUID) -> Repayment | None:
    """The refund already made under `key`: Stripe forgets idempotency keys after a day, not what it did."""
    found = asked(lambda api: api.v1.refunds.list({"payment_intent": intent_id, "limit": 100})).data
    return next((fact for fact in map(repayment_of, found) if fact.reference == str(key)), None)


def messages_since(at: datetime, kinds: list[str]) -> Iterator[Message]:
    """What Stripe wanted to tell us since `at`, whether or not it reached us."""
    params: Any = {"created": {"gte": int(at.timestamp())}, "types": kinds, "limit": 100}
    page = asked(lambda api: api.v1.events.list(params))
    return (message_of(event.to_dict()) for event in asked(lambda _api: list(page.auto_paging_iter())))


def verified(payload: bytes, header: str) -> Message:
    """The message in a webhook's body. Forged unless one of our secrets signed it, within five minutes of now.

    The SDK accepts signatures from the future; we do not, nor events dated there.
    """
    try:
        text = payload.decode()
        if not any(is_signed(text, header, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
            raise Forged("No secret of ours signed this.")
        message = message_of(json.loads(text))
    except (UnicodeDecodeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Forged(str(error)) from error
    signed_at = int(re.findall(r"(?:^|,)t=(\d+)", header)[0])
    if max(signed_at, message.at.timestamp()) > time.time() + TOLERANCE:
        raise Forged("This comes from the future.")
    return message


def is_signed(text: str, header: str, secret: str) -> bool:
    """Whether `secret` signed `text` lately."""
    try:
        return bool(stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE))
    except stripe.SignatureVerificationError:
        return False


def message_of(event: dict[str, Any]) -> Message:
    """Our view of one of Stripe's events."""
    at = datetime.fromtimestamp(event["created"], UTC)
    named = event["data"]["object"]  # a cash balance has no number of its own: it is its customer's
    return Message(str(event["id"]), str(event["type"]), str(named.get("id") or named.get("customer") or ""), at)


def session_of(found: stripe.checkout.Session) -> Session:
    """Our view of one of Stripe's sessions; an intent that was not expanded is left out."""
    data = found.to_dict()
    intent = data.get("payment_intent")
    return Session(
        id=data["id"],
        status=data["status"],
        url=data.get("url") or "",
        reference=data.get("client_reference_id") or "",
        intent=intent_of(intent) if isinstance(intent, dict) else None,
        customer=data.get("customer") or "",
    )


def intent_of(data: dict[str, Any]) -> Intent:
    """Our view of one of Stripe's intents."""
    charge, error = data.get("latest_charge") or {}, data.get("last_payment_error") or {}
    cost = charge.get("balance_transaction") or {}
    return Intent(
        id=data["id"],
        status=data["status"],
        cents=data["amount_received"],
        currency=data["currency"],
        failure=str(error.get("code") or error.get("type") or ""),
        cost=Cost(cost["id"], cost["fee"]) if cost else None,
        instructions=instructions_of((data.get("next_action") or {}).get("display_bank_transfer_instructions") or {}),
    )


def instructions_of(told: dict[str, Any]) -> Instructions | None:
    """Where a transfer is to be sent, once Stripe has opened an account for it."""
    accounts = [found["iban"] for found in told.get("financial_addresses") or [] if found.get("iban")]
    if not accounts:
        return None
    return Instructions(
        holder=accounts[0]["account_holder_name"],
        iban=accounts[0]["iban"],
        bic=accounts[0]["bic"],
        reference=told.get("reference") or "",
        left_cents=told["amount_remaining"],
        page=told.get("hosted_instructions_url") or "",
    )


def repayment_of(found: stripe.Refund) -> Repayment:
    """Our view of one of Stripe's refunds."""
    data = found.to_dict()
    return Repayment(
        id=data["id"],
        status=data["status"],
        cents=data["amount"],
        reference=(data.get("metadata") or {}).get("refund", ""),
        failure=data.get("failure_reason") or "",
        payment=(data.get("metadata") or {}).get("payment", ""),
    )
