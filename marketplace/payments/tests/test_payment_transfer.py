"""Payments by bank transfer: days between the promise and the money, through Stripe's SDK and the stand-in."""

from __future__ import annotations

import random
from uuid import uuid4

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.payments import gateway, tasks
from marketplace.payments.checkout import page_of
from marketplace.payments.gateway import Intent, Session
from marketplace.payments.models import Means, Payment, PaymentState, Refund
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


def test_one_that_comes_too_late_goes_back_by_itself(
    float_of_ours: Payment, provider_user: User, sandbox: Sandbox
) -> None:
    late = shelf.start(provider_user, "single", means=Means.TRANSFER)
    page = promised(late, sandbox)
    sandbox.pay(shelf.start(provider_user, "single"))
    text = signed_in(provider_user).get(late.return_url()).content.decode()
    assert "Ne faites plus ce virement" in text
    for _turn in range(2):
        page_of(late)
    assert shelf.state_of(late) == PaymentState.OPEN
    assert "Ne faites plus le virement de 120,00" in Notice.objects.get(name="payment.unneeded").letter.subject
    sandbox.click(page, "arrive")
    assert follow(late).state == PaymentState.RETURNED
    letter = Notice.objects.get(name="payment.returned").letter
    assert "le compte qui l’a envoyé" in " ".join(letter.paragraphs)
    assert "sur le compte qui les a envoyés" in signed_in(provider_user).get(late.return_url()).content.decode()
    tasks.send_refund(Refund.objects.get(payment=late).pk)
    refunded = Notice.objects.get(name="payment.refunded").letter
    assert "sur le compte qui a payé" in " ".join(refunded.paragraphs)


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
