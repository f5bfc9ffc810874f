"""What the stand-in remembers, in one SQLite file: objects, answers by idempotency key, webhooks still to be sent."""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Thing = dict[str, Any]

SCHEMA = """
create table if not exists thing (
  seq integer primary key, id text unique not null, kind text not null, body text not null);
create index if not exists thing_by_kind on thing (kind, seq);
create table if not exists answer (
  key text primary key, request text not null, status integer not null, body text not null);
create table if not exists delivery (
  seq integer primary key, event text not null, due_at real not null, tries integer not null default 0);
create table if not exists control (name text primary key, value text not null);
"""


class Store:
    """One writer at a time: `with store.writing():` takes the lock and commits, or forgets everything on an error."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do several things at once or not at all."""
        with self.lock:
            self.db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self.db.execute("rollback")
                raise
            self.db.execute("commit")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement, read whole under the lock."""
        with self.lock:
            return self.db.execute(query, values).fetchall()

    def get(self, key: str, kind: str = "") -> Thing | None:
        """The object with this id, of this kind if one is named."""
        found = self.rows("select body from thing where id = ? and (? = '' or kind = ?)", key, kind, kind)
        return json.loads(found[0][0]) if found else None

    def put(self, thing: Thing) -> Thing:
        """Write or rewrite an object; its place in lists is that of its birth."""
        self.rows(
            "insert into thing (id, kind, body) values (?, ?, ?) on conflict (id) do update set body = excluded.body",
            thing["id"],
            thing["object"],
            json.dumps(thing),
        )
        return thing

    def all(self, kind: str) -> list[Thing]:
        """Every object of one kind, the latest first."""
        return [
            json.loads(body) for (body,) in self.rows("select body from thing where kind = ? order by seq desc", kind)
        ]

    def owe(self, event: str) -> None:
        """Remember that this event is to be sent."""
        self.rows("insert into delivery (event, due_at) values (?, ?)", event, time.time())

    def due(self) -> list[tuple[int, str, int]]:
        """The webhooks to send now: (number, event, tries so far)."""
        found = self.rows("select seq, event, tries from delivery where due_at <= ? order by seq limit 50", time.time())
        return [(seq, event, tries) for seq, event, tries in found]

    def put_off(self, seq: int, seconds: float) -> None:
        """Send this webhook again later."""
        self.rows("update delivery set tries = tries + 1, due_at = ? where seq = ?", time.time() + seconds, seq)

    def sent(self, seq: int) -> None:
        """Forget a webhook that was received."""
        self.rows("delete from delivery where seq = ?", seq)

    def control(self, name: str, default: str = "") -> str:
        """A switch set by a test."""
        found = self.rows("select value from control where name = ?", name)
        return str(found[0][0]) if found else default

    def set_control(self, name: str, value: str) -> None:
        """Set a switch."""
        self.rows(
            "insert into control values (?, ?) on conflict (name) do update set value = excluded.value", name, value
        )


def new_id(prefix: str) -> str:
    """An identifier of Stripe's look."""
    letters = string.ascii_letters + string.digits
    return f"{prefix}_{''.join(secrets.choice(letters) for _ in range(24))}"
