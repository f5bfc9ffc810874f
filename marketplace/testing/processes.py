"""The processes of a real site, each started once when a test first asks for it, on the tests' own database."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection
from django.urls import reverse

from marketplace.launch.cluster import free_port, tether

if TYPE_CHECKING:
    from marketplace.testing.sandbox import Sandbox


def until(found: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until `found()` is true; TimeoutError names `what` did not come."""
    stop = time.monotonic() + seconds
    while not found():
        if time.monotonic() > stop:
            raise TimeoutError(what)
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One process of the site; what it says goes to a file, shown when it does not start."""

    def __init__(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        self.name, self.command, self.env = name, command, env or {}
        self.log = settings.VAR_DIR / f"{name}.log"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], object]) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [*tether(), *self.command],
                env=os.environ | self.env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            until(lambda: self.must_run() and ready(), f"{self.name} does not start", 60)
        except (TimeoutError, ChildProcessError) as error:
            self.stop()
            raise RuntimeError(f"{error}\n{self.said()[-4000:]}") from error

    def must_run(self) -> bool:
        if self.running is None or self.running.poll() is not None:
            raise ChildProcessError(f"{self.name} has stopped")
        return True

    def said(self) -> str:
        """All it has written so far."""
        return self.log.read_text(errors="replace")

    def stop(self, ask: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop; kill it and its children if it does not within 10 s."""
        running, self.running = self.running, None
        if running is None:
            return
        running.send_signal(ask)
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def python(module: str, *args: str) -> list[str]:
    return [sys.executable, "-m", module, *args]


@dataclass
class SmtpSink:
    """A mail server that keeps what it is sent."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append(message)
        return "250 Taken"

    def to(self, address: str, subject: str = "") -> list[EmailMessage]:
        """The mails to `address` whose subject contains `subject`."""
        return [m for m in self.messages if address in m["To"] and subject in m["Subject"]]

    def wait_for(self, address: str, subject: str = "", seconds: float = 30) -> EmailMessage:
        """The first mail to `address` whose subject contains `subject`, once it is there."""
        until(lambda: self.to(address, subject), f"no mail “{subject}” to {address}", seconds)
        return self.to(address, subject)[0]


@pytest.fixture(scope="session")
def smtp_server() -> Iterator[SmtpSink]:
    sink = SmtpSink(free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()


@pytest.fixture
def smtp_sink(smtp_server: SmtpSink, settings: Any) -> SmtpSink:
    """Mail of this test's own process goes through SMTP too, and is kept here."""
    smtp_server.messages.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_server.port
    return smtp_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis that keeps nothing on the disk."""
    port = free_port()
    words = f"--port {port} --bind 127.0.0.1 --appendonly no --dir {settings.VAR_DIR} --save".split()
    server = Process("redis", [shutil.which("redis-server") or "redis-server", *words, ""])
    server.start(lambda: answers(port))
    yield f"redis://127.0.0.1:{port}/0"
    server.stop()


@pytest.fixture(scope="session")
def site_env(django_db_setup: None, redis_url: str, smtp_server: SmtpSink) -> dict[str, str]:
    """What the site's processes add to our environment: the tests' database as the restricted role, Redis, SMTP."""
    (settings.VAR_DIR / "celery").mkdir(parents=True, exist_ok=True)
    server, _slash, _name = os.environ["TEST_APP_URL"].rpartition("/")
    return {
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "REDIS_URL": redis_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_server.port}",
    }


@pytest.fixture(scope="session")
def site_process(site_env: dict[str, str]) -> Iterator[Process]:
    port = os.environ["PORT"]
    words = ["-b", f"127.0.0.1:{port}", "-w", "1", "--threads", "8", "--no-control-socket", "--timeout", "60"]
    words += ["-k", "marketplace.launch.worker.Worker"]
    site = Process("web", python("gunicorn", *words, "marketplace.wsgi:application"), site_env)
    site.start(lambda: answers(int(port)))
    yield site
    site.stop()


@dataclass
class Site:
    """The site over HTTP, with Stripe's stand-in sending it what happens."""

    url: str
    process: Process


@pytest.fixture
def site(transactional_db: None, site_process: Process, sandbox: Sandbox) -> Site:
    """The running site, its database committed to; webhooks of the stand-in come in."""
    url = os.environ["BASE_URL"]
    sandbox.send_webhooks_to(url + reverse("payments:webhook"))
    return Site(url, site_process)


def celery_worker(site_env: dict[str, str]) -> Iterator[Process]:
    """A Celery worker on Redis."""
    words = [
        "-A",
        "marketplace",
        "worker",
        "--pool",
        "threads",
        "-c",
        "4",
        "--without-gossip",
        "--without-mingle",
        "-l",
        "info",
    ]
    worker = Process("worker", python("celery", *words), site_env)
    worker.start(lambda: "ready." in worker.said())
    yield worker
    worker.stop()


def celery_beat(site_env: dict[str, str]) -> Iterator[Process]:
    """Celery's clock, for what is swept."""
    beat = Process("beat", python("celery", "-A", "marketplace", "beat", "-l", "info"), site_env)
    beat.start(lambda: "beat: Starting" in beat.said())
    yield beat
    beat.stop()
