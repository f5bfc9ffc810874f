from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.http import QueryDict
from django.test import Client

from marketplace.accounts.models import User
from projects.forms import discover
from projects.forms.discover import Finder, Page
from projects.models import Project

from .calls import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls() -> list[Project]:
    """Three hundred calls in words that people use, the latest first."""
    call_command("generate_projects", 300, verbosity=0, stdout=StringIO())
    return list(Project.objects.order_by("-opened_at", "-pk"))


def pages(query: str) -> Iterator[Page]:
    """Every page of a search, from the first one on."""
    address = f"/projets/?{query}"
    while address:
        page = Finder(QueryDict(address.partition("?")[2]), "/projets/").page(AnonymousUser())
        yield page
        address = page.older


def found(query: str) -> list[int]:
    return [project.pk for page in pages(query) for project in page.projects]


def plain(*texts: str) -> str:
    return unicodedata.normalize("NFD", " ".join(texts)).encode("ascii", "ignore").decode().lower()


def by_hand(calls: list[Project], *words: str) -> list[int]:
    """The keys of `calls` that have all `words`, those that have them in title and skills before the others."""
    heads = {call.pk: plain(call.title, *call.skills) for call in calls}
    have = [call for call in calls if all(word in f"{heads[call.pk]} {plain(call.teaser)}" for word in words)]
    return [call.pk for call in sorted(have, key=lambda call: not all(word in heads[call.pk] for word in words))]


@pytest.mark.parametrize("many", [1000, 20, 2])
@pytest.mark.parametrize("words", [["maquette"], ["refonte"], ["python"], ["semaine"], ["boulangerie", "refonte"]])
def test_search_shows_what_ranking_each_row_by_hand_would(
    calls: list[Project], monkeypatch: pytest.MonkeyPatch, words: list[str], many: int
) -> None:
    monkeypatch.setattr(discover, "MANY", many)
    expected = by_hand(calls, *words)
    assert len(expected) > 5
    assert found(f"q={'+'.join(words)}") == expected


@pytest.mark.parametrize(
    "query", ["q=maquette", "q=refonte+-boulangerie", "q=maquette+or+semaine&lieu=distance", 'q="est+validee"']
)
def test_common_words_give_the_pages_that_rare_ones_give(
    calls: list[Project], monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    whole = found(query)
    monkeypatch.setattr(discover, "MANY", 3)
    seen = list(pages(query))
    assert [project.pk for page in seen for project in page.projects] == whole
    for before, page in pairwise(seen):
        back = Finder(QueryDict(page.newer.partition("?")[2]), "/projets/").page(AnonymousUser())
        assert back.projects == before.projects


def test_a_title_comes_before_a_later_teaser(client: Client, client_user: User) -> None:
    opened(client_user, title="Fresque pour une école")
    opened(client_user, title="Peinture", teaser="Une fresque sur quatre murs, avec les élèves.")
    opened(client_user, title="Atelier", skills=["Fresque"])
    page = client.get("/projets/?q=fresque")
    assert [card["title"] for card in page.context["cards"]] == ["Atelier", "Fresque pour une école", "Peinture"]
    assert "par leur titre et leurs compétences" in page.content.decode()


@pytest.mark.parametrize("many", [1000, 0])
@pytest.mark.parametrize("place", ["apres=5-7", "avant=5-7", f"apres={'9' * 17}-1", f"avant={'9' * 17}-1", "apres=0-0"])
def test_places_of_another_order_give_a_page(
    client: Client, client_user: User, place: str, many: int, monkeypatch: Any
) -> None:
    opened(client_user, title="Fresque")
    monkeypatch.setattr(discover, "MANY", many)
    assert client.get(f"/projets/?q=fresque&{place}").status_code == 200
