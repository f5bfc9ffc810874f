"""Drafts of offers and their files: kept as typed, seen by their author alone, until they become the offer."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.documents.models import Document
from marketplace.events.models import Event, Notice
from marketplace.testing.world import pdf
from projects.models import Enclosure, Offer, OfferDraft, Papers, Project
from projects.models.papers import TooManyPapers
from projects.tests.bids import bid, stocked, terms
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    """An open call on which the provider may bid."""
    project = opened(client_user)
    consulted(project, stocked(provider_user), Kind.OFFER)
    return project


def typed(**others: Any) -> dict[str, Any]:
    """An offer half written."""
    return {
        "key": str(uuid.uuid4()),
        "price_cents": "3 0OO",
        "delay_days": "",
        "pitch": "Je commence par",
        "tranche-TOTAL_FORMS": "3",
        "tranche-INITIAL_FORMS": "0",
        "tranche-1-title": "Maquettes",
        "save_draft": "1",
    } | others


def whole(**others: Any) -> dict[str, Any]:
    """The same, finished."""
    placed = typed(price_cents="3000", delay_days="30", **{"tranche-1-cents": "3000"}) | others
    del placed["save_draft"]
    return placed


def paper(name: str) -> intake.Clean:
    return intake.clean(pdf(name))


def page_of(browser: Client, project: Project, part: str = "offre/") -> str:
    answer = browser.get(f"/projets/{project.key}/{part}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_draft_comes_back_as_typed_right_or_wrong(as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/offre/"
    assert as_provider.post(path, typed(papers=pdf("devis"))).headers["Location"] == path
    page = page_of(as_provider, project)
    for words in ('value="3 0OO"', "Je commence par", 'value="Maquettes"', "devis.pdf", "Brouillon enregistré le"):
        assert words in page
    assert "field__error" not in page
    assert "Reprendre votre brouillon" in page_of(as_provider, project, "")


def test_draft_is_nobody_else_s_business(
    as_client: Client, as_rival: Client, as_provider: Client, project: Project, rival_user: User
) -> None:
    consulted(project, stocked(rival_user), Kind.OFFER)
    events, notices = Event.objects.count(), Notice.objects.count()
    as_provider.post(f"/projets/{project.key}/offre/", typed(pitch="canaribrouillon", papers=pdf("canaridevis")))
    for browser in (as_client, as_rival):
        for part in ("", "?onglet=offres", "?onglet=fichiers", "rapport/"):
            assert "canari" not in page_of(browser, project, part)
        assert browser.get(Document.objects.get().get_absolute_url()).status_code == 404
    assert "Personne d’autre" not in page_of(as_rival, project)
    project.refresh_from_db()
    assert (project.offers_count, events, notices) == (0, Event.objects.count(), Notice.objects.count())


def test_draft_becomes_the_offer_with_its_files(
    as_provider: Client, as_client: Client, project: Project, provider_user: User
) -> None:
    path = f"/projets/{project.key}/offre/"
    as_provider.post(path, typed(papers=[pdf("devis"), pdf("vieux")]))
    old = Enclosure.objects.get(document__name="vieux.pdf")
    assert as_provider.post(path, whole(papers=pdf("planning"), dropped=[old.pk])).status_code == 302
    offer = Offer.objects.get()
    assert [document.name for document in offer.documents] == ["devis.pdf", "planning.pdf"]
    assert not OfferDraft.objects.exists()
    assert not Document.objects.filter(name="vieux.pdf").exists()
    for part in (f"offres/{offer.pk}/", "offres/", "?onglet=offres", "?onglet=fichiers"):
        assert "devis.pdf" in page_of(as_client, project, part)
    assert as_provider.post(path, typed()).status_code == 200  # an offer stands: it is revised, not drafted
    assert not OfferDraft.objects.exists()


def test_draft_is_written_over_and_its_files_stay(as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/offre/"
    content = pdf("devis").read()
    for pitch in ("Premier jet", "Second jet"):
        file = SimpleUploadedFile("devis.pdf", content)
        assert as_provider.post(path, typed(pitch=pitch, papers=file)).status_code == 302
    assert OfferDraft.objects.get().typed["pitch"] == "Second jet"
    assert Enclosure.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"pitch": "z" * 5001}, "pitch_error"),
        ({"pitch": "a\x00b"}, "pitch_error"),
        ({"papers": SimpleUploadedFile("a.pdf", b"<html>")}, "papers_error"),
    ],
    ids=["too long", "NUL", "no PDF"],
)
def test_what_no_draft_can_hold_is_told(
    as_provider: Client, project: Project, data: dict[str, Any], where: str
) -> None:
    answer = as_provider.post(f"/projets/{project.key}/offre/", typed(**data))
    assert where in answer.content.decode()
    assert not OfferDraft.objects.exists()


def test_somebody_else_s_file_is_not_dropped(as_provider: Client, project: Project, rival_user: User) -> None:
    consulted(project, stocked(rival_user), Kind.OFFER)
    theirs = OfferDraft.keep(project, by=rival_user, typed={}, papers=Papers([paper("devis")]))
    path, pk = f"/projets/{project.key}/offre/", theirs.enclosures.get().pk
    assert as_provider.post(path, typed(dropped=[pk])).status_code == 302  # nothing to drop: not on the form
    as_provider.post(path, typed(papers=pdf("planning")))
    assert "dropped_error" in as_provider.post(path, typed(dropped=[pk])).content.decode()
    assert theirs.enclosures.count() == 1


def test_odd_figures_are_kept_without_an_error_page(as_provider: Client, project: Project) -> None:
    odd = {
        "price_cents": "1\x00🧵" * 200,
        "delay_days": "-1\x00",
        "starts_on": "31/02/2026",
        "tranche-0-due_on": "\x00",
    }
    assert as_provider.post(f"/projets/{project.key}/offre/", typed(**odd)).status_code == 302
    assert "31/02/2026" in page_of(as_provider, project)


def test_draft_needs_what_the_offer_needs(project: Project, rival_user: User, provider_user: User) -> None:
    consulted(project, stocked(rival_user))
    with pytest.raises(Offer.NeedsCredit):
        OfferDraft.keep(project, by=rival_user, typed={})
    bid(project, provider_user)
    with pytest.raises(Offer.AlreadyPlaced):
        OfferDraft.keep(project, by=provider_user, typed={})
    project.withdraw(by=project.client)
    with pytest.raises(Project.NotAvailable):
        OfferDraft.keep(project, by=provider_user, typed={})


def test_refused_draft_keeps_the_page(as_provider: Client, project: Project, provider_user: User) -> None:
    bid(project, provider_user)
    page = as_provider.post(f"/projets/{project.key}/offre/", typed(pitch="À garder")).content.decode()
    assert "déjà déposé une offre" in page
    assert "À garder" in page


def test_files_of_sealed_offers_are_for_the_client_and_their_owner(
    as_client: Client, as_provider: Client, as_rival: Client, client_user: User, provider_user: User, rival_user: User
) -> None:
    project = opened(client_user, sealed=True)
    for user in (provider_user, rival_user):
        consulted(project, stocked(user), Kind.OFFER)
    papers = Papers([paper("devis")])
    offer = Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4(), papers=papers)
    (document,) = offer.documents
    found = {as_client: True, as_provider: True, as_rival: False}
    for browser, seen in found.items():
        assert ("devis.pdf" in page_of(browser, project, "?onglet=fichiers")) == seen
        assert ("devis.pdf" in page_of(browser, project, "?onglet=offres")) == seen
        assert document.readable_by(User.objects.get(pk=browser.session["_auth_user_id"])) == seen


def test_withdrawn_offer_takes_its_files_away(
    as_client: Client, as_provider: Client, project: Project, provider_user: User
) -> None:
    offer = bid(project, provider_user)
    offer.revise(by=provider_user, terms=terms(), papers=Papers([paper("devis")]))
    offer.withdraw(by=provider_user)
    assert "devis.pdf" not in page_of(as_client, project, "?onglet=fichiers")
    assert not offer.documents[0].readable_by(project.client)
    assert "devis.pdf" in page_of(as_provider, project)


def test_another_file_is_a_revision_and_the_same_again_is_none(project: Project, provider_user: User) -> None:
    offer = bid(project, provider_user)
    papers = Papers([paper("devis")])
    for _twice in range(2):
        offer.revise(by=provider_user, terms=terms(), papers=papers)
    assert (offer.revision, [document.name for document in offer.documents]) == (2, ["devis.pdf"])
    dropped = [enclosure.pk for enclosure in offer.enclosures.all()]
    digest = offer.documents[0].sha256
    offer.revise(by=provider_user, terms=terms(), papers=Papers(dropped=dropped))
    assert (offer.revision, offer.documents) == (3, [])
    assert offer.revisions.get(number=2).terms["files"] == [["devis.pdf", digest]]


def test_sixth_file_is_refused_and_nothing_changes(project: Project, provider_user: User) -> None:
    offer = bid(project, provider_user)
    offer.revise(by=provider_user, terms=terms(), papers=Papers([paper(f"p{n}") for n in range(5)]))
    with pytest.raises(TooManyPapers):
        offer.revise(by=provider_user, terms=terms(), papers=Papers([paper("p6")]))
    assert len(offer.documents) == 5
