"""Bugs planted on purpose, by name: what must turn red when one of them is there (`make prove`, `--bug NAME`)."""

from __future__ import annotations
import __future__

import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from credits.models import Spending
from escrow.models import EscrowAccount, Freeze, Release, Tranche, accounts
from marketplace import locking
from marketplace.launch.prove import BUGS
from marketplace.payments import giving_back
from marketplace.payments.models import Payment, Refund
from payouts.models import PayoutRequest

OURS = {"marketplace", "projects", "credits", "escrow", "payouts"}
walked = {"walks": 0, "steps": 0}  # how far the machine went; said at the end


class NotPlanted(Exception):
    """The code has moved on, and this bug no longer fits: it is not found, nor missed."""


@dataclass(frozen=True)
class Changed:
    """A function or method with `new` in the place of `old`, wherever it was imported by its name."""

    holder: Any
    name: str
    old: str
    new: str

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        right = inspect.getattr_static(self.holder, self.name)
        function = getattr(right, "__func__", right)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise NotPlanted(f"{self.name} no longer says {self.old!r}: plant this bug anew.")
        found: dict[str, Any] = {}
        flags = __future__.annotations.compiler_flag
        text = source.replace(self.old, self.new)
        exec(compile(text, "<sabotage>", "exec", flags=flags), inspect.unwrap(function).__globals__, found)
        for holder in [self.holder, *(module for module in modules() if vars(module).get(self.name) is function)]:
            patch.setattr(holder, self.name, found[self.name])


@dataclass(frozen=True)
class Dropped:
    """A rule of the database that is gone; the database goes with the tests."""

    statement: str

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"reset role; {self.statement}; set role app")


def modules() -> Iterator[Any]:
    """Our own modules that are loaded."""
    yield from [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in OURS]


PLANTS: dict[str, Changed | Dropped] = {
    "a release leaves its tranche as it was": Changed(
        EscrowAccount, "_carry_out", "tranche.mark_released(release.cents)", "pass"
    ),
    "a release goes back to where it came from": Changed(
        EscrowAccount, "_carry_out", "self.held, self.payable, release", "self.payable, self.held, release"
    ),
    "a release looks at no state": Changed(
        Tranche, "must_be_releasable", "not self.awaits_acceptance", "not self.held_cents"
    ),
    "a release looks for no earlier one of its key": Changed(
        EscrowAccount, "release", "Release.objects.filter(key=key)", "Release.objects.none()"
    ),
    "another content passes under the same key": Changed(Release, "same_as", "raise self.KeyReused", "pass"),
    "a deposit above what is lacking is kept": Changed(
        accounts, "spread", "return None if cents else parts", "return parts"
    ),
    "money said twice comes twice": Changed(Payment, "take_in", "self.intent_id != intent.id and not self", "not self"),
    "the oldest payment gives back first": Changed(giving_back, "give_back", "list(paid)[::-1]", "list(paid)"),
    "a refund that fails late is not taken back": Changed(
        Refund, "follow", "elif self.state == RefundState.SUCCEEDED:", "elif False:"
    ),
    "a payout returned by the bank stays there": Changed(
        PayoutRequest, "mark_returned", '"ret", self.escrow.payable', '"ret", "bank"'
    ),
    "a request that lives claims nothing": Changed(
        PayoutRequest, "claimable_cents", "released_cents - int(claimed)", "released_cents"
    ),
    "a request is approved twice": Changed(
        PayoutRequest, "approve", "(PayoutState.ASKED)", "(PayoutState.ASKED, PayoutState.APPROVED)"
    ),
    "a credit comes back twice": Changed(Spending, "give_back", "if self.returned_at:", "if False:"),
    "an avenant keeps what is above its price": Changed(
        Tranche, "mark_amended", "max(0, self.funded_cents - self.cents)", "0"
    ),
    "a dispute’s end leaves its tranches in dispute": Changed(Freeze, "thaw", "part.tranche.mark_thawed(part)", "pass"),
    "an award keeps the client’s share": Changed(Freeze, "_share_out", "moves += refunding", "pass"),
    "rows are read without a lock": Changed(locking, "refresh", ".select_for_update(no_key=True)", ".all()"),
    "released money is asked for without a lock": Changed(
        locking, "refresh", ".select_for_update(no_key=True)", ".all()"
    ),
    "a key may serve two projects at once": Dropped(
        "alter table payouts_payoutrequest drop constraint one_payout_per_key"
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bug", choices=list(BUGS), help="plant this bug; the tests must find it")
    parser.addoption("--examples", type=int, default=0, help="walks of the machine")
    parser.addoption("--steps", type=int, default=50, help="steps of each walk")
    parser.addoption("--seed", type=int, help="walk at random from here, not the same way each time")


@pytest.fixture(autouse=True)
def bug(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug that was asked for, in this test. A module may plant it later by a fixture of the same name."""
    plant_asked(request, monkeypatch)


def plant_asked(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> None:
    """Plant the bug of `--bug`, if there is one."""
    if name := request.config.getoption("--bug"):
        request.getfixturevalue("transactional_db")
        try:
            PLANTS[name].plant(patch)
        except NotPlanted as error:
            pytest.exit(str(error), returncode=4)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if walked["steps"]:
        terminalreporter.write_line("the machine went {walks} walks, {steps} steps".format(**walked))
