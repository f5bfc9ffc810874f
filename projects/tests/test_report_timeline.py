"""The timeline of the report: page by page, whole, and only what concerns its reader; the documents under it."""

import re
import uuid

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Event
from marketplace.testing.world import pdf
from projects.models import Project, Selection, Thread
from projects.tests.bids import HOSTILE, agreed, bid, bidder, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    """An open call with one bidder."""
    project = opened(client_user)
    bid(project, stocked(provider_user))
    return project


def changed(project: Project, many: int) -> None:
    """So many changes of the project, numbered."""
    rows = (Event(verb="project.changed", project_key=project.key, facts={"version": n}) for n in range(1, many + 1))
    Event.objects.bulk_create(rows)


def versions(page: str) -> list[int]:
    return [int(n) for n in re.findall(r"Projet modifié par le client.*?version (\d+)", page)]


def pages(browser: Client, address: str) -> list[str]:
    """Every page of the timeline, by its own links."""
    found, base = [], address
    while address:
        found.append(browser.get(address).content.decode())
        link = re.search(r'href="([^"#]*\?avant=\d+)#parcours" rel="next"', found[-1])
        address = link[1] if link else ""
    assert all(base in page for page in found)
    return found


def test_every_step_is_on_one_page_and_one_only(as_client: Client, project: Project) -> None:
    changed(project, 130)
    found = pages(as_client, f"/projets/{project.key}/rapport/")
    assert [n for page in found for n in versions(page)] == list(range(130, 0, -1))
    assert "Projet publié" in found[-1]
    assert 'rel="prev"' in found[-1]


def test_what_is_not_for_the_reader_leaves_no_hole(as_provider: Client, project: Project) -> None:
    """Hundreds of a rival’s steps stand between two of one’s own."""
    changed(project, 5)
    rival = bidder(1)
    Event.objects.bulk_create(
        Event(verb="offer.revised", project_key=project.key, by=rival, facts={}) for _n in range(300)
    )
    changed(project, 5)
    (page,) = pages(as_provider, f"/projets/{project.key}/rapport/")
    assert len(versions(page)) == 10
    assert "Offre révisée" not in page


def test_any_place_in_the_timeline_gives_a_page(as_client: Client, project: Project) -> None:
    for before in (*HOSTILE, "0", "-1", "9" * 18, "9" * 40, "\x00", "²", "٣"):
        assert as_client.get(f"/projets/{project.key}/rapport/", {"avant": before}).status_code == 200


def test_documents_are_those_that_the_reader_may_open(
    as_client: Client, as_provider: Client, as_rival: Client, project: Project, rival_user: User
) -> None:
    bid(project, stocked(rival_user))
    agreement = agreed(Selection(project.offers.order_by("pk")[0], reason="Prix.").carry_out(by=project.client))
    sheet = intake.clean(pdf("entrenous"), intake.PLAIN)
    Thread(agreement).write("Voici.", by=agreement.provider, key=uuid.uuid4(), files=[sheet])
    address = f"/projets/{project.key}/rapport/"
    for browser, seen in ((as_client, True), (as_provider, True), (as_rival, False)):
        page = browser.get(address).content.decode()
        assert ("entrenous.pdf" in page) == seen
        assert (f"/accords/{agreement.key}/accord.pdf" in page) == seen
