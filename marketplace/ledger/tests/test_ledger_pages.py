"""What Finance reads of the ledger in the administration, and nobody else."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import User
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Transfer
from marketplace.ledger.statements import Statement
from marketplace.ledger.tests.crowd import funded
from marketplace.testing.cast import signed_in

pytestmark = pytest.mark.django_db
ACCOUNTS, TRANSFERS = "/admin/ledger/account/", "/admin/ledger/transfer/"


@pytest.fixture
def held() -> Account:
    account, payable = funded("held", 120_000), ledger.open_account("payable")
    ledger.post("release:1", "escrow.released", [ledger.Move(account, payable, 30_050)], project="2026-12")
    return account


def words(client: Client, path: str) -> str:
    """The text of a page that must be there, spaces made plain."""
    response = client.get(path)
    assert response.status_code == 200
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text.replace("\xa0", " ").replace("\u202f", " "))


def pages(account: Account) -> list[str]:
    transfer = Transfer.objects.get(key="release:1")
    return [ACCOUNTS, f"{ACCOUNTS}{account.pk}/change/", TRANSFERS, f"{TRANSFERS}{transfer.pk}/change/"]


def test_finance_and_administrators_read_every_page(held: Account, as_finance: Client, superuser: User) -> None:
    for path in pages(held):
        words(as_finance, path)
        words(signed_in(superuser), path)


def test_nobody_else_does(held: Account, as_mediator: Client, as_moderator: Client, as_client: Client) -> None:
    for path in pages(held):
        for client in (as_mediator, as_moderator):
            assert client.get(path).status_code in (403, 404)
        assert as_client.get(path, follow=True).status_code == 404


def test_nothing_is_added_changed_or_deleted(held: Account, superuser: User) -> None:
    client = signed_in(superuser)
    for place in (ACCOUNTS, TRANSFERS):
        assert client.get(f"{place}add/").status_code == 403
        assert client.get(f"{place}{held.pk}/delete/").status_code in (302, 403)
    row = Transfer.objects.get(key="release:1")
    assert client.post(f"{TRANSFERS}{row.pk}/change/", {"key": "other"}).status_code == 403
    assert "_save" not in client.get(f"{TRANSFERS}{row.pk}/change/").content.decode()
    assert Transfer.objects.get(pk=row.pk).key == "release:1"


def test_the_accounts_are_listed_with_their_balance_and_filtered_by_kind(held: Account, as_finance: Client) -> None:
    funded("wallet", 1200, asset="OFFER")
    text = words(as_finance, ACCOUNTS)
    assert "Comptes du grand livre" in text
    assert re.search(r"stripe euros simple enregistrement −1 200,00 €", text)
    assert re.search(rf"{held.pk} consigné pour le projet euros jamais au-dessous de zéro 899,50 €", text)
    assert re.search(r"crédits d’un prestataire crédits offre jamais au-dessous de zéro 1 200 ", text)
    only = words(as_finance, f"{ACCOUNTS}?kind__exact=payable")
    assert "300,50 €" in only
    assert "899,50 €" not in only
    assert "1 compte du grand livre" in words(as_finance, f"{ACCOUNTS}?q=revenue:r")
    assert "1 compte du grand livre" in words(as_finance, f"{ACCOUNTS}?q={held.pk}")


@pytest.mark.parametrize(
    ("search", "found"),
    [("release:1", 1), ("release:2", 0), ("escrow.", 1), ("2026-12", 1), ("2026-1", 0), ("fund:", 1)],
)
def test_transfers_are_found_by_key_event_and_project(
    held: Account, as_finance: Client, search: str, found: int
) -> None:
    page = as_finance.get(TRANSFERS, {"q": search}).content.decode()
    assert page.count('class="field-key"') == found


def test_a_transfer_shows_its_moves(held: Account, as_finance: Client) -> None:
    first = Transfer.objects.get(key="release:1")
    wallet = funded("wallet", 3, asset="OFFER")
    undone = ledger.post(
        "undo:1", "escrow.undone", [ledger.Move("issued:OFFER", wallet, 4)], reverses=first, project="2026-12"
    )
    text = words(as_finance, f"{TRANSFERS}{first.pk}/change/")
    assert re.search(rf"held {held.pk} payable \d+ euros 300,50 €", text)
    text = words(as_finance, f"{TRANSFERS}{undone.pk}/change/")
    assert re.search(rf"issued:OFFER wallet {wallet.pk} crédits offre 4 ", text)
    assert "release:1" in text


def test_a_statement_runs_down_from_the_balance(held: Account, as_finance: Client) -> None:
    text = words(as_finance, f"{ACCOUNTS}{held.pk}/change/")
    assert f"held {held.pk} · consigné pour le projet · euros · solde 899,50 €" in text
    assert re.search(r"release:1 escrow\.released 2026-12 payable \d+ −300,50 € 899,50 € ", text)
    assert re.search(rf"fund:{held.pk} test\.funded stripe 1 200,00 € 1 200,00 € ", text)
    assert text.index("release:1") < text.index("fund:")


def test_statements_of_credits_of_recorded_and_of_empty_accounts(held: Account, as_finance: Client) -> None:
    wallet, empty = funded("wallet", 3, asset="OFFER"), ledger.open_account("frozen")
    assert re.search(r"issued:OFFER 3 3 ", words(as_finance, f"{ACCOUNTS}{wallet.pk}/change/"))
    stripe = Account.objects.get(name="stripe")
    assert "−1 200,00 € −1 200,00 €" in words(as_finance, f"{ACCOUNTS}{stripe.pk}/change/")
    assert "Aucun mouvement pour l’instant." in words(as_finance, f"{ACCOUNTS}{empty.pk}/change/")


@pytest.mark.parametrize("path", [f"{ACCOUNTS}999999999/change/", f"{ACCOUNTS}abc/change/"])
def test_an_unknown_account_has_no_statement(as_finance: Client, path: str) -> None:
    assert as_finance.get(path).status_code == 404


def test_a_long_statement_is_read_page_by_page(held: Account, as_finance: Client) -> None:
    for turn in range(120):
        ledger.post(f"deposit:{turn}", "escrow.deposited", [ledger.Move("stripe", held, 100)])
    path, seen = f"{ACCOUNTS}{held.pk}/change/", []
    while path:
        page = as_finance.get(path).content.decode()
        seen += re.findall(r"deposit:\d+|release:1|fund:\d+", page)
        older = re.search(r'href="(\?before=\d+)"', page)
        path = f"{ACCOUNTS}{held.pk}/change/{older[1]}" if older else ""
    assert seen == [*(f"deposit:{turn}" for turn in reversed(range(120))), "release:1", f"fund:{held.pk}"]
    assert as_finance.get(f"{ACCOUNTS}{held.pk}/change/?before=x").status_code == 200


def test_each_page_of_a_statement_goes_on_where_the_last_one_ended(held: Account) -> None:
    first = Statement.of(held, size=1)
    second = Statement.of(held, before=first.older, size=1)
    assert [(line.change, line.balance) for line in first.lines + second.lines] == [
        (-30_050, 89_950),
        (120_000, 120_000),
    ]
    assert second.older is None


def test_lists_ask_as_many_queries_for_one_row_as_for_thirty(held: Account, as_finance: Client) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            as_finance.get(path)
        return len(captured)

    paths = (ACCOUNTS, TRANSFERS, f"{ACCOUNTS}{held.pk}/change/")
    few = [queries(path) for path in paths]
    for turn in range(30):
        ledger.post(f"deposit:{turn}", "escrow.deposited", [ledger.Move("stripe", held, 100)])
        funded("payable", 5)
    assert [queries(path) for path in paths] == few
