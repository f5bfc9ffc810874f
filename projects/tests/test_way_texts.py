"""Whatever is typed on the way: no error page, nothing lost, nothing read as anything but text."""

import uuid
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client
from django.utils.html import escape

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.tasks import deliver
from marketplace.testing.cast import reauthenticate
from projects.models import Agreement, Offer, Project, Question, Selection
from projects.tests.bids import HOSTILE, active, asked, bid, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
NASTY = "\n".join(HOSTILE)
REFUSED = ["a\x00b", "z" * 2_000_000, "Appelez-moi au 06 12 34 56 78", "écrivez à moi@exemple.fr"]


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    project = opened(client_user)
    consulted(project, stocked(provider_user), Kind.OFFER)
    return project


def offer_form(**others: Any) -> dict[str, Any]:
    return {
        "key": uuid.uuid4(),
        "price_cents": "3000",
        "delay_days": "30",
        "pitch": NASTY,
        "assumptions": NASTY,
        "tranche-TOTAL_FORMS": "3",
        "tranche-INITIAL_FORMS": "0",
        "tranche-0-title": HOSTILE[3],
        "tranche-0-cents": "3000",
        "tranche-0-deliverable": NASTY,
    } | others


def shown(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<script>alert" not in page
    return page


def test_hostile_texts_are_text_on_every_page_and_mail(
    as_provider: Client, as_client: Client, as_rival: Client, project: Project, rival_user: User
) -> None:
    path = f"/projets/{project.key}/"
    assert as_provider.post(f"{path}offre/", offer_form()).status_code == 302
    assert as_provider.post(f"{path}questions/", {"text": NASTY, "key": uuid.uuid4()}).status_code == 302
    question, offer = Question.objects.get(), Offer.objects.get()
    assert as_client.post(f"{path}questions/{question.pk}/reponse/", {"text": NASTY}).status_code == 302
    bid(project, stocked(rival_user))
    for browser, pages in (
        (as_provider, ["?onglet=offres", "?onglet=echanges", "offre/"]),
        (as_client, ["?onglet=offres", "?onglet=echanges", "offres/", f"offres/{offer.pk}/"]),
    ):
        for part in pages:
            assert escape(HOSTILE[4]) in shown(browser, path + part)
    lost = Offer.objects.get(provider=rival_user)
    data = {"revision": "1", "reason": NASTY, f"reason_{lost.pk}": ""}
    assert as_client.post(f"{path}offres/{offer.pk}/choisir/", data).status_code == 302
    assert escape(HOSTILE[4]) in shown(as_rival, f"{path}rapport/")
    agreement = Agreement.objects.get()
    for browser in (as_client, as_provider):
        for part in ("", "version/"):
            assert escape(HOSTILE[4]) in shown(browser, f"/accords/{agreement.key}/{part}")
    active(agreement)
    shown(as_client, f"{path}rapport/")
    deliver()
    for mail in outbox.outbox:
        assert "<script>alert" not in str(mail.alternatives)  # type: ignore[union-attr]
    assert any(HOSTILE[5] in str(mail.body) for mail in outbox.outbox)


@pytest.mark.parametrize("text", REFUSED, ids=["NUL", "huge", "phone", "address"])
def test_refused_texts_are_told_beside_their_field(
    as_provider: Client, as_client: Client, project: Project, text: str
) -> None:
    path = f"/projets/{project.key}/"
    question = asked(project, bidder_of(project))
    forms: list[tuple[Client, str, dict[str, Any]]] = [
        (as_provider, f"{path}offre/", offer_form(pitch=text)),
        (as_provider, f"{path}offre/", offer_form(assumptions=text)),
        (as_provider, f"{path}offre/", offer_form(**{"tranche-0-title": text})),
        (as_provider, f"{path}offre/", offer_form(**{"tranche-0-deliverable": text})),
        (as_provider, f"{path}questions/", {"text": text, "key": uuid.uuid4()}),
        (as_client, f"{path}questions/{question.pk}/reponse/", {"text": text}),
    ]
    for browser, address, data in forms:
        answer = browser.post(address, data)
        assert answer.status_code == 200
        assert "field__error" in answer.content.decode()
    assert not Offer.objects.exists()
    assert Question.objects.count() == 1


def bidder_of(project: Project) -> User:
    return Spending.objects.on(project.key).filter(kind=Kind.OFFER)[0].provider


@pytest.mark.parametrize("text", REFUSED, ids=["NUL", "huge", "phone", "address"])
def test_refused_reasons_and_terms(
    as_client: Client, project: Project, provider_user: User, rival_user: User, text: str
) -> None:
    offer = bid(project, provider_user)
    bid(project, stocked(rival_user))
    page = as_client.post(f"/projets/{project.key}/offres/{offer.pk}/choisir/", {"revision": "1", "reason": text})
    assert page.status_code == 200
    assert "field__error" in page.content.decode()
    agreement = Selection(offer, reason="Prix.").carry_out(by=project.client)
    data = offer_form(scope=text, instead_of="1", formula="R0")
    page = as_client.post(f"/accords/{agreement.key}/version/", data)
    assert page.status_code == 200
    assert "field__error" in page.content.decode()
    assert agreement.versions.count() == 1


def test_digest_of_a_file_is_no_phone_number(as_client: Client, project: Project, provider_user: User) -> None:
    agreement = Selection(bid(project, provider_user)).carry_out(by=project.client)
    scope = f"Le besoin (SHA-256 {'0612345678' + 'a' * 54})."
    data = offer_form(scope=scope, instead_of="1", formula="R0") | {"tranche-0-deliverable": ""}
    assert as_client.post(f"/accords/{agreement.key}/version/", data).status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"tranche-TOTAL_FORMS": "13"},
        {"tranche-TOTAL_FORMS": "99999999999"},
        {"tranche-TOTAL_FORMS": "x"},
        {"tranche-TOTAL_FORMS": "", "tranche-INITIAL_FORMS": ""},
        {"tranche-0-cents": "-5"},
        {"tranche-0-cents": ""},
        {"tranche-0-title": ""},
        {"tranche-0-due_on": "2026-02-30"},
        {"price_cents": "9"},
        {"delay_days": "9" * 30},
        {"delay_days": "0"},
        {"starts_on": "demain"},
        {"key": "x"},
        {"key": ""},
    ],
)
def test_odd_rows_and_numbers_are_refused(as_provider: Client, project: Project, wrong: dict[str, str]) -> None:
    answer = as_provider.post(f"/projets/{project.key}/offre/", offer_form() | wrong)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "field__error" in page or "error-summary" in page
    assert escape(HOSTILE[0]) in page
    assert not Offer.objects.exists()


def test_rows_are_added_up_to_twelve_without_a_word_of_reproach(as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/offre/"
    for total, left in (("3", True), ("11", False), ("12", False), ("99", False)):
        data = offer_form(price_cents="", add_row="1") | {"tranche-TOTAL_FORMS": total}
        page = as_provider.post(path, data).content.decode()
        assert ("Ajouter une tranche" in page) == left
        assert "error-summary" not in page
        assert "field__error" not in page
        assert escape(HOSTILE[3]) in page
    agreement = Selection(bid(project, bidder_of(project))).carry_out(by=project.client)
    page = as_provider.post(f"/accords/{agreement.key}/version/", offer_form(add_row="1")).content.decode()
    assert 'name="tranche-3-title"' in page
    assert "error-summary" not in page


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 18, "9" * 30])
def test_numbers_out_of_range_are_not_found(as_client: Client, as_provider: Client, project: Project, pk: str) -> None:
    path = f"/projets/{project.key}/"
    for address in (f"{path}offres/{pk}/", f"{path}offres/{pk}/choisir/", f"{path}questions/{pk}/reponse/"):
        assert as_client.get(address).status_code == 404
    assert as_provider.get(f"/projets/{'a' * 500}/").status_code == 404
    assert as_provider.get(f"{path}credit/autre/").status_code == 404
    assert as_client.get(f"{path}offres/?tri=%00").status_code == 200


def test_what_was_typed_waits_for_who_comes_back_signed_in(project: Project, provider_user: User) -> None:
    browser = Client()
    browser.force_login(provider_user)
    path = f"/projets/{project.key}/offre/"
    browser.get(path)
    del browser.cookies["sessionid"]
    answer = browser.post(path, {**offer_form(), "key": str(uuid.uuid4())})
    assert answer.status_code == 302
    browser.force_login(provider_user)
    reauthenticate(browser, provider_user)
    page = browser.get(path).content.decode()
    assert escape(HOSTILE[4]) in page
    assert not Offer.objects.exists()
