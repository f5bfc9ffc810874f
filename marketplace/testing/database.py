"""The tests' database: they work as the site's role; between tests that commit, the owner puts everything back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase
from psycopg import sql
from psycopg._preparing import PrepareManager
from psycopg.pq import TransactionStatus

from marketplace.ledger import checks

MIGRATED = "migrated"
TABLES = """
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'django_migrations'
    order by c.relname
"""
COLUMNS = """
    select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''
"""

PLANNED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


@dataclass
class Rest:
    """The state between tests: all tables empty, but for the rows that migrations made (`kept`: table → columns)."""

    tables: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def learn(self) -> None:
        """Copy what the migrations left into a schema beside."""
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            self.tables = [name for (name,) in cursor.fetchall()]
            cursor.execute("create schema kept")
            for table in self.tables:
                cursor.execute(f'select exists (select from "{table}")')
                if cursor.fetchone()[0]:
                    cursor.execute(COLUMNS, [f'"{table}"'])
                    self.kept[table] = cursor.fetchone()[0]
                    cursor.execute(f'create table kept."{table}" as table public."{table}"')

    def restore(self) -> None:
        """As the owner, triggers asleep: the ledger refuses TRUNCATE, and DELETE is 40 times faster here.

        The connection stays, as it was when it began but for what is planned on it: the books' queries alone take
        longer to plan than the rest.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("reset all; discard temp; select pg_advisory_unlock_all(); set role app")
            cursor.execute("set local role none; set local session_replication_role = replica")
            with connection.execute_wrapper(planned_once):
                cursor.execute(self.changed)
            if tables := cursor.fetchone()[0]:
                cursor.execute("".join(self.put_back(table) for table in tables))

    @cached_property
    def changed(self) -> str:
        """The query that finds the tables in which anything is not as migrations left it."""
        every = ", ".join(f"case when {self.differs(table)} then '{table}' end" for table in self.tables)
        return f"select array_remove(array[{every}], null)"

    def differs(self, table: str) -> str:
        """The condition that a table has other rows than those kept."""
        if not (columns := self.kept.get(table)):
            return f'exists (select from "{table}")'
        now, then = (f'select {columns} from {schema}."{table}"' for schema in ("public", "kept"))
        return f"exists (({now} except {then}) union all ({then} except {now}))"

    def put_back(self, table: str) -> str:
        """What makes a table as migrations left it."""
        emptied = f'delete from "{table}";'
        if not (columns := self.kept.get(table)):
            return emptied
        kept = f'select {columns} from kept."{table}"'
        return f'{emptied} insert into "{table}" ({columns}) overriding system value {kept};'


def owner() -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the owner beside the tests' own, outside transactions."""
    return psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Only one worker of the run is inside; the others wait."""
    with (Path(os.environ["TEST_FOLDER"]) / "databases.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_database(name: str) -> None:
    """The tests' database under `name`: migrated by the first worker that comes, copied with its grants by the others.

    Nothing drops it: it goes with its cluster.
    """
    with one_at_a_time(), owner() as server:
        if server.execute("select 1 from pg_database where datname = %s", [MIGRATED]).fetchone():
            server.execute(copy_of(MIGRATED, name))
        else:
            connection.settings_dict["TEST"]["NAME"] = name
            connection.creation.create_test_db(verbosity=0, serialize=False)
            connection.close()
            server.execute(copy_of(name, MIGRATED))
    connection.close()
    connection.settings_dict["NAME"] = name


def copy_of(source: str, name: str) -> sql.Composed:
    """The statement that copies a database; nobody may be connected to it."""
    return sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(source))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: a database that the owner has migrated, to which we log in as the site does."""
    rest = Rest()
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: rest.restore())
    patch.setattr(TransactionTestCase, "_should_reload_connections", lambda case: False)
    # Every test ends with a rollback, at which psycopg would drop what is planned: the books' queries with the doors.
    patch.setattr(PrepareManager, "clear", lambda manager: False)
    with django_db_blocker.unblock():
        make_database(f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}")
        rest.learn()
        connection.close()
        connection.settings_dict["OPTIONS"]["assume_role"] = "app"
        yield
        connection.close()
        del connection.settings_dict["OPTIONS"]["assume_role"]
    patch.undo()


@pytest.fixture
def as_owner(db: None) -> Iterator[None]:
    """What only the database's owner may do, for tests that show what the owner is refused too."""
    with connection.cursor() as cursor:
        cursor.execute("reset role")
        yield
        if not is_lost():
            cursor.execute(sql.SQL("set role {}").format(sql.Identifier("app")).as_string())


@pytest.fixture(autouse=True)
def books(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that touches the database, the books balance (`crooked_books`: it bends them on purpose)."""
    wanted = {"db", "transactional_db", "_django_db_helper"} & set(request.fixturenames)
    if not wanted and not request.node.get_closest_marker("django_db"):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    if not request.node.get_closest_marker("crooked_books") and not is_lost():
        with connection.execute_wrapper(planned_once):
            assert checks.run() == []


def planned_once(execute: Any, query: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    """Have the server plan each of the books' long queries once per connection: that takes longer than to run them."""
    if params or not query.lstrip().startswith(("select", "with")):
        return execute(query, params, many, context)
    names = PLANNED.setdefault(connection.connection, {})
    if query not in names:
        execute(f"prepare books_{len(names)} as {query}", None, many, context)
        names[query] = f"books_{len(names)}"
    return execute(f"execute {names[query]}", None, many, context)


def is_lost() -> bool:
    """Whether an error has ended the test's transaction: all it wrote goes, and nothing can be asked any more."""
    raw = connection.connection
    return connection.needs_rollback or (raw is not None and raw.info.transaction_status == TransactionStatus.INERROR)
