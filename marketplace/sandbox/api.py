"""Stripe's API, the part that the site uses: what each address answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from marketplace.sandbox.bank import Bank, Wrong
from marketplace.sandbox.store import Store, Thing

Asked = dict[str, Any]
Answer = tuple[int, Thing]
LISTS = {
    "checkout/sessions": "checkout.session",
    "customers": "customer",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "balance_transactions": "balance_transaction",
    "events": "event",
}


class Api:
    """Answers one request at a time, each wholly or not at all."""

    def __init__(self, store: Store) -> None:
        self.store, self.bank = store, Bank(store)

    def answer(self, method: str, path: str, asked: Asked, *, host: str, key: str | None) -> Answer:
        """The status and the object for one request; a repeated idempotency key gets the first answer again."""
        request = hashlib.sha256(json.dumps([method, path, asked], sort_keys=True).encode()).hexdigest()
        with self.store.writing():
            if key and (past := self.past(key, request)):
                return past
            self.bank.idempotency_key = key
            status, body = self.tried(method, path, asked, host)
            if key and method == "POST":
                self.store.rows("insert into answer values (?, ?, ?, ?)", key, request, status, json.dumps(body))
            return status, body

    def past(self, key: str, request: str) -> Answer | None:
        """The answer already given under this key; with other parameters, Stripe's refusal."""
        found = self.store.rows("select request, status, body from answer where key = ?", key)
        if not found:
            return None
        if found[0][0] == request:
            return found[0][1], json.loads(found[0][2])
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        return 400, {"error": {"type": "idempotency_error", "message": message}}

    def tried(self, method: str, path: str, asked: Asked, host: str) -> Answer:
        """The answer to a new request."""
        try:
            thing = self.routed(method, path, asked, host)
            for wanted in asked.get("expand", []):
                thing = self.expanded(thing, wanted.split("."))
        except Wrong as wrong:
            return wrong.status, {"error": wrong.error}
        else:
            return 200, thing

    def routed(self, method: str, path: str, asked: Asked, host: str) -> Thing:
        """Find what an address means."""
        name, key, deed = split(path)
        if method == "GET" and (name, deed) == ("customers", "cash_balance"):
            return self.bank.cash_balance(self.bank.need(key, "customer"))
        if method == "GET" and not deed:
            return self.bank.need(key, LISTS[name]) if key else self.listed(name, asked)
        posts: dict[tuple[str, str], Callable[[], Thing]] = {
            ("checkout/sessions", ""): lambda: self.bank.open_session(asked, host),
            ("checkout/sessions", "expire"): lambda: self.bank.expire(self.bank.need(key, "checkout.session")),
            ("payment_intents", "cancel"): lambda: self.bank.cancel(
                self.bank.need(key, "payment_intent"), "requested_by_customer"
            ),
            ("customers", ""): lambda: self.bank.add_customer(asked),
            ("refunds", ""): lambda: self.bank.refund(asked),
        }
        if method == "POST" and bool(key) == bool(deed) and (post := posts.get((name, deed))):
            return post()
        raise Wrong(f"Unrecognized request URL ({method}: {path}).", status=404)

    def listed(self, name: str, asked: Asked) -> Thing:
        """One page of a list, the latest first."""
        found = [thing for thing in self.store.all(LISTS[name]) if matches(thing, asked)]
        if after := asked.get("starting_after"):
            found = found[[thing["id"] for thing in found].index(after) + 1 :]
        limit = int(asked.get("limit", 10))
        return {"object": "list", "url": f"/v1/{name}", "has_more": len(found) > limit, "data": found[:limit]}

    def expanded(self, thing: Any, path: list[str]) -> Any:
        """`thing` with the object behind an identifier in its place, as `expand[]` asks."""
        if isinstance(thing, list):
            return [self.expanded(one, path) for one in thing]
        if not path or not isinstance(thing, dict):
            return thing
        inside = thing.get(path[0])
        if isinstance(inside, str):
            inside = self.store.get(inside)
        return {**thing, path[0]: self.expanded(inside, path[1:])}


def split(path: str) -> tuple[str, str, str]:
    """The list, the identifier and the deed of an address."""
    found = re.fullmatch(rf"/v1/({'|'.join(LISTS)})(?:/(\w+))?(?:/(\w+))?", path)
    if not found:
        raise Wrong(f"Unrecognized request URL ({path}).", status=404)
    name, key, deed = found.groups(default="")
    return name, key, deed


def matches(thing: Thing, asked: Asked) -> bool:
    """Whether an object belongs to a filtered list."""
    since = asked.get("created", {}).get("gte", 0)
    intent, kinds = asked.get("payment_intent"), asked.get("types")
    return (
        thing["created"] >= int(since)
        and (intent is None or thing.get("payment_intent") == intent)
        and (kinds is None or thing.get("type") in kinds)
    )
