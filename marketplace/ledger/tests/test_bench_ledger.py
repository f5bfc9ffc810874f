from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bench import ledger
from marketplace.ledger.models import Move
from marketplace.testing.database import owner


@pytest.fixture
def tpcb() -> Iterator[ledger.Tpcb]:
    """pgbench's tables, small, in a database of their own."""
    with owner() as server:
        server.execute("create database tpcb")
        ledger.Tpcb(ledger.named(os.environ["TEST_DATABASE_URL"], "tpcb")).run("-i", "-s", 1)
        yield ledger.Tpcb(ledger.named(os.environ["TEST_APP_URL"], "tpcb"))
        server.execute("drop database tpcb with (force)")


@pytest.mark.timeout(600)
def test_postings_are_measured_beside_pgbench(transactional_db: None, tpcb: ledger.Tpcb) -> None:
    measure = ledger.Measure(seconds=0.2, connections=2, rounds=1)
    url = ledger.named(os.environ["TEST_APP_URL"], connection.settings_dict["NAME"])
    rates = ledger.measured(tpcb, url, measure)
    assert all(rate > 0 for rates_of_kind in rates.values() for rate in rates_of_kind)
    assert Move.objects.filter(transfer__event="bench.posted").count() > 4


def test_report_says_the_median_ratio() -> None:
    rates = {"TPC-B": [1000.0, 2000.0, 500.0], "postings": [700.0, 1200.0, 400.0], "one account": [100.0, 200.0, 50.0]}
    said = ledger.report(rates, ledger.Measure())
    assert "postings          700   (700, 1200, 400)" in said
    assert said.endswith("postings : TPC-B = 0.70\none account : TPC-B = 0.10")


@pytest.mark.parametrize("figure", [0, -1, 1001])
def test_senseless_figures_are_refused(figure: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 1000"):
        call_command("bench_ledger", rounds=figure)


def test_it_does_not_run_in_production(settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not in production"):
        call_command("bench_ledger")


def test_the_measure_runs_in_a_process_of_its_own(capfd, monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("echo"))
    call_command("bench_ledger", rounds=2, seconds=1)
    assert capfd.readouterr().out == "-m bench.ledger --seconds=1 --rounds=2\n"


def test_a_failed_measure_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(CommandError, match="has failed"):
        call_command("bench_ledger")
