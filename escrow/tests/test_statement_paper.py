"""The statement as a PDF: the same figures and movements as on the page, for the two parties alone."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.test import Client
from pypdf import PdfReader

from escrow.models import EscrowAccount
from escrow.statement import statement
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.ledger import posting as ledger

pytestmark = pytest.mark.django_db


def text_of(browser: Client, account: EscrowAccount) -> str:
    response = browser.get(f"/projets/{account.project.key}/paiements/releve.pdf")
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/pdf", "private, no-store")
    pages = PdfReader(io.BytesIO(response.content)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def test_pdf_tells_what_the_page_tells(account: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    way.deposited(account, 150_000)
    way.released(way.delivered(account.tranches.all()[0]), 80_000, "Un acompte.")
    for browser in (as_client, as_provider):
        words = text_of(browser, account)
        for expected in ("1 500,00 €", "800,00 €", "700,00 €", "Un acompte.", "agrément essai-0000", "2. Étape 2"):
            assert expected in words, expected
        assert account.agreement.provider.company.name in words


def test_footnote_stands_with_the_movements(account: EscrowAccount, as_client: Client) -> None:
    words = text_of(as_client, account)
    assert words.index("Les montants sont TTC") < words.index("Aucun mouvement")


def test_cancelled_tranche_is_struck_in_the_feminine(account: EscrowAccount, as_client: Client) -> None:
    notice = way.noticed(account.tranches.get(position=3), account.agreement.client)
    notice.carry_out(at=notice.ends_at + timedelta(seconds=1))
    words = text_of(as_client, account)
    assert "Annulée 960,00 €" in words


def test_foot_carries_the_digest_of_the_movements(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 150_000)
    movements = as_client.get(f"/projets/{account.project.key}/paiements/releve.csv")
    assert movements["Cache-Control"] == "private, no-store"
    digest = hashlib.sha256(movements.content).hexdigest()
    assert digest in text_of(as_client, account)


def test_account_without_a_movement_is_printed_too(account: EscrowAccount, as_client: Client) -> None:
    assert "Aucun mouvement" in text_of(as_client, account)


def test_stranger_gets_no_statement(account: EscrowAccount, as_stranger: Client) -> None:
    assert as_stranger.get(f"/projets/{account.project.key}/paiements/releve.pdf").status_code == 404


@pytest.mark.crooked_books
def test_movement_without_a_deed_of_ours_says_who_made_it(account: EscrowAccount, moderator_user: User) -> None:
    way.deposited(account, 1_000)
    for n, person in enumerate([moderator_user, account.agreement.client, None]):
        moves = [ledger.Move(account.held, account.payable, 100)]
        ledger.post(f"correction:{n}", "books.corrected", moves, by=person, project=account.project)
    names = [line.detail for line in statement(account)[1:]]
    assert names == ["par Paraphe", f"par {account.agreement.client.display_name}", ""]
