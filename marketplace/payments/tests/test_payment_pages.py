from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone, translation
from django.utils.html import escape

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.payments import gateway, tasks
from marketplace.payments.checkout import page_of
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.tests import shelf
from marketplace.testing.cast import signed_in
from marketplace.testing.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payer(provider_user: User) -> Client:
    return signed_in(provider_user)


def text(client: Client, path: str, *, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_payer_is_led_to_stripe_and_back(payer: Client, payment: Payment, sandbox: Sandbox) -> None:
    answer = payer.get(f"/paiements/{payment.key}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{sandbox.url}/c/pay/cs_test_")
    back = sandbox.click(answer["Location"], "pay")
    assert back.endswith(f"/paiements/{payment.key}/retour")
    page = text(payer, f"/paiements/{payment.key}/retour")
    assert "Nous attendons la confirmation de votre paiement" in page
    assert 'hx-trigger="every 1s"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    tasks.look(payment.pk)
    live = text(payer, f"/paiements/{payment.key}/etat")
    assert "Paiement reçu\u00a0: 120,00\u00a0€" in live
    assert "hx-trigger" not in live


def test_paying_again_says_that_it_is_paid(payer: Client, payment: Payment, sandbox: Sandbox) -> None:
    sandbox.pay(payment)
    answer = payer.post(f"/paiements/{payment.key}/", follow=True)
    assert answer.redirect_chain == [(f"/paiements/{payment.key}/retour", 302)]
    assert "déjà fait" in answer.content.decode()
    assert len(sandbox.events("payment_intent.succeeded")) == len(
        {event["data"]["object"]["id"] for event in sandbox.events("payment_intent.succeeded")}
    )


def test_paying_again_before_the_fact_is_known_leads_to_it(payer: Client, payment: Payment, sandbox: Sandbox) -> None:
    sandbox.click(page_of(payment), "pay")
    answer = payer.post(f"/paiements/{payment.key}/")
    assert answer["Location"] == f"/paiements/{payment.key}/retour"
    assert shelf.state_of(payment) == PaymentState.PAID


def test_two_tabs_share_one_session(payer: Client, payment: Payment) -> None:
    first, second = (payer.get(f"/paiements/{payment.key}/")["Location"] for _tab in range(2))
    assert first == second


def test_a_payment_without_a_place_is_closed_before_the_card_page(
    payer: Client, provider_user: User, sandbox: Sandbox
) -> None:
    first, second, third = (shelf.start(provider_user, "single") for _n in range(3))
    begun = page_of(second)
    sandbox.pay(first)
    for payment in (second, third):
        answer = payer.get(f"/paiements/{payment.key}/", follow=True)
        assert answer.redirect_chain == [(f"/paiements/{payment.key}/retour", 302)]
        assert "Il n’y a plus rien à payer ici" in answer.content.decode()
        assert shelf.state_of(payment) == PaymentState.EXPIRED
    assert gateway.session(second.checkout_id).status == "expired"
    sandbox.click(begun, "pay")
    assert not gateway.session(second.checkout_id).intent


def test_what_was_paid_before_it_could_be_closed_goes_back(
    payer: Client, float_of_ours: Payment, provider_user: User, sandbox: Sandbox
) -> None:
    first, second = (shelf.start(provider_user, "single") for _n in range(2))
    sandbox.click(page_of(second), "pay")
    sandbox.pay(first)
    assert "n’avait plus d’objet" in payer.get(f"/paiements/{second.key}/", follow=True).content.decode()
    assert shelf.state_of(second) == PaymentState.RETURNED


def test_a_payment_closes_the_others_of_its_project(provider_user: User, sandbox: Sandbox) -> None:
    first, second, free = (shelf.start(provider_user, reference) for reference in ("single", "single", ""))
    Payment.objects.update(project_key="projet")
    page_of(second)
    first.refresh_from_db()
    sandbox.pay(first)
    tasks.call_off_unwanted("projet")
    assert shelf.state_of(second) == PaymentState.EXPIRED
    assert gateway.session(second.checkout_id).status == "expired"
    assert shelf.state_of(free) == PaymentState.CREATED


def test_giving_up_can_be_taken_up_again(payer: Client, payment: Payment, sandbox: Sandbox) -> None:
    back = sandbox.click(page_of(payment), "abandon")
    page = text(payer, back)
    assert "Vous n’avez pas encore payé" in page
    assert "Reprendre le paiement\u00a0: 120,00\u00a0€" in page
    assert f'action="/paiements/{payment.key}/"' in page
    assert "hx-trigger" not in page


def test_a_refusal_by_the_bank_is_told(payer: Client, payment: Payment, sandbox: Sandbox) -> None:
    page = page_of(payment)
    sandbox.click(page, "refuse")
    payment.follow(gateway.session(payment.checkout_id))
    assert payment.refusal == "card_declined"
    assert "Votre banque a refusé le paiement" in text(payer, sandbox.click(page, "abandon"))
    sandbox.click(page, "pay")
    assert "Nous attendons" in text(payer, f"/paiements/{payment.key}/retour")


def test_a_payment_that_was_never_begun_says_so(payer: Client, payment: Payment) -> None:
    assert "Vous n’avez pas encore payé" in text(payer, f"/paiements/{payment.key}/retour")


@pytest.mark.parametrize(("end", "words"), [("expire", "a expiré"), ("cancel", "n’a pas abouti")])
def test_a_closed_payment_says_that_nothing_was_charged(
    payer: Client, payment: Payment, sandbox: Sandbox, end: str, words: str
) -> None:
    sandbox.click(page_of(payment), "refuse")
    session = gateway.session(payment.checkout_id)
    assert session.intent
    ends = {"expire": f"checkout/sessions/{session.id}/expire", "cancel": f"payment_intents/{session.intent.id}/cancel"}
    sandbox.post(ends[end])
    page = payer.get(f"/paiements/{payment.key}/", follow=True).content.decode()
    assert words in page
    assert "Rien n’a été débité" in page


def test_money_without_a_place_is_told(
    payer: Client, float_of_ours: Payment, sandbox: Sandbox, provider_user: User
) -> None:
    payment = sandbox.pay(shelf.start(provider_user, "gone"))
    page = text(payer, f"/paiements/{payment.key}/retour")
    assert "120,00\u00a0€ vous sont rendus" in page or "120,00\u00a0€ retournent" in page


@pytest.mark.parametrize("fault", ["down", "cut"])
def test_when_stripe_is_down_nothing_is_lost(payer: Client, payment: Payment, sandbox: Sandbox, fault: str) -> None:
    sandbox.fail(fault, times=2)
    page = text(payer, f"/paiements/{payment.key}/", status=503)
    assert "Rien n’a été débité" in page
    assert shelf.state_of(payment) == PaymentState.CREATED
    known = len(sandbox.api("checkout/sessions?limit=1000")["data"])
    assert payer.post(f"/paiements/{payment.key}/").status_code == 302
    assert len(sandbox.api("checkout/sessions?limit=1000")["data"]) == known + (fault == "down")


def test_a_stripe_that_does_not_answer_does_not_hold_the_page(
    payer: Client, payment: Payment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "ANSWER_SECONDS", 0.5)
    gateway.client.cache_clear()
    sandbox.fail("slow", times=2, seconds=3)
    began = time.monotonic()
    assert payer.get(f"/paiements/{payment.key}/").status_code == 503
    assert time.monotonic() - began < 4
    gateway.client.cache_clear()


def test_what_stripe_refuses_for_good_is_a_clear_page_too(payer: Client, sandbox: Sandbox, provider_user: User) -> None:
    cheap = shelf.start(provider_user, ht=10, vat=2)
    assert "Rien n’a été débité" in text(payer, f"/paiements/{cheap.key}/", status=503)


@pytest.mark.parametrize("page", ["", "retour", "etat"])
def test_strangers_find_no_payment(payment: Payment, rival_user: User, client: Client, page: str) -> None:
    assert text(signed_in(rival_user), f"/paiements/{payment.key}/{page}", status=404)
    assert client.get(f"/paiements/{payment.key}/{page}").status_code == 302


@pytest.mark.parametrize(
    ("reference", "subjects"),
    [
        ("", ["Payment received: €120.00"]),
        ("gone", ["Your payment of €120.00 goes back to you", "Refund made: €120.00"]),
    ],
)
def test_the_payer_is_told_in_their_language(
    float_of_ours: Payment, sandbox: Sandbox, provider_user: User, reference: str, subjects: list[str]
) -> None:
    sandbox.pay(shelf.start(provider_user, reference))
    tasks.sweep()
    letters = list(Notice.objects.filter(user=provider_user).order_by("pk"))
    with translation.override("en"):
        assert [notice.letter.subject for notice in letters] == subjects
    assert all("120,00\u00a0€" in notice.letter.paragraphs[0] for notice in letters)


@pytest.mark.parametrize("model", ["payment", "refund", "stripeevent"])
def test_finance_reads_and_writes_nothing(
    as_finance: Client, as_mediator: Client, float_of_ours: Payment, sandbox: Sandbox, provider_user: User, model: str
) -> None:
    began = timezone.now() - timedelta(seconds=2)  # other tests have left many events at the stand-in
    sandbox.pay(shelf.start(provider_user, "gone"))
    tasks.receive_missed(since=began)
    address = f"/admin/payments/{model}/"
    rows: Any = apps.get_model("payments", model)
    page = text(as_finance, address)
    for row in rows.objects.all():
        assert f"{address}{row.pk}/change/" in page
        assert escape(row) in text(as_finance, f"{address}{row.pk}/change/")
    assert as_finance.get(f"{address}add/").status_code == 403
    assert as_mediator.get(address).status_code == 403
