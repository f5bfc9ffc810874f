"""The account's equations: clean along the whole way, red as soon as a row is bent."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection

from escrow import books
from escrow.figures import Figures, flows
from escrow.models import Deposit, EscrowAccount, Release, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.ledger import posting as ledger
from marketplace.payments.models import Refund, RefundState

ALL = [
    books.deposited_is_somewhere,
    books.finished_holds_nothing,
    books.tranches_are_their_rows,
    books.rows_are_posted,
    books.frozen_is_in_dispute,
    books.disputed_is_frozen,
]

CLOSED = "closed_at = now(), closing_key = key"


def figures(account: EscrowAccount) -> Figures:
    account = EscrowAccount.objects.with_parties().get(pk=account.pk)
    return Figures.of(account, list(account.tranches.all()))


@pytest.fixture
def ready(account: EscrowAccount) -> EscrowAccount:
    """1 700 € deposited, the first tranche delivered and released but for 400 €."""
    way.deposited(account, 170_000)
    way.released(way.delivered(account.tranches.all()[0]), 80_000, "Une partie.")
    return account


def test_the_books_are_clean_along_the_way(account: EscrowAccount) -> None:
    assert [check() for check in ALL] == [[]] * len(ALL)
    way.finished(account)
    assert [check() for check in ALL] == [[]] * len(ALL)


def test_the_figures_are_read_from_the_ledger_and_add_up(ready: EscrowAccount) -> None:
    found = figures(ready)
    assert (found.amount, found.deposited, found.lacking) == (360_000, 170_000, 190_000)
    assert (found.held, found.released, found.payable, found.claimed) == (90_000, 80_000, 80_000, 0)
    assert found.adds_up
    assert sum(cents for _kind, _words, cents in found.bar()) == found.amount


def test_what_a_dispute_puts_off_has_a_part_of_its_own(account: EscrowAccount, client_user: User) -> None:
    way.deposited(account, 100_000)
    account.freeze(account.tranches.all()[:1], by=client_user, key=uuid.uuid4())
    found = figures(account)
    parts = {words: cents for _kind, words, cents in found.bar()}
    sums = {row["words"]: row["cents"] for row in found.sums()[1]}
    assert (parts["reste à déposer"], parts["non déposé, en litige"]) == (240_000, 20_000)
    assert (sums["Reste à déposer"], sums["Non déposé, en litige"]) == (240_000, 20_000)
    assert sum(parts.values()) == found.amount


def test_a_payout_on_its_way_and_back_stays_in_the_figures(ready: EscrowAccount) -> None:
    for key, move in [
        ("payout:t:ask", ledger.Move(ready.payable, ready.claimed, 80_000)),
        ("payout:t:sent", ledger.Move(ready.claimed, "bank_transit", 80_000)),
    ]:
        ledger.post(key, "test.payout", [move], project=ready.project)
    assert (figures(ready).paid_out, figures(ready).released, figures(ready).adds_up) == (80_000, 0, True)
    back = ledger.Move("bank_transit", ready.payable, 80_000)
    ledger.post("sepa:t:ret", "test.returned", [back], project=ready.project)
    assert (figures(ready).paid_out, figures(ready).released, figures(ready).adds_up) == (0, 80_000, True)
    assert books.deposited_is_somewhere() == []


@pytest.mark.crooked_books
def test_a_dispute_and_a_refund_stay_in_the_figures(ready: EscrowAccount) -> None:
    """Moves without their rows: frozen, awarded to both, one part taken by the bank of a card."""
    frozen, payment = ledger.open_account("frozen"), ready.deposits.get().payment
    payment.refunding = ledger.open_account("refunding")
    payment.save(update_fields=["refunding"])
    ledger.post("dispute:t:freeze", "test.freeze", [ledger.Move(ready.held, frozen, 40_000)], project=ready.project)
    assert (figures(ready).frozen, figures(ready).adds_up) == (40_000, True)
    award = [ledger.Move(frozen, ready.payable, 15_000), ledger.Move(frozen, payment.refunding, 20_000)]
    ledger.post("dispute:t:award", "test.award", award, project=ready.project)
    ledger.post("dispute:t:lost", "test.lost", [ledger.Move(frozen, "chargeback", 5_000)], project=ready.project)
    asked = Refund.objects.create(payment=payment, intent_id=payment.intent_id, cents=20_000)
    found = figures(ready)
    assert (found.frozen, found.refunding, found.refunded, found.contested) == (0, 20_000, 0, 5_000)
    gone = ledger.Move(payment.refunding, "stripe", 20_000)
    ledger.post("stripe:re_t:refunded", "test.refunded", [gone], project=ready.project)
    asked.state, asked.stripe_id = RefundState.SUCCEEDED, "re_t"
    asked.save(update_fields=["state", "stripe_id"])
    assert (figures(ready).refunding, figures(ready).refunded, figures(ready).adds_up) == (0, 20_000, True)
    assert books.deposited_is_somewhere() == []


def test_money_that_went_back_is_no_deposit(account: EscrowAccount) -> None:
    late = account.deposit(360_000, by=account.agreement.client, key=uuid.uuid4())
    way.funded(account)
    way.paid(late)
    assert (figures(account).deposited, figures(account).refunding, figures(account).adds_up) == (360_000, 0, True)
    assert flows(account)["stripe", "refunding"] == 360_000


def bend(query: str) -> None:
    """Bend a row as the owner, triggers asleep: no deed of the site could."""
    with connection.cursor() as cursor:
        cursor.execute(f"reset role; set local session_replication_role = replica; {query}")
        cursor.execute("set local session_replication_role = origin; set role app")


@pytest.mark.crooked_books
def test_a_balance_that_moved_by_itself_is_red(ready: EscrowAccount) -> None:
    bend(f"update ledger_account set balance = balance - 1 where id = {ready.held_id}")
    assert books.deposited_is_somewhere() == [f"project {ready.project.key}: 170000 deposited, 169999 found"]
    assert not figures(ready).adds_up


@pytest.mark.crooked_books
def test_a_completed_project_that_holds_money_is_red(ready: EscrowAccount) -> None:
    bend(f"update projects_project set state = 'COMPLETED' where id = {ready.project_id}")
    assert books.finished_holds_nothing() == [f"project {ready.project.key} is completed and holds 90000"]


@pytest.mark.crooked_books
@pytest.mark.parametrize(
    "query",
    ["update escrow_release set cents = cents - 1", "update escrow_tranche set funded_cents = 1 where position = 2"],
)
def test_a_tranche_that_is_not_its_rows_is_red(ready: EscrowAccount, query: str) -> None:
    bend(query)
    assert books.tranches_are_their_rows()


@pytest.mark.crooked_books
@pytest.mark.parametrize("table", ["escrow_release", "escrow_deposit", "escrow_depositpart"])
def test_rows_that_were_not_posted_are_red(ready: EscrowAccount, table: str) -> None:
    bend(f"update {table} set cents = cents + 1 where id = (select min(id) from {table})")
    assert len(books.rows_are_posted()) == 1


@pytest.mark.crooked_books
@pytest.mark.parametrize(
    ("query", "check"),
    [
        ("update escrow_freezepart set cents = cents - 1", books.frozen_is_in_dispute),
        (f"update escrow_freeze set state = 'EXECUTED', {CLOSED}", books.frozen_is_in_dispute),
        (f"update escrow_freeze set state = 'THAWED', {CLOSED}", books.disputed_is_frozen),
        ("update escrow_tranche set state = 'DELIVERED' where position = 1", books.disputed_is_frozen),
        ("update escrow_tranche set state = 'DISPUTED' where position = 2", books.disputed_is_frozen),
    ],
)
def test_a_freeze_that_is_not_its_rows_is_red(ready: EscrowAccount, query: str, check: Callable[[], list[str]]) -> None:
    ready.freeze(ready.tranches.all()[:1], by=ready.agreement.client, key=uuid.uuid4())
    assert check() == []
    bend(query)
    assert check()


def test_rows_say_what_they_are(ready: EscrowAccount) -> None:
    tranche = Tranche.objects.all()[0]
    assert str(tranche) == "1. Étape 1"
    assert str(ready) == "Refonte de l’espace adhérent"
    assert str(Deposit.objects.get()).endswith("170000")
    assert str(Deposit.objects.get().parts.order_by("pk")[0]) == "1. Étape 1: 120000"
    assert str(Release.objects.get()) == "1. Étape 1: 80000"
    assert str(tranche.deliveries.get()) == "Voici les maquettes."
    assert str(ready.tranches.all()[2].request_deposit(by=ready.agreement.provider)) == "3. Étape 3"
