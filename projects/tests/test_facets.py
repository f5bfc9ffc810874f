from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import User
from projects import bands, facets, tasks
from projects.forms import discover
from projects.models import Category, Project, Tally

from .calls import drafted, opened

pytestmark = pytest.mark.django_db


def boxes(page: Any) -> dict[str, str]:
    """What stands beside each box, by its name and value."""
    groups = page.context["finder"].groups
    return {f"{option.name}={option.value}": option.many for _heading, options in groups for option in options}


def calls(client_user: User) -> None:
    """Five open projects, and one that nobody may know of."""
    design, web = (Category.objects.get(slug=slug) for slug in ("design", "web"))
    opened(client_user, title="Logo", category=design, skills=["Figma", "Référencement"], urgent=True)
    opened(client_user, title="Affiche", category=design, skills=["figma"], place="ON_SITE")
    opened(client_user, title="Vitrine", category=web, skills=["Python", "referencement"])
    opened(client_user, title="Boutique", category=web, skills=[], place="ON_SITE")
    opened(client_user, title="Refonte", category=web, skills=["Python"], budget_max_cents=2_000_000)
    Project.objects.filter(title="Boutique").update(offers_count=3)
    drafted(client_user, title="Brouillon", category=design, skills=["Secret"])


def test_each_box_tells_what_it_would_give(client: Client, client_user: User) -> None:
    calls(client_user)
    found = boxes(client.get("/projets/"))
    assert (found["categorie=design"], found["categorie=web"], found["categorie=mobile"]) == ("2", "3", "0")
    assert (found["budget=2"], found["budget=4"], found["budget=1"]) == ("5", "1", "0")
    assert (found["lieu=distance"], found["lieu=sur-place"]) == ("3", "2")
    assert (found["peu=1"], found["urgent=1"]) == ("4", "1")
    assert (found["competence=Figma"], found["competence=Python"]) == ("2", "2")
    assert "competence=Secret" not in found


@pytest.mark.parametrize(
    "chosen",
    [
        "categorie=design",
        "categorie=design&categorie=web&lieu=sur-place",
        "competence=PYTHON",
        "competence=référencement&competence=Figma&peu=1",
        "q=site&budget=2&urgent=1",
        "q=logo",
        "lieu=sur-place&urgent=1",
    ],
)
def test_ticking_a_box_gives_what_it_said(client: Client, client_user: User, chosen: str) -> None:
    """The filters of the other headings apply; what is ticked under its own heading adds to it."""
    calls(client_user)
    page = client.get(f"/projets/?{chosen}")
    for box, many in list(boxes(page).items())[::2]:
        name = box.partition("=")[0]
        kept = [pair for pair in chosen.split("&") if not pair.startswith(f"{name}=")]
        alone = client.get("/projets/?" + "&".join([*kept, f"{name}={quote(box.partition('=')[2])}"]))
        assert len(alone.context["cards"]) == int(many), box


def test_skills_are_one_whatever_their_capitals_and_accents(client: Client, client_user: User) -> None:
    calls(client_user)
    found = client.get("/projets/?competence=REFERENCEMENT")
    assert {card["title"] for card in found.context["cards"]} == {"Logo", "Vitrine"}
    assert boxes(found)["competence=REFERENCEMENT"] == "2"
    assert 'value="REFERENCEMENT" checked' in found.content.decode()


def test_nothing_found_offers_one_filter_less(client: Client, client_user: User) -> None:
    calls(client_user)
    page = client.get("/projets/?categorie=design&lieu=sur-place&urgent=1")
    ways = [(way.lacking, way.many, way.url) for way in page.context["finder"].wider]
    assert ways == [
        ("Urgent", "1\xa0projet", "/projets/?categorie=design&lieu=sur-place"),
        ("Sur place", "1\xa0projet", "/projets/?categorie=design&urgent=1"),
    ]
    text = page.content.decode()
    assert "Sans «\xa0Sur place\xa0»\xa0: 1\xa0projet" in text
    assert "Voir tous les projets disponibles" in text


def test_words_are_a_filter_that_may_go_too_and_a_heading_goes_whole(client: Client, client_user: User) -> None:
    calls(client_user)
    page = client.get("/projets/?q=licorne&lieu=sur-place&categorie=design&categorie=web&urgent=&tri=budget")
    ways = [(way.lacking, way.many, way.url) for way in page.context["finder"].wider]
    assert ways == [("licorne", "2\xa0projets", "/projets/?categorie=design&categorie=web&lieu=sur-place&tri=budget")]
    page = client.get("/projets/?q=boutique&categorie=design&categorie=mobile&peu=1")
    assert not page.context["cards"]
    assert [way.lacking for way in page.context["finder"].wider] == ["boutique"]
    assert len(client.get("/projets/?categorie=mobile&lieu=mixte&urgent=1&peu=1&budget=4").context["finder"].wider) <= 4


def test_counts_of_a_long_search_are_the_least_there_is(
    client: Client, client_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(client_user)
    monkeypatch.setattr(discover, "MANY", 2)
    page = client.get("/projets/?q=atelier")
    assert page.context["headline"] == "5\xa0projets"
    found = boxes(page)
    assert (found["categorie=web"], found["categorie=design"], found["competence=Python"]) == ("2+", "", "1+")
    monkeypatch.setattr(facets, "TOO_MANY", 4)
    page = client.get("/projets/?q=atelier&categorie=web&categorie=design")
    assert page.context["headline"] == "Plus de 3\xa0projets"


def test_long_list_is_counted_by_its_tallies(
    client: Client, client_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(client_user)
    exact = {query: boxes(client.get(f"/projets/?{query}")) for query in ("categorie=web", "lieu=sur-place&peu=1")}
    assert tasks.tally_projects() == Tally.objects.count()
    monkeypatch.setattr(facets, "MOST", 2)
    for query, found in exact.items():
        page = client.get(f"/projets/?{query}")
        told = {box: many for box, many in boxes(page).items() if not box.startswith("competence")}
        assert told == {box: many for box, many in found.items() if not box.startswith("competence")}
        assert page.context["headline"] in {"3\xa0projets", "1\xa0projet"}


def test_tallies_are_those_of_the_projects_open_now(client_user: User) -> None:
    calls(client_user)
    bands.tally()
    assert Tally.objects.sums({"all": Q()}) == {"all": 5}
    Project.objects.get(title="Logo").withdraw(by=client_user)
    bands.tally()
    assert sum(Tally.objects.values_list("many", flat=True)) == 4


def test_counts_of_the_whole_list_are_kept_for_a_minute(client: Client, client_user: User) -> None:
    calls(client_user)
    client.get("/projets/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/projets/")
    ours = [query["sql"] for query in queries if "projects_" in query["sql"]]
    assert len(ours) == 3, "the categories, the page and its odds"
    opened(client_user, title="Nouveau")
    assert page.context["headline"] == "5\xa0projets"
    page = client.get("/projets/")
    assert (page.context["headline"], boxes(page)["categorie=web"]) == ("6\xa0projets", "3"), "as many as it shows"
    cache.delete(facets.KEY)
    assert boxes(client.get("/projets/"))["categorie=web"] == "4"


@pytest.mark.parametrize("query", ["", "q=site", "categorie=web&competence=Python", "q=site&lieu=distance&apres=1-1"])
def test_list_makes_as_many_queries_for_much_as_for_little(client: Client, client_user: User, query: str) -> None:
    for n in range(discover.FEW_FOUND):  # fewer would be asked whether they hide a typing error
        opened(client_user, title=f"Site {n}")
    client.get(f"/projets/?{query}")
    with CaptureQueriesContext(connection) as one:
        client.get(f"/projets/?{query}")
    for n in range(29):
        opened(client_user, title=f"Site {n}", skills=["Python", f"Métier {n}"])
    with CaptureQueriesContext(connection) as thirty:
        client.get(f"/projets/?{query}")
    assert len(one) == len(thirty) <= 6
