"""The wallet's page and file: every movement with its reason and project, page by page, of one kind or all."""

import csv
import uuid
from typing import Any

import pytest
from django.test import Client

from credits.models import CreditPack, Kind, Wallet
from credits.statement import Reasons, Statement
from marketplace.accounts.models import User
from marketplace.ledger.models import Transfer
from projects.models import Project
from projects.tests.bids import paid, queries, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db


def page_of(browser: Client, path: str = "/credits/") -> str:
    """A page as people read it."""
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def file_of(browser: Client, query: str = "") -> list[list[str]]:
    """The rows of the file, and that it begins as Excel wants."""
    answer = browser.get(f"/credits/mouvements.csv{query}")
    raw = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert raw.startswith("\ufeff".encode())
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith('attachment; filename="credits-20')
    return list(csv.reader(raw.decode("utf-8-sig").splitlines(), delimiter=";"))


def many(client: User, provider: User, count: int) -> list[Project]:
    """Projects whose dossiers `provider` opened."""
    found = [opened(client, title=f"Appel {n:02d}") for n in range(count)]
    for project in found:
        consulted(project, provider)
    return found


def test_each_movement_says_why_and_for_which_project(
    as_provider: Client, client_user: User, provider_user: User
) -> None:
    project = many(client_user, stocked(provider_user), 1)[0]
    page = page_of(as_provider)
    assert "Pack acheté : Cent" in page
    assert f'Dépensé sur un projet<br><a class="small" href="/projets/{project.key}/">Appel 00</a>' in page
    project.withdraw(by=client_user)
    assert "Revenu de lui-même : le client a retiré le projet" in page_of(as_provider)


def test_project_that_moderation_took_off_leads_to_the_news_that_it_is_gone(
    as_provider: Client, client_user: User, provider_user: User, moderator_user: User
) -> None:
    project = many(client_user, stocked(provider_user), 1)[0]
    project.reject(by=moderator_user, reason="Doublon.")
    page = page_of(as_provider)
    assert f'<a class="small" href="/projets/{project.key}/">Appel 00</a>' in page
    assert "n’est plus disponible" in as_provider.get(f"/projets/{project.key}/").content.decode()


def test_pages_follow_each_other_without_gap_or_repeat(client_user: User, provider_user: User) -> None:
    many(client_user, stocked(provider_user), 7)
    wallet, seen, before = Wallet.of(provider_user), [], None
    for _page in range(10):
        page = Statement.of(wallet, list(Kind), before=before, size=4)
        seen += [line.title or line.why for line in page.lines]
        if (before := page.older) is None:
            break
    assert seen == [*(f"Appel {n:02d}" for n in reversed(range(7))), *["Pack acheté\xa0: Cent"] * 3]


def test_older_movements_are_a_link_away(as_provider: Client, provider_user: User) -> None:
    for _n in range(11):
        stocked(provider_user)
    desk = as_provider.get("/credits/").context["desk"]
    assert len(desk.statement.lines) == 30
    assert desk.older.endswith("#mouvements")
    second = page_of(as_provider, desk.older.partition("#")[0])
    assert second.count("Pack acheté") == 3
    assert "Les derniers mouvements" in second
    assert "Aucun mouvement plus ancien" in page_of(as_provider, "/credits/?avant=1")


def test_movements_of_one_kind(as_provider: Client, client_user: User, provider_user: User) -> None:
    project = many(client_user, stocked(provider_user), 1)[0]
    project.spend(Kind.OFFER, by=provider_user)
    kinds = {row[1] for row in file_of(as_provider, "?credit=offre")[1:]}
    assert kinds == {"crédit offre"}
    lines = as_provider.get("/credits/?credit=contact").context["desk"].statement.lines
    assert [line.kind for line in lines] == ["crédit contact direct"]


NONSENSE = [
    "credit=OFFER",
    "credit=%00",
    "avant=-1",
    "avant=²",
    "avant=" + "9" * 400,
    "avant=%F0%9F%A7%B5",
    "x=" + "y" * 9000,
]


@pytest.mark.parametrize("query", NONSENSE)
def test_address_that_means_nothing_shows_the_latest(as_provider: Client, provider_user: User, query: str) -> None:
    stocked(provider_user)
    assert page_of(as_provider, f"/credits/?{query}").count("Pack acheté") == 3
    assert len(file_of(as_provider, f"?{query}")) == 1 + 3


def test_file_has_every_movement_and_no_formula(
    as_provider: Client, client_user: User, provider_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credits.statement.WHOLE", 2)
    monkeypatch.setattr("marketplace.spreadsheets.BATCH", 2)
    evil = ["=1+1", "+33", "-2", "@SUM(A1)", "＝1", 'normal; "cité"']
    for title in evil:
        consulted(opened(client_user, title=title), stocked(provider_user))
    rows = file_of(as_provider)
    assert rows[0] == ["Date", "Crédit", "Entrée", "Sortie", "Motif", "Projet"]
    titles = [row[5] for row in rows if row[5]]
    assert titles == ["Projet", evil[5], *(f"'{title}" for title in reversed(evil[:5]))]
    assert len(rows) == 1 + 6 + 6 * 3
    assert {(row[2], row[3]) for row in rows[1:]} == {("", "1"), ("100", "")}


def test_pages_cost_the_same_queries_whatever_the_length(
    as_provider: Client, client_user: User, provider_user: User
) -> None:
    many(client_user, stocked(provider_user), 2)[0].withdraw(by=client_user)
    little = queries(as_provider, "/credits/")
    for project in many(client_user, provider_user, 4):
        project.withdraw(by=client_user)
    assert queries(as_provider, "/credits/") == little <= 13


def pack_typed(**changes: Any) -> dict[str, Any]:
    """What staff type for a new pack."""
    data = {"name": "Essai", "consultation": "3", "offer": "", "contact": "", "price_cents": "19,90", "position": "2"}
    return data | {"on_sale": "on"} | changes


def test_finance_makes_changes_and_takes_packs_off_sale(as_finance: Client, as_provider: Client) -> None:
    answer = as_finance.post("/admin/credits/creditpack/add/", pack_typed())
    assert answer.status_code == 302
    pack = CreditPack.objects.get(name="Essai")
    assert (pack.units, pack.price_cents) == ({Kind.CONSULTATION: 3}, 1990)
    assert "19,90" in page_of(as_finance, "/admin/credits/creditpack/")
    path = f"/admin/credits/creditpack/{pack.pk}/change/"
    assert 'value="19,90"' in page_of(as_finance, path)
    assert as_finance.post(path, pack_typed(on_sale="")).status_code == 302
    assert "Essai" not in page_of(as_provider)
    assert as_finance.get(f"/admin/credits/creditpack/{pack.pk}/delete/").status_code == 403


def test_purchase_keeps_its_terms_when_staff_change_the_pack(as_finance: Client, provider_user: User) -> None:
    pack = CreditPack.objects.create(name="Essai", consultation=3, price_cents=1990)
    payment = pack.buy(by=provider_user, key=uuid.uuid4())
    changed = pack_typed(consultation="50", price_cents="1")
    as_finance.post(f"/admin/credits/creditpack/{pack.pk}/change/", changed)
    paid(payment)
    assert Wallet.of(provider_user).balance(Kind.CONSULTATION) == 3
    assert payment.ht_cents == 1990


WRONG = [
    ({"price_cents": "0"}, "au moins"),
    ({"price_cents": "-5"}, "Écrivez une somme en euros"),
    ({"price_cents": "1e9"}, "Écrivez une somme en euros"),
    ({"price_cents": "99999999"}, "au plus"),
    ({"consultation": "0"}, "Un pack contient au moins un crédit."),
    ({"consultation": "-1"}, "supérieure ou égale à 0"),
    ({"consultation": "1001"}, "inférieure ou égale à 1000"),
    ({"consultation": "🧵"}, "nombre entier"),
    ({"name": ""}, "obligatoire"),
    ({"consultation": "", "price_cents": "0"}, "Un pack contient au moins un crédit."),
]


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_pack_that_cannot_be_is_refused_in_french(as_finance: Client, changes: dict[str, str], words: str) -> None:
    before = CreditPack.objects.count()
    answer = as_finance.post("/admin/credits/creditpack/add/", pack_typed(**changes))
    page = " ".join(answer.content.decode().split())
    assert words in page
    assert "pack_has" not in page
    assert CreditPack.objects.count() == before


def test_wallet_says_when_nothing_is_on_sale(as_provider: Client) -> None:
    CreditPack.objects.update(on_sale=False)
    page = page_of(as_provider)
    assert "Aucun pack n’est en vente" in page
    assert "Aucun mouvement" in page


def test_movement_of_a_kind_to_come_is_called_by_its_event(provider_user: User) -> None:
    assert Reasons(provider_user, []).of(Transfer(event="credit.charged_back")) == "credit.charged_back"
