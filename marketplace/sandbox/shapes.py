"""The objects of Stripe's API that the stand-in makes, in Stripe's own shapes (version 2026-10-28)."""

from __future__ import annotations

import secrets
import time
from typing import Any

from marketplace.sandbox.store import Thing, new_id

VERSION = "2026-10-28.endive"
DAY = 86_400


def session(asked: dict[str, Any], *, host: str, cents: int, currency: str) -> Thing:
    """An open Checkout Session; its intent is born when the payer first tries to pay, as at Stripe."""
    key = new_id("cs_test")
    return {
        "id": key,
        "object": "checkout.session",
        "amount_subtotal": cents,
        "amount_total": cents,
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "created": int(time.time()),
        "currency": currency,
        "customer": asked.get("customer"),
        "customer_email": asked.get("customer_email"),
        "expires_at": int(asked.get("expires_at", time.time() + DAY)),
        "livemode": False,
        "locale": asked.get("locale"),
        "metadata": asked.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": asked.get("payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "status": "open",
        "success_url": asked.get("success_url"),
        "url": f"{host}/c/pay/{key}",
    }


def intent(cents: int, currency: str, asked: dict[str, Any]) -> Thing:
    """A PaymentIntent that waits for a means of payment."""
    key = new_id("pi")
    return {
        "id": key,
        "object": "payment_intent",
        "amount": cents,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": new_id(f"{key}_secret"),
        "created": int(time.time()),
        "currency": currency,
        "customer": asked.get("customer"),
        "description": asked.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "next_action": None,
        "payment_method_types": asked.get("types", ["card"]),
        "status": "requires_payment_method",
    }


def customer(asked: dict[str, Any]) -> Thing:
    """Somebody who pays."""
    return {
        "id": new_id("cus"),
        "object": "customer",
        "cash_balance": None,
        "created": int(time.time()),
        "email": asked.get("email"),
        "livemode": False,
        "metadata": asked.get("metadata", {}),
    }


def cash_balance(customer: Thing, cents: int) -> Thing:
    """What a customer sent by bank transfer and that stands for no payment."""
    return {
        "object": "cash_balance",
        "available": {"eur": cents},
        "customer": customer["id"],
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


def instructions(cents: int, page: str) -> Thing:
    """What an intent says to who pays by bank transfer (`next_action`): an account of their own, a reference."""
    account = f"3000400001{secrets.randbelow(10**11):011d}"
    body = f"{account}{97 - (int(account) * 100) % 97:02d}"
    told = {
        "amount_remaining": cents,
        "currency": "eur",
        "financial_addresses": [
            {
                "type": "iban",
                "supported_networks": ["sepa"],
                "iban": {
                    "account_holder_name": "Paraphe (essai)",
                    "bic": "BNPAFRPPXXX",
                    "country": "FR",
                    "iban": f"FR{98 - int(f'{body}152700') % 97:02d}{body}",
                },
            }
        ],
        "hosted_instructions_url": page,
        "reference": new_id("")[1:11].upper(),
        "type": "eu_bank_transfer",
    }
    return {"type": "display_bank_transfer_instructions", "display_bank_transfer_instructions": told}


def charge(paid_for: Thing, *, refused: bool) -> Thing:
    """One try at an intent: a card charged, or refused."""
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": paid_for["amount"],
        "amount_captured": 0 if refused else paid_for["amount"],
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": not refused,
        "created": int(time.time()),
        "currency": paid_for["currency"],
        "description": paid_for["description"],
        "disputed": False,
        "failure_code": "card_declined" if refused else None,
        "failure_message": "Your card was declined." if refused else None,
        "livemode": False,
        "metadata": paid_for["metadata"],
        "paid": not refused,
        "payment_intent": paid_for["id"],
        "refunded": False,
        "status": "failed" if refused else "succeeded",
    }


def balance_transaction(source: Thing, cents: int, fee: int) -> Thing:
    """What an object moved on the platform's balance at Stripe, and what Stripe kept of it."""
    now = int(time.time())
    part = {"amount": fee, "application": None, "currency": "eur", "description": "Stripe fees", "type": "stripe_fee"}
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": cents,
        "available_on": now + 2 * DAY,
        "created": now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [part] if fee else [],
        "net": cents - fee,
        "reporting_category": source["object"],
        "source": source["id"],
        "status": "pending",
        "type": source["object"],
    }


def refund(charged: Thing | None, cents: int, asked: dict[str, Any]) -> Thing:
    """Money on its way back: of a charge, to the card; without one a customer's cash, to the account it came from."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": cents,
        "balance_transaction": None,
        "charge": charged["id"] if charged else None,
        "created": int(time.time()),
        "currency": charged["currency"] if charged else "eur",
        "metadata": asked.get("metadata", {}),
        "payment_intent": charged["payment_intent"] if charged else None,
        "reason": asked.get("reason"),
        "receipt_number": None,
        "status": "pending",
    }


def event(kind: str, thing: Thing, idempotency_key: str | None) -> Thing:
    """Something that happened to `thing`, as webhooks tell it."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": VERSION,
        "created": int(time.time()),
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": new_id("req"), "idempotency_key": idempotency_key},
        "type": kind,
    }
