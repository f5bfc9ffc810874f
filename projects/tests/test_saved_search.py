from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.test import Client

from marketplace.accounts.models import User
from marketplace.ledger.tests.crowd import Crowd, tally
from projects import matching, saved
from projects.forms import discover
from projects.forms.searches import asked_in
from projects.models import Asked, Category, Project, SavedSearch, searches
from projects.tests.bids import queries

from .calls import opened

ALL = "q=site+web&categorie=design&categorie=web&budget=1&budget=3&lieu=mixte&lieu=distance&urgent=1&peu=1"
SAVE, MINE = "/mon-compte/newsletter/recherche/", "/mon-compte/newsletter/"


def finder(address: str) -> discover.Finder:
    return discover.Finder(QueryDict(address), "/projets/")


def kept(user: User, address: str = "q=logo", name: str = "Logos") -> SavedSearch:
    return SavedSearch.keep(asked_in(finder(address)), name=name, by=user)[0]


def test_search_of_the_list_is_saved_and_reopens_the_same_list(as_provider: Client, provider_user: User) -> None:
    page = as_provider.post(
        SAVE, {"asked": f"/projets/?{ALL}&tri=budget&apres=1-1", "name": "  Mes \n sites "}, follow=True
    )
    search = SavedSearch.objects.get()
    assert search.name == "Mes sites"
    (shown,) = saved.searches_of(provider_user)
    assert asked_in(finder(shown.url.partition("?")[2])) == asked_in(finder(ALL)) == search.asked
    text = page.content.decode()
    assert "Recherche enregistrée\xa0: «\xa0Mes sites\xa0»." in text
    words = (shown.url.replace("&", "&amp;"), "«\xa0site web\xa0»", "Moins de 3 offres", "Urgent", "0 projet ouvert")
    assert [word for word in words if word not in text] == []


def test_search_without_a_name_is_called_by_what_it_asks_for(as_provider: Client) -> None:
    as_provider.post(SAVE, {"asked": "/projets/?q=logo&budget=1", "name": " "})
    assert SavedSearch.objects.get().name == "«\xa0logo\xa0», moins de 1\u202f000\xa0€"


def test_list_offers_to_save_what_a_provider_has_narrowed(as_provider: Client, client: Client) -> None:
    page = as_provider.get(f"/projets/?{ALL}").content.decode()
    assert f'value="{finder(ALL).url()}"'.replace("&", "&amp;") in page
    assert "Enregistrer cette recherche" not in as_provider.get("/projets/").content.decode()
    assert "Enregistrer cette recherche" not in client.get(f"/projets/?{ALL}").content.decode()


def test_same_search_twice_is_one_row(as_provider: Client, provider_user: User) -> None:
    first = kept(provider_user, "categorie=web&categorie=design&q=logo")
    page = as_provider.post(SAVE, {"asked": "categorie=design&q=logo&categorie=web", "name": "Autre"}, follow=True)
    assert "Vous gardez déjà cette recherche\xa0: «\xa0Logos\xa0»." in page.content.decode()
    assert SavedSearch.objects.get() == first
    with pytest.raises(IntegrityError, match="one_saved_search_of_a_kind"), transaction.atomic():
        SavedSearch.objects.create(provider=provider_user, name="X", **first.asked.as_fields())


def test_twenty_searches_are_the_most(as_provider: Client, provider_user: User) -> None:
    for n in range(searches.MOST_SEARCHES):
        kept(provider_user, f"q=mot{n}")
    page = as_provider.post(SAVE, {"asked": "q=un+de+trop", "name": "Trop"})
    assert "Vous gardez déjà 20 recherches" in page.content.decode()
    assert 'value="Trop"' in page.content.decode()
    assert SavedSearch.objects.count() == searches.MOST_SEARCHES


@pytest.mark.parametrize("asked", ["", "/projets/", "tri=budget", "categorie=inconnue&budget=9", "q=%00+"])
def test_search_that_asks_for_nothing_is_refused(as_provider: Client, asked: str) -> None:
    page = as_provider.post(SAVE, {"asked": asked, "name": ""})
    assert "Choisissez d’abord des mots ou des filtres" in page.content.decode()
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"asked": "q=" + "é" * 4000, "name": "x" * 81},
        {"asked": "q=a\x00b", "name": "n"},
        {"asked": "q=logo", "name": "a\x00b"},
        {"asked": "q=" + "x" * 10_001, "name": "n"},
    ],
)
def test_bad_input_is_said_and_kept_on_the_page(as_provider: Client, typed: dict[str, str]) -> None:
    page = as_provider.post(SAVE, typed)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not SavedSearch.objects.exists()


def test_operators_and_emoji_are_words_like_others(as_provider: Client, provider_user: User) -> None:
    for n, text in enumerate(["🦉", "'); drop table x;--", "a & | ! <-> :*", '"', "%s {{7*7}} <b>", "le la"]):
        as_provider.post(SAVE, {"asked": QueryDict(mutable=True).urlencode() + f"q={text}", "name": f"N{n}"})
    assert {shown.found for shown in saved.searches_of(provider_user)} == {"0 projet ouvert"}
    assert "{{7*7}} &lt;b&gt;" in as_provider.get(MINE).content.decode()


def test_page_before_saving_says_what_is_asked_for(as_provider: Client) -> None:
    text = as_provider.get(f"{SAVE}?q=logo&urgent=1").content.decode()
    assert "«\xa0logo\xa0», Urgent" in text
    assert 'value="q=logo&amp;urgent=1"' in text
    assert "Cette recherche ne demande rien de particulier." in as_provider.get(SAVE).content.decode()


def test_search_is_renamed_and_deleted(as_provider: Client, provider_user: User) -> None:
    search = kept(provider_user)
    path = f"{MINE}recherches/{search.pk}/"
    assert 'value="Logos"' in as_provider.get(path).content.decode()
    assert "Ce champ est obligatoire" in as_provider.post(path, {"name": " "}).content.decode()
    as_provider.post(path, {"name": "Identités"})
    assert SavedSearch.objects.get().name == "Identités"
    assert "Supprimer la recherche" in as_provider.get(f"{path}supprimer/").content.decode()
    page = as_provider.post(f"{path}supprimer/", follow=True).content.decode()
    assert "Recherche supprimée\xa0: «\xa0Identités\xa0»." in page
    assert "Aucune recherche enregistrée" in page
    assert as_provider.post(f"{path}supprimer/").status_code == 404


def test_searches_are_seen_by_their_owner_only(as_rival: Client, provider_user: User) -> None:
    search = kept(provider_user, name="Secrète")
    assert "Secrète" not in as_rival.get(MINE).content.decode()
    for path in (f"{MINE}recherches/{search.pk}/", f"{MINE}recherches/{search.pk}/supprimer/"):
        assert as_rival.get(path).status_code == 404
        assert as_rival.post(path, {"name": "À moi"}).status_code == 404
    assert SavedSearch.objects.get().name == "Secrète"


def test_page_asks_the_database_as_often_for_many_searches(as_provider: Client, provider_user: User) -> None:
    kept(provider_user)
    as_provider.get(MINE)
    little = queries(as_provider, MINE)
    for n in range(15):
        kept(provider_user, f"q=mot{n}&categorie=web&budget=1")
    assert queries(as_provider, MINE) == little


@pytest.fixture
def register(client_user: User) -> list[Project]:
    """Projects that differ in all that searches ask for."""
    plans: list[dict[str, Any]] = [
        {
            "title": "Vitrine pour un menuisier",
            "urgent": True,
            "budget_min_cents": 100_000,
            "budget_max_cents": 100_000,
        },
        {"title": "Éléphants", "place": "ON_SITE", "budget_min_cents": 400_000, "budget_max_cents": 500_000},
        {
            "title": "Logo",
            "category": "design",
            "place": "MIXED",
            "budget_min_cents": 90_000,
            "budget_max_cents": 500_001,
        },
        {"title": "Grand site", "category": "design", "budget_min_cents": 1_500_000, "budget_max_cents": 9_000_000},
    ]
    for plan in plans:
        plan["category"] = Category.objects.get(slug=plan.get("category", "web"))
    rows = [opened(client_user, **plan) for plan in plans]
    Project.objects.filter(pk=rows[1].pk).update(offers_count=3)
    return rows


ADDRESSES = [
    *("q=elephant", "q=site", "q=logo+or+vitrine", "q=-logo", 'q="grand+site"', "q=le"),
    *("categorie=design", "categorie=design&categorie=web", "budget=1", "budget=2", "budget=3", "budget=4"),
    *("budget=1&budget=4", "lieu=sur-place", "lieu=mixte&lieu=distance", "urgent=1", "peu=1"),
    *("q=site&categorie=design&budget=4&lieu=distance&peu=1", "q=site&urgent=1&lieu=mixte"),
]


def test_saved_search_finds_what_the_list_finds(register: list[Project], provider_user: User) -> None:
    rows = {address: kept(provider_user, address) for address in ADDRESSES[:10]}
    found = matching.counts(provider_user.pk, 100)
    assert {a: found[row.pk] for a, row in rows.items()} == {a: finder(a).found.count() for a in rows}
    SavedSearch.objects.all().delete()
    rows = {address: kept(provider_user, address) for address in ADDRESSES[10:]}
    found = matching.counts(provider_user.pk, 100)
    assert {a: found[row.pk] for a, row in rows.items()} == {a: finder(a).found.count() for a in rows}


def test_skills_are_found_whatever_their_capitals_and_accents(client_user: User, provider_user: User) -> None:
    opened(client_user, skills=["Éléphants", "Django"])
    opened(client_user, skills=["PHP"])
    asked = [("elephants",), ("DJANGO", "php"), ("Rust",)]
    rows = [SavedSearch.keep(Asked(skills=skills), name="S", by=provider_user)[0].pk for skills in asked]
    found = matching.counts(provider_user.pk, 100)
    assert [found[pk] for pk in rows] == [1, 2, 0]
    shown = saved.searches_of(provider_user)[1]
    assert (shown.words, shown.url) == ("DJANGO, php", "/projets/?competence=DJANGO&competence=php")


def test_count_is_bounded(register: list[Project], provider_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MANY", 3)
    kept(provider_user, "categorie=web&categorie=design")
    assert saved.searches_of(provider_user)[0].found == "plus de 2 projets ouverts"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"name": ""}, "saved_search_has_a_name"),
        ({"text": ""}, "saved_search_asks_for_something"),
        ({"bands": ["9"]}, "saved_search_bands_are_known"),
        ({"places": ["MOON"]}, "saved_search_places_are_known"),
    ],
)
def test_database_holds_the_rules_of_a_search(provider_user: User, changes: dict[str, Any], rule: str) -> None:
    fields = {"provider": provider_user, "name": "N", "text": "logo"} | changes
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        SavedSearch.objects.create(**fields)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_same_search_saved_at_once_from_many_tabs_is_one_row(provider_user: User) -> None:
    tabs = [User.objects.get(pk=provider_user.pk) for _tab in range(6)]
    with Crowd(6) as crowd:
        answers = crowd.race([partial(SavedSearch.keep, Asked(text="logo"), name="L", by=tab) for tab in tabs])
    assert tally(answers) == {"tuple": 6}
    assert sorted(is_new for _search, is_new in answers) == [False] * 5 + [True]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_limit_holds_when_many_are_saved_at_once(provider_user: User) -> None:
    for n in range(searches.MOST_SEARCHES - 1):
        kept(provider_user, f"q=mot{n}")
    tabs = [User.objects.get(pk=provider_user.pk) for _tab in range(4)]
    with Crowd(4) as crowd:
        deeds = [partial(SavedSearch.keep, Asked(text=f"t{n}"), name="L", by=tab) for n, tab in enumerate(tabs)]
        answers = crowd.race(deeds)
    assert tally(answers) == {"tuple": 1, "TooMany": 3}
