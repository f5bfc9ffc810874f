"""Payments by bank transfer: days between the promise and the money, through Stripe's SDK and the stand-in."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments import checkout, gateway, tasks
from marketplace.payments.checkout import page_of
from marketplace.payments.gateway import Intent, Session
from marketplace.payments.models import CashReturn, Means, Payment, PaymentState, Refund
from marketplace.payments.tests import shelf
from marketplace.payments.tests.conftest import Deliver
from marketplace.templatetags.page import iban
from marketplace.testing.cast import signed_in
from marketplace.testing.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(provider_user: User) -> Payment:
    return shelf.start(provider_user, means=Means.TRANSFER)


def promised(payment: Payment, sandbox: Sandbox) -> str:
    """The payer has chosen to send the transfer: Stripe's page that says where to."""
    page = page_of(payment)
    sandbox.click(page, "transfer")
    follow(payment)
    return page


def follow(payment: Payment) -> Payment:
    payment.follow(gateway.session(payment.checkout_id))
    payment.refresh_from_db()
    return payment


def test_the_payer_is_told_where_to_send_it(payment: Payment, sandbox: Sandbox) -> None:
    page = promised(payment, sandbox)
    assert (payment.state, payment.is_awaited, payment.instructions["left_cents"]) == ("OPEN", True, 12_000)
    text = signed_in(payment.payer).get(payment.return_url()).content.decode()
    told = payment.instructions
    for words in ("Virement attendu\u00a0: 120,00\u00a0€", iban(told["iban"]), told["reference"], told["bic"], page):
        assert words in text
    assert "hx-trigger" not in text
    letter = Notice.objects.get(name="payment.awaited").letter
    assert letter.subject == "Virement à faire\u00a0: 120,00\u00a0€"
    assert dict(letter.figures)["IBAN"] == iban(told["iban"])
    follow(payment)
    assert Notice.objects.filter(name="payment.awaited").count() == 1


def test_going_to_pay_again_says_where_to_send_it(payment: Payment, sandbox: Sandbox) -> None:
    promised(payment, sandbox)
    answer = signed_in(payment.payer).post(payment.checkout_url())
    assert answer["Location"] == payment.return_url()


def test_it_is_paid_when_it_arrives(payment: Payment, sandbox: Sandbox) -> None:
    page = promised(payment, sandbox)
    sandbox.click(page, "arrive")
    assert follow(payment).state == PaymentState.PAID
    assert (payment.is_awaited, payment.cost_cents) == (False, 60)
    follow(payment)
    assert Notice.objects.filter(name="payment.paid").count() == 1


def test_a_part_of_it_counts_for_nothing_yet(payment: Payment, sandbox: Sandbox) -> None:
    page = promised(payment, sandbox)
    before = gateway.session(payment.checkout_id)
    sandbox.click(page, "part")
    assert (follow(payment).state, payment.instructions["left_cents"]) == ("OPEN", 6_000)
    payment.follow(before)
    payment.refresh_from_db()
    assert payment.instructions["left_cents"] == 6_000
    text = signed_in(payment.payer).get(payment.return_url()).content.decode()
    assert "Une partie des 120,00\u00a0€ est arrivée" in text
    letter = Notice.objects.get(name="payment.part_arrived").letter
    assert letter.subject == "Une partie de votre virement est arrivée\u00a0; reste à envoyer\u00a0: 60,00\u00a0€"
    sandbox.click(page, "arrive")
    assert follow(payment).state == PaymentState.PAID


@pytest.mark.parametrize("seed", range(4))
def test_messages_in_any_order_and_again_give_one_payment(
    payment: Payment, sandbox: Sandbox, deliver: Deliver, seed: int
) -> None:
    start = len(sandbox.events())
    page = page_of(payment)
    for deed in ("transfer", "part", "arrive"):
        sandbox.click(page, deed)
    messages = sandbox.events()[start:] * 2
    random.Random(seed).shuffle(messages)
    for message in messages:
        assert deliver(message) == 200
        tasks.sweep()
    assert shelf.state_of(payment) == PaymentState.PAID
    assert Notice.objects.filter(name="payment.paid").count() == 1


def test_one_that_will_not_come_is_over_and_charges_nothing(payment: Payment, sandbox: Sandbox) -> None:
    page = promised(payment, sandbox)
    sandbox.click(page, "fail")
    assert follow(payment).state == PaymentState.FAILED
    assert "Rien n’a été débité" in signed_in(payment.payer).get(payment.return_url()).content.decode()


@pytest.fixture
def late(provider_user: User, sandbox: Sandbox) -> Payment:
    """A transfer that is promised, for something that a card pays first."""
    payment = shelf.start(provider_user, "single", means=Means.TRANSFER)
    promised(payment, sandbox)
    sandbox.pay(shelf.start(provider_user, "single"))
    return payment


def words_on(payment: Payment) -> str:
    return signed_in(payment.payer).get(payment.return_url()).content.decode()


def told(payment: Payment) -> list[str]:
    """What the payer was told of a payment, in order."""
    events = Event.objects.filter(facts__payment=str(payment.key)).order_by("pk")
    return [event.verb.removeprefix("payment.") for event in events]


def page_at_stripe(payment: Payment) -> str:
    return f"{settings.STRIPE_API_BASE}/c/pay/{payment.checkout_id}"


def hear(sandbox: Sandbox, deliver: Deliver, *kinds: str) -> None:
    """The site receives what Stripe tells, and a worker handles it."""
    for message in sandbox.events(*kinds)[-3:]:
        deliver(message)
    tasks.sweep()


def test_one_whose_place_is_taken_is_called_off_at_stripe(late: Payment, sandbox: Sandbox) -> None:
    assert "Ne faites plus ce virement" in words_on(late)
    for _turn in range(2):
        page_of(late)
    assert shelf.state_of(late) == PaymentState.FAILED
    assert told(late) == ["awaited", "unneeded", "failed"]
    assert "Ne faites plus le virement de 120,00" in Notice.objects.get(name="payment.unneeded").letter.subject
    text = words_on(late)
    assert "Ne faites plus ce virement" in text
    assert iban(late.instructions["iban"]) not in text
    assert "n’est plus attendu" in sandbox.open(page_at_stripe(late))[1]


def test_a_part_of_one_that_is_called_off_comes_back(late: Payment, sandbox: Sandbox) -> None:
    sandbox.click(page_at_stripe(late), "part")
    follow(late)
    assert "60,00\u00a0€ reçus\u00a0: ils vous reviennent" in words_on(late)
    before = Transfer.objects.count()
    for _turn in range(2):
        page_of(late)
    assert told(late) == ["awaited", "unneeded", "failed", "cash_back"]
    back = CashReturn.objects.get()
    assert (back.cents, back.state, Transfer.objects.count()) == (6_000, "SUCCEEDED", before)
    letter = Notice.objects.get(name="payment.cash_back").letter
    assert letter.subject == "60,00\u00a0€ reçus par virement\u00a0: ils vous reviennent"
    assert "Renvoyé sur votre compte" in words_on(late)


def test_a_part_that_comes_after_the_call_comes_back(late: Payment, sandbox: Sandbox, deliver: Deliver) -> None:
    page_of(late)
    sandbox.click(page_at_stripe(late), "part")
    for _turn in range(2):
        hear(sandbox, deliver, "cash_balance.funds_available")
    sandbox.click(page_at_stripe(late), "part")
    hear(sandbox, deliver, "cash_balance.funds_available")
    assert [row.cents for row in CashReturn.objects.all()] == [6_000, 6_000]
    assert told(late).count("cash_back") == 2
    assert "120,00\u00a0€ reçus\u00a0: ils vous reviennent" in words_on(late)


def test_one_that_came_before_the_call_is_a_payment_that_goes_back(
    float_of_ours: Payment, late: Payment, sandbox: Sandbox
) -> None:
    sandbox.click(page_at_stripe(late), "arrive")
    page_of(late)
    assert shelf.state_of(late) == PaymentState.RETURNED
    assert "unneeded" not in told(late)
    letter = Notice.objects.get(name="payment.returned").letter
    assert "le compte qui l’a envoyé" in " ".join(letter.paragraphs)
    assert "sur le compte qui les a envoyés" in words_on(late)
    tasks.send_refund(Refund.objects.get(payment=late).pk)
    refunded = Notice.objects.get(name="payment.refunded").letter
    assert "sur le compte qui a payé" in " ".join(refunded.paragraphs)


def test_what_stripe_cannot_send_back_waits_for_finance(
    late: Payment, sandbox: Sandbox, deliver: Deliver, as_finance: Client
) -> None:
    sandbox.control(set={"refund status": "pending"})
    sandbox.click(page_at_stripe(late), "part")
    page_of(late)
    back = CashReturn.objects.get()
    assert back.state == "SENT"
    sandbox.control(end_refund={back.stripe_id: "failed"})
    for _turn in range(2):
        tasks.catch_up()
        hear(sandbox, deliver, "refund.updated", "refund.failed")
    assert (CashReturn.objects.get().state, told(late).count("cash_stuck")) == ("FAILED", 1)
    page_of(late)
    checkout.return_cash(late, gateway.session(late.checkout_id).customer)
    assert CashReturn.objects.count() == 1
    assert "Notre service financier" in " ".join(Notice.objects.get(name="payment.cash_stuck").letter.paragraphs)
    assert "1 virement que Stripe" in as_finance.get("/admin/").content.decode()
    assert back.stripe_id in as_finance.get(f"/admin/payments/cashreturn/{back.pk}/change/").content.decode()
    assert "60,00" in as_finance.get("/admin/payments/cashreturn/").content.decode()


def test_nobody_is_asked_for_the_rest_of_what_has_no_place(late: Payment, sandbox: Sandbox, deliver: Deliver) -> None:
    sandbox.click(page_at_stripe(late), "part")
    hear(sandbox, deliver, "payment_intent.partially_funded")
    assert "part_arrived" not in told(late)
    sandbox.fail("down", times=9)
    tasks.call_off_promised()
    assert shelf.state_of(late) == PaymentState.OPEN
    sandbox.control(set={"fault": ""})
    tasks.call_off_promised()
    assert shelf.state_of(late) == PaymentState.FAILED
    assert CashReturn.objects.get().cents == 6_000


def test_one_that_does_not_come_for_a_month_is_given_up(payment: Payment, sandbox: Sandbox) -> None:
    promised(payment, sandbox)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        tasks.call_off_promised()
    assert shelf.state_of(payment) == PaymentState.OPEN
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        tasks.call_off_promised()
    assert shelf.state_of(payment) == PaymentState.FAILED
    letter = Notice.objects.get(name="payment.given_up").letter
    assert "Nous l’avons attendu 30 jours" in " ".join(letter.paragraphs)
    assert "Nous l’avons attendu 30 jours" in words_on(payment)


def test_more_than_was_awaited_comes_back(payment: Payment, sandbox: Sandbox, deliver: Deliver) -> None:
    sandbox.click(promised(payment, sandbox), "arrive")
    follow(payment)
    customer = gateway.session(payment.checkout_id).customer
    sandbox.control(add_cash={customer: "500"})
    hear(sandbox, deliver, "cash_balance.funds_available")
    assert (CashReturn.objects.get().cents, shelf.state_of(payment)) == (500, PaymentState.PAID)


def test_one_never_chosen_expires_as_a_card_does(payment: Payment, sandbox: Sandbox) -> None:
    page_of(payment)
    sandbox.post(f"checkout/sessions/{payment.checkout_id}/expire")
    assert follow(payment).state == PaymentState.EXPIRED


def test_awaited_transfers_do_not_expire(payment: Payment, sandbox: Sandbox) -> None:
    promised(payment, sandbox)
    assert "error" in sandbox.post(f"checkout/sessions/{payment.checkout_id}/expire")
    tasks.catch_up()
    assert shelf.state_of(payment) == PaymentState.OPEN
    assert list(Payment.objects.awaited()) == [payment]


def test_the_daily_look_finds_one_whose_message_was_lost(payment: Payment, sandbox: Sandbox) -> None:
    sandbox.click(promised(payment, sandbox), "arrive")
    tasks.look(payment.pk)
    assert shelf.state_of(payment) == PaymentState.PAID


def test_a_key_serves_one_means(payment: Payment) -> None:
    with pytest.raises(Payment.KeyReused):
        shelf.start(payment.payer, key=payment.key)


def test_an_account_that_is_not_open_yet_is_not_told(payment: Payment) -> None:
    assert gateway.instructions_of({"financial_addresses": [{"type": "swift"}]}) is None
    payment.follow(Session("cs_1", "complete", "", str(uuid4()), Intent("pi_1", "processing", 0, "eur")))
    payment.refresh_from_db()
    assert (payment.state, payment.is_awaited) == ("OPEN", False)


def test_the_page_is_its_payer_s_alone(payment: Payment, sandbox: Sandbox, as_client: Client) -> None:
    promised(payment, sandbox)
    assert as_client.get(payment.return_url()).status_code == 404
