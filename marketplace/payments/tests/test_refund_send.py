from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.payments import gateway, tasks
from marketplace.payments.gateway import Repayment
from marketplace.payments.models import Payment, Refund, RefundState
from marketplace.payments.tests import shelf
from marketplace.payments.tests.conftest import Deliver
from marketplace.payments.tests.test_webhook_receive import later
from marketplace.testing.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def refund(float_of_ours: Payment, sandbox: Sandbox, provider_user: User) -> Refund:
    return sandbox.pay(shelf.start(provider_user, "gone")).refunds.get()


def sent(refund: Refund) -> Refund:
    tasks.send_refund(refund.pk)
    refund.refresh_from_db()
    return refund


def balance(refund: Refund) -> int:
    refund.refresh_from_db()
    return Refund.objects.get(pk=refund.pk).account.balance


def test_a_refund_that_waits_at_stripe_succeeds_by_its_message(
    refund: Refund, sandbox: Sandbox, deliver: Deliver
) -> None:
    sandbox.control(set={"refund status": "pending"})
    assert sent(refund).state == RefundState.SENT
    assert balance(refund) == 12_000
    sandbox.control(end_refund={refund.stripe_id: "succeeded"})
    for message in sandbox.events("refund.created", "refund.updated")[-2:] * 2:
        deliver(message)
        tasks.sweep()
    refund.refresh_from_db()
    assert (refund.state, balance(refund)) == (RefundState.SUCCEEDED, 0)


def test_a_refund_that_asks_something_of_the_payer_is_on_its_way(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.control(set={"refund status": "requires_action"})
    assert sent(refund).state == RefundState.SENT
    refund.follow(gateway.repayment(refund.stripe_id))
    assert (refund.state, balance(refund)) == (RefundState.SENT, 12_000)


def test_a_refund_that_waited_may_fail(refund: Refund, sandbox: Sandbox, deliver: Deliver) -> None:
    sandbox.control(set={"refund status": "pending"})
    assert sent(refund).state == RefundState.SENT
    sandbox.control(end_refund={refund.stripe_id: "failed"})
    for message in sandbox.events("refund.created", "refund.updated", "refund.failed")[:-4:-1] * 2:
        deliver(message)
        tasks.sweep()
    refund.refresh_from_db()
    assert (refund.state, refund.failure, balance(refund)) == ("FAILED", "expired_or_canceled_card", 12_000)
    assert Notice.objects.filter(name="payment.refund_failed").count() == 1


def test_a_refund_that_stripe_will_not_make_is_left_to_finance(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.control(set={"refund status": "error"})
    assert sent(refund).state == RefundState.FAILED
    assert "can no longer be refunded" in refund.failure
    assert (refund.stripe_id, balance(refund)) == ("", 12_000)


def test_a_refund_that_fails_stays_with_us(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.control(set={"refund status": "failed"})
    assert sent(refund).state == RefundState.FAILED
    assert balance(refund) == 12_000
    letter = Notice.objects.get(name="payment.refund_failed").letter
    assert "120,00" in letter.subject


def test_a_refund_that_fails_after_it_succeeded_comes_back_to_us(
    refund: Refund, sandbox: Sandbox, deliver: Deliver, keys: Callable[[], list[str]]
) -> None:
    assert sent(refund).state == RefundState.SUCCEEDED
    sandbox.control(end_refund={refund.stripe_id: "failed"})
    for _turn in range(2):
        deliver(sandbox.events("refund.failed")[-1])
        tasks.sweep()
    refund.refresh_from_db()
    assert (refund.state, balance(refund)) == (RefundState.FAILED, 12_000)
    assert {f"stripe:{refund.stripe_id}:refunded", f"stripe:{refund.stripe_id}:failed"} <= set(keys())


def test_what_stripe_refuses_for_good_is_left_to_finance(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.api("refunds", payment_intent=refund.intent_id, amount="12000")
    assert sent(refund).state == RefundState.FAILED
    assert "already been refunded" in refund.failure
    assert balance(refund) == 12_000


def test_a_refund_cut_after_stripe_made_it_is_made_once(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.fail("cut", times=2)
    assert sent(refund).state == RefundState.ASKED
    assert refund.next_try_at > timezone.now()
    later(1)
    assert sent(refund).state == RefundState.SUCCEEDED
    assert len(sandbox.api(f"refunds?payment_intent={refund.intent_id}")["data"]) == 1


def test_a_refund_is_found_again_after_stripe_forgot_its_key(refund: Refund, sandbox: Sandbox) -> None:
    fact = gateway.refund(refund.intent_id, cents=refund.cents, key=refund.key)
    assert gateway.repayment_by_key(refund.intent_id, refund.payment.key) is None
    Refund.objects.update(attempts=1)
    assert sent(refund).stripe_id == fact.id


def test_a_refund_never_sent_is_tried_again(refund: Refund, sandbox: Sandbox) -> None:
    sandbox.fail("down", times=2)
    assert sent(refund).state == RefundState.ASKED
    later(1)
    assert sent(refund).state == RefundState.SUCCEEDED
    assert len(sandbox.api(f"refunds?payment_intent={refund.intent_id}")["data"]) == 1


def test_a_mistake_of_ours_is_tried_again_each_hour(refund: Refund, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(refund: Refund, fact: Repayment) -> None:
        raise RuntimeError("A mistake of ours.")

    monkeypatch.setattr(Refund, "follow", broken)
    for _turn in range(9):
        later(1)
        tasks.send_refund(refund.pk)
    refund.refresh_from_db()
    assert (refund.state, refund.attempts) == (RefundState.ASKED, 9)
    monkeypatch.undo()
    later(1)
    assert sent(refund).state == RefundState.SUCCEEDED
