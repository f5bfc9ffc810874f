"""Nothing written is changed or removed, by the site's role nor by the owner of the tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Move, Transfer
from marketplace.ledger.tests.crowd import as_owner, balance, funded

pytestmark = pytest.mark.django_db
MODELS = {model._meta.db_table: model for model in (Account, Transfer, Move)}
COLUMNS = [
    (table, field.column)
    for table, model in MODELS.items()
    for field in model._meta.concrete_fields
    if not field.generated
]
REMOVALS = [f"delete from {table}" for table in MODELS] + [f"truncate {table} cascade" for table in MODELS]


@pytest.fixture(params=["site", "owner"])
def role(request: pytest.FixtureRequest, held: Account) -> Iterator[str]:
    if request.param == "site":
        yield "site"
        return
    with as_owner():
        yield "owner"


@pytest.fixture
def held() -> Account:
    return funded("held", 100)


def refused(role: str, statement: str) -> None:
    error, state = (ProgrammingError, "42501") if role == "site" else (IntegrityError, "23001")
    with pytest.raises(error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert caught.value.__cause__.sqlstate == state  # type: ignore[union-attr]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_no_column_is_ever_updated(role: str, table: str, column: str) -> None:
    changed = {"key": "key || 'x'", "at": "at + interval '1 s'", "opened_at": "opened_at + interval '1 s'"}.get(column)
    if changed is None:
        changed = {"kind": "'frozen'", "name": "'x'", "asset": "'OFFER'", "event": "'x'", "project": "'x'"}.get(column)
    value = changed or {"body": "'x'", "by_id": "null", "reverses_id": "null"}.get(column, f"{column} + 1")
    refused(role, f"update {table} set {column} = {value}")


@pytest.mark.parametrize("statement", REMOVALS)
def test_nothing_is_ever_removed(role: str, statement: str) -> None:
    refused(role, statement)


def test_the_site_writes_only_through_the_two_functions(held: Account) -> None:
    for statement in (
        "insert into ledger_account (kind, asset, name, balance, opened_at) values ('held', 'EUR', '', 0, now())",
        "insert into ledger_transfer (key, event, project, body, at) values ('key', 'event', '', '', now())",
        f"insert into ledger_move (transfer_id, asset, debit_id, credit_id, amount) "
        f"select max(id), 'EUR', 1, {held.pk}, 5 from ledger_transfer",
        "alter table ledger_move disable trigger all",
        "create or replace function ledger_apply() returns trigger language plpgsql as 'begin return null; end'",
        "select nextval('ledger_move_id_seq')",
    ):
        refused("site", statement)
    with pytest.raises(ProgrammingError, match=r"permission denied"), transaction.atomic():
        connection.cursor().execute("set session_replication_role = replica")


def test_an_account_is_born_empty_even_when_the_owner_says_otherwise(held: Account) -> None:
    with as_owner() as cursor:
        cursor.execute(
            "insert into ledger_account (kind, asset, name, balance, opened_at) values ('held', 'EUR', '', 9, now()) "
            "returning balance"
        )
        assert cursor.fetchone() == (0,)


def test_a_move_that_the_owner_inserts_is_counted(held: Account) -> None:
    with as_owner() as cursor:
        cursor.execute(
            "insert into ledger_move (transfer_id, asset, debit_id, credit_id, amount) "
            "select max(t.id), 'EUR', (select id from ledger_account where name = 'stripe'), %s, 5 "
            "from ledger_transfer t",
            [held.pk],
        )
    assert balance(held) == 105


def test_the_functions_look_nowhere_but_in_public(held: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("create temp table ledger_account (id bigint, kind text, asset text, name text, balance bigint)")
        cursor.execute("insert into ledger_account values (%s, 'held', 'EUR', '', 0)", [held.pk])
        cursor.execute("set local search_path = pg_temp, public")
    ledger.post("deposit:1", "escrow.deposited", [ledger.Move("stripe", held, 5)])
    with connection.cursor() as cursor:
        cursor.execute("select balance from public.ledger_account where id = %s", [held.pk])
        assert cursor.fetchone() == (105,)
        cursor.execute("drop table pg_temp.ledger_account")
        cursor.execute("set local search_path to default")
