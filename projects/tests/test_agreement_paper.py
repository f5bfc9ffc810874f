"""The PDF of confirmed terms, what may be fetched for it, and the exceptions of the terms' form."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pypdf import PdfReader
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from marketplace.accounts.models import User
from marketplace.documents.printing import NotFetched, OwnStaticOnly, printed
from projects.models import Agreement, AgreementState
from projects.tests.bids import CHRISTMAS, active, agreed, awarded, changed, stocked
from projects.tests.calls import opened
from projects.tests.test_agreement import typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(client_user: User, provider_user: User) -> Agreement:
    return awarded(opened(client_user), stocked(provider_user), parts=[100_000, 200_000], starts_on=CHRISTMAS)


def text_of(browser: Client, agreement: Agreement) -> str:
    response = browser.get(f"/accords/{agreement.key}/accord.pdf")
    assert response["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(response.content))
    words = "\n".join(page.extract_text() for page in reader.pages)
    return words.replace("\u00a0", " ").replace("\u202f", " ")


def test_there_is_no_pdf_before_both_accept(as_client: Client, agreement: Agreement) -> None:
    assert as_client.get(f"/accords/{agreement.key}/accord.pdf").status_code == 404


def test_pdf_masks_who_is_not_introduced_yet(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    agreed(agreement)
    for browser, other in ((as_client, agreement.provider), (as_provider, agreement.client)):
        words = text_of(browser, agreement)
        assert other.email not in words
        assert other.company.name not in words
        assert agreement.sha256[:16] in words


def test_pdf_says_the_frozen_terms_and_both_parties(as_provider: Client, agreement: Agreement) -> None:
    words = text_of(as_provider, active(agreement))
    for expected in (agreement.client.email, agreement.provider.company.name, "Étape 2", "25 décembre 2026", "1 / "):
        assert expected in words, expected
    assert words.count(agreement.sha256[:20]) >= 1


def test_stranger_gets_no_pdf(as_stranger: Client, agreement: Agreement) -> None:
    agreed(agreement)
    assert as_stranger.get(f"/accords/{agreement.key}/accord.pdf").status_code == 404


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1/x", "static:../manage.py", "static:none.css"])
def test_printing_fetches_nothing_but_our_static_files(url: str) -> None:
    fetcher = OwnStaticOnly(Path(settings.BASE_DIR) / "static")
    with pytest.raises(FatalURLFetchingError):
        HTML(string=f'<img src="{url}">', url_fetcher=fetcher, base_url="static:").write_pdf()
    assert fetcher.fetch("static:css/paper.css").read()


def test_foreign_address_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketplace.documents.printing.render_to_string", lambda *_: '<img src="file:///etc/passwd">')
    with pytest.raises(NotFetched):
        printed("paper/base.html", {})


def test_exceptions_need_a_reason_and_r0(as_client: Client, agreement: Agreement) -> None:
    path = f"/accords/{agreement.key}/version/"
    page = as_client.post(path, typed(agreement, provider_pays="on")).content.decode()
    assert "Donnez le motif de cette exception" in page
    page = as_client.post(path, typed(agreement, formula="BASE", release_on_silence="on")).content.decode()
    assert "Seule la formule R0" in page
    data = typed(agreement, provider_pays="on", fees_reason="Apport d’affaires.", release_on_silence="on")
    assert as_client.post(path, data).status_code == 302
    version = agreement.version
    assert (version.fees_by, version.fees_reason, version.release_on_silence) == (
        "PROVIDER",
        "Apport d’affaires.",
        True,
    )


def test_consents_are_boxes_of_their_own(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    terms = changed(agreement, fees_by="PROVIDER", fees_reason="Apport.", release_on_silence=True)
    agreement.propose(terms, by=agreement.client, instead_of=1)
    path, data = f"/accords/{agreement.key}/accepter/", {"number": "2", "read": "on", "silence": "on"}
    assert "Ce champ est obligatoire" in as_provider.post(path, data).content.decode()
    assert as_client.post(path, data).status_code == 302
    assert as_provider.post(path, data | {"fees": "on"}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.state, agreement.payer) == (AgreementState.AGREED, agreement.provider)
    assert "Vous\u00a0: payer" in as_provider.get(f"/accords/{agreement.key}/").content.decode()
    assert "Le prestataire\u00a0: régler" in as_client.get(f"/accords/{agreement.key}/").content.decode()
