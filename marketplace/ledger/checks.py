"""The books' checks: equations that must hold at every instant, declared in each app's `books.py`.

    @register("escrow.project_equation")
    def deposited_is_somewhere() -> list[str]:
        return red_rows("select …")          # a sentence per row that is wrong; nothing when all is well

Each check sees one instant of the database, however many queries it makes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

Check = Callable[[], list[str]]
registry: dict[str, Check] = {}
log = logging.getLogger(__name__)


def register(name: str) -> Callable[[Check], Check]:
    """Declare a check under `name` (app.what); it returns one sentence per wrong row. A name taken is a ValueError."""

    def declare(check: Check) -> Check:
        if registry.setdefault(name, check) is not check:
            raise ValueError(f"There is already a check of the books named {name}")
        return check

    return declare


def run() -> list[str]:
    """Every red row of the books, each with the name of its check; an empty list when they are right."""
    return [f"{name}: {row}" for name, rows in results() for row in rows]


def results() -> Iterator[tuple[str, list[str]]]:
    """Each check's name and its red rows. A check that cannot be run is red itself and stops no other."""
    for name, check in registry.items():
        try:
            with one_instant():
                rows = check()
        except Exception as error:
            log.exception("The check %s of the books cannot be run.", name)
            rows = [f"cannot be run: {type(error).__name__}"]
        yield name, rows


def red_rows(query: str, params: Sequence[Any] | None = None) -> list[str]:
    """What `query` finds wrong: its first column, a sentence."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def one_instant() -> Iterator[None]:
    """One snapshot for all the queries inside; within a caller's transaction, that transaction's own view."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
