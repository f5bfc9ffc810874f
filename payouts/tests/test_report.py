"""What requests add to the project's report."""

from __future__ import annotations

import pytest
from django.test import Client

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from payouts.models import PayoutRequest
from payouts.tests import way
from payouts.tests.test_pages import page
from projects.models import Formula

pytestmark = pytest.mark.django_db


def report(client: Client, account: EscrowAccount) -> str:
    return page(client, f"/projets/{account.project.key}/rapport/")


def test_the_provider_is_asked_to_invoice_what_is_released(
    tranche: Tranche, as_provider: Client, as_client: Client
) -> None:
    text = report(as_provider, tranche.account)
    assert "Facturer 1 200,00 €" in text
    assert f'href="/demandes-de-paiement/tranches/{tranche.pk}/"' in text
    assert "Facturer" not in report(as_client, tranche.account)


def test_several_tranches_lead_to_the_list(account: EscrowAccount, as_provider: Client) -> None:
    way.released(account)
    way.released(account, 1)
    text = report(as_provider, account)
    assert "Facturer 2 640,00 €" in text
    assert "Plusieurs tranches sont libérées" in text


def test_what_is_asked_for_is_no_longer_to_be_invoiced(asked: PayoutRequest, as_provider: Client) -> None:
    text = report(as_provider, asked.escrow)
    assert "Facturer" not in text
    assert "Facture AC-1 : 1 200,00 € demandés" in text


def test_a_refusal_brings_the_money_back_to_the_list(
    asked: PayoutRequest, finance_user: User, as_provider: Client, as_client: Client
) -> None:
    asked.refuse(by=finance_user, reason="Il manque votre SIREN.")
    text = report(as_provider, asked.escrow)
    for words in ("Facturer 1 200,00 €", "Facture AC-1 refusée", "Il manque votre SIREN."):
        assert words in text
    text = report(as_client, asked.escrow)
    assert "Facture AC-1 refusée" in text
    assert "Il manque votre SIREN." not in text


def test_the_statement_names_invoices_and_the_bank_but_no_staff(
    approved: PayoutRequest, finance_user: User, second_finance_user: User, as_client: Client
) -> None:
    way.answered(way.sent([approved], second_finance_user), second_finance_user)
    file = as_client.get(f"/projets/{approved.escrow.project.key}/paiements/releve.csv").content.decode("utf-8-sig")
    rows = [row.split(";") for row in file.splitlines()]
    assert [row[1] for row in rows[-3:]] == ["Paiement demandé", "Virement envoyé", "Virement confirmé par la banque"]
    assert {row[2] for row in rows[-3:]} == {"facture AC-1"}
    assert all(user.name not in file for user in (finance_user, second_finance_user))


def test_the_client_finds_the_invoice_to_download(asked: PayoutRequest, as_client: Client) -> None:
    text = report(as_client, asked.escrow)
    assert asked.document.get_absolute_url() in text
    assert "vous n’avez rien d’autre à payer" in text


def test_the_timeline_tells_the_provider_every_step(
    approved: PayoutRequest, provider_user: User, second_finance_user: User, as_provider: Client, as_client: Client
) -> None:
    batch = way.sent([approved], second_finance_user)
    way.answered(batch, second_finance_user, "RJCT", "AC04")
    text = report(as_provider, approved.escrow)
    for words in (
        "Facture AC-1 approuvée",
        "Facture AC-1 : virement de 1 200,00 € remis à la banque",
        "Facture AC-1 : virement retourné par la banque",
        "le compte est clos (code AC04)",
    ):
        assert words in text
    assert "AC04" not in report(as_client, approved.escrow)


def test_both_are_told_when_it_is_paid(
    approved: PayoutRequest, second_finance_user: User, as_provider: Client, as_client: Client
) -> None:
    way.answered(way.sent([approved], second_finance_user), second_finance_user)
    for reader in (as_provider, as_client):
        assert "Facture AC-1 payée : 1 200,00 €" in report(reader, approved.escrow)


def test_paid_out_on_the_payments_page_agrees(
    approved: PayoutRequest, second_finance_user: User, as_client: Client
) -> None:
    from escrow.figures import Figures

    def paid_out() -> tuple[int, int, bool]:
        account = EscrowAccount.objects.with_parties().get(pk=approved.escrow.pk)
        figures = Figures.of(account, list(account.tranches.all()))
        return figures.paid_out, figures.released, figures.adds_up

    assert paid_out() == (0, way.CENTS, True)
    batch = way.sent([approved], second_finance_user)
    assert paid_out() == (way.CENTS, 0, True)
    way.answered(batch, second_finance_user)
    assert paid_out() == (way.CENTS, 0, True)
    assert "1 200,00 €" in page(as_client, f"/projets/{approved.escrow.project.key}/paiements/")


def test_a_returned_transfer_is_not_paid_out(approved: PayoutRequest, second_finance_user: User) -> None:
    from escrow.figures import Figures

    way.answered(way.sent([approved], second_finance_user), second_finance_user, "RJCT")
    account = EscrowAccount.objects.with_parties().get(pk=approved.escrow.pk)
    figures = Figures.of(account, list(account.tranches.all()))
    assert (figures.paid_out, figures.payable, figures.adds_up) == (0, way.CENTS, True)


def test_a_base_project_has_nothing_of_it(client_user: User, provider_user: User, as_provider: Client) -> None:
    project = escrow_way.published(client_user, Formula.BASE)
    agreement = escrow_way.activated(escrow_way.chosen(project, provider_user), Formula.BASE)
    text = page(as_provider, f"/projets/{agreement.project.key}/rapport/")
    assert "Factures du prestataire" not in text
    assert "Facturer" not in text
