"""The tabs of a dossier: addresses that can be shared, counts, locks, and a bounded number of queries."""

import re
import uuid

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.testing.world import pdf
from projects.models import DossierMessage, Offer, Papers, Project, Selection
from projects.tabs import LABELS
from projects.tests.bids import bid, bidder, queries, stocked, terms
from projects.tests.calls import consulted, opened
from projects.tests.test_way_queries import CHROME, fill

pytestmark = pytest.mark.django_db
CURRENT = re.compile(r'<a id="onglet-(\w+)"[^>]*aria-current="page"')
# Queries of the page itself, besides those that every page of the site makes.
MOST = {"besoin": 4, "cahier": 5, "offres": 7, "echanges": 7, "fichiers": 6, "historique": 5, "client": 5}
SHUT = {"besoin": 3, "client": 3}


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    """An open call that the provider may bid on."""
    project = opened(client_user)
    bid(project, stocked(provider_user))
    return project


def page_of(browser: Client, project: Project, tab: str = "") -> str:
    answer = browser.get(f"/projets/{project.key}/" + (f"?onglet={tab}" if tab else ""))
    assert answer.status_code == 200
    return answer.content.decode()


def grown(project: Project, first: int, many: int) -> None:
    """More of everything that the tabs show."""
    fill(project, first, many)
    for n in range(first, first + many):
        by = project.offers.get(provider__email=f"bidder{n}@exemple.be").provider
        for author in (by, project.client):
            files = [intake.clean(pdf(f"m{n}"))]
            DossierMessage.write(project, by=author, text="Bonjour.", key=uuid.uuid4(), files=files)
        offer = Offer.objects.get(project=project, provider=by)
        offer.revise(by=by, terms=terms(200_000 + n), papers=Papers([intake.clean(pdf(f"o{n}"))]))


@pytest.mark.parametrize("tab", LABELS)
def test_each_tab_has_its_address_one_title_and_its_mark(as_provider: Client, project: Project, tab: str) -> None:
    page = page_of(as_provider, project, tab)
    assert CURRENT.findall(page) == [tab]
    assert page.count("<h1") == 1
    assert page.count('aria-current="page"') <= 2  # the tab, and the site's own navigation
    assert (f"<title>{LABELS[tab]} – " in page) == (tab != "besoin")


@pytest.mark.parametrize("tab", ["x", "OFFRES", "offres%00", "🧵", "%27--", "a" * 3000])
def test_unknown_tab_is_the_first_one(as_provider: Client, client: Client, project: Project, tab: str) -> None:
    for browser in (as_provider, client):
        assert CURRENT.findall(page_of(browser, project, tab)) == ["besoin"]


@pytest.mark.parametrize("tab", LABELS)
def test_tabs_are_locked_with_counts_before_the_credit(
    as_stranger: Client, client: Client, project: Project, tab: str
) -> None:
    DossierMessage.write(project, by=project.client, text="canarimessage", key=uuid.uuid4())
    for browser in (as_stranger, client):
        page = page_of(browser, project, tab)
        assert page.count("(fermé pour l’instant)") == 5
        assert "Ouvrir le dossier" in page
        assert "canari" not in page
        assert re.search(r'onglet=echanges"[^>]*>.*?tabs__count">1<', page)
        assert re.search(r'onglet=offres"[^>]*>.*?tabs__count">1<', page)


def test_locked_tab_of_sealed_offers_says_what_stays_sealed(client: Client, client_user: User) -> None:
    assert "jamais leur contenu" in page_of(client, opened(client_user, sealed=True), "offres")


def test_tabs_ask_the_database_as_often_for_much_as_for_little(
    as_provider: Client, as_client: Client, project: Project
) -> None:
    grown(project, 10, 1)
    readers = ((as_provider, CHROME + 1), (as_client, CHROME))
    little = {tab: [queries(b, f"/projets/{project.key}/?onglet={tab}") - n for b, n in readers] for tab in LABELS}
    grown(project, 20, 5)
    much = {tab: [queries(b, f"/projets/{project.key}/?onglet={tab}") - n for b, n in readers] for tab in LABELS}
    assert much == little
    assert {tab: max(found) for tab, found in much.items() if max(found) > MOST[tab]} == {}


def test_locked_tabs_ask_the_database_as_often_for_much(as_stranger: Client, project: Project) -> None:
    grown(project, 10, 1)
    for tab in LABELS:
        before = queries(as_stranger, f"/projets/{project.key}/?onglet={tab}")
        assert before <= CHROME + 1 + SHUT.get(tab, 2), tab
    grown(project, 20, 3)
    assert queries(as_stranger, f"/projets/{project.key}/?onglet=historique") <= CHROME + 1 + 2


def test_history_of_an_awarded_call_stays_bounded(as_provider: Client, project: Project) -> None:
    Selection(project.offers.get()).carry_out(by=project.client)
    assert queries(as_provider, f"/projets/{project.key}/?onglet=historique") <= CHROME + 1 + 8


def test_files_of_offers_are_counted_by_nobody_who_may_not_read_them(as_stranger: Client, project: Project) -> None:
    offer = project.offers.get()
    offer.revise(by=offer.provider, terms=terms(), papers=Papers([intake.clean(pdf("devis"))]))
    assert re.search(r'onglet=fichiers"[^>]*>.*?tabs__count">0<', page_of(as_stranger, project))


def test_owner_is_led_to_messages_and_comparison(as_client: Client, project: Project) -> None:
    page = page_of(as_client, project, "echanges")
    assert f'href="/projets/{project.key}/messages/"' in page
    assert f'href="/projets/{project.key}/offres/"' in page
    project.withdraw(by=project.client)
    assert f'href="/projets/{project.key}/messages/"' not in page_of(as_client, project, "echanges")


def test_who_only_consulted_is_led_to_the_offer_credit(as_rival: Client, project: Project, rival_user: User) -> None:
    consulted(project, stocked(rival_user))
    page = page_of(as_rival, project, "echanges")
    assert f'href="/projets/{project.key}/credit/offre/"' in page
    assert "Écrire un message" not in page
    assert bidder(5).email not in page
