"""kill -9 in the middle: what was acknowledged is there once, what was not is whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from kombu.connection import Connection

from credits.models import CreditPack
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.celery import app
from marketplace.events.models import Notice
from marketplace.launch.cluster import APP, OWNER, Cluster
from marketplace.ledger.models import Pause, Transfer
from marketplace.ledger.tests.crowd import as_owner, slowed
from marketplace.payments import gateway
from marketplace.payments.checkout import page_of
from marketplace.payments.models import Payment, Refund, StripeEvent
from marketplace.payments.models.chores import CLAIM
from marketplace.payments.tests import shelf
from marketplace.testing.processes import Process, python, until
from marketplace.testing.sandbox import Sandbox
from payouts.tests import way as payouts_way

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
NAME = "crash"
TRIGGER = """
create function test_sleep() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return new; end $$;
create trigger a_test_sleep before update on escrow_tranche for each row execute function test_sleep();
"""


@pytest.fixture
def cluster(tmp_path: Path, transactional_db: None) -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, on the disk as in production, with the tests' empty database in it."""
    own = Cluster(tmp_path / "postgres")
    own.create()
    own.start()
    own.settle()
    server = os.environ["TEST_DATABASE_URL"].rpartition("/")[0]
    tools = f"{own.programs.home}/pginstall/bin"
    dump = [f"{tools}/pg_dump", "-N", "kept", f"{server}/{connection.settings_dict['NAME']}"]
    load = [f"{tools}/psql", "-q", "-o", os.devnull, own.url(OWNER, NAME)]
    with own.connect() as connected:
        connected.execute(f"create database {NAME} template template0")  # without rights that the dump does not name
    text = subprocess.run(dump, check=True, capture_output=True).stdout
    subprocess.run(load, input=text, check=True, capture_output=True)
    yield own
    own.stop()


def kill(process: subprocess.Popen[bytes] | None) -> None:
    """kill -9, of all that it started too."""
    assert process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def child(cluster: Cluster, deed: str) -> subprocess.Popen[str]:
    """A process that works on the cluster as the site does."""
    env = {**os.environ, "DATABASE_URL": cluster.url(APP, NAME), "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    command = python("marketplace.tests.proof.crash", deed)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def said(cluster: Cluster, deed: str) -> list[str]:
    """All that a child says to its end."""
    with child(cluster, deed) as working:
        return working.communicate(timeout=120)[0].splitlines()


def killed_amid(cluster: Cluster, deed: str, turn: int) -> set[int]:
    """Kill the whole server while `turn` of `deed` is under way; the turns that were acknowledged."""
    acknowledged = set()
    with child(cluster, deed) as working:
        for line in working.stdout or ():
            word, number = line.split()
            acknowledged |= {int(number)} if word == "done" else set()
            if (word, int(number)) == ("try", turn):
                until(lambda: asleep(cluster), "no transaction is under way")
                kill(cluster.process)
    assert working.returncode
    return acknowledged


def asleep(cluster: Cluster) -> bool:
    """Whether a transaction is held up by the slow rows."""
    with cluster.connect(NAME) as server:
        found = server.execute("select 1 from pg_stat_activity where wait_event = 'PgSleep'").fetchone()
    return found is not None


@pytest.mark.parametrize("deed", ["release", "settle"])
def test_a_database_killed_in_mid_transaction_keeps_what_was_acknowledged_once(cluster: Cluster, deed: str) -> None:
    said(cluster, "begin")
    with cluster.connect(NAME) as server:
        server.execute(TRIGGER)
    acknowledged = killed_amid(cluster, deed, turn=2)
    assert acknowledged == {0, 1}
    cluster.start()
    after = json.loads(said(cluster, "end")[-1])
    assert [row for row in after[deed] if len(set(row)) > 1] == after["books"] == []
    assert {n for n, (row, _transfer) in enumerate(after[deed]) if row} >= acknowledged
    assert said(cluster, deed)[-1] == "done 5"
    again = json.loads(said(cluster, "end")[-1])
    assert (again[deed], again["books"]) == ([[True, True]] * 6, [])


def send(task: str, broker: str, *args: object) -> None:
    """Ring for the worker that listens on `broker`."""
    with Connection(broker) as link:
        app.send_task(task, args, connection=link)


def celery(name: str, env: dict[str, str]) -> Process:
    """A worker that this test may kill."""
    words = ["--pool", "threads", "-c", "2", "--without-gossip", "--without-mingle", "-l", "info", "-n", name]
    started = Process(name, python("celery", "-A", "marketplace", "worker", *words), env)
    started.start(lambda: "ready." in started.said())
    return started


def test_a_worker_killed_after_stripe_gave_back_gives_back_once(
    site_env: dict[str, str], sandbox: Sandbox, client_user: User, provider_user: User
) -> None:
    sandbox.pay(shelf.start(client_user, ht=1_000_000, vat=200_000))  # ours to lose: what Stripe keeps of a refund
    payment = sandbox.pay(shelf.start(provider_user, "gone"))
    refund = Refund.objects.get(payment=payment)
    first = celery("first", site_env)
    sandbox.fail("slow", seconds=6)
    send("marketplace.payments.tasks.send_refund", site_env["REDIS_URL"], refund.pk)
    until(lambda: has_refunded(payment.intent_id), "Stripe has given nothing back")
    kill(first.running)
    with Connection(site_env["REDIS_URL"]) as link:
        link.default_channel.client.flushall()
    refund.refresh_from_db()
    assert (refund.state, refund.attempts) == ("ASKED", 1)
    second = celery("second", site_env)
    lapse(refund)
    send("marketplace.payments.tasks.sweep", site_env["REDIS_URL"])
    until(lambda: Refund.objects.get(pk=refund.pk).state == "SUCCEEDED", "the sweep leaves it")
    second.stop()
    assert len(given_back(sandbox, payment)) == 1
    assert Transfer.objects.filter(key__endswith=":refunded").count() == 1


def given_back(sandbox: Sandbox, payment: Payment) -> list[Any]:
    """The refunds of a payment at Stripe."""
    found: list[Any] = sandbox.api(f"refunds?limit=100&payment_intent={payment.intent_id}")["data"]
    return found


def has_refunded(intent: str) -> bool:
    """Whether the stand-in has one in its file: a question to it would be the slow call in place of the worker's."""
    with closing(sqlite3.connect(settings.VAR_DIR / "sandbox.sqlite3")) as store:
        query = "select 1 from thing where kind = 'refund' and body like ?"
        return bool(store.execute(query, [f"%{intent}%"]).fetchone())


def lapse(row: Refund | StripeEvent) -> None:
    """The claim of the dead worker has run out: with the sweep of every 30 s that is within a minute."""
    assert CLAIM.total_seconds() + settings.CELERY_BEAT_SCHEDULE["payments-sweep"]["schedule"] < 60
    type(row).objects.filter(pk=row.pk).update(claimed_until=F("claimed_until") - CLAIM)


def test_a_worker_killed_before_its_commit_posts_once(
    site_env: dict[str, str], sandbox: Sandbox, provider_user: User
) -> None:
    pack = CreditPack.objects.filter(on_sale=True)[0]
    payment = pack.buy(by=provider_user, key=uuid.uuid4())
    sandbox.click(page_of(payment), "pay")
    payment.refresh_from_db()
    fact = sandbox.events("payment_intent.succeeded")[-1]
    row = StripeEvent.receive(gateway.message_of(fact))
    first, broker = celery("third", site_env), site_env["REDIS_URL"]
    with slowed("payments_payment", seconds=3):
        send("marketplace.payments.tasks.handle_event", broker, row.pk)
        until(is_asleep, "nothing is being settled")
        kill(first.running)
    assert not Transfer.objects.exists()
    second = celery("fourth", site_env)
    lapse(row)
    send("marketplace.payments.tasks.sweep", broker)
    until(lambda: shelf.state_of(payment) == "PAID", "the sweep leaves it")
    second.stop()
    assert Transfer.objects.filter(key=f"stripe:{payment.intent_id}:paid").count() == 1


def is_asleep() -> bool:
    """Whether a transaction on our database is held up by the slow rows."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
        return cursor.fetchone() is not None


@pytest.mark.crooked_books
def test_the_worker_pauses_what_it_finds_wrong(
    site_env: dict[str, str], client_user: User, provider_user: User, finance_user: User
) -> None:
    account = way.opened(client_user, provider_user)
    released = payouts_way.released(account)
    with as_owner() as cursor:
        cursor.execute(f"update escrow_release set cents = cents + 1 where tranche_id = {released.pk}")
    worker = celery("fifth", site_env)
    send(settings.CELERY_BEAT_SCHEDULE["check-books"]["task"], site_env["REDIS_URL"])
    until(Pause.objects.standing().exists, "nothing is paused")
    until(lambda: Notice.objects.filter(user=finance_user, name="books.red").exists(), "nobody is told")
    worker.stop()
    assert set(Pause.objects.values_list("project", flat=True)) == {account.project.key}
