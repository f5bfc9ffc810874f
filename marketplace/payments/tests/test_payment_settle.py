from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments import gateway
from marketplace.payments.checkout import page_of
from marketplace.payments.gateway import Cost, Intent, Session
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState
from marketplace.payments.tasks import send_refund
from marketplace.payments.tests import shelf
from marketplace.testing.sandbox import Sandbox

pytestmark = pytest.mark.django_db
Keys = Callable[[], list[str]]
Total = Callable[[str], int]


def intent(payment: Payment, **others: Any) -> Intent:
    """A paid intent for the whole sum."""
    known: dict[str, Any] = {"id": "pi_1", "status": "succeeded", "cents": payment.cents, "currency": "eur"}
    return Intent(**(known | others))


def test_money_gets_its_place_its_fee_and_its_notice(payment: Payment, sandbox: Sandbox, total: Total) -> None:
    sandbox.pay(payment)
    assert (payment.state, payment.cost_cents) == (PaymentState.PAID, 205)
    assert payment.paid_at
    assert (total("revenue:credits"), total("vat"), total("stripe_fee")) == (10_000, 2_000, -205)
    assert total("stripe") == 205 - 12_000
    notice = Notice.objects.get(user=payment.payer, name="payment.paid")
    assert "120,00\u00a0€" in notice.letter.subject
    assert notice.path == payment.return_url()


def test_the_same_fact_again_changes_nothing(payment: Payment, sandbox: Sandbox, keys: Keys) -> None:
    sandbox.pay(payment)
    before = keys()
    for _turn in range(3):
        payment.follow(gateway.session(payment.checkout_id))
    assert keys() == before
    assert Event.objects.filter(verb="payment.paid").count() == 1


def test_a_fee_known_later_is_posted_then(payment: Payment, total: Total) -> None:
    payment.settle(intent(payment))
    assert list(Payment.objects.exclude(cost_cents__isnull=False)) == [payment]
    payment.settle(intent(payment, cost=Cost("txn_1", 205)))
    payment.settle(intent(payment, cost=Cost("txn_1", 205)))
    assert (payment.cost_cents, total("stripe_fee")) == (205, -205)


def test_a_fee_of_nothing_posts_nothing(payment: Payment, keys: Keys) -> None:
    payment.settle(intent(payment, cost=Cost("txn_1", 0)))
    assert payment.cost_cents == 0
    assert keys() == ["stripe:pi_1:paid"]


@pytest.mark.parametrize("reference", ["gone", "refused"])
def test_money_without_a_place_goes_back_by_itself(
    float_of_ours: Payment, sandbox: Sandbox, provider_user: User, reference: str, total: Total
) -> None:
    payment = sandbox.pay(shelf.start(provider_user, reference))
    assert payment.state == PaymentState.RETURNED
    refund = Refund.objects.get(payment=payment)
    assert (refund.state, refund.cents, refund.account.balance) == (RefundState.ASKED, 12_000, 12_000)
    send_refund(refund.pk)
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    payment.refresh_from_db()
    assert payment.refunding
    assert payment.refunding.balance == 0
    assert len(sandbox.api(f"refunds?payment_intent={payment.intent_id}")["data"]) == 1
    provider_user.refresh_from_db()
    assert provider_user.name == "Paul Mercier"
    assert list(Notice.objects.filter(user=provider_user).order_by("pk").values_list("name", flat=True)) == [
        "payment.returned",
        "payment.refunded",
    ]


def test_two_open_checkouts_pay_once(float_of_ours: Payment, sandbox: Sandbox, provider_user: User) -> None:
    first, second = shelf.start(provider_user, "unique"), shelf.start(provider_user, "unique")
    pages = [page_of(first), page_of(second)]
    for page in pages:
        sandbox.click(page, "pay")
    for payment in (second, first):
        payment.follow(gateway.session(payment.checkout_id))
    assert (shelf.state_of(first), shelf.state_of(second)) == (PaymentState.RETURNED, PaymentState.PAID)


def test_another_sum_than_asked_has_no_place(float_of_ours: Payment, payment: Payment) -> None:
    payment.settle(intent(payment, cents=payment.cents - 1))
    assert (payment.state, payment.refunds.get().cents) == (PaymentState.RETURNED, 11_999)


def test_a_second_intent_of_a_paid_payment_goes_back(float_of_ours: Payment, payment: Payment) -> None:
    payment.settle(intent(payment, cost=Cost("txn_1", 205)))
    for number in (2, 3, 2):
        payment.settle(intent(payment, id=f"pi_{number}", cost=Cost(f"txn_{number}", 205)))
    assert (payment.state, payment.intent_id, payment.cost_cents) == (PaymentState.PAID, "pi_1", 205)
    assert sorted(payment.refunds.values_list("intent_id", flat=True)) == ["pi_2", "pi_3"]


def test_a_foreign_currency_and_a_wrong_sum_of_moves_are_mistakes(payment: Payment, provider_user: User) -> None:
    with pytest.raises(ValueError, match="usd"):
        payment.settle(intent(payment, currency="usd"))
    wrong = shelf.start(provider_user, "wrong")
    with pytest.raises(ValueError, match="placed 12002 of 12000"):
        wrong.settle(intent(wrong))
    assert not Transfer.objects.exists()
    assert shelf.state_of(wrong) == PaymentState.CREATED


def test_an_expired_session_closes_the_payment(payment: Payment, sandbox: Sandbox) -> None:
    page_of(payment)
    sandbox.post(f"checkout/sessions/{payment.checkout_id}/expire")
    for _turn in range(2):
        payment.follow(gateway.session(payment.checkout_id))
    assert payment.state == PaymentState.EXPIRED
    assert Event.objects.filter(verb="payment.expired").count() == 1


def test_a_cancelled_intent_closes_the_payment(payment: Payment, sandbox: Sandbox) -> None:
    sandbox.click(page_of(payment), "refuse")
    session = gateway.session(payment.checkout_id)
    assert session.intent
    sandbox.post(f"payment_intents/{session.intent.id}/cancel")
    payment.follow(gateway.session(payment.checkout_id))
    assert payment.state == PaymentState.FAILED


def test_money_that_comes_after_all_is_not_lost(payment: Payment) -> None:
    payment.follow(Session("cs_1", "open", "http://stripe.test", str(payment.key)))
    payment.follow(Session("cs_other", "expired", "", str(payment.key)))
    assert payment.state == PaymentState.OPEN
    payment.follow(Session("cs_1", "expired", "", str(payment.key)))
    assert payment.state == PaymentState.EXPIRED
    payment.follow(Session("cs_1", "open", "http://stripe.test", str(payment.key)))
    assert payment.state == PaymentState.EXPIRED
    payment.settle(intent(payment))
    assert payment.state == PaymentState.PAID


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_thirty_workers_with_one_fact_post_once(payment: Payment, sandbox: Sandbox, keys: Keys) -> None:
    sandbox.click(page_of(payment), "pay")
    session = gateway.session(payment.checkout_id)

    def settle(_turn: int) -> None:
        try:
            Payment.objects.get(pk=payment.pk).follow(session)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(settle, range(30)))
    assert shelf.state_of(payment) == PaymentState.PAID
    assert len(keys()) == 2
    assert Event.objects.filter(verb="payment.paid").count() == 1


def test_facts_are_plain_values() -> None:
    assert dataclasses.replace(Intent("pi", "processing", 0, "eur"), status="succeeded").is_paid
