"""`make prove`: the machine of the money on a long random walk, and every planted bug, which must be found.

make prove ARGS="--examples 2000 --steps 80 --seed 7"
make prove ARGS="--only oldest"          # the bugs whose name says so, and no long walk
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time

from marketplace.launch.cluster import tether
from marketplace.launch.ground import ROOT, CannotGoOn, say

MACHINE = "marketplace/tests/proof/test_machine.py::test_the_site_keeps_its_books_whatever_happens[1]"
ESCROW = "escrow/tests/test_races.py::test_rounds_and_one_with_slow_rows"
PAYOUTS = "payouts/tests/test_races.py::test_rounds_and_one_with_slow_rows"

# Each bug, planted by marketplace/testing/sabotage.py, and what must turn red for it.
BUGS = {
    "a release leaves its tranche as it was": MACHINE,
    "a release goes back to where it came from": MACHINE,
    "a release looks at no state": MACHINE,
    "a release looks for no earlier one of its key": MACHINE,
    "another content passes under the same key": MACHINE,
    "a deposit above what is lacking is kept": MACHINE,
    "money said twice comes twice": MACHINE,
    "the oldest payment gives back first": MACHINE,
    "a refund that fails late is not taken back": MACHINE,
    "a payout returned by the bank stays there": MACHINE,
    "a request that lives claims nothing": MACHINE,
    "a request is approved twice": MACHINE,
    "a credit comes back twice": MACHINE,
    "an avenant keeps what is above its price": MACHINE,
    "a dispute’s end leaves its tranches in dispute": MACHINE,
    "an award keeps the client’s share": MACHINE,
    "rows are read without a lock": f"{ESCROW}[one_release_takes_all]",
    "released money is asked for without a lock": f"{PAYOUTS}[of_the_same_money_as_much_is_asked_for_as_there_is]",
    "a key may serve two projects at once": f"{PAYOUTS}[one_page_for_two_projects_asks_once]",
}
FOUND = re.compile(r"the machine went (\d+) walks, (\d+) steps")


def pytest(*words: str) -> tuple[int, str, float]:
    """Run some tests by themselves, on a database of their own: the exit code, what they said, seconds."""
    command = [*tether(), sys.executable, "-m", "pytest", "-q", "-n", "0", "--timeout", "0", *words]
    began = time.monotonic()
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def search(name: str) -> bool:
    """Plant one bug and look for it; a line of the table. It is found when tests fail, not when they cannot run."""
    code, said, seconds = pytest(BUGS[name], "--bug", name, "--examples", "400")
    far = FOUND.search(said)
    after = f"{int(far[1]):>4} walks {int(far[2]):>6} steps" if far and int(far[2]) else "by the races"
    say(f"{name:<48} {'found' if code == 1 else 'NOT FOUND':<10} {after:<24} {seconds:>6.1f} s")
    if code not in {0, 1}:
        say(said[-2000:])
    return code == 1


def long_walk(given: argparse.Namespace) -> bool:
    """The machine with no bug in it, at random."""
    say(f"A long walk: {given.examples} times {given.steps} steps, seed {given.seed}")
    words = (f"--{name}={getattr(given, name)}" for name in ("examples", "steps", "seed"))
    code, said, seconds = pytest(MACHINE, *words)
    say(f"{'nothing wrong was found' if code == 0 else said} {seconds:.0f} s")
    return code == 0


def run(*words: str) -> None:
    """Every bug, then the long walk. Fails when a bug is not found, or when the walk finds one."""
    parser = argparse.ArgumentParser(prog="make prove")
    parser.add_argument("--examples", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", default="")
    given = parser.parse_args(words)
    missed = [name for name in BUGS if given.only in name and not search(name)]
    if missed or not (given.only or long_walk(given)):
        raise CannotGoOn("This was not found: " + ", ".join(missed) if missed else "The walk found something.")
