"""The trial's database: our own cluster under `var/`, or one that the environment names."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from urllib.parse import urlsplit

import psycopg

from marketplace.launch.cluster import APP, DATABASE, OWNER, Cluster, grant
from marketplace.launch.ground import VAR, CannotGoOn, say


class Database(ABC):
    """Where the trial keeps its rows: `app_url` for the site, `owner_url` for migrations."""

    app_url = owner_url = ""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def empty(self) -> bool:
        """Throw all rows away, to build the trial anew; whether there are none now."""

    @abstractmethod
    def stop(self) -> None: ...

    @property
    def site_env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.app_url, "APP_ROLE": urlsplit(self.app_url).username or APP}

    @property
    def owner_env(self) -> dict[str, str]:
        return self.site_env | {"DATABASE_URL": self.owner_url}


class Own(Database):
    """A cluster of the wheel's PostgreSQL."""

    def __init__(self) -> None:
        self.cluster = Cluster(VAR / "postgres")

    def start(self) -> None:
        say("Starting PostgreSQL")
        self.cluster.create()
        self.cluster.start()
        self.cluster.settle()
        self.app_url, self.owner_url = self.cluster.url(APP), self.cluster.url(OWNER)

    def empty(self) -> bool:
        with self.cluster.connect("postgres") as server:
            server.execute(f"drop database if exists {DATABASE} with (force)")
        self.cluster.settle()
        return True

    def stop(self) -> None:
        self.cluster.stop()


class Given(Database):
    """A server of somebody else: the site's role and the owner's come as two URLs; we never empty it."""

    def __init__(self) -> None:
        self.app_url = os.environ["DATABASE_URL"]
        self.owner_url = os.environ.get("MIGRATE_DATABASE_URL", "")
        if not self.owner_url:
            raise CannotGoOn(
                "DATABASE_URL is set, for the site’s role. Set MIGRATE_DATABASE_URL too: the same database with the "
                "role that owns its tables and runs migrations (see .env.example)."
            )

    def start(self) -> None:
        say("Using the database of DATABASE_URL")
        with psycopg.connect(self.owner_url, autocommit=True, connect_timeout=10) as connection:
            grant(connection, self.site_env["APP_ROLE"])

    def empty(self) -> bool:
        with psycopg.connect(self.owner_url) as connection:
            found = connection.execute("select from pg_tables where schemaname = 'public' limit 1").fetchone()
        return found is None

    def stop(self) -> None:
        """It goes on without us."""


def of_environment() -> Database:
    """The database that the environment asks for."""
    return Given() if os.environ.get("DATABASE_URL") else Own()
