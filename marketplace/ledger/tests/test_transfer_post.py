from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Move, Transfer
from marketplace.ledger.posting import post
from marketplace.ledger.tests.crowd import balance, funded

pytestmark = pytest.mark.django_db


@pytest.fixture
def held() -> Account:
    return funded("held", 100)


@pytest.fixture
def payable() -> Account:
    return ledger.open_account("payable")


@pytest.fixture
def somebody() -> User:
    return User.objects.create_user("camille@example.org", name="Camille")


def refused(error: type[Exception], deed: Callable[[], object]) -> str:
    """The sentence of the refusal; nothing of the deed is left."""
    before = Transfer.objects.count(), Move.objects.count()
    with pytest.raises(error) as caught, transaction.atomic():
        deed()
    assert (Transfer.objects.count(), Move.objects.count()) == before
    return str(caught.value)


def test_a_transfer_moves_its_amounts_and_keeps_who_what_and_when(
    held: Account, payable: Account, somebody: User
) -> None:
    before = timezone.now()
    written = post("release:1", "escrow.released", [ledger.Move(held, payable, 30)], by=somebody, project="2026-12")
    transfer = Transfer.objects.get(key="release:1")
    assert written == transfer
    assert (transfer.event, transfer.project, transfer.by, transfer.reverses) == (
        "escrow.released", "2026-12", somebody, None,
    )  # fmt: skip
    assert before <= transfer.at <= timezone.now()
    assert transfer.at.utcoffset() == timedelta(0)
    assert (balance(held), balance(payable)) == (70, 30)


def test_a_project_may_be_given_as_itself(held: Account, payable: Account) -> None:
    class Project:
        key = "2026-7"

    assert post("release:1", "escrow.released", [ledger.Move(held, payable, 1)], project=Project()).project == "2026-7"
    assert [str(move) for move in Move.objects.of_project("2026-7")] == [f"{held.pk} → {payable.pk} 1 EUR"]


def test_the_moves_of_a_transfer_are_kept_in_order_and_named_accounts_found(held: Account) -> None:
    wallet = ledger.open_account("wallet", "OFFER")
    moves = [
        ledger.Move("stripe", "revenue:credits", 900),
        ledger.Move("stripe", "vat", 180),
        ledger.Move("issued:OFFER", wallet, 3),
    ]
    transfer = post("stripe:pi_1:paid", "credits.bought", moves)
    rows = [(str(m.debit), str(m.credit), m.asset, m.amount) for m in transfer.moves.order_by("pk")]
    assert rows == [
        ("stripe", "revenue:credits", "EUR", 900),
        ("stripe", "vat", "EUR", 180),
        ("issued:OFFER", f"wallet {wallet.pk}", "OFFER", 3),
    ]


def test_only_the_sum_of_a_transfer_counts_for_a_balance(held: Account, payable: Account) -> None:
    claimed = ledger.open_account("claimed")
    post("through:1", "test.through", [ledger.Move(payable, claimed, 100), ledger.Move(held, payable, 100)])
    assert (balance(held), balance(payable), balance(claimed)) == (0, 0, 100)


def test_a_post_is_one_query_without_a_savepoint(held: Account, payable: Account) -> None:
    with CaptureQueriesContext(connection) as queries:
        post("release:1", "escrow.released", [ledger.Move(held, payable, 30)])
    assert [re.findall(r"ledger_\w+", query["sql"]) for query in queries] == [["ledger_post"]]


def test_a_door_is_planned_once_for_a_connection(held: Account, payable: Account) -> None:
    post("release:0", "escrow.released", [ledger.Move(held, payable, 1)])
    planned = plans_of_the_door()
    post("release:1", "escrow.released", [ledger.Move(held, payable, 1)])
    assert planned == plans_of_the_door() != set()


def plans_of_the_door() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("select name from pg_prepared_statements where position('ledger_post' in statement) > 0")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("amount", [101, 10**14])
def test_more_than_there_is_does_not_move(held: Account, payable: Account, amount: int) -> None:
    sentence = refused(
        ledger.NotEnoughFunds, lambda: post("release:1", "escrow.released", [ledger.Move(held, payable, amount)])
    )
    assert re.search(r"Rien n’a été", sentence)
    assert (balance(held), balance(payable)) == (100, 0)


def test_what_a_client_owes_never_becomes_a_credit(held: Account) -> None:
    receivable = ledger.open_account("receivable")
    post("owe:1", "test.owed", [ledger.Move(receivable, "chargeback", 40)])
    assert balance(receivable) == -40
    refused(ledger.NotEnoughFunds, lambda: post("owe:2", "test.paid", [ledger.Move("stripe", receivable, 41)]))
    post("owe:3", "test.paid", [ledger.Move("stripe", receivable, 40)])
    assert balance(receivable) == 0


def test_the_same_key_with_the_same_content_gives_the_first_transfer(
    held: Account, payable: Account, somebody: User
) -> None:
    def release() -> Transfer:
        return post("release:1", "escrow.released", [ledger.Move(held, payable, 60)], by=somebody, project="2026-1")

    first = release()
    assert (release(), release()) == (first, first)
    assert (balance(held), Transfer.objects.filter(key="release:1").count()) == (40, 1)


def test_the_same_key_is_the_same_content_whether_an_account_is_given_by_name_or_itself(held: Account) -> None:
    stripe = Account.objects.get(name="stripe")
    first = post("deposit:1", "escrow.deposited", [ledger.Move("stripe", held, 5)])
    assert post("deposit:1", "escrow.deposited", [ledger.Move(stripe, held, 5)]) == first


def test_the_same_key_with_another_content_is_refused(held: Account, payable: Account, somebody: User) -> None:
    move, other = ledger.Move(held, payable, 10), ledger.Move(held, payable, 11)
    first = post("release:1", "escrow.released", [move])
    for again in (
        lambda: post("release:1", "escrow.released", [other]),
        lambda: post("release:1", "escrow.released", [move, move]),
        lambda: post("release:1", "escrow.released", [ledger.Move(payable, held, 10)]),
        lambda: post("release:1", "escrow.refunded", [move]),
        lambda: post("release:1", "escrow.released", [move], project="2026-1"),
        lambda: post("release:1", "escrow.released", [move], by=somebody),
        lambda: post("release:1", "escrow.released", [move], reverses=first),
    ):
        refused(ledger.KeyReused, again)
    assert balance(held) == 90


def test_a_transfer_is_reversed_once(held: Account, payable: Account) -> None:
    first = post("release:1", "escrow.released", [ledger.Move(held, payable, 10)])
    undone = post("undo:1", "escrow.undone", [ledger.Move(payable, held, 10)], reverses=first)
    assert (undone.reverses, list(first.reversals.all())) == (first, [undone])
    refused(
        ledger.AlreadyReversed,
        lambda: post("undo:2", "escrow.undone", [ledger.Move(payable, held, 10)], reverses=first),
    )


def test_an_unknown_account_fails(held: Account) -> None:
    for side in ("revenue", "", "held", Account(pk=10**12), Account()):
        refused(ledger.UnknownAccount, partial(post, "x:1", "test.x", [ledger.Move(held, side, 1)]))
        refused(ledger.UnknownAccount, partial(post, "x:1", "test.x", [ledger.Move(side, held, 1)]))


def test_no_move_joins_two_assets(held: Account) -> None:
    wallet = funded("wallet", 5, asset="OFFER")
    other = funded("wallet", 5, asset="CONTACT")
    for debit, credit in ((held, wallet), (wallet, held), (wallet, other), ("stripe", wallet), (wallet, "stripe")):
        refused(ledger.CrossAsset, partial(post, "x:1", "test.x", [ledger.Move(debit, credit, 1)]))


@pytest.mark.parametrize("amount", [0, -1, 10**14 + 1, 10**40, True, 1.0, Decimal(1), "1", None])
def test_an_amount_is_a_whole_number_above_zero(held: Account, payable: Account, amount: int) -> None:
    refused(ledger.Malformed, lambda: post("x:1", "test.x", [ledger.Move(held, payable, amount)]))


@pytest.mark.parametrize(
    ("key", "event"), [("", "e"), ("ab", "e"), ("k" * 201, "e"), ("k\0k", "e"), ("key", ""), ("key", "e" * 81)]
)
def test_a_key_and_an_event_have_a_decent_length(held: Account, payable: Account, key: str, event: str) -> None:
    refused(ledger.Malformed, lambda: post(key, event, [ledger.Move(held, payable, 1)]))


def test_a_transfer_has_moves_between_two_accounts_by_somebody_known(held: Account, payable: Account) -> None:
    refused(ledger.Malformed, lambda: post("x:1", "test.x", []))
    refused(ledger.Malformed, lambda: post("x:1", "test.x", [ledger.Move(held, held, 1)]))
    refused(ledger.Malformed, lambda: post("x:1", "test.x", [ledger.Move(held, payable, 1)], by=User(pk=10**9)))
    refused(
        ledger.Malformed, lambda: post("x:1", "test.x", [ledger.Move(held, payable, 1)], reverses=Transfer(pk=10**9))
    )


def test_one_bad_move_leaves_nothing_of_the_others(held: Account, payable: Account) -> None:
    refused(
        ledger.NotEnoughFunds,
        lambda: post("x:1", "test.x", [ledger.Move(held, payable, 100), ledger.Move(held, "loss", 1)]),
    )
    assert (balance(held), balance(payable)) == (100, 0)


def test_a_swallowed_refusal_cannot_pass_for_a_success(held: Account, payable: Account) -> None:
    def swallow() -> None:
        with pytest.raises(ledger.NotEnoughFunds):
            post("x:1", "test.x", [ledger.Move(held, payable, 101)])
        post("x:2", "test.x", [ledger.Move(held, payable, 1)])

    refused(transaction.TransactionManagementError, swallow)


def test_another_failure_of_the_database_is_not_taken_for_a_refusal(held: Account, payable: Account) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set transaction read only")
        with pytest.raises(InternalError):
            post("x:1", "test.x", [ledger.Move(held, payable, 1)])
        transaction.set_rollback(True)
