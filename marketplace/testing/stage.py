"""The stage: what a test's fixtures put into the database stays there, beneath the tests that ask for the same.

A fixture that asks for nothing but the database and other such fixtures (a person of the cast, an account, a case) is
played once: it is a level, in a savepoint of its own, and each test runs in a savepoint above and is given copies of
what the levels returned. The next test keeps the levels that it asks for too; the others are undone. Nothing is left
of the stage where a test commits, and none is older than `LASTS`: dates in it must be as fresh as the test's own.
"""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone, translation

LASTS = 30  # seconds
AS_IS = {
    "None",
    "Client",
    "Payment",
}  # what a fixture returns that is not copied: Stripe’s stand-in remembers a payment
Make = Callable[..., object]
Values = dict[Make, object]
Fixtures = dict[str, Sequence[pytest.FixtureDef[Any]]]


@dataclass
class Level:
    """One fixture played: the savepoint that holds its rows, and what the levels so far have returned."""

    make: Make
    atomic: transaction.Atomic
    values: Values


@dataclass
class Stage:
    """The levels that stand, and the copies that the running test is given."""

    levels: list[Level] = field(default_factory=list)
    given: Values = field(default_factory=dict)
    session: Any = None  # psycopg’s connection, in whose transaction the levels are
    began: tuple[float, date] = (0, date.min)

    def set(self, wanted: Sequence[pytest.FixtureDef[Any]]) -> None:
        """Keep what is wanted and stands, undo the rest, play what is missing."""
        kept = 0 if self.is_spent() else shared([level.make for level in self.levels], [one.func for one in wanted])
        self.undo(kept)
        with translation.override(settings.LANGUAGE_CODE):
            for fixture in wanted[kept:]:
                self.play(fixture)
        self.given = copy.deepcopy(self.levels[-1].values) if self.levels else {}

    def play(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Make what `fixture` makes, on top of what stands."""
        if not self.levels:
            self.began = time.monotonic(), timezone.localdate()
        values = copy.deepcopy(self.levels[-1].values) if self.levels else {}
        made = {make.__name__: value for make, value in values.items()}
        level = Level(fixture.func, transaction.atomic(), values)
        level.atomic._from_testcase = True  # type: ignore[attr-defined]  # durable blocks may open, as in a test
        level.atomic.__enter__()
        self.levels.append(level)
        self.session = connection.connection
        values[fixture.func] = fixture.func(**{name: made.get(name) for name in fixture.argnames})
        connection.check_constraints()  # what is deferred is judged here, and not again by each test
        level.values = copy.deepcopy(values)
        mail.outbox.clear()

    def is_spent(self) -> bool:
        """Whether it is too old, of yesterday, or its connection was lost."""
        began, day = self.began
        lost = connection.connection is not self.session or len(connection.atomic_blocks) != len(self.levels)
        return lost or time.monotonic() - began > LASTS or day != timezone.localdate()

    def undo(self, kept: int = 0) -> None:
        """Roll back to the first `kept` levels.

        A browser's loop in this thread has Django open another connection: the stage then ends with its own.
        """
        self.given = {}
        if self.levels and connection.connection is not self.session:
            self.session.close()
        while len(self.levels) > kept:
            level = self.levels.pop()
            if connection.in_atomic_block:
                transaction.set_rollback(True)
                level.atomic.__exit__(None, None, None)


stage = Stage()


def shared(first: Sequence[object], second: Sequence[object]) -> int:
    """How many of both are the same from the beginning on."""
    return next(
        (n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one is not other),
        min(len(first), len(second)),
    )


def levels_of(item: pytest.Item) -> list[pytest.FixtureDef[Any]]:
    """The fixtures of a test that can be played, in its own order: some tests tell who was there first.

    It ends where a fixture of the tests themselves comes that is none of them: it may bend what those after it make.
    """
    fixtures: Fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    names: list[str] = item.fixturenames  # type: ignore[attr-defined]
    found: dict[str, pytest.FixtureDef[Any] | None] = {}
    all(is_passed(name, fixtures, found) for name in names)
    return [fixture for fixture in found.values() if fixture]


def is_passed(name: str, fixtures: Fixtures, found: dict[str, pytest.FixtureDef[Any] | None]) -> bool:
    """Note in `found` what `name` needs and then itself, if it can be played; whether one may go on after it."""
    if name in found or not (defined := fixtures.get(name)):
        return True
    fixture, played = defined[-1], is_playable(name, fixtures)
    if not played:
        found[name] = None
    if not all(is_passed(asked, fixtures, found) for asked in fixture.argnames):
        return False
    if played:
        found[name] = fixture
    return played or fixture.scope != "function" or not is_ours(fixture.func.__module__)


def is_ours(module: str) -> bool:
    """Whether it is a module of tests, or what they share in a folder; neither a library's nor marketplace.testing."""
    return ".tests." in module


def is_playable(name: str, fixtures: Fixtures) -> bool:
    """Whether it stands on the database and nothing else, by way of other such fixtures or itself."""
    if not (defined := fixtures.get(name)) or not is_plain(defined[-1]):
        return False
    asked = defined[-1].argnames
    return bool(asked) and all(one == "db" or is_playable(one, fixtures) for one in asked)


def is_plain(fixture: pytest.FixtureDef[Any]) -> bool:
    """Whether it is made for each test, returns what it makes and leaves nothing to put back."""
    make = fixture.func
    returned = inspect.signature(make).return_annotation
    return (
        fixture.scope == "function"
        and fixture.params is None
        and fixture.argname == make.__name__
        and fixture.argname not in fixture.argnames
        and returned not in AS_IS
        and not inspect.isgeneratorfunction(make)
    )


def commits(item: pytest.Item) -> bool:
    """Whether the test works on a database that others see."""
    marker = item.get_closest_marker("django_db")
    names: Iterable[str] = item.fixturenames  # type: ignore[attr-defined]
    return bool(marker and marker.kwargs.get("transaction")) or not {"transactional_db", "live_server"}.isdisjoint(
        names
    )


@pytest.fixture
def _django_db_helper(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> None:
    """In front of pytest-django's, which opens the test's own savepoint: the stage that it stands on."""
    with django_db_blocker.unblock():
        stage.set([] if commits(request.node) else levels_of(request.node))
    request.getfixturevalue("_django_db_helper")


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> object:
    """A fixture that was played is not made again: the test is given its copy."""
    value = stage.given.get(fixturedef.func)
    if value is not None:
        fixturedef.cached_result = (value, fixturedef.cache_key(request), None)  # type: ignore[arg-type]
    return value
