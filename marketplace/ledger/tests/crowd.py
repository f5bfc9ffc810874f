"""A crowd: threads that each keep one real connection and start at the same instant, round after round."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

from marketplace.ledger import posting as ledger

ROUNDS = int(os.environ.get("RACE_ROUNDS", "8"))  # 20 and more before a release: see the README


class Crowd:
    def __init__(self, size: int) -> None:
        self.size, self.pool = size, ThreadPoolExecutor(size)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *error: object) -> None:
        self.race([connection_closed] * self.size)
        self.pool.shutdown()

    def race(self, deeds: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each deed answered, its exception if it raised one; all wait for each other before they start."""
        start = threading.Barrier(len(deeds))

        def run(deed: Callable[[], Any]) -> Any:
            start.wait(timeout=60)
            try:
                return deed()
            except Exception as error:
                return error

        return list(self.pool.map(run, deeds))


def connection_closed() -> None:
    connection.close()


def tally(answers: Sequence[Any]) -> Counter[str]:
    """How many answers of each type."""
    return Counter(type(answer).__name__ for answer in answers)


@contextmanager
def as_owner() -> Iterator[Any]:
    """A cursor with the owner's rights, on this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("reset role")
        yield cursor
        cursor.execute("set role app")


@contextmanager
def slowed(table: str, *, seconds: float) -> Iterator[None]:
    """Each row of `table` takes `seconds` to write: a gap after a reading becomes wide enough to fall into."""
    with as_owner() as cursor:
        cursor.execute(f"""
            create function test_sleep() returns trigger language plpgsql as
                $$ begin perform pg_sleep({seconds}); return new; end $$;
            create trigger a_test_sleep before insert or update on {table} for each row execute function test_sleep();
        """)
    try:
        yield
    finally:
        with as_owner() as cursor:
            cursor.execute("drop function test_sleep() cascade")


def source_of(function: str) -> str:
    """The statement that made `function`."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_functiondef(%s::regproc)", [function])
        source: str = cursor.fetchone()[0]
    return source


def replaced(function: str, old: str, new: str) -> str:
    """The statement that makes `function` with a fault in it."""
    source = source_of(function)
    assert old in source
    return source.replace(old, new)


@contextmanager
def planted(function: str, old: str, new: str) -> Iterator[None]:
    """A fault in `function`, committed, and taken out at the end."""
    right, wrong = source_of(function), replaced(function, old, new)
    with as_owner() as cursor:
        cursor.execute(wrong)
    try:
        yield
    finally:
        with as_owner() as cursor:
            cursor.execute(right)


def funded(kind: str, amount: int, *, asset: str = "EUR") -> ledger.Account:
    """A new account of `kind` with `amount` on it."""
    account = ledger.open_account(kind, asset)
    source = "stripe" if asset == "EUR" else f"issued:{asset}"
    ledger.post(f"fund:{account.pk}", "test.funded", [ledger.Move(source, account, amount)])
    return account


def balance(account: ledger.Account) -> int:
    account.refresh_from_db()
    return account.balance
