"""The PDF of confirmed terms, what may be fetched for it, and the exceptions of the terms' form."""

from __future__ import annotations

import io
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pypdf import PdfReader
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from marketplace.accounts.models import User
from marketplace.documents.drawing import NotFetched, OwnStaticOnly
from marketplace.documents.printing import printed
from projects.models import Agreement, AgreementState
from projects.tests.avenants import in_force, proposed
from projects.tests.bids import CHRISTMAS, active, agreed, awarded, changed, stocked
from projects.tests.calls import opened
from projects.tests.test_agreement import typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(client_user: User, provider_user: User) -> Agreement:
    return awarded(opened(client_user), stocked(provider_user), parts=[100_000, 200_000], starts_on=CHRISTMAS)


def text_of(browser: Client, agreement: Agreement, name: str = "accord") -> str:
    response = browser.get(f"/accords/{agreement.key}/{name}.pdf")
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


def test_former_terms_stay_with_their_own_digest(
    as_client: Client, as_provider: Client, as_stranger: Client, agreement: Agreement
) -> None:
    first = active(agreement).sha256
    in_force(proposed(agreement, delay_days=77))
    proposed(agreement, delay_days=88)
    for browser in (as_client, as_provider):
        for page in (f"/accords/{agreement.key}/", f"/projets/{agreement.project.key}/rapport/"):
            shown = browser.get(page).content.decode()
            assert "Conditions du " in shown
            assert shown.count("/version-") == shown.count("/version-1.pdf") == 1
        words = " ".join(text_of(browser, agreement, "version-1").split())
        assert first[:20] in words
        assert "la version 2 les a remplacées" in words
        assert Agreement.objects.get().sha256[:20] in text_of(browser, agreement, "version-2")
        assert browser.get(f"/accords/{agreement.key}/version-3.pdf").status_code == 404
    assert as_stranger.get(f"/accords/{agreement.key}/version-1.pdf").status_code == 404


def test_report_offers_no_pdf_before_both_accept(as_client: Client, agreement: Agreement) -> None:
    assert "accord.pdf" not in as_client.get(f"/projets/{agreement.project.key}/rapport/").content.decode()


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
    key = {"key": str(uuid.uuid4())}
    assert as_client.post(f"/accords/{agreement.key}/payer/", key).status_code == 404
    assert "/paiements/" in as_provider.post(f"/accords/{agreement.key}/payer/", key)["Location"]
    assert "Vous\u00a0: payer" in as_provider.get(f"/accords/{agreement.key}/").content.decode()
    assert "Le prestataire\u00a0: régler" in as_client.get(f"/accords/{agreement.key}/").content.decode()


DETAILS = "www.alpha.fr, 12 rue des Lilas 44000 Nantes"


def test_terms_tell_nobody_before_the_introduction(as_provider: Client, client_user: User, provider_user: User) -> None:
    agreement = awarded(opened(client_user), stocked(provider_user), pitch=DETAILS)
    assert "[…], […]" in agreement.version.scope
    path = f"/accords/{agreement.key}/version/"
    data = typed(agreement)
    page = as_provider.post(path, data | {"scope": data["scope"] + "\r\nVoir www.beta.fr"}).content.decode()
    assert "la mise en relation les ouvre" in page
    rows = {"tranche-0-title": "Sur www.beta.fr", "tranche-0-cents": str(agreement.version.price_cents // 100)}
    assert "la mise en relation les ouvre" in as_provider.post(path, data | rows).content.decode()
    assert agreement.versions.count() == 1
