"""Each page of the way asks the database as often for much as for little."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.documents.models import Document
from marketplace.events.models import Event
from projects.models import Offer, Project, Question, Selection, SpecificationFile, TrancheTerms
from projects.tests.bids import active, asked, bid, bidder, changed, queries, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
CHROME = 2  # session, and the reader with company and bell: the same on every page; a provider’s credits are a third


def fill(project: Project, first: int, many: int) -> None:
    """Bidders, questions with answers, and events."""
    for n in range(first, first + many):
        provider = bidder(n)
        bid(project, provider, 100_000 + n, parts=[50_000, 50_000 + n])
        asked(project, provider).answer_with("Oui.", by=project.client)
        document = Document.objects.create(
            owner=project.client,
            purpose="projects.specification",
            name=f"{n}.pdf",
            content_type="application/pdf",
            size=10,
            sha256=f"{n:064d}",
            file=f"{n}.pdf",
        )
        SpecificationFile.objects.create(project=project, document=document)


@pytest.fixture
def project(client_user: User, provider_user: User, rival_user: User) -> Project:
    """An open call with two bidders."""
    project = opened(client_user)
    for user in (provider_user, rival_user):
        bid(project, stocked(user))
    return project


def both(browser: Client, path: str, project: Project, more: int = 6) -> tuple[int, int]:
    """Queries of a page with little, then with more."""
    fill(project, 10, 1)
    browser.get(path)  # what a first visit alone writes
    little = queries(browser, path)
    fill(project, 20, more)
    return little, queries(browser, path)


@pytest.mark.parametrize(("page", "most"), [("", 7), ("rapport/", 6)])
def test_provider_s_page(as_provider: Client, project: Project, page: str, most: int) -> None:
    little, much = both(as_provider, f"/projets/{project.key}/{page}", project)
    assert little == much <= CHROME + 1 + most


@pytest.mark.parametrize(("page", "most"), [("", 5), ("rapport/", 3), ("offres/", 4)])
def test_client_s_page(as_client: Client, project: Project, page: str, most: int) -> None:
    little, much = both(as_client, f"/projets/{project.key}/{page}", project)
    assert little == much <= CHROME + most


def test_pages_of_who_has_opened_nothing(as_stranger: Client, project: Project) -> None:
    little, much = both(as_stranger, f"/projets/{project.key}/", project)
    assert little == much <= CHROME + 4
    assert queries(as_stranger, f"/projets/{project.key}/credit/consultation/") <= CHROME + 9


def test_page_of_a_project_that_is_gone(as_stranger: Client, project: Project, client_user: User) -> None:
    Selection(project.offers.all()[0], reason="Prix.").carry_out(by=client_user)
    opened(bidder(39))
    before = queries(as_stranger, f"/projets/{project.key}/")
    for n in range(4):
        opened(bidder(40 + n))
    assert queries(as_stranger, f"/projets/{project.key}/") == before <= CHROME + 4


def test_loser_s_report(as_rival: Client, project: Project, provider_user: User) -> None:
    Selection(project.offers.get(provider=provider_user), reason="Prix.").carry_out(by=project.client)
    assert queries(as_rival, f"/projets/{project.key}/rapport/") <= CHROME + 1 + 7


def test_parties_pages_whatever_their_length(
    as_client: Client, as_provider: Client, project: Project, provider_user: User
) -> None:
    """Versions and events are many, the account is open: the pages of the two parties stay the same."""
    agreement = Selection(project.offers.get(provider=provider_user), reason="Prix.").carry_out(by=project.client)
    paths = (f"/projets/{project.key}/rapport/", f"/accords/{agreement.key}/")
    before = [queries(browser, path) for browser in (as_client, as_provider) for path in paths]
    for n in range(1, 8):
        rows = [TrancheTerms(f"Étape {m}", "", 300_000 // 12) for m in range(12)]
        agreement.propose(changed(agreement, delay_days=40 + n, tranches=rows), by=agreement.client, instead_of=n)
    after = [queries(browser, path) for browser in (as_client, as_provider) for path in paths]
    assert after == before == [CHROME + 3, CHROME + 3, CHROME + 1 + 3, CHROME + 1 + 4]


def test_report_of_an_active_project(
    as_client: Client, as_provider: Client, project: Project, provider_user: User
) -> None:
    """With its internal account, and more events than the page shows."""
    active(Selection(project.offers.get(provider=provider_user), reason="Prix.").carry_out(by=project.client))
    for n in range(300):
        Event.objects.create(verb="project.opened", project_key=project.key, at=timezone.now() - timedelta(hours=n))
    assert queries(as_client, f"/projets/{project.key}/rapport/") <= CHROME + 10
    assert queries(as_provider, f"/projets/{project.key}/rapport/") <= CHROME + 1 + 10


def test_forms_of_the_way(as_client: Client, as_provider: Client, project: Project, provider_user: User) -> None:
    question = Question.ask(project, by=provider_user, text="Oui ?", key=uuid.uuid4())
    offer = Offer.objects.get(provider=provider_user)
    path = f"/projets/{project.key}/"
    assert queries(as_provider, f"{path}offre/") <= CHROME + 1 + 7
    assert queries(as_provider, f"{path}offre/retirer/") <= CHROME + 1 + 1
    assert queries(as_provider, f"{path}questions/") <= CHROME + 1 + 1
    assert queries(as_client, f"{path}questions/{question.pk}/reponse/") <= CHROME + 2
    as_client.get(f"{path}offres/{offer.pk}/")
    assert queries(as_client, f"{path}offres/{offer.pk}/") <= CHROME + 3
    assert queries(as_client, f"{path}offres/{offer.pk}/choisir/") <= CHROME + 2
