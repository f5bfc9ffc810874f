from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.ledger.models import Account, Transfer
from marketplace.payments.models import Payment
from marketplace.payments.tests import shelf
from marketplace.sandbox.hooks import signature
from marketplace.testing.sandbox import Sandbox

Deliver = Callable[..., Any]


@pytest.fixture
def payment(provider_user: User) -> Payment:
    return shelf.start(provider_user)


@pytest.fixture
def deliver(client: Client, settings: Any) -> Deliver:
    """Have the site receive an event of the stand-in, signed now."""

    def send(event: dict[str, Any], *, at: int | None = None, secret: str = "whsec_sandbox", body: str = "") -> int:
        payload = body or json.dumps(event)
        mark = signature(json.dumps(event), [secret], int(time.time()) if at is None else at)
        answer = client.post(
            "/paiements/stripe", payload, content_type="application/json", headers={"Stripe-Signature": mark}
        )
        return answer.status_code

    return send


@pytest.fixture
def keys() -> Callable[[], list[str]]:
    """The keys of all transfers."""
    return lambda: list(Transfer.objects.order_by("key").values_list("key", flat=True))


@pytest.fixture
def total() -> Callable[[str], int]:
    """The total of a recorded account."""

    def read(name: str) -> int:
        account: Any = Account.objects.with_total().get(name=name)
        return int(account.total)

    return read


@pytest.fixture
def float_of_ours(sandbox: Sandbox, client_user: User) -> Payment:
    """Something sold before: what Stripe keeps of money that goes back is then ours to lose, and the books see it."""
    return sandbox.pay(shelf.start(client_user, ht=1_000_000, vat=200_000))
