"""The trial: everything the site needs on one machine, from an empty folder, until it is told to stop."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import environ

from marketplace.launch import catalogues, leftovers, system
from marketplace.launch.cluster import free_port, tether
from marketplace.launch.databases import Database, Own, of_environment
from marketplace.launch.ground import (
    HOME,
    ROOT,
    VAR,
    CannotGoOn,
    be_deaf,
    listen,
    manage,
    program,
    say,
)

STAMP, FOUND, ACCOUNTS = VAR / "built.json", VAR / "trial.env", VAR / "demo-accounts.txt"


def prepare() -> None:
    """Read `.env`; refuse to be taken for production."""
    if (ROOT / ".env").is_file():
        environ.Env.read_env(ROOT / ".env")
    if os.environ.get("PLACE", "trial") != "trial":
        raise CannotGoOn("This starts the trial. In production, run the processes of Procfile: see README.md.")
    os.environ[HOME] = str(ROOT)
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ["PYTHONWARNINGS"] = (
        "ignore:You're running the worker"  # as root, in a container, Celery says so at length
    )
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for folder in ("celery/queue", "celery/control", "files"):
        (VAR / folder).mkdir(parents=True, exist_ok=True)
    VAR.chmod(0o700)


@contextmanager
def alone() -> Iterator[None]:
    """Only one launcher per folder; the lock falls with the process, even by kill -9."""
    with (VAR / "launch.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotGoOn("The site is running from this folder already. Stop it first (Ctrl-C there).") from error
        if leftovers.stop(ROOT):
            say("Stopped what an earlier start had left running")
        yield


def choose_ports() -> None:
    """PORT as asked, refused if taken; the stand-in of Stripe next to it."""
    port = int(os.environ.setdefault("PORT", "8000"))
    bind = os.environ.setdefault("BIND", "127.0.0.1")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise CannotGoOn(
                f"Port {port} is taken by another program. Choose another one: PORT={port + 10} make run"
            ) from error
    os.environ.setdefault("SANDBOX_PORT", str(free_port(port + 1)))
    os.environ.setdefault("BASE_URL", f"http://localhost:{port}")
    os.environ.setdefault("SANDBOX_WEBHOOK_URL", f"http://127.0.0.1:{port}/paiements/stripe")


def schema() -> str:
    """What the database was built from: every migration, and where it is."""
    digest = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    for file in sorted(ROOT.glob("*/migrations/*.py")) + sorted(ROOT.glob("marketplace/*/migrations/*.py")):
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether the database was built to its end from these very migrations."""
    with suppress(OSError, ValueError):
        return bool(json.loads(STAMP.read_text())["schema"] == schema())
    return False


def build(database: Database) -> None:
    """Migrate as the owner and load the demo as the site; a build that does not reach its end is begun again."""
    STAMP.unlink(missing_ok=True)
    is_empty = database.empty()
    if isinstance(database, Own):
        forget_files()
    say("Migrating the database")
    manage("migrate", "--verbosity", "0", env=database.owner_env)
    manage("createcachetable", env=database.owner_env)
    if is_empty:
        load_demo(database)
    STAMP.write_text(json.dumps({"schema": schema()}))


def forget_files() -> None:
    """What belongs to the rows thrown away: files, the stand-in's payments, messages to the worker."""
    for folder in ("files", "celery"):
        shutil.rmtree(VAR / folder, ignore_errors=True)
    for file in VAR.glob("sandbox.sqlite3*"):
        file.unlink()
    for folder in ("celery/queue", "celery/control", "files"):
        (VAR / folder).mkdir(parents=True, exist_ok=True)


def load_demo(database: Database) -> None:
    """Have `load_demo` walk the domain's own way, with the stand-in of Stripe beside it (DEMO=0: an empty site)."""
    if os.environ.get("DEMO") == "0" or not any(ROOT.glob("marketplace/*/management/commands/load_demo.py")):
        return
    say("Loading the demo")
    address = f"127.0.0.1:{os.environ['SANDBOX_PORT']}"
    command = [program("gunicorn"), "-w", "1", "--threads", "4", "--no-control-socket", "--log-level", "error", "-b"]
    env = os.environ | {"SANDBOX_WEBHOOK_URL": ""}
    sandbox = subprocess.Popen(
        [*tether(), *command, address, "marketplace.sandbox.wsgi:application"],
        env=env,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        await_port(int(os.environ["SANDBOX_PORT"]), sandbox)
        manage("load_demo", env=database.site_env)
    finally:
        sandbox.terminate()
        sandbox.wait()


def await_port(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """Whether `process` has come to listen on `port`."""
    stop = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < stop:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def leave_address(database: Database) -> None:
    """Tell `manage.py`, run beside us, where the trial is (settings read it)."""
    names = ("PORT", "SANDBOX_PORT", "BASE_URL")
    found = database.site_env | {name: os.environ[name] for name in names}
    with open(os.open(FOUND, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in found.items())


def run() -> None:
    """Start all, serve until told to stop, stop all, PostgreSQL last."""
    prepare()
    with alone():
        choose_ports()
        system.install(system.missing_to_run())
        if catalogues.compile_newer(ROOT):
            say("Compiled the translations")
        with started() as database:
            if not is_built():
                build(database)
            leave_address(database)
            serve(database)


def reset() -> None:
    """Throw the trial's data away and load the demo anew; refused while the site runs, and on a given database."""
    prepare()
    with alone():
        choose_ports()
        catalogues.compile_newer(ROOT)
        with started() as database:
            if not isinstance(database, Own):
                raise CannotGoOn("DATABASE_URL is set: a database that is not ours is never thrown away.")
            build(database)
            manage("check_books", env=database.site_env)
    say("The demo is as on the first day")


@contextmanager
def started() -> Iterator[Database]:
    """The database, running for as long as it is needed and no longer."""
    database = of_environment()
    listen()
    try:
        database.start()
        yield database
    finally:
        be_deaf()
        database.stop()


def serve(database: Database) -> None:
    """Run the processes of Procfile until one of them ends or a signal comes."""
    say("Starting web, Stripe’s stand-in, worker and beat")
    command = [sys.executable, "-m", "honcho", "start", "-e", "var/none", "-p", os.environ["PORT"]]
    site = subprocess.Popen([*tether(), *command], env=os.environ | database.site_env, cwd=ROOT, start_new_session=True)
    threading.Thread(target=watch_make, args=(os.getppid(),), daemon=True).start()
    threading.Thread(target=greet, args=(site,), daemon=True).start()
    try:
        code = site.wait()
    finally:
        be_deaf()
        site.terminate()
        site.wait()
        leftovers.stop(ROOT)
    raise SystemExit(code)


def greet(site: subprocess.Popen[bytes]) -> None:
    """Once the site answers, say where it is and who may sign in."""
    if await_port(int(os.environ["PORT"]), site):
        say(f"Paraphe is at {os.environ['BASE_URL']} (Ctrl-C stops it)")
        known = ACCOUNTS.read_text() if ACCOUNTS.is_file() else ""
        site_at = os.environ["BASE_URL"]
        places = f"  Administration: {site_at}/admin/   Mails of the trial: {site_at}/demo/courrier/"
        sys.stdout.write(f"{known}{places}\n")
        sys.stdout.flush()


def watch_make(parent: int) -> None:
    """A `make` that is told to hang up waits for us without passing it on: it shows in the signals that it blocks."""
    asked = (1 << signal.SIGHUP - 1) | (1 << signal.SIGINT - 1)
    while "MAKELEVEL" in os.environ:
        if os.getppid() != parent or blocked_by(parent) & asked:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(0.5)


def blocked_by(pid: int) -> int:
    """The mask of signals that a process blocks (Linux; 0 elsewhere)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigBlk:"):
                return int(line.split()[1], 16)
    return 0
