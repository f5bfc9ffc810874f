import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from marketplace.launch import ground
from marketplace.launch.cluster import free_port
from marketplace.testing.processes import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(360)]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", ".*_cache", "__pycache__", ".env", "*.mo")
FROM_TESTS = ("DATABASE_URL", "VAR_DIR", "PLACE", "PORT", "SANDBOX_PORT", "BASE_URL", "MAKELEVEL", "MAKEFLAGS")


class Clone:
    """A copy of the project in a folder that only we may enter, started as anybody would: `make run`."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ground.ROOT, folder, ignore=LEFT_OUT)
        folder.chmod(0o700)
        self.folder, self.port = folder, free_port()
        kept = {name: value for name, value in os.environ.items() if name not in FROM_TESTS}
        venv = os.environ.get("VENV", str(ground.ROOT / ".venv"))
        self.env = kept | {"PORT": str(self.port), "VENV": venv, "DEMO": "0"}
        self.said = folder / "said"

    def make(self, verb: str) -> psutil.Popen:
        with self.said.open("w") as said:
            streams = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
            return psutil.Popen(["make", verb], cwd=self.folder, env=self.env, start_new_session=True, **streams)

    def start(self) -> psutil.Popen:
        make = self.make("run")
        until(lambda: make.poll() is not None or self.answers(), "the site does not answer", 150)
        assert make.poll() is None, self.said.read_text()
        return make

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self.port}/healthz/ready"
            return int(urllib.request.urlopen(address, timeout=5).status) == 200
        return False

    def processes(self) -> list[psutil.Process]:
        """Every process that has to do with this folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(ground.HOME) == str(self.folder):
                    found.append(process)
        return found

    def gone(self) -> bool:
        return not self.processes()

    def end(self) -> None:
        """Whatever a failed test has left."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        until(self.gone, "something is left", 60)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("site") / "clone")


@pytest.fixture
def clone(built):
    yield built
    built.end()


def test_it_serves_and_a_signal_stops_every_process(clone):
    make = clone.start()
    names = {process.name() for process in clone.processes()}
    assert {"postgres", "gunicorn", "celery"} <= names
    make.send_signal(signal.SIGTERM)
    make.wait(60)
    until(clone.gone, "something is left", 60)
    assert "PostgreSQL" in clone.said.read_text()


def test_a_second_start_is_quick_and_hanging_up_stops_it(clone):
    began = time.monotonic()
    make = clone.start()
    # Ten seconds on a machine that has nothing else to do; the other tests keep this one busy.
    assert time.monotonic() - began < 10 * max(1, os.getloadavg()[0])
    assert "Migrating" not in clone.said.read_text()
    until(lambda: f":{clone.port}/demo/courrier/" in clone.said.read_text(), "it does not say where it is")
    make.send_signal(signal.SIGHUP)
    make.wait(60)
    until(clone.gone, "something is left", 60)


def test_a_killed_start_leaves_nothing_and_ctrl_c_reaches_all_of_the_next_one(clone):
    make = clone.start()
    for process in [*make.children(recursive=True), make]:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() != "postgres":
                process.kill()
    make.wait()
    make = clone.start()
    for verb in ("run", "demo-reset"):
        assert clone.make(verb).wait(60)
        assert "running from this folder already" in clone.said.read_text()
    os.killpg(make.pid, signal.SIGINT)
    make.wait(60)
    until(clone.gone, "something is left", 60)


def test_the_demo_is_reset_and_the_books_balance(clone):
    assert clone.make("demo-reset").wait(170) == 0
    assert "ledger.balances" in clone.said.read_text()
    assert clone.gone()


def test_a_taken_port_is_named(clone, site_process):
    clone.env["PORT"] = os.environ["PORT"]
    assert clone.make("run").wait(60)
    assert f"Port {os.environ['PORT']} is taken" in clone.said.read_text()
    assert clone.gone()


def test_production_is_not_started_by_make(clone):
    clone.env["PLACE"] = "production"
    assert clone.make("run").wait(60)
    assert "In production" in clone.said.read_text()
