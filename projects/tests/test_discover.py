from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.testing.cast import professional
from projects.forms import discover
from projects.models import Category, Interest, Project, closing_on

from .bids import bid, stocked
from .calls import consulted, drafted, opened, with_credits


def titles(page: Any) -> list[str]:
    """The titles of the cards, in order."""
    return [card["title"] for card in page.context["cards"]]


def category(slug: str) -> Category:
    return Category.objects.get(slug=slug)


def after(days: int) -> Any:
    return closing_on(timezone.localdate() + timedelta(days=days))


@pytest.fixture
def register(client_user: User) -> list[Project]:
    """Three projects that differ in everything the filters know; the last one is the latest."""
    return [
        opened(client_user, title="Vitrine pour un menuisier", closes_at=after(5)),
        opened(
            client_user,
            title="Données d’une coopérative",
            category=category("donnees-ia"),
            budget_min_cents=800_000,
            budget_max_cents=1_200_000,
            place="ON_SITE",
            city="Nantes",
            urgent=True,
            closes_at=after(2),
            skills=["Éléphants"],
        ),
        opened(
            client_user, title="Logo", category=category("design"), budget_max_cents=90_000, budget_min_cents=50_000
        ),
    ]


def test_cards_tell_what_everybody_may_know(client: Client, register: list[Project], provider_user: User) -> None:
    page = client.get("/projets/").content.decode()
    for words in (
        "8\u202f000 à 12\u202f000\xa0€ HT",
        "Sur place, Nantes",
        "Données et IA",
        "Urgent",
        "Formule R0",
        "Client\xa0: 3\xa0projets, 0 attribué",
        "18\xa0h\xa000",
        "viennent d’abord",
    ):
        assert words in page
    for secret in ("Dix pages, un formulaire", "Caron", "claire@"):
        assert secret not in page


def test_common_words_find_as_rare_ones_do(
    client: Client, register: list[Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover, "MANY", 1)
    page = client.get("/projets/?q=site&tri=recents")
    assert titles(page) == ["Logo", "Données d’une coopérative", "Vitrine pour un menuisier"]


def test_only_projects_that_take_offers_are_listed(client: Client, client_user: User, register: list[Project]) -> None:
    drafted(client_user, title="Brouillon")
    handed_in = drafted(client_user, title="À approuver")
    handed_in.submit(by=client_user)
    register[0].withdraw(by=client_user)
    Project.objects.filter(pk=register[1].pk).update(closes_at=timezone.now() - timedelta(seconds=1))
    assert titles(client.get("/projets/")) == ["Logo"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 1, 0]),
        ("tri=cloture", [1, 0, 2]),
        ("tri=budget", [1, 0, 2]),
        ("categorie=design&categorie=web", [2, 0]),
        ("categorie=rien", [2, 1, 0]),
        ("budget=1", [2]),
        ("budget=3&budget=1", [2, 1]),
        ("budget=9", [2, 1, 0]),
        ("lieu=sur-place", [1]),
        ("lieu=lune&urgent=1", [1]),
        ("urgent=oui", [2, 1, 0]),
        ("peu=1&q=logo", [2]),
        ("q=donnee", [1]),
        ("q=ELEPHANT", [1]),
        ("q=menuiserie+site", [2, 1, 0]),
        ("q=vitrines", [0]),
        ("q=%22vitrine+pour%22", [0]),
        ("q=vitrine+or+logo", [2, 0]),
        ("q=site+-logo", [1, 0]),
        ("q=licorne", []),
        ("q=logo&categorie=web", []),
        ("tri=offres", [0, 1, 2]),
        ("tri=pertinence", [2, 1, 0]),
        ("q=site&tri=recents", [2, 1, 0]),
        ("q=site+or+vitrine", [0, 2, 1]),
        ("competence=elephants", [1]),
        ("competence=PYTHON&competence=%00", [2, 0]),
        ("competence=python&competence=elephants", [2, 1, 0]),
        ("competence=cobol", []),
    ],
)
def test_filters_search_and_sorts_find(client: Client, register: list[Project], query: str, found: list[int]) -> None:
    page = client.get(f"/projets/?{query}")
    assert titles(page) == [register[n].title for n in found]
    if not found:
        assert "Aucun projet ouvert ne correspond" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "a" * 10_000,
        "q=" + quote("& | ! ( ) <-> :* ' \\ \" *"),
        "q=%00logo%00",
        "q=" + quote("🙂 \u202e {{7*7}} <script>alert(1)</script>"),
        "q=%ff%fe",
        "q=le+la+les",
        "apres=1",
        "apres=99999999999999999-999999999999999999",
        "avant=0-0",
        "apres=x&avant=y&tri=zzz",
        "tri=budget&apres=99999999999999999-1",
        "tri=cloture&avant=99999999999999999-1",
        "categorie=" + "x" * 3000,
        "&".join(f"competence=m{n}" for n in range(200)),
        "competence=" + "x" * 10_000,
        "competence=" + quote("🙂 \x00 \" ' { } , \\ <script>alert(1)</script>"),
        "competence=NULL&competence=%ff",
        "q=" + quote("'; drop table projects_project; --"),
        "q=" + quote("a:* & !(b <-> c) | d <2> e"),
        "q=" + quote('" " "" or or - -- -"" or'),
        "q=" + quote("é" * 10_000),
        "q=" + quote("vitrnie " * 500),
        "q=%F0%9F%99%82&lieu=lune&peu=%00&urgent=0&budget=-1&tri=%00",
        "q=logo&apres=-1-2&avant=1-1-1",
        "q=logo&apres=99999999999999999-999999999999999999",
        "tri=offres&avant=99999999999999999-1",
        "&".join("categorie=web" for _ in range(900)),
    ],
)
def test_odd_addresses_give_a_sensible_page(client: Client, register: list[Project], query: str) -> None:
    page = client.get(f"/projets/?{query}")
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_everything_asked_for_stays_in_the_address(client: Client, register: list[Project]) -> None:
    page = client.get("/projets/?q=logo&categorie=design&lieu=distance&tri=budget").content.decode()
    assert 'href="/projets/?q=logo&amp;lieu=distance&amp;tri=budget"' in page
    assert 'href="/projets/?q=logo&amp;categorie=design&amp;tri=budget"' in page
    assert '<option value="budget" selected>' in page


def test_list_is_read_by_keys_in_both_directions(client: Client, client_user: User) -> None:
    for n in range(45):
        opened(client_user, title=f"Projet {n:02d}", budget_max_cents=200_000 + n % 3)
    for query in ("tri=recents", "tri=cloture", "tri=budget", "tri=offres", "q=site", "q=site&tri=recents"):
        address = f"/projets/?{query}"
        seen: list[list[str]] = []
        backwards: list[list[str]] = []
        while address:
            page = client.get(address)
            seen += [titles(page)]
            address, last = page.context["page"].older, page
        while address := last.context["page"].newer:
            last = client.get(address)
            backwards.insert(0, titles(last))
        assert [len(part) for part in seen] == [20, 20, 5]
        assert len({title for part in seen for title in part}) == 45
        assert seen[:2] == backwards


def test_list_costs_as_many_queries_for_one_card_as_for_thirty(as_provider: Client, client_user: User) -> None:
    opened(client_user)
    as_provider.get("/projets/")
    with CaptureQueriesContext(connection) as one:
        as_provider.get("/projets/")
    for n in range(29):
        opened(professional(f"c{n}@x.example", f"C {n}", "client", f"C {n}", SIRENS[n % 2]))
    with CaptureQueriesContext(connection) as thirty:
        as_provider.get("/projets/")
    assert len(one) == len(thirty)
    ours = [query["sql"] for query in thirty if "projects_project" in query["sql"]]
    assert len(ours) == 1
    assert "OFFSET" not in ours[0]


def test_htmx_is_told_the_address_without_what_was_not_understood(client: Client, register: list[Project]) -> None:
    for query, address in (
        ("q=&tri=&lieu=lune&categorie=web", "/projets/?categorie=web"),
        ("q=+Logo++x&tri=budget&apres=5-7", "/projets/?q=Logo+x&tri=budget&apres=5-7"),
        ("avant=5-7&tri=pertinence", "/projets/?avant=5-7"),
    ):
        page = client.get(f"/projets/?{query}", headers={"HX-Request": "true"})
        assert page.headers["HX-Push-Url"] == address
    assert "HX-Push-Url" not in client.get("/projets/").headers


SIRENS = ["732829320", "552100554"]


def test_provider_sees_what_was_opened_and_bid_on(as_provider: Client, client_user: User, provider_user: User) -> None:
    first, second = opened(client_user, title="Un"), opened(client_user, title="Deux")
    with_credits(provider_user)
    consulted(first, provider_user)
    consulted(second, provider_user, Kind.OFFER)
    second.offers.create(
        provider=provider_user,
        company_number="1",
        price_cents=1,
        vat_rate_bp=0,
        delay_days=1,
        pitch="x",
        key="00000000-0000-0000-0000-000000000001",
    )
    cards = {
        card["title"]: [label for _kind, label in card["badges"]]
        for card in as_provider.get("/projets/").context["cards"]
    }
    assert "Dossier consulté" in cards["Un"]
    assert "Offre déposée" in cards["Deux"]
    assert "Dossier consulté" not in cards["Deux"]


def test_own_project_is_marked(as_client: Client, client_user: User) -> None:
    opened(client_user)
    assert "Votre projet" in as_client.get("/projets/").content.decode()


def test_words_are_counted_as_people_count_them(client_user: User) -> None:
    assert opened(client_user, description="Voici : trois mots - pas plus !").description_words == 5


def test_track_record_counts_awarded_calls(client: Client, client_user: User, register: list[Project]) -> None:
    Project.objects.filter(pk=register[0].pk).update(awarded_at=timezone.now())
    assert "Client\xa0: 3\xa0projets, 1 attribué" in client.get("/projets/").content.decode()


def test_first_call_of_a_client_says_so_and_empty_list_says_what_to_do(client: Client, client_user: User) -> None:
    assert "Aucun projet n’est ouvert en ce moment" in client.get("/projets/").content.decode()
    opened(client_user, budget_min_cents=400_000, budget_max_cents=400_000)
    page = client.get("/projets/").content.decode()
    assert "Client\xa0: premier appel d’offres" in page
    assert ">4\u202f000\xa0€ HT<" in page


def test_list_in_english(client: Client, register: list[Project]) -> None:
    page = client.get("/projets/", headers={"Accept-Language": "en"}).content.decode()
    assert "€8,000 to €12,000 excl. VAT" in page
    assert "Data and AI" in page


def test_gone_project_offers_three_alike(client: Client, client_user: User, rival_user: User) -> None:
    other = professional("b@x.example", "B", "client", "B", SIRENS[0])
    gone = opened(client_user, category=category("design"))
    for n in range(5):
        opened(other, title=f"Autre {n}")
    opened(other, title="Semblable", category=category("design"))
    gone.withdraw(by=client_user)
    page = client.get(f"/projets/{gone.key}/").content.decode()
    assert "n’est plus disponible" in page
    assert "Semblable" in page
    alike = list(Project.objects.alike(gone)[:3])
    assert [project.title for project in alike] == ["Semblable", "Autre 4", "Autre 3"]


def test_three_alike_are_neither_bid_on_nor_own(as_provider: Client, client_user: User, provider_user: User) -> None:
    gone = opened(client_user)
    other = professional("b@x.example", "B", "client", "B", SIRENS[0])
    calls = [opened(other, title=f"Autre {n}") for n in range(4)]
    stocked(provider_user)
    for call in calls[1:]:
        bid(call, provider_user)
    bid(opened(other, title="Retirée"), provider_user).withdraw(by=provider_user)
    opened(provider_user, title="À soi")
    gone.withdraw(by=client_user)
    shown = as_provider.get(f"/projets/{gone.key}/").context["dossier"].alike
    assert [card["title"] for card in shown] == ["Retirée", "Autre 0"]


def test_interests_are_kept_and_the_newsletter_switched_off(as_provider: Client, provider_user: User) -> None:
    page = as_provider.get("/mon-compte/newsletter/").content.decode()
    assert "checked" in page
    answer = as_provider.post("/mon-compte/newsletter/", {"categories": [category("web").pk, category("design").pk]})
    assert answer.headers["Location"] == "/mon-compte/newsletter/"
    assert {i.category.slug for i in Interest.objects.filter(provider=provider_user)} == {"web", "design"}
    assert not as_provider.get("/mon-compte/newsletter/").context["form"].initial["wanted"]
    as_provider.post("/mon-compte/newsletter/", {"categories": [category("web").pk], "wanted": "on"})
    assert Interest.objects.get().category.slug == "web"
    assert as_provider.post("/mon-compte/newsletter/", {"categories": ["999"]}).status_code == 200


def test_interests_are_for_providers(as_client: Client, client: Client) -> None:
    assert as_client.get("/mon-compte/newsletter/").status_code == 302
    assert client.get("/mon-compte/newsletter/").status_code == 302
