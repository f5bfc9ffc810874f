"""The stand-in of Stripe as tests use it: a process of its own, started once, and the payer's hand on its buttons."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.conf import settings

from marketplace.launch.cluster import tether
from marketplace.payments import gateway
from marketplace.payments.checkout import page_of

if TYPE_CHECKING:
    from marketplace.payments.models import Payment


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A payer's browser that stops where it is sent."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Sandbox:
    """The process and its switches; nothing is sent to the site unless `send_webhooks_to` is called."""

    def __init__(self) -> None:
        self.url = settings.STRIPE_API_BASE
        self.process: subprocess.Popen[bytes] | None = None
        self.browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)

    def start(self) -> None:
        """Start the process and wait until it answers."""
        address = self.url.removeprefix("http://")
        command = [sys.executable, "-m", "gunicorn", "-w", "1", "--threads", "16", "--no-control-socket", "-b", address]
        environment = {**os.environ, "SANDBOX_WEBHOOK_URL": ""}
        self.process = subprocess.Popen(
            [*tether(), *command, "marketplace.sandbox.wsgi:application"],
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.open("/healthz")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("The stand-in of Stripe does not start.")

    def stop(self) -> None:
        """End the process; whoever calls Stripe then gets no answer."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def open(self, path: str, data: bytes | None = None) -> tuple[int, str, str]:
        """The status, the body and the `Location` of one request, with the key of Stripe's API."""
        headers = {"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"}
        request = urllib.request.Request(path if "://" in path else self.url + path, data, headers)
        try:
            with self.browser.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode(), answer.headers.get("Location", "")

    def api(self, path: str, **params: str) -> dict[str, Any]:
        """What Stripe's API says; with parameters, a POST."""
        found: dict[str, Any] = json.loads(self.open(f"/v1/{path}", urlencode(params).encode() if params else None)[1])
        return found

    def post(self, path: str) -> dict[str, Any]:
        """A POST without parameters, such as `checkout/sessions/{id}/expire`."""
        found: dict[str, Any] = json.loads(self.open(f"/v1/{path}", b"")[1])
        return found

    def control(self, **asked: dict[str, str]) -> None:
        """Turn switches: `set={"fault": "down:1:0", "refund status": "pending"}`, `end_refund={id: "failed"}`."""
        self.open("/control", json.dumps(asked).encode())

    def fail(self, kind: str, times: int = 1, seconds: float = 0) -> None:
        """The next calls of the API: `down` (503), `cut` (done, then no answer), `slow` (done, answered late)."""
        self.control(set={"fault": f"{kind}:{times}:{seconds}"})

    def send_webhooks_to(self, url: str) -> None:
        """Send what happened, and what happens from now on, to this address."""
        self.control(set={"webhook_url": url})

    def click(self, page: str, deed: str) -> str:
        """Press a button of the hosted page; where the payer is sent.

        By card `pay`, `refuse`, `challenge`; by transfer `transfer`, then `arrive`, `part`, `fail`; and `abandon`.
        """
        return self.open(page, urlencode({"deed": deed}).encode())[2]

    def pay(self, payment: Payment) -> Payment:
        """Pay one of our payments to its end, as its payer and the worker would."""
        self.click(page_of(payment), "pay")
        payment.follow(gateway.session(payment.checkout_id))
        payment.refresh_from_db()
        return payment

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of these kinds (all by default), the oldest first."""
        found = self.api("events?limit=1000")["data"][::-1]
        return [event for event in found if not kinds or event["type"] in kinds]


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One process for all the tests of a worker."""
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The stand-in of Stripe with every switch at rest."""
    yield sandbox_process
    if sandbox_process.process is None:
        sandbox_process.start()
    sandbox_process.control(set={"fault": "", "webhook_url": "", "refund status": "succeeded"})
