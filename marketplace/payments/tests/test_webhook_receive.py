from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.payments import gateway, tasks
from marketplace.payments.checkout import page_of
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState, StripeEvent
from marketplace.payments.models.inbox import EventState
from marketplace.payments.tests import shelf
from marketplace.payments.tests.conftest import Deliver
from marketplace.sandbox.hooks import signature
from marketplace.testing.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Keys = Callable[[], list[str]]


@pytest.fixture
def paid(payment: Payment, sandbox: Sandbox) -> list[dict[str, Any]]:
    """The messages of a payment made on Stripe's page, none of them delivered."""
    known = len(sandbox.events())
    sandbox.click(page_of(payment), "pay")
    return sandbox.events()[known:]


def later(seconds: float) -> None:
    """Let the rows that were put off be due, as if that time had passed."""
    for model in (StripeEvent, Refund):
        model._base_manager.update(next_try_at=timezone.now() - timedelta(seconds=seconds), claimed_until=None)


def test_a_message_settles_the_payment(payment: Payment, paid: list[dict[str, Any]], deliver: Deliver) -> None:
    assert deliver(paid[-1]) == 200
    assert shelf.state_of(payment) == PaymentState.OPEN
    assert tasks.sweep() == 1
    assert shelf.state_of(payment) == PaymentState.PAID
    assert StripeEvent.objects.get().state == EventState.HANDLED
    assert tasks.sweep() == 0


@pytest.mark.parametrize("age", [-360, 360])
def test_an_old_signature_or_one_from_the_future_is_refused(
    paid: list[dict[str, Any]], deliver: Deliver, age: int
) -> None:
    assert deliver(paid[-1], at=int(time.time()) + age) == 400
    assert not StripeEvent.objects.exists()


def test_an_event_dated_in_the_future_is_refused(paid: list[dict[str, Any]], deliver: Deliver) -> None:
    assert deliver({**paid[-1], "created": int(time.time()) + 3600}) == 400
    assert not StripeEvent.objects.exists()


def test_forged_and_altered_messages_leave_no_row(paid: list[dict[str, Any]], deliver: Deliver) -> None:
    assert deliver(paid[-1], secret="whsec_other") == 400
    assert deliver(paid[-1], body=json.dumps({**paid[-1], "id": "evt_else"})) == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("mark", ["", "t=1", "nonsense", "t=x,v1=y", "v1=1"])
def test_a_message_without_a_signature_leaves_no_row(client: Client, mark: str) -> None:
    answer = client.post("/paiements/stripe", "{}", content_type="application/json", headers={"Stripe-Signature": mark})
    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[]", b"{}", b"not json", b'{"created": 1e30, "id": 1, "type": 1}'])
def test_a_signed_body_that_is_no_event_is_refused(client: Client, body: bytes) -> None:
    mark = signature(body.decode(errors="replace"), ["whsec_sandbox"], int(time.time()))
    answer = client.post("/paiements/stripe", body, content_type="application/json", headers={"Stripe-Signature": mark})
    assert answer.status_code == 400


def test_both_secrets_are_good_while_they_rotate(settings: Any, paid: list[dict[str, Any]], deliver: Deliver) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_next", "whsec_sandbox"]
    assert deliver(paid[-1]) == deliver(paid[-1], secret="whsec_next") == 200
    assert StripeEvent.objects.count() == 1


def test_a_webhook_is_a_post(client: Client) -> None:
    assert client.get("/paiements/stripe").status_code == 405


@pytest.mark.races
def test_thirty_times_the_same_message_at_once_has_one_effect(
    payment: Payment, paid: list[dict[str, Any]], keys: Keys
) -> None:
    body = json.dumps(paid[-1])
    mark = signature(body, ["whsec_sandbox"], int(time.time()))

    def send(_turn: int) -> int:
        try:
            answer = Client().post(
                "/paiements/stripe", body, content_type="application/json", headers={"Stripe-Signature": mark}
            )
            tasks.sweep()
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(send, range(30))) == {200}
    assert StripeEvent.objects.get().state == EventState.HANDLED
    assert shelf.state_of(payment) == PaymentState.PAID
    assert len(keys()) == 2


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_repeats_end_alike(
    provider_user: User, sandbox: Sandbox, deliver: Deliver, keys: Keys, seed: int
) -> None:
    known, payment = len(sandbox.events()), shelf.start(provider_user)
    page = page_of(payment)
    sandbox.click(page, "refuse")
    sandbox.click(page, "pay")
    messages = sandbox.events()[known:] * 2
    random.Random(seed).shuffle(messages)
    for message in messages:
        assert deliver(message) == 200
        tasks.sweep()
    assert shelf.state_of(payment) == PaymentState.PAID
    assert payment.refusal == ""
    assert len(keys()) == 2


def test_a_message_again_three_days_later_changes_nothing(
    payment: Payment, paid: list[dict[str, Any]], deliver: Deliver, keys: Keys
) -> None:
    deliver(paid[-1])
    tasks.sweep()
    before = keys()
    StripeEvent.objects.update(received_at=timezone.now() - timedelta(days=3))
    assert deliver(paid[-1]) == 200
    assert tasks.sweep() == 0
    assert keys() == before


def test_messages_of_others_are_kept_and_change_nothing(sandbox: Sandbox, deliver: Deliver) -> None:
    line = {"quantity": "1", "price_data][currency": "eur", "price_data][unit_amount": "900"}
    foreign = {f"line_items[0][{name}]": value for name, value in line.items()}
    foreign["line_items[0][price_data][product_data][name]"] = "Someone else’s"
    session = sandbox.api(
        "checkout/sessions", mode="payment", success_url="http://x", client_reference_id="order 7", **foreign
    )
    known = len(sandbox.events())
    sandbox.click(session["url"], "pay")
    intent = sandbox.api(f"checkout/sessions/{session['id']}")["payment_intent"]
    sandbox.api("refunds", payment_intent=intent, amount="900")
    for message in sandbox.events()[known:]:
        deliver(message)
    tasks.sweep()
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {EventState.HANDLED}
    assert not Payment.objects.exists()


def test_an_intent_without_a_session_changes_nothing(sandbox: Sandbox, deliver: Deliver) -> None:
    now = int(time.time())
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "created": now, "data": {"object": {"id": "pi_else"}}}
    deliver(event)
    tasks.sweep()
    assert StripeEvent.objects.get().state == EventState.HANDLED


def test_one_poison_row_stops_no_other(
    payment: Payment, paid: list[dict[str, Any]], provider_user: User, sandbox: Sandbox, deliver: Deliver
) -> None:
    known, poison = len(sandbox.events()), shelf.start(provider_user, "poison")
    sandbox.click(page_of(poison), "pay")
    deliver(sandbox.events()[-1])
    deliver(paid[-1])
    assert known
    assert tasks.sweep() == 2
    assert shelf.state_of(payment) == PaymentState.PAID
    for _turn in range(8):
        later(1)
        tasks.sweep()
    parked = StripeEvent.objects.get(state=EventState.PARKED)
    assert "This row is poison." in parked.failure
    assert shelf.state_of(poison) == PaymentState.OPEN


def test_a_message_whose_object_is_gone_is_parked_at_last(deliver: Deliver, sandbox: Sandbox) -> None:
    now = int(time.time())
    event = {"id": "evt_2", "type": "refund.updated", "created": now, "data": {"object": {"id": "re_gone"}}}
    deliver(event)
    for _turn in range(8):
        later(1)
        tasks.handle_event(StripeEvent.objects.get().pk)
    row = StripeEvent.objects.get()
    assert (row.state, row.attempts) == (EventState.PARKED, 8)
    row.move(EventState.HANDLED)
    assert row.state == EventState.PARKED


def test_a_dead_stripe_parks_nothing(
    payment: Payment, paid: list[dict[str, Any]], deliver: Deliver, sandbox: Sandbox
) -> None:
    deliver(paid[-1])
    sandbox.stop()
    for _turn in range(9):
        later(1)
        tasks.sweep()
    row = StripeEvent.objects.get()
    assert (row.state, row.attempts) == (EventState.RECEIVED, 9)
    assert row.next_try_at > timezone.now() + timedelta(minutes=40)
    sandbox.start()
    later(1)
    tasks.sweep()
    assert shelf.state_of(payment) == PaymentState.PAID


def test_a_claimed_row_is_left_to_its_worker(paid: list[dict[str, Any]], deliver: Deliver) -> None:
    deliver(paid[-1])
    first = StripeEvent.objects.claim_one(timezone.now())
    assert first
    assert StripeEvent.objects.claim_one(timezone.now()) is None
    assert StripeEvent.objects.claim_one(timezone.now() + timedelta(seconds=26)) == first


def test_a_late_failure_does_not_touch_what_another_worker_did(paid: list[dict[str, Any]], deliver: Deliver) -> None:
    deliver(paid[-1])
    slow = StripeEvent.objects.claim_one(timezone.now())
    assert slow
    later(1)
    tasks.sweep()
    slow.put_off(RuntimeError("late"))
    assert StripeEvent.objects.get().failure == ""


def test_a_sweep_ends_in_time(paid: list[dict[str, Any]], deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BUDGET", 0.0)
    for message in paid:
        deliver(message)
    assert tasks.sweep() == 1


CHILD = """
import django; django.setup()
from marketplace.payments.tests import shelf
from marketplace.payments import tasks
tasks.sweep()
"""


def test_a_worker_killed_before_our_commit_leaves_one_posting(
    payment: Payment, paid: list[dict[str, Any]], deliver: Deliver, keys: Keys
) -> None:
    deliver(paid[-1])
    settled = connection.settings_dict
    address = (
        f"postgres://{settled['USER']}:{settled['PASSWORD']}@{settled['HOST']}:{settled['PORT']}/{settled['NAME']}"
    )
    child = subprocess.run(
        [sys.executable, "-c", CHILD], env={**os.environ, "DATABASE_URL": address, shelf.KILL: "1"}, timeout=60
    )
    assert child.returncode == -9
    assert keys() == []
    assert tasks.sweep() == 0
    row = StripeEvent.objects.get()
    assert row.claimed_until
    assert row.claimed_until < timezone.now() + timedelta(seconds=26)
    later(1)
    assert tasks.sweep() == 1
    assert shelf.state_of(payment) == PaymentState.PAID
    assert len(keys()) == 2


def test_a_worker_killed_after_stripe_gave_the_session_makes_no_second_one(payment: Payment, sandbox: Sandbox) -> None:
    session = gateway.open_session(payment.order)
    assert shelf.state_of(payment) == PaymentState.CREATED
    assert page_of(payment) == session.url
    ours = [one for one in sandbox.api("checkout/sessions?limit=100")["data"] if one["id"] == session.id]
    assert len(ours) == 1


def test_the_fact_is_enough_when_we_never_learned_of_the_session(
    payment: Payment, sandbox: Sandbox, deliver: Deliver
) -> None:
    sandbox.click(gateway.open_session(payment.order).url, "pay")
    deliver(sandbox.events("payment_intent.succeeded")[-1])
    tasks.sweep()
    assert shelf.state_of(payment) == PaymentState.PAID


def test_the_daily_look_finds_what_never_reached_us(
    float_of_ours: Payment, payment: Payment, paid: list[dict[str, Any]], sandbox: Sandbox, provider_user: User
) -> None:
    waiting, unpriced = shelf.start(provider_user), shelf.start(provider_user, "gone")
    page_of(waiting)
    sandbox.control(set={"refund status": "pending"})
    sandbox.pay(unpriced)
    refund = unpriced.refunds.get()
    tasks.send_refund(refund.pk)
    sandbox.control(end_refund={Refund.objects.get().stripe_id: "succeeded"})
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=2))
    Payment.objects.filter(pk=unpriced.pk).update(cost_cents=None)
    tasks.catch_up()
    assert StripeEvent.objects.filter(event_id=paid[-1]["id"]).exists()
    assert [shelf.state_of(one) for one in (payment, waiting)] == [PaymentState.PAID, PaymentState.OPEN]
    unpriced.refresh_from_db()
    refund.refresh_from_db()
    assert (unpriced.cost_cents, refund.state) == (205, RefundState.SUCCEEDED)


def test_the_daily_look_survives_a_dead_stripe(payment: Payment, paid: list[dict[str, Any]], sandbox: Sandbox) -> None:
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=2))
    sandbox.stop()
    tasks.catch_up()
    assert shelf.state_of(payment) == PaymentState.OPEN


def test_a_worker_asks_when_the_payer_comes_back(payment: Payment, paid: list[dict[str, Any]]) -> None:
    tasks.look(payment.pk)
    assert shelf.state_of(payment) == PaymentState.PAID
    assert Event.objects.filter(verb="payment.paid").count() == 1
