"""The site and its model, side by side: fixed walks here, a long random one in `make prove`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as how
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.stateful import run_state_machine_as_test

from marketplace.launch.prove import BUGS
from marketplace.testing import sabotage
from marketplace.testing.sabotage import Changed
from marketplace.tests.proof import world as worlds
from marketplace.tests.proof.machine import Machine

EXAMPLES = 50
STARTS = (1, 3)  # 50 walks from each, always the same; `make prove` walks others, and further
QUICK = "a release goes back to where it came from"
BEFORE = {"credit.granted"}  # posted when an account is complete, which comes before the first step
POSTED = {
    *("payment.paid", "payment.returned", "payment.cost", "payment.refund_refunded", "payment.refund_failed"),
    *("escrow.released", "escrow.refunded", "escrow.frozen", "escrow.thawed", "escrow.awarded", "agreement.amended"),
    *("payout.ask", "payout.undo", "payout.sent", "payout.ok", "payout.ret"),
    *("refund_transfer.sent", "refund_transfer.ok", "refund_transfer.ret"),
    *("credit.spent", "credit.returned"),
}


Begun = type[Machine]


@pytest.fixture
def machine(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Begun:
    """It stands in the middle of its way. Files stay in memory: they are not what this is about.

    Hypothesis would also draw numbers that it reads in the modules of ours that happen to be loaded: a walk that is to
    be the same each time cannot depend on these.
    """
    monkeypatch.setattr(providers, "_get_local_constants", Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    return Machine.begun(worlds.build())


@pytest.fixture(autouse=True)
def bug(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted once the world is made: it is the walk that must find it."""
    if "machine" in request.fixturenames:
        request.getfixturevalue("machine")
        sabotage.plant_asked(request, monkeypatch)


def walk(machine: Begun, *, examples: int, at: int, steps: int = 50, **others: Any) -> None:
    """Let the machine go from the seed `at`: the same way each time."""
    asked: dict[str, Any] = {"max_examples": examples, "stateful_step_count": steps}
    rest: dict[str, Any] = {"deadline": None, "database": None, "report_multiple_bugs": False}
    try:
        run_state_machine_as_test(
            seed(at)(machine), settings=how(**asked, **rest, **others, suppress_health_check=list(HealthCheck))
        )
    finally:
        sabotage.walked.update(walks=machine.examples, steps=machine.steps)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", STARTS)
def test_the_site_keeps_its_books_whatever_happens(request: pytest.FixtureRequest, machine: Begun, start: int) -> None:
    asked = request.config.option
    more: dict[str, Any] = {"phases": (Phase.generate, Phase.shrink)[: 1 if asked.bug else 2]}
    at = start if asked.seed is None else asked.seed
    walk(machine, examples=asked.examples or EXAMPLES, steps=asked.steps, at=at, **more)
    if not (asked.bug or asked.examples):
        assert POSTED - machine.posted == set()


@pytest.mark.sources
def test_the_machine_knows_every_event_that_is_posted() -> None:
    apps = ("marketplace", "credits", "projects", "escrow", "mediation", "payouts")
    paths = [path for app in apps for path in (site.BASE_DIR / app).rglob("*.py")]
    found = {name for path in paths if not {"tests", "migrations"} & set(path.parts) for name in posted_by(path)}
    assert found == POSTED | BEFORE


def posted_by(path: Path) -> Iterator[str]:
    """The events that a module posts. Where its own method is told which, each of the words that it is called with."""
    text = path.read_text()
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)] if "ledger.post(" in text else []
    told = [words(call) for call in calls if ast.unparse(call.func) in {"self.post", "self._post", "self._answer"}]
    told += [words(call) for call in calls if ast.unparse(call.func).endswith("._post")]
    for call in calls:
        if ast.unparse(call.func) == "ledger.post":
            match call.args[1]:
                case ast.Constant(value=str(name)):
                    yield name
                case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_rest]):
                    yield from (f"{start}{said[0]}" for said in told)
                case _:
                    yield from (said[1] for said in told)


def words(call: ast.Call) -> list[str]:
    """The plain texts among the arguments of a call."""
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]


def test_the_machine_has_teeth(machine: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.PLANTS[QUICK].plant(monkeypatch)
    with pytest.raises(AssertionError):
        walk(machine, examples=20, at=1, phases=(Phase.generate,))


def test_every_bug_has_its_plant() -> None:
    assert list(BUGS) == list(sabotage.PLANTS)


@pytest.mark.parametrize("name", [name for name, plant in sabotage.PLANTS.items() if isinstance(plant, Changed)])
def test_a_bug_still_fits_the_code_that_it_spoils(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.PLANTS[name].plant(monkeypatch)
