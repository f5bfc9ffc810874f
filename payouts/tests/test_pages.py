"""The provider's pages: what is to be invoiced, asked for, put right and paid."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from marketplace.testing.cast import reauthenticate
from payouts.bills import Bill
from payouts.models import PayoutRequest
from payouts.tests import way

pytestmark = pytest.mark.django_db
LIST = "/demandes-de-paiement/"
TYPED = {"number": "AC-1", "issued_on": "2026-01-20", "ht_cents": "1 000,00", "vat_cents": "200"}


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def page(client: Client, path: str = LIST, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return plain(answer.content.decode())


def send(client: Client, tranche: Tranche, end: str = "", **data: Any) -> tuple[int, str]:
    """What the form answers: the status, and the page or the address it leads to."""
    answer = client.post(f"{LIST}tranches/{tranche.pk}/{end}", {"key": str(uuid.uuid4()), **data})
    return answer.status_code, plain(answer.get("Location") or answer.content.decode())


def test_a_provider_without_anything_is_told_what_to_expect(as_provider: Client) -> None:
    text = page(as_provider)
    assert "Rien à facturer" in text
    assert "Aucune demande en cours" in text
    assert "Donner mon IBAN" in text


def test_each_claim_says_what_the_invoice_should_say(tranche: Tranche, as_provider: Client) -> None:
    text = page(as_provider)
    for words in ("Facturer 1 200,00 €", "1 000,00 €", "200,00 €", "Étape 1", "•••• 0189"):
        assert words in text
    text = page(as_provider, f"{LIST}tranches/{tranche.pk}/")
    for words in ("Caron Architectes, 914 505 565, 4 quai de la Fosse", "1 200,00 €", "(20 %)"):
        assert words in text


def test_a_plain_invoice_is_sent_and_stands_under_way(tranche: Tranche, as_provider: Client) -> None:
    assert send(as_provider, tranche, invoice=way.uploaded(), **TYPED) == (302, LIST)
    text = page(as_provider)
    for words in ("qui répond avant le", "En attente d’approbation", "décision avant le", "AC-1", "1 demande"):
        assert words in text
    text = page(as_provider, f"{LIST}tranches/{tranche.pk}/")
    assert "Rien à facturer sur cette tranche" in text
    assert "Envoyer la facture" not in text


def test_what_is_missing_is_told_beside_each_field_and_nothing_typed_is_lost(
    tranche: Tranche, as_provider: Client
) -> None:
    status, text = send(as_provider, tranche, invoice=way.uploaded(), number="AC-1", ht_cents="mille")
    assert status == 200
    for field in ("issued_on", "vat_cents", "ht_cents"):
        assert f'id="id_{field}_error"' in text
    assert "recopiez ici ce qu’il indique" in text
    assert "facultatif" not in text
    assert 'value="AC-1"' in text
    assert 'value="mille"' in text
    assert "Choisissez le fichier une nouvelle fois" in text


def test_a_file_that_is_no_pdf_and_a_day_to_come_are_refused(tranche: Tranche, as_provider: Client) -> None:
    typed = {**TYPED, "issued_on": "2099-01-01"}
    _status, text = send(as_provider, tranche, invoice=escrow_way.png(), **typed)
    assert "PDF" in text
    _status, text = send(as_provider, tranche, invoice=way.uploaded(), **typed)
    assert "Choisissez un jour entre le" in text
    _status, text = send(as_provider, tranche, **TYPED)
    assert "error-summary" in text
    assert not PayoutRequest.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"ht_cents": "2000", "vat_cents": "400"}, "ht_cents", "2 400,00 €"),
        ({"vat_cents": "100"}, "vat_cents", "20 %"),
    ],
)
def test_a_refusal_stands_beside_its_field(
    tranche: Tranche, as_provider: Client, typed: dict[str, str], field: str, words: str
) -> None:
    status, text = send(as_provider, tranche, invoice=way.uploaded(), **{**TYPED, **typed})
    assert status == 200
    assert words in text
    assert f'href="#id_{field}"' in text


def test_a_number_that_lives_is_refused_beside_it(tranche: Tranche, as_provider: Client) -> None:
    way.asked(tranche, Bill("AC-1", way.ISSUED, 40_000, 8_000))
    typed = {**TYPED, "ht_cents": "100", "vat_cents": "20"}
    _status, text = send(as_provider, tranche, invoice=way.uploaded(), **typed)
    assert 'href="#id_number"' in text
    assert "un numéro ne sert qu’une fois" in text


def test_a_damaged_factur_x_is_told_beside_the_file(tranche: Tranche, as_provider: Client) -> None:
    broken = way.invoice_xml(way.BILL, tranche.account).replace("1000.00</ram:TaxBasis", "mille</ram:TaxBasis")
    _status, text = send(as_provider, tranche, invoice=way.uploaded(way.factur_x(broken)))
    assert "La Factur-X est illisible : un montant n’est pas un nombre" in text


def test_a_changed_iban_is_told_before_anything_is_typed(
    tranche: Tranche, provider_user: User, as_provider: Client
) -> None:
    way.banked(provider_user, way.OTHER_IBAN)
    assert "Votre IBAN vient de changer" in page(as_provider)
    _status, text = send(as_provider, tranche, invoice=way.uploaded(), **TYPED)
    assert "rien ne peut y être versé avant le" in text


@pytest.fixture
def refused(asked: PayoutRequest, finance_user: User) -> PayoutRequest:
    asked.refuse(by=finance_user, reason="Il manque votre <SIREN>.")
    return asked


def test_a_refused_request_says_why_and_leads_to_sending_it_again(refused: PayoutRequest, as_provider: Client) -> None:
    text = page(as_provider)
    assert "À corriger" in text
    assert "Il manque votre &lt;SIREN&gt;." in text
    assert f'href="{LIST}tranches/{refused.tranche_id}/?reprise={refused.pk}"' in text
    text = page(as_provider, f"{LIST}tranches/{refused.tranche_id}/?reprise={refused.pk}")
    assert 'value="AC-1"' in text
    assert "Laissez ce champ vide pour renvoyer la même facture" in text


def test_the_same_invoice_is_sent_again_without_choosing_it_anew(refused: PayoutRequest, as_provider: Client) -> None:
    assert send(as_provider, refused.tranche, f"?reprise={refused.pk}", **TYPED) == (302, LIST)
    again = PayoutRequest.objects.living().get()
    assert again.document.sha256 == refused.document.sha256
    assert "À corriger" not in page(as_provider)
    assert again.document.name == "facture.pdf"


def test_a_corrected_invoice_may_be_chosen(refused: PayoutRequest, as_provider: Client) -> None:
    new = way.uploaded(way.factur_x(way.invoice_xml(way.BILL, refused.escrow)), "facture corrigée.pdf")
    assert send(as_provider, refused.tranche, f"?reprise={refused.pk}", invoice=new)[0] == 302
    assert "corrig" in PayoutRequest.objects.living().get().document.name


@pytest.mark.parametrize("number", ["", "x", "²", "0", "9" * 30])
def test_another_number_to_send_again_starts_afresh(refused: PayoutRequest, as_provider: Client, number: str) -> None:
    assert "Laissez ce champ vide" not in page(as_provider, f"{LIST}tranches/{refused.tranche_id}/?reprise={number}")


def test_a_returned_transfer_says_why_in_words(
    approved: PayoutRequest, second_finance_user: User, as_provider: Client
) -> None:
    batch = way.sent([approved], second_finance_user)
    assert "arrivée avant le" in page(as_provider)
    way.answered(batch, second_finance_user, "RJCT", "AC04")
    text = page(as_provider)
    assert "Le compte est clos (code AC04)" in text
    assert "retournée par la banque" in text


def test_paid_requests_stay_with_their_sum(
    approved: PayoutRequest, second_finance_user: User, as_provider: Client
) -> None:
    assert "virement avant le" in page(as_provider)
    way.answered(way.sent([approved], second_finance_user), second_finance_user)
    text = page(as_provider)
    assert "Payée" in text
    assert "Versées en " in text
    assert "1 virement" in text


def test_a_stranger_finds_no_tranche(tranche: Tranche, as_stranger: Client, as_client: Client) -> None:
    assert page(as_stranger, f"{LIST}tranches/{tranche.pk}/", 404)
    assert as_client.get(f"{LIST}tranches/{tranche.pk}/").status_code == 302


def test_the_password_is_asked_again(tranche: Tranche, provider_user: User, as_provider: Client) -> None:
    reauthenticate(as_provider, provider_user, ago=3600)
    status, where = send(as_provider, tranche, invoice=way.uploaded(), **TYPED)
    assert status == 302
    assert where.startswith("/compte/confirmation/")
    assert not PayoutRequest.objects.exists()


def test_the_list_asks_the_database_as_often_for_many(
    account: EscrowAccount, as_provider: Client, finance_user: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(as_provider)
        return len(caught)

    tranche = way.released(account)
    bill = Bill("AC-1", way.ISSUED, 100, 20)
    way.asked(tranche, bill).refuse(by=finance_user, reason="Non.")
    way.asked(tranche, bill)
    page(as_provider)
    few = queries()
    second = way.released(account, 1)
    for n in range(10):
        way.asked(tranche, Bill(f"B-{n}", way.ISSUED, 100, 20))
        way.asked(second, Bill(f"C-{n}", way.ISSUED, 100, 20))
    assert queries() == few


def test_client_and_finance_read_the_invoice_and_nobody_else(
    asked: PayoutRequest, as_client: Client, as_provider: Client, as_finance: Client, as_rival: Client
) -> None:
    path = asked.document.get_absolute_url()
    for reader in (as_client, as_provider, as_finance):
        answer = reader.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        answer.getvalue()
    assert as_rival.get(path).status_code == 404


def test_requests_are_visible_to_their_two_parties(
    asked: PayoutRequest, provider_user: User, client_user: User, rival_user: User
) -> None:
    seen = [PayoutRequest.objects.visible_to(user).count() for user in (provider_user, client_user, rival_user)]
    assert seen == [1, 1, 0]
