"""The books' checks: equations that must hold at every instant, declared in each app's `books.py`.

    @register("escrow.project_equation")
    def deposited_is_somewhere() -> list[str]:
        return red_rows("select …, p.key …")  # a sentence per row that is wrong; nothing when all is well

A row that concerns one project names its key beside the sentence, so that only its payouts are paused.
Each check sees one instant of the database, however many queries it makes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from django.db import connection, transaction

Check = Callable[[], Sequence[str]]
registry: dict[str, Check] = {}
log = logging.getLogger(__name__)


class RedRow(str):
    """A sentence that says what is wrong; `project` is the key of the one project that it concerns, if it is one."""

    __slots__ = ("project",)
    project: str

    def __new__(cls, sentence: str, project: str | None = "") -> Self:
        row = super().__new__(cls, sentence)
        row.project = project or ""
        return row

    @classmethod
    def of(cls, sentence: str) -> RedRow:
        """A row as checks give it: with its project, or a plain sentence that concerns all."""
        return sentence if isinstance(sentence, RedRow) else cls(sentence)


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


def results() -> Iterator[tuple[str, list[RedRow]]]:
    """Each check's name and its red rows."""
    for name in list(registry):
        yield name, result(name)


def result(name: str) -> list[RedRow]:
    """The red rows of one check. One that cannot be run is red itself, for all; one that is no more has none."""
    if name not in registry:
        return []
    try:
        with one_instant():
            return [RedRow.of(row) for row in registry[name]()]
    except Exception as error:
        log.exception("The check %s of the books cannot be run.", name)
        return [RedRow(f"cannot be run: {type(error).__name__}")]


def red_rows(query: str, params: Sequence[Any] | None = None) -> list[str]:
    """What `query` finds wrong: its first column, a sentence; its second, if there is one, the project's key."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [RedRow(*row) for row in cursor.fetchall()]


@contextmanager
def one_instant() -> Iterator[None]:
    """One snapshot for all the queries inside; within a caller's transaction, that transaction's own view."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
