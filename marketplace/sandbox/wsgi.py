"""The stand-in as a WSGI application: `gunicorn -w 1 --threads 16 marketplace.sandbox.wsgi:application`.

From the environment: `VAR_DIR` (its file), `SANDBOX_WEBHOOK_URL`, `STRIPE_WEBHOOK_SECRETS`.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from marketplace.sandbox import params
from marketplace.sandbox.api import Api
from marketplace.sandbox.hooks import Deliverer
from marketplace.sandbox.pages import STYLE, Pages, lang_of
from marketplace.sandbox.refunds import MODES, NEXT, RefundPages
from marketplace.sandbox.store import Store, Thing

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Reply = tuple[int, dict[str, str], str]


class Sandbox:
    """Sends each request to the API, the hosted page or the switches of the tests."""

    def __init__(self, store: Store) -> None:
        self.store, self.api = store, Api(store)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = self.reply(environ)
        data = body.encode()
        lines = [*HEADERS.items(), *headers.items(), ("Content-Length", str(len(data)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", lines)
        return [data]

    def reply(self, environ: WSGIEnvironment) -> Reply:
        """The answer to any request."""
        path = environ["PATH_INFO"]
        if path.startswith("/v1/"):
            return self.called(environ, path)
        if path.startswith("/c/pay/"):
            return self.visited(environ, path.removeprefix("/c/pay/"))
        if path == "/refunds":
            return self.refunds(environ)
        if path == "/style.css":
            return 200, {"Content-Type": "text/css; charset=utf-8"}, STYLE
        if path == "/control" and environ["REQUEST_METHOD"] == "POST":
            return self.controlled(json.loads(body_of(environ)))
        return answered(200, {"stand-in": "stripe"}) if path == "/healthz" else answered(404, {})

    def called(self, environ: WSGIEnvironment, path: str) -> Reply:
        """A call of Stripe's API."""
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer sk_"):
            message = "You did not provide an API key."
            return answered(401, {"error": {"type": "invalid_request_error", "message": message}})
        kind, seconds = self.fault()
        if kind == "down":
            return answered(503, {"error": {"type": "api_error", "message": "The stand-in is down on purpose."}})
        form = body_of(environ) if environ["REQUEST_METHOD"] == "POST" else environ.get("QUERY_STRING", "")
        host = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        status, body = self.api.answer(environ["REQUEST_METHOD"], path, params.decode(form), host=host, key=key)
        if kind == "cut":
            environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
        if kind == "slow":
            time.sleep(seconds)
        return answered(status, body)

    def fault(self) -> tuple[str, float]:
        """The fault that a test wants for this call, and the seconds of a slow one."""
        with self.store.writing():
            kind, times, seconds = (self.store.control("fault") or "none:0:0").split(":")
            if int(times) > 0:
                self.store.set_control("fault", f"{kind}:{int(times) - 1}:{seconds}")
                return kind, float(seconds)
        return "none", 0.0

    def visited(self, environ: WSGIEnvironment, key: str) -> Reply:
        """The hosted page of a session: drawn, or one of its buttons."""
        pages = Pages(lang_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        session = self.store.get(key, "checkout.session")
        if session is None:
            return drawn(404, pages.missing())
        if environ["REQUEST_METHOD"] == "POST":
            return self.done(key, parse_qs(body_of(environ)).get("deed", [""])[0])
        intent = self.store.get(self.store.control(f"intent of {key}"), "payment_intent")
        return drawn(200, pages.checkout(session, intent or {}, self.store.control(key)))

    def done(self, key: str, deed: str) -> Reply:
        """Do what a button says, then go where Stripe would send the payer."""
        bank = self.api.bank
        with self.store.writing():
            bank.idempotency_key = None
            session = bank.need(key, "checkout.session")
            back = {"pay": session["success_url"], "abandon": session["cancel_url"]}.get(deed) or f"/c/pay/{key}"
            if act := self.deeds_on(session).get(deed):
                act(session)
        return 303, {"Location": back.replace("{CHECKOUT_SESSION_ID}", key)}, ""

    def deeds_on(self, session: Thing) -> dict[str, Callable[[Thing], None]]:
        """What the buttons of a session do now: each only where its page shows it."""
        bank, by_transfer = self.api.bank, "customer_balance" in session["payment_method_types"]
        if session["status"] == "open":
            if by_transfer:
                return {"transfer": bank.promise}
            return {"pay": bank.pay, "refuse": bank.refuse, "challenge": bank.challenge}
        intent = self.store.get(session["payment_intent"] or "", "payment_intent")
        if intent and intent["status"] == "canceled" and by_transfer:
            return {"arrive": bank.receive, "part": partial(bank.receive, half=True)}
        if not intent or intent["status"] != "requires_action":
            return {}
        return {"arrive": bank.receive, "part": partial(bank.receive, half=True), "fail": bank.fail}

    def refunds(self, environ: WSGIEnvironment) -> Reply:
        """The page of refunds: drawn, or one of its buttons."""
        if environ["REQUEST_METHOD"] == "POST":
            form = parse_qs(body_of(environ))
            self.turn(*(form.get(name, [""])[0] for name in ("mode", "refund", "deed")))
            return 303, {"Location": "/refunds"}, ""
        pages = RefundPages(lang_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        return drawn(200, pages.refunds(self.store.all("refund")[:50], self.api.bank.refund_mode))

    def turn(self, mode: str, key: str, deed: str) -> None:
        """Turn the switch of the next refunds, or end the refund `key`; what no button says changes nothing."""
        with self.store.writing():
            self.api.bank.idempotency_key = None
            if mode in MODES:
                self.store.set_control("refund status", mode)
            refund = self.store.get(key, "refund")
            if refund and deed in NEXT.get(refund["status"], ()):
                self.api.bank.end_refund(refund, deed)

    def controlled(self, asked: dict[str, dict[str, str]]) -> Reply:
        """The switches of the tests: `set` (name: value), `end_refund` (id: status), `add_cash` (id: cents)."""
        with self.store.writing():
            for name, value in asked.get("set", {}).items():
                self.store.set_control(name, value)
            for key, status in asked.get("end_refund", {}).items():
                self.api.bank.end_refund(self.api.bank.need(key, "refund"), status)
            for key, cents in asked.get("add_cash", {}).items():
                self.api.bank.receive_cash(key, int(cents))
        return answered(200, {})


def body_of(environ: WSGIEnvironment) -> str:
    """The body of a request, as text."""
    return str(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())


def answered(status: int, body: dict[str, object]) -> Reply:
    """A JSON answer."""
    return status, {"Content-Type": "application/json"}, json.dumps(body)


def drawn(status: int, page: str) -> Reply:
    """An HTML answer."""
    return status, {"Content-Type": "text/html; charset=utf-8"}, page


def build() -> Sandbox:
    """The stand-in over its file, with its webhooks on their way."""
    store = Store(Path(os.environ.get("VAR_DIR", "var")) / "sandbox.sqlite3")
    secrets = os.environ.get("STRIPE_WEBHOOK_SECRETS", "whsec_sandbox").split(",")
    Deliverer(store, os.environ.get("SANDBOX_WEBHOOK_URL", ""), secrets).start()
    return Sandbox(store)


application = build()
