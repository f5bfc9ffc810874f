"""The payer's page of refunds by transfer, and Finance's lists of them."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escrow.models import EscrowAccount, RefundRequest
from escrow.tests import way as escrow_way
from marketplace.accounts.models import BankAccount, User
from marketplace.events.models import Notice
from marketplace.payments.gateway import Repayment
from marketplace.payments.models import Means, Refund
from marketplace.testing.cast import reauthenticate
from payouts.models import PayoutBatch, RefundTransfer
from payouts.tests import way
from payouts.tests.test_admin import said
from payouts.tests.test_pages import page, plain

pytestmark = pytest.mark.django_db
PAGE, LIST = "/remboursements-par-virement/", "/admin/payouts/refundtransfer/"


@pytest.fixture
def transfer(account: EscrowAccount) -> RefundTransfer:
    return way.refused_by_card(account)


def give(client: Client, iban: str, holder: str = "Caron Architectes") -> tuple[int, str]:
    answer = client.post(PAGE, {"key": str(uuid.uuid4()), "holder": holder, "iban": iban, "bic": ""})
    return answer.status_code, plain(answer.get("Location") or answer.content.decode())


def test_nothing_waits_for_most(as_client: Client) -> None:
    text = page(as_client, PAGE)
    assert "Aucun remboursement par virement" in text
    assert "IBAN</label>" not in text
    assert give(as_client, way.IBAN)[0] == 200
    assert not BankAccount.objects.exists()


def test_the_payer_gives_the_iban(transfer: RefundTransfer, as_client: Client) -> None:
    assert "960,00 € attendent votre IBAN" in page(as_client, "/mon-compte/")
    text = page(as_client, PAGE)
    for words in ("Vous : donner l’IBAN où recevoir 960,00 €", "Attend votre IBAN", "Recevoir 960,00 € sur ce compte"):
        assert words in text
    assert give(as_client, way.IBAN) == (302, PAGE)
    text = page(as_client, PAGE)
    assert "960,00 € seront versés sur •••• •••• •••• 0189" in text
    assert "notre équipe Finance le vérifie avant le" in text
    assert way.IBAN not in text
    assert "attendent votre IBAN" not in page(as_client, "/mon-compte/")
    letter = Notice.objects.get(name="bank_account.changed", user=transfer.payee).letter
    assert letter.action == ("Voir mes remboursements", PAGE)


@pytest.mark.parametrize(
    ("iban", "holder", "words"),
    [
        ("FR00", "Caron Architectes", "Cet IBAN n’est pas valide"),
        ("\x00", "Caron Architectes", "IBAN"),
        (way.IBAN, "Autre 🙂", "doit être votre entreprise"),
        ("BR1500000000000010932840814P2", "Caron Architectes", "hors de la zone SEPA"),
    ],
)
def test_a_wrong_iban_is_said_beside_it(
    transfer: RefundTransfer, as_client: Client, iban: str, holder: str, words: str
) -> None:
    status, text = give(as_client, iban, holder)
    assert status == 200
    assert words in text
    assert way.anew(transfer).bank_account is None


def test_the_password_is_asked_again(transfer: RefundTransfer, as_client: Client) -> None:
    reauthenticate(as_client, transfer.payee, ago=3600)
    assert as_client.get(PAGE).status_code == 302
    assert give(as_client, way.IBAN)[0] == 302
    assert way.anew(transfer).bank_account is None


def test_each_step_is_on_the_page(
    transfer: RefundTransfer, finance_user: User, second_finance_user: User, as_client: Client
) -> None:
    way.banked(transfer.payee)
    row = way.anew(transfer)
    row.approve(by=finance_user)
    assert "Approuvé : le virement vers •••• •••• •••• 0189 part avant le" in page(as_client, PAGE)
    batch = PayoutBatch.make(refunds=[row], by=second_finance_user)
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    text = page(as_client, PAGE)
    assert "est à la banque et devrait arriver avant le" in text
    assert "Changer l’IBAN" not in text
    way.answered(batch, second_finance_user, "RJCT", "AC04")
    assert "La banque a renvoyé le virement : le compte est clos (code AC04)" in page(as_client, PAGE)
    give(as_client, way.IBAN)
    again = RefundTransfer.objects.with_parts().get(state="WAITING")
    again.approve(by=finance_user)
    way.answered(sent(again, second_finance_user), second_finance_user)
    assert "Versé sur •••• •••• •••• 0189 le" in page(as_client, PAGE)


def test_the_page_of_the_payment_leads_there(account: EscrowAccount, as_client: Client) -> None:
    first, late = (account.deposit(360_000, by=account.agreement.client, key=uuid.uuid4()) for _n in range(2))
    escrow_way.paid(first)
    refund = escrow_way.paid(late).refunds.get()
    assert PAGE not in page(as_client, late.return_url())
    refund.follow(Repayment("", "failed", refund.cents, str(refund.key), "declined"))
    text = page(as_client, late.return_url())
    assert "3 600,00 € n’ont pas pu revenir d’où ils venaient" in text
    assert PAGE in text


def sent(transfer: RefundTransfer, by: User) -> PayoutBatch:
    batch = PayoutBatch.make(refunds=[transfer], by=by)
    batch.hand_out()
    batch.mark_sent(by=by)
    return batch


def test_the_page_asks_the_database_as_often_for_many(account: EscrowAccount, as_client: Client) -> None:
    def queries() -> int:
        way.refused_by_card(account, 100)
        with CaptureQueriesContext(connection) as caught:
            page(as_client, PAGE)
        return len(caught)

    queries()
    few = queries()
    assert [queries() for _n in range(3)] == [few] * 3


def test_finance_sees_what_waits_and_since_when(
    transfer: RefundTransfer, finance_user: User, as_finance: Client, as_moderator: Client
) -> None:
    assert "1 remboursement attend un IBAN" in page(as_finance, "/admin/")
    assert "remboursement" not in page(as_moderator, "/admin/")
    assert "Caron Architectes" in page(as_finance, f"{LIST}?iban=no")
    assert "Caron Architectes" not in page(as_finance, f"{LIST}?iban=yes")
    text = page(as_finance, f"{LIST}{transfer.pk}/change/")
    for words in (
        "960,00 €",
        "pas encore donné",
        "la carte a expiré ou a été résiliée (code expired",
        "Refonte de l’espace adhérent",
    ):
        assert words in text
    assert "Approuver ce remboursement" not in text
    way.banked(transfer.payee)
    assert "1 remboursement par virement à approuver" in page(as_finance, "/admin/")
    assert "Caron Architectes, •••• •••• •••• 0189" in page(as_finance, LIST)


def test_finance_cannot_batch_what_was_never_approved(transfer: RefundTransfer, as_finance: Client) -> None:
    chosen = {"action": "make_batch", "_selected_action": [transfer.pk]}
    assert "Attend un IBAN ou une approbation : le remboursement de 960,00 €" in said(as_finance.post(LIST, chosen))


def test_a_replaced_iban_says_until_when_nothing_is_paid_to_it(transfer: RefundTransfer, as_client: Client) -> None:
    for iban in (way.IBAN, way.OTHER_IBAN):
        assert give(as_client, iban) == (302, PAGE)
    assert "rien n’y est versé avant le" in page(as_client, PAGE)


@pytest.fixture
def stopped(account: EscrowAccount) -> EscrowAccount:
    """1 000 € of a deposit went back by an agreement, and the card does not take them."""
    client, provider = account.agreement.client, account.agreement.provider
    escrow_way.deposited(account, 120_000)
    first = account.tranches.order_by("position").first()
    assert first
    RefundRequest.offer(first, 100_000, by=provider, key=uuid.uuid4(), reason="")
    refund = Refund.objects.get(payment__payer=client, cents=100_000)
    refund.follow(Repayment("", "failed", refund.cents, str(refund.key), "expired_or_canceled_card"))
    return account


def test_the_project_asks_its_client_for_the_iban(
    stopped: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    for path in (stopped.get_absolute_url(), f"/projets/{stopped.project.key}/rapport/"):
        assert "Vous : donner l’IBAN où recevoir 1 000,00 €" in page(as_client, path)
        assert "donner l’IBAN" not in page(as_provider, path)
    path = stopped.get_absolute_url()
    for browser in (as_client, as_provider):
        assert "1 000,00 € attendent l’IBAN du client" in page(browser, path)
        assert "en route vers le client" not in page(browser, path)
    assert "attend votre IBAN" in page(as_client, path)
    assert "attend l’IBAN du client</td>" in page(as_provider, path)


def test_the_project_says_how_the_transfer_goes(
    stopped: EscrowAccount, finance_user: User, second_finance_user: User, as_client: Client
) -> None:
    path, transfer = stopped.get_absolute_url(), RefundTransfer.objects.get()
    way.banked(transfer.payee)
    assert "virement en préparation" in page(as_client, path)
    assert "donner l’IBAN" not in page(as_client, path)
    way.anew(transfer).approve(by=finance_user)
    batch = sent(way.anew(transfer), second_finance_user)
    assert "virement remis à la banque" in page(as_client, path)
    way.answered(batch, second_finance_user)
    assert "rendu par virement" in page(as_client, path)


def test_finance_approves_batches_and_sends(
    transfer: RefundTransfer, as_finance: Client, as_second_finance: Client
) -> None:
    way.banked(transfer.payee)
    form = {"key": str(uuid.uuid4())}
    assert as_finance.post(f"{LIST}{transfer.pk}/approve/do/", form).status_code == 302
    chosen = {"action": "make_batch", "_selected_action": [transfer.pk]}
    assert "Vous avez approuvé le remboursement de 960,00 €" in said(as_finance.post(LIST, chosen))
    assert "1 remboursement approuvé à mettre en lot" in page(as_second_finance, "/admin/")
    answer = as_second_finance.post(LIST, chosen)
    batch = PayoutBatch.objects.get()
    assert answer["Location"] == f"/admin/payouts/payoutbatch/{batch.pk}/change/"
    text = page(as_second_finance, answer["Location"])
    for words in (f"{LIST}{transfer.pk}/change/", "Remboursement : Dépôt", "Caron Architectes", "960,00 €"):
        assert words in text


def test_the_list_asks_the_database_as_often_for_many(account: EscrowAccount, as_finance: Client) -> None:
    def queries() -> int:
        way.refused_by_card(account, 100)
        with CaptureQueriesContext(connection) as caught:
            page(as_finance, LIST)
        return len(caught)

    queries()
    few = queries()
    assert [queries() for _n in range(3)] == [few] * 3


def test_finance_reads_that_stripe_keeps_what_a_transfer_had_paid(account: EscrowAccount, as_finance: Client) -> None:
    client, words = account.agreement.client, "Stripe garde les 960,00 € sur le solde du payeur"
    last = account.tranches.order_by("position").last()
    slow = account.deposit(96_000, by=client, key=uuid.uuid4(), tranche=last, means=Means.TRANSFER)
    by_card = way.refused_by_card(account)
    by_transfer = way.owed(escrow_way.paid(slow))
    assert words in page(as_finance, f"{LIST}{by_transfer.pk}/change/")
    assert words not in page(as_finance, f"{LIST}{by_card.pk}/change/")
