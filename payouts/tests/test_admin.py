"""Finance at work in the administration."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.tests import way
from payouts.tests.test_pages import page, plain

pytestmark = pytest.mark.django_db
REQUESTS, BATCHES, ANSWERS = (f"/admin/payouts/{name}/" for name in ("payoutrequest", "payoutbatch", "bankanswer"))


def do(client: Client, row: Any, deed: str, **data: Any) -> str:
    """The page that the deed answers with, or nothing when it was done."""
    base = REQUESTS if isinstance(row, PayoutRequest) else BATCHES
    answer = client.post(f"{base}{row.pk}/{deed}/do/", {"key": str(uuid.uuid4()), **data})
    return "" if answer.status_code == 302 else plain(answer.content.decode())


def said(answer: Any) -> str:
    return " | ".join(plain(str(message)) for message in get_messages(answer.wsgi_request))


def batch_of(client: Client, *requests: PayoutRequest) -> Any:
    data = {"action": "make_batch", "_selected_action": [request.pk for request in requests]}
    return client.post(REQUESTS, data)


def imported(client: Client, content: bytes) -> Any:
    file = SimpleUploadedFile("reponse.xml", content, "application/xml")
    return client.post(f"{ANSWERS}import/", {"file": file})


def test_a_request_is_read_and_approved(asked: PayoutRequest, as_finance: Client) -> None:
    text = page(as_finance, f"{REQUESTS}{asked.pk}/change/")
    for words in ("AC-1", "Atelier Mercier (852 856 566)", "Caron Architectes (914 505 565)", "1 200,00 €", "0189"):
        assert words in text
    assert way.IBAN not in text
    assert "Approuver cette demande" in text
    assert do(as_finance, asked, "approve") == ""
    assert way.fresh(asked).state == "APPROVED"
    text = page(as_finance, f"{REQUESTS}{asked.pk}/change/")
    assert f"{REQUESTS}{asked.pk}/approve/do/" not in text
    assert f"{REQUESTS}{asked.pk}/refuse/do/" in text


def test_a_refusal_asks_for_its_reason(asked: PayoutRequest, as_finance: Client) -> None:
    assert "error" in do(as_finance, asked, "refuse", reason=" ")
    assert do(as_finance, asked, "refuse", reason="Il manque votre SIREN.") == ""
    assert "Il manque votre SIREN." in page(as_finance, f"{REQUESTS}{asked.pk}/change/")


def test_an_account_on_hold_is_said_on_the_page(asked: PayoutRequest, provider_user: User, as_finance: Client) -> None:
    way.banked(provider_user, way.OTHER_IBAN)
    assert "rien ne peut y être versé avant le" in do(as_finance, asked, "approve")


@pytest.mark.parametrize("chosen", ["abc", "-1", "9" * 30, "1 or 1=1"])
def test_an_action_on_no_row_of_ours_is_a_bad_request(as_second_finance: Client, chosen: str) -> None:
    answer = as_second_finance.post(REQUESTS, {"action": "make_batch", "_selected_action": [chosen]})
    assert answer.status_code == 400
    assert not PayoutBatch.objects.exists()


def test_chosen_requests_go_into_one_batch_and_out_to_the_bank(
    two: list[PayoutRequest], as_second_finance: Client
) -> None:
    answer = batch_of(as_second_finance, *two)
    batch = PayoutBatch.objects.get()
    assert answer["Location"] == f"{BATCHES}{batch.pk}/change/"
    text = page(as_second_finance, f"{BATCHES}{batch.pk}/change/")
    for words in ("2 640,00 €", "AC-1", "AC-2", "Atelier Mercier", "PARAPHE-", "Marquer comme remis à la banque"):
        assert words in text
    assert "Téléchargez d’abord le fichier" in text
    assert "Téléchargez d’abord le fichier" in do(as_second_finance, batch, "send")
    file = as_second_finance.get(f"{BATCHES}{batch.pk}/file/")
    assert (file.content, file["Content-Type"]) == (batch.file.encode(), "application/xml")
    assert file["Content-Disposition"] == f'attachment; filename="{batch.message_id}.xml"'
    assert {"private", "no-store"} <= set(file["Cache-Control"].split(", "))
    assert do(as_second_finance, batch, "send") == ""
    assert "2 640,00 €" in page(as_second_finance, BATCHES)
    assert {request.state for request in PayoutRequest.objects.all()} == {"SENT"}


def test_who_approved_is_told_to_leave_the_batch_to_another(approved: PayoutRequest, as_finance: Client) -> None:
    assert "Vous avez approuvé la demande de la facture AC-1" in said(batch_of(as_finance, approved))
    assert not PayoutBatch.objects.exists()


def test_who_only_reads_makes_no_batch(approved: PayoutRequest, as_moderator: Client) -> None:
    assert batch_of(as_moderator, approved).status_code == 403
    assert not PayoutBatch.objects.exists()


def test_what_waits_for_finance_is_on_its_first_page(
    two: list[PayoutRequest], second_finance_user: User, as_finance: Client, as_moderator: Client
) -> None:
    way.batched(two[:1], second_finance_user)
    way.asked(way.released(two[0].escrow, 2), Bill("AC-3", way.ISSUED, 80_000, 16_000))
    text = page(as_finance, "/admin/")
    for words in ("1 demande de paiement à décider", "1 demande approuvée à mettre en lot", "1 lot à remettre"):
        assert words in text
    assert "demande de paiement" not in page(as_moderator, "/admin/")


def test_nothing_waits_once_the_bank_has_the_file(
    batch: PayoutBatch, second_finance_user: User, as_finance: Client
) -> None:
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    assert "Rien ne vous attend." in page(as_finance, "/admin/")
    answer = imported(as_finance, way.report(batch, whole="RJCT", code="AC04"))
    assert said(answer) == "Payés : 0. Retournés : 1. Encore en cours : 0."


@pytest.fixture
def batch(approved: PayoutRequest, second_finance_user: User) -> PayoutBatch:
    return way.batched([approved], second_finance_user)


def test_dropping_asks_to_be_sure_that_the_bank_has_nothing(batch: PayoutBatch, as_second_finance: Client) -> None:
    assert "error" in do(as_second_finance, batch, "drop")
    assert do(as_second_finance, batch, "drop", not_given="on") == ""
    text = page(as_second_finance, f"{BATCHES}{batch.pk}/change/")
    assert f"{BATCHES}{batch.pk}/file/" not in text
    answer = as_second_finance.get(f"{BATCHES}{batch.pk}/file/")
    assert answer["Location"] == f"{BATCHES}{batch.pk}/change/"
    assert "ne doit pas parvenir à la banque" in said(answer)


def test_an_outdated_batch_warns(batch: PayoutBatch, provider_user: User, as_second_finance: Client) -> None:
    as_second_finance.get(f"{BATCHES}{batch.pk}/file/")
    way.banked(provider_user, way.OTHER_IBAN)
    assert "pour la demande de la facture AC-1" in page(as_second_finance, f"{BATCHES}{batch.pk}/change/")
    assert "a changé" in said(as_second_finance.get(f"{BATCHES}{batch.pk}/file/"))


def test_only_finance_takes_the_file(batch: PayoutBatch, as_moderator: Client, as_provider: Client) -> None:
    for client, status in ((as_moderator, 404), (as_provider, 302)):
        answer = client.get(f"{BATCHES}{batch.pk}/file/")
        assert answer.status_code == status
        assert b"FR76" not in answer.content
    assert PayoutBatch.objects.get().handed_out_at is None


def test_the_bank_s_answer_is_imported(batch: PayoutBatch, second_finance_user: User, as_finance: Client) -> None:
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    assert "Importer une réponse de la banque" in page(as_finance, ANSWERS)
    assert "5 Mo au plus" in page(as_finance, f"{ANSWERS}import/")
    file = way.report(batch, way.block(way.transfer("PAYOUT-999", "RJCT")), whole="ACSC")
    answer = imported(as_finance, file)
    assert answer["Location"] == ANSWERS
    assert "Payés : 1. Retournés : 0. Encore en cours : 0." in said(answer)
    assert "sans aucun mouvement d’argent : PAYOUT-999" in said(answer)
    assert "PAYOUT-999" in page(as_finance, ANSWERS)
    assert "PAYOUT-999" in page(as_finance, f"{ANSWERS}{BankAnswer.objects.get().pk}/change/")
    assert "déjà été importé" in said(imported(as_finance, file))


@pytest.mark.parametrize(
    ("content", "words"), [(b"<a/>", "pain.002"), (b"x" * 5_000_001, "dépasse 5 Mo"), (b"", "vide"), (b"<a", "tronqué")]
)
def test_another_file_is_refused_on_the_form(as_finance: Client, content: bytes, words: str) -> None:
    answer = imported(as_finance, content)
    assert answer.status_code == 200
    assert words in plain(answer.content.decode())


def test_only_finance_imports(as_moderator: Client) -> None:
    assert as_moderator.get(f"{ANSWERS}import/").status_code == 302
    assert as_moderator.get(ANSWERS).status_code == 403


def test_the_lists_ask_the_database_as_often_for_many(
    account: EscrowAccount, finance_user: User, second_finance_user: User, as_finance: Client
) -> None:
    tranche = way.released(account)

    def queries(number: int) -> list[int]:
        request = way.approved(way.asked(tranche, Bill(f"B-{number}", way.ISSUED, 100, 20)), finance_user)
        way.answered(way.sent([request], second_finance_user), second_finance_user)
        counts = []
        for path in (REQUESTS, BATCHES, ANSWERS):
            with CaptureQueriesContext(connection) as caught:
                page(as_finance, path)
            counts.append(len(caught))
        return counts

    queries(0)
    few = queries(1)
    for n in range(2, 6):
        many = queries(n)
    assert many == few
