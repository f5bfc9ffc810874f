"""Webhooks: signed as Stripe signs them, sent again with a growing delay until the receiver says 2xx."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import logging
import threading
import time
import urllib.request

from marketplace.sandbox.bank import Bank
from marketplace.sandbox.store import Store, Thing

log = logging.getLogger(__name__)
TRIES, LONGEST = 40, 3600.0
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def signature(payload: str, secrets: list[str], at: int) -> str:
    """The `Stripe-Signature` header: one `v1` per secret in use."""
    marks = [hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])


class Deliverer(threading.Thread):
    """Sends what is due, a few times a second, and expires old sessions."""

    def __init__(self, store: Store, url: str, secrets: list[str]) -> None:
        super().__init__(daemon=True)
        self.store, self.url, self.secrets = store, url, secrets

    def run(self) -> None:
        """For as long as the process lives."""
        for turn in itertools.count():
            try:
                self.round()
                if turn % 50 == 0:
                    self.expire_old()
            except Exception:
                log.exception("The round of webhooks failed; the next one comes.")
            time.sleep(0.1)

    def expire_old(self) -> None:
        """Close the sessions whose day is over."""
        with self.store.writing():
            Bank(self.store).expire_old()

    def round(self) -> None:
        """One pass; nothing is sent while nobody has said where to."""
        url = self.store.control("webhook_url", self.url)
        for seq, event, tries in self.store.due() if url else []:
            thing = self.store.get(event)
            if tries >= TRIES or thing is None or self.send(url, thing):
                self.store.sent(seq)
            else:
                self.store.put_off(seq, min(0.5 * 2**tries, LONGEST))

    def send(self, url: str, event: Thing) -> bool:
        """Whether the receiver took the event."""
        payload, now = json.dumps(event, indent=2), int(time.time())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, self.secrets, now),
            "User-Agent": "Stripe/1.0 (stand-in)",
        }
        request = urllib.request.Request(url, payload.encode(), headers)  # noqa: S310 an operator's own address
        try:
            with direct.open(request, timeout=10) as answer:
                return 200 <= int(answer.status) < 300
        except OSError as error:
            log.warning("Webhook %s to %s: %s", event["type"], url, error)
            return False
