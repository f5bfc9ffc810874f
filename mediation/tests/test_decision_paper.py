"""The decision as a PDF: both sides and who sits in the case get it, nobody else."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.exhibits import Exhibit
from mediation.models import Decision, Dispute, Seizure
from mediation.tests import way
from mediation.tests.pages import plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 80_000)
    return way.fresh(dispute)


def bytes_of(browser: Client, dispute: Dispute) -> bytes:
    answer = browser.get(f"/litiges/{dispute.key}/decision.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'attachment; filename="decision-sma-{dispute.number}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def words_of(browser: Client, dispute: Dispute) -> str:
    pages = PdfReader(io.BytesIO(bytes_of(browser, dispute))).pages
    return "\n".join(page.extract_text() for page in pages).replace("\xa0", " ").replace("\u202f", " ")


def test_paper_names_everybody_who_mediated(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    first = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    dispute = way.mediated(account)
    dispute.assign(first, by=first)
    way.fresh(dispute).assign(mediator_user, by=mediator_user, reason="Zoé est en congé.")
    way.drafted(way.heard(way.handed_over(dispute)), 80_000)
    assert "Zoé Hamel, Marc Tellier" in " ".join(words_of(as_client, dispute).split())


def test_both_sides_and_the_bench_get_the_decision(
    decided: Dispute, as_client: Client, as_provider: Client, as_mediator: Client, as_arbitrator: Client
) -> None:
    for browser in (as_client, as_provider, as_mediator, as_arbitrator):
        words = words_of(browser, decided)
        for expected in (f"Dossier SMA {decided.number}", "800,00 €", "400,00 €", "1 200,00 €", "Caron Architectes"):
            assert expected in words, expected
        assert "les photos manquent" in words
        assert "Aude Rousset" in words
        assert decided.decision
        assert decided.decision.sha256[:16] in words


def test_paper_gives_the_answer_and_what_becomes_of_each_tranche(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user, 1, 2)
    way.drafted(dispute, 150_000)
    words = " ".join(words_of(as_client, dispute).split())
    assert "Réponse au litige Le prestataire Elles n’étaient pas prévues." in words
    for line in ("1 200,00 € 1 200,00 € 0,00 €", "1 440,00 € 300,00 € 1 140,00 €"):
        assert line in words, words


def test_paper_says_what_the_number_of_a_company_is(decided: Dispute, as_client: Client) -> None:
    number = str(decided.client.company.siren)
    assert f"SIREN {number[:3]} {number[3:6]} {number[6:]}" in words_of(as_client, decided)


@pytest.mark.parametrize("lines", [1, 4])
def test_who_decided_stands_on_one_page(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client, lines: int
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    shares, reasons = Shares(80_000, 40_000), f"{way.WHY}\n" * lines
    Decision.draft(dispute, shares, reasons=reasons, by=arbitrator_user, key=uuid.uuid4())
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(bytes_of(as_client, dispute))).pages]
    (one,) = [text for text in pages if "Qui a décidé" in text]
    assert "Aude Rousset" in one
    assert "Rendue le" in one


def test_nobody_else_gets_the_decision(
    decided: Dispute,
    as_stranger: Client,
    as_finance: Client,
    as_moderator: Client,
    as_superuser: Client,
    client: Client,
) -> None:
    path = f"/litiges/{decided.key}/decision.pdf"
    for browser in (as_stranger, as_finance, as_moderator, as_superuser):
        assert browser.get(path).status_code == 404
    assert client.get(path).status_code == 302


def test_there_is_no_pdf_before_the_decision(account: EscrowAccount, as_client: Client) -> None:
    assert as_client.get(f"/litiges/{way.opened(account).key}/decision.pdf").status_code == 404


def test_paper_is_one_file_whatever_happens_since(
    decided: Dispute, arbitrator_user: User, as_client: Client, as_provider: Client
) -> None:
    first = bytes_of(as_client, decided)
    seizure = Seizure.record(decided, Exhibit.of(png()).copy, note="", by=arbitrator_user)
    way.ruled(seizure, 0, by=arbitrator_user)
    as_provider.cookies["django_language"] = "en"
    assert bytes_of(as_provider, decided) == first


def test_hash_of_the_file_stands_on_the_page_and_in_the_letter(decided: Dispute, as_client: Client) -> None:
    computed = hashlib.sha256(bytes_of(as_client, decided)).hexdigest()
    assert computed in as_client.get(f"/litiges/{decided.key}/").content.decode()
    for one in decided.parties:
        notice = Notice.objects.get(user=one, name="mediation.decided.both")
        assert ("SHA-256 du PDF", computed) in notice.letter.figures


def before_papers(decided: Dispute) -> Decision:
    """Its decision as one that was issued before PDFs were kept."""
    Decision.objects.update(paper=None)
    return Decision.objects.get(dispute=decided)


def test_decision_of_old_gets_its_paper_once_on_demand(
    decided: Dispute, as_client: Client, as_provider: Client
) -> None:
    before_papers(decided)
    at = timezone.now() + timedelta(days=30)
    with time_machine.travel(at, tick=False):
        first = bytes_of(signed_in(decided.client), decided)
    assert bytes_of(as_provider, decided) == first
    decision = Decision.objects.get(dispute=decided)
    assert (decision.paper_sha256, decision.printed_at) == (hashlib.sha256(first).hexdigest(), at)
    words = " ".join(words_of(as_client, decided).split())
    assert f"Ce fichier a été établi le {plain(paris(at))} d’après les données de la décision" in words
    assert "l’e-mail qui a annoncé" not in words


def test_page_of_an_old_decision_makes_its_paper_and_says_when(decided: Dispute) -> None:
    before_papers(decided)
    at = timezone.now() + timedelta(days=30)
    with time_machine.travel(at, tick=False):
        reader = signed_in(decided.client)
        text = plain(reader.get(f"/litiges/{decided.key}/").content.decode())
    decision = Decision.objects.get(dispute=decided)
    assert decision.paper_sha256
    assert decision.paper_sha256 in text
    assert f"Ce PDF a été établi le {plain(paris(at))} d’après les données de la décision" in text


def test_paper_made_by_another_request_meanwhile_stays(decided: Dispute) -> None:
    before_papers(decided)
    late, first = (Decision.objects.get(dispute=decided) for _reader in range(2))
    first.keep_paper()
    late.keep_paper()
    assert late.paper_id == first.paper_id


def test_paper_made_with_the_decision_gives_no_other_date(decided: Dispute, as_client: Client) -> None:
    assert decided.decision
    assert decided.decision.printed_at is None
    assert "Ce PDF a été établi" not in as_client.get(f"/litiges/{decided.key}/").content.decode()


def test_paper_says_what_its_own_hash_is_of(decided: Dispute, as_client: Client) -> None:
    words = " ".join(words_of(as_client, decided).split())
    assert "SHA-256 de ce qui est décidé : le numéro du dossier, ses tranches" in words
    assert "Ce fichier a son propre SHA-256, donné sur la page du dossier" in words


def test_letter_of_the_decision_leads_to_the_paper(decided: Dispute, as_client: Client) -> None:
    notice = Notice.objects.get(user=decided.client, name="mediation.decided.both")
    assert [path for _label, path, _note in notice.letter.links] == [f"/litiges/{decided.key}/decision.pdf"]
    assert f'href="/litiges/{decided.key}/decision.pdf"' in as_client.get(f"/litiges/{decided.key}/").content.decode()
