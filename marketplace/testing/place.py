"""The environment of a test run, made before Django reads it; processes that tests start inherit it."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import FrameType

from django.conf import settings

from marketplace.launch import catalogues
from marketplace.launch.cluster import APP, LANES, OWNER, Cluster, free_port
from marketplace.launch.ground import ROOT


def prepare(*, safe: bool = False) -> None:
    """Once per process: the first one starts PostgreSQL, the workers of pytest-xdist log in to the same.

    `safe` is for measures: what is committed is on the disk.
    """
    if settings.configured:
        raise RuntimeError("Django has read its settings before its place was made: unset DJANGO_SETTINGS_MODULE.")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        catalogues.compile_newer(ROOT)
        start_database(safe=safe)
    folder = Path(os.environ["TEST_FOLDER"]) / (worker or "alone")
    folder.mkdir(exist_ok=True)
    os.environ["PORT_LANE"] = str(1 + int(worker.removeprefix("gw") or -1) % (LANES - 1))
    os.environ |= {
        "PLACE": "test",
        "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
        "VAR_DIR": str(folder),
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
    }
    os.environ["BASE_URL"] = f"http://127.0.0.1:{os.environ['PORT']}"
    for name in ("REDIS_URL", "EMAIL_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "S3_BUCKET", "DEBUG"):
        os.environ.pop(name, None)


def start_database(*, safe: bool) -> None:
    """A cluster in a folder of its own, both gone at the end, however it comes (the tether sees to kill -9)."""
    folder = Path(tempfile.mkdtemp(prefix="paraphe-tests-"))
    cluster = Cluster(folder / "postgres", safe=safe)

    def leave() -> None:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(leave)
    signal.signal(signal.SIGTERM, terminated)
    cluster.create()
    cluster.start()
    cluster.settle()
    os.environ |= {
        "TEST_FOLDER": str(folder),
        "TEST_DATABASE_URL": cluster.url(OWNER),
        "TEST_APP_URL": cluster.url(APP),
    }


def terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
