"""What happens to money at the stand-in: paying, refusing, expiring, refunding, each with its event."""

from __future__ import annotations

import time
from typing import Any

from marketplace.sandbox import shapes
from marketplace.sandbox.store import Store, Thing

FEE_BP, FEE_FIXED = 150, 25  # Stripe's price for European cards: 1.5 % + 0.25 €
TRANSFER_FEE_BP, TRANSFER_FEE_MOST = 50, 500  # and for bank transfers: 0.5 %, 5.00 € at most


class Wrong(Exception):
    """A request that Stripe would refuse; becomes its error answer."""

    def __init__(self, message: str, *, status: int = 400, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": "invalid_request_error", "message": message}
        self.error.update({name: value for name, value in (("code", code), ("param", param)) if value})


class Bank:
    """The money side of the stand-in. Every method runs inside `store.writing()`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.idempotency_key: str | None = None

    def need(self, key: str, kind: str) -> Thing:
        """The object, or Stripe's 404."""
        if thing := self.store.get(key, kind):
            return thing
        raise Wrong(f"No such {kind}: '{key}'", status=404, code="resource_missing", param="id")

    def tell(self, kind: str, thing: Thing) -> None:
        """Write an event and owe its webhook."""
        self.store.owe(self.store.put(shapes.event(kind, thing, self.idempotency_key))["id"])

    def open_session(self, asked: dict[str, Any], host: str) -> Thing:
        """A new Checkout Session from the parameters of Stripe's API."""
        for name in ("mode", "success_url", "line_items"):
            if not asked.get(name):
                raise Wrong(f"Missing required param: {name}.", code="parameter_missing", param=name)
        cents, currency = priced(asked["line_items"])
        session = shapes.session(asked, host=host, cents=cents, currency=currency)
        asked_intent = {**asked.get("payment_intent_data", {}), "types": session["payment_method_types"]}
        asked_intent["customer"] = asked.get("customer")
        if "customer_balance" in session["payment_method_types"]:
            self.must_be_for_transfers(asked)
        lines = [line["price_data"]["product_data"]["name"] for line in asked["line_items"]]
        self.store.set_control(session["id"], lines[0])
        self.store.put(intent := shapes.intent(cents, currency, asked_intent))
        self.store.set_control(f"intent of {session['id']}", intent["id"])
        return self.store.put(session)

    def must_be_for_transfers(self, asked: dict[str, Any]) -> None:
        """Refuse a session for bank transfers that Stripe would refuse: it needs a customer, and to know which kind."""
        self.need(asked.get("customer", ""), "customer")
        options = asked.get("payment_method_options", {}).get("customer_balance", {})
        kind = options.get("bank_transfer", {})
        countries = {"DE", "FR", "IE", "NL"}
        known = kind.get("type") == "eu_bank_transfer" and kind.get("eu_bank_transfer", {}).get("country") in countries
        if options.get("funding_type") != "bank_transfer" or not known:
            param = "payment_method_options[customer_balance]"
            raise Wrong("Tell which bank transfer funds the customer balance.", param=param)

    def add_customer(self, asked: dict[str, Any]) -> Thing:
        """A new Customer."""
        return self.store.put(shapes.customer(asked))

    def begin(self, session: Thing) -> Thing:
        """The intent of an open session, which the session shows from the first try on."""
        if session["status"] != "open":
            raise Wrong("This Checkout Session is no longer open.", code="checkout_session_closed")
        intent = self.need(self.store.control(f"intent of {session['id']}"), "payment_intent")
        if session["payment_intent"] is None:
            session["payment_intent"] = intent["id"]
            self.store.put(session)
            self.tell("payment_intent.created", intent)
        return intent

    def pay(self, session: Thing) -> None:
        """The card is charged: intent, charge, balance transaction, and the session is complete."""
        fee = (session["amount_total"] * FEE_BP + 5_000) // 10_000 + FEE_FIXED
        self.collect(session, self.begin(session), fee)
        self.tell("checkout.session.completed", session)

    def collect(self, session: Thing, intent: Thing, fee: int) -> None:
        """The money of a session is there."""
        charge = self.store.put(shapes.charge(intent, refused=False))
        charge["balance_transaction"] = self.store.put(shapes.balance_transaction(charge, intent["amount"], fee))["id"]
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            latest_charge=charge["id"],
            next_action=None,
            last_payment_error=None,
        )
        session.update(status="complete", payment_status="paid", url=None)
        for thing in (charge, intent, session):
            self.store.put(thing)
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)

    def promise(self, session: Thing) -> None:
        """The payer will send a transfer: the session is complete and unpaid, its intent says where the money goes."""
        page, intent = session["url"], self.begin(session)
        intent.update(status="requires_action", next_action=shapes.instructions(intent["amount"], page))
        session.update(status="complete", url=None)
        self.store.put(session)
        self.tell("payment_intent.requires_action", self.store.put(intent))
        self.tell("checkout.session.completed", session)

    def receive(self, session: Thing, *, half: bool = False) -> None:
        """A transfer has come for a session: all that is left, or half of it; too late, it is the payer's cash."""
        intent = self.need(session["payment_intent"], "payment_intent")
        if intent["status"] == "canceled":
            self.receive_cash(intent["customer"], intent["amount"] // (1 + half))
            return
        told = intent["next_action"]["display_bank_transfer_instructions"]
        if half and told["amount_remaining"] > 1:
            told["amount_remaining"] -= told["amount_remaining"] // 2
            self.tell("payment_intent.partially_funded", self.store.put(intent))
            return
        self.collect(session, intent, min(intent["amount"] * TRANSFER_FEE_BP // 10_000, TRANSFER_FEE_MOST))
        self.tell("checkout.session.async_payment_succeeded", session)

    def fail(self, session: Thing) -> None:
        """The transfer of a session will not come."""
        intent = self.need(session["payment_intent"], "payment_intent")
        error = {"type": "invalid_request_error", "code": "payment_intent_payment_attempt_expired", "message": "Late."}
        intent.update(status="requires_payment_method", next_action=None, last_payment_error=error)
        self.tell("payment_intent.payment_failed", self.store.put(intent))
        self.tell("checkout.session.async_payment_failed", session)

    def refuse(self, session: Thing) -> None:
        """The bank says no; the session stays open for another card."""
        intent = self.begin(session)
        charge = self.store.put(shapes.charge(intent, refused=True))
        error = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
        error |= {"message": "Your card was declined.", "charge": charge["id"]}
        intent.update(
            status="requires_payment_method", latest_charge=charge["id"], last_payment_error=error, next_action=None
        )
        self.store.put(intent)
        self.tell("charge.failed", charge)
        self.tell("payment_intent.payment_failed", intent)

    def challenge(self, session: Thing) -> None:
        """The bank asks its customer to confirm (3-D Secure)."""
        intent = self.begin(session)
        intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
        self.store.put(intent)
        self.tell("payment_intent.requires_action", intent)

    def expire(self, session: Thing) -> Thing:
        """The session can no longer be paid."""
        if session["status"] != "open":
            raise Wrong('Only Checkout Sessions with a status in ["open"] can be expired.', param="session")
        session.update(status="expired", url=None)
        self.tell("checkout.session.expired", self.store.put(session))
        if session["payment_intent"]:
            self.cancel(self.need(session["payment_intent"], "payment_intent"), "automatic")
        return session

    def cancel(self, intent: Thing, reason: str) -> Thing:
        """The intent can no longer succeed."""
        if intent["status"] in {"succeeded", "canceled"}:
            raise Wrong(f"You cannot cancel this PaymentIntent: it is {intent['status']}.")
        if came := received(intent):
            self.add_cash(intent["customer"], came)
        intent.update(status="canceled", canceled_at=int(time.time()), cancellation_reason=reason, next_action=None)
        self.tell("payment_intent.canceled", self.store.put(intent))
        return intent

    def expire_old(self) -> None:
        """Expire the sessions whose day is over."""
        for session in self.store.all("checkout.session"):
            if session["status"] == "open" and session["expires_at"] < time.time():
                self.expire(session)

    def refund(self, asked: dict[str, Any]) -> Thing:
        """Give back a part or all of a paid intent, or of a customer's cash; more than what is left is refused."""
        if asked.get("origin") == "customer_balance":
            return self.return_cash(asked)
        intent = self.need(asked.get("payment_intent", ""), "payment_intent")
        if intent["status"] != "succeeded":
            raise Wrong("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
        charge = self.need(intent["latest_charge"], "charge")
        left = charge["amount"] - charge["amount_refunded"]
        cents = int(asked.get("amount", left))
        if left == 0:
            raise Wrong(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        if not 0 < cents <= left:
            raise Wrong(f"Refund amount ({cents}) is greater than unrefunded amount on charge ({left})", param="amount")
        if self.refund_mode == "error":
            raise Wrong("This charge can no longer be refunded.", param="payment_intent")
        return self.give_back(charge, cents, asked)

    def cash_balance(self, customer: Thing) -> Thing:
        """What a customer has sent and that stands for no payment."""
        return customer["cash_balance"] or shapes.cash_balance(customer, 0)

    def receive_cash(self, key: str, cents: int) -> None:
        """A transfer comes that no payment awaits."""
        self.tell("cash_balance.funds_available", self.add_cash(key, cents)["cash_balance"])

    def add_cash(self, key: str, cents: int) -> Thing:
        """Money comes to a customer's cash balance, or leaves it."""
        customer = self.need(key, "customer")
        before = self.cash_balance(customer)["available"]["eur"]
        return self.store.put(customer | {"cash_balance": shapes.cash_balance(customer, before + cents)})

    def return_cash(self, asked: dict[str, Any]) -> Thing:
        """Send cash back to the account that it came from."""
        customer, cents = self.need(asked.get("customer", ""), "customer"), int(asked.get("amount", 0))
        if self.refund_mode == "error" or not 0 < cents <= self.cash_balance(customer)["available"]["eur"]:
            raise Wrong("The customer's cash balance cannot be refunded by this amount.", param="amount")
        refund = shapes.refund(None, cents, asked)
        self.store.set_control(f"payer of {refund['id']}", self.add_cash(customer["id"], -cents)["id"])
        self.tell("refund.created", self.store.put(refund))
        return self.end_refund(refund, self.refund_mode)

    @property
    def refund_mode(self) -> str:
        """What becomes of the next refunds: a status of Stripe's, or `error`, which refuses to make them."""
        return self.store.control("refund status", "succeeded")

    def give_back(self, charge: Thing, cents: int, asked: dict[str, Any]) -> Thing:
        """Write a refund and what it moves; the switch "refund status" says how it begins."""
        refund = shapes.refund(charge, cents, asked)
        self.count(charge, cents)
        self.tell("refund.created", self.store.put(refund))
        self.tell("charge.refunded", charge)
        return self.end_refund(refund, self.refund_mode)

    def count(self, charge: Thing, cents: int) -> None:
        """Note on a charge what has been given back of it."""
        charge["amount_refunded"] += cents
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.put(charge)

    def end_refund(self, refund: Thing, status: str) -> Thing:
        """A refund that waits goes on, and one that succeeded may still fail, days later; a failed one is over."""
        if refund["status"] == "failed" or refund["status"] == status:
            return refund
        refund["status"] = status
        if status == "succeeded" and refund["charge"]:
            gone = self.store.put(shapes.balance_transaction(refund, -refund["amount"], 0))
            refund["balance_transaction"] = gone["id"]
        if status == "failed":
            self.take_back(refund)
        self.tell("refund.updated", self.store.put(refund))
        if status == "failed":
            self.tell("refund.failed", refund)
        return refund

    def take_back(self, refund: Thing) -> None:
        """The bank of the payer refuses the money: it stands on the platform's balance again, or is their cash."""
        if not refund["charge"]:
            refund["failure_reason"] = "declined"
            self.add_cash(self.store.control(f"payer of {refund['id']}"), refund["amount"])
            return
        refund["failure_reason"] = "expired_or_canceled_card"
        if refund["balance_transaction"]:
            back = self.store.put(shapes.balance_transaction(refund, refund["amount"], 0))
            refund["failure_balance_transaction"] = back["id"]
        self.count(self.need(refund["charge"], "charge"), -refund["amount"])


def received(intent: Thing) -> int:
    """What has come of a bank transfer that is awaited."""
    told = (intent["next_action"] or {}).get("display_bank_transfer_instructions")
    return int(intent["amount"] - told["amount_remaining"]) if told else 0


def priced(lines: Any) -> tuple[int, str]:
    """The sum and the currency of a session's lines."""
    try:
        currencies = {line["price_data"]["currency"] for line in lines}
        cents = sum(int(line["quantity"]) * int(line["price_data"]["unit_amount"]) for line in lines)
    except (KeyError, TypeError, ValueError) as error:
        raise Wrong(f"Invalid line_items: {error}", param="line_items") from error
    if len(currencies) != 1 or cents < 50:
        raise Wrong("The total amount must be at least 0.50, in one currency.", code="amount_too_small")
    return cents, str(currencies.pop())
