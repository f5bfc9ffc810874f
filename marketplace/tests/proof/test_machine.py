"""The site and its model, side by side: a fixed walk here, a long random one in `make prove`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as how
from hypothesis.stateful import run_state_machine_as_test

from marketplace.launch.prove import BUGS
from marketplace.testing import sabotage
from marketplace.testing.sabotage import Changed
from marketplace.tests.proof import world as worlds
from marketplace.tests.proof.machine import Machine

EXAMPLES = 60
QUICK = "a release goes back to where it came from"


Begun = type[Machine]


@pytest.fixture
def machine(transactional_db: None, settings: Any) -> Begun:
    """It stands in the middle of its way. Files stay in memory: they are not what this is about."""
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    return Machine.begun(worlds.build())


@pytest.fixture(autouse=True)
def bug(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted once the world is made: it is the walk that must find it."""
    if "machine" in request.fixturenames:
        request.getfixturevalue("machine")
        sabotage.plant_asked(request, monkeypatch)


def walk(machine: Begun, *, examples: int, steps: int = 50, at: int | None = None, **others: Any) -> None:
    """Let the machine go: the same way each time, or at random from the seed `at`."""
    asked: dict[str, Any] = {"max_examples": examples, "stateful_step_count": steps, "derandomize": at is None}
    rest: dict[str, Any] = {"deadline": None, "database": None, "report_multiple_bugs": False}
    started = machine if at is None else seed(at)(machine)
    try:
        run_state_machine_as_test(
            started, settings=how(**asked, **rest, **others, suppress_health_check=list(HealthCheck))
        )
    finally:
        sabotage.walked.update(walks=machine.examples, steps=machine.steps)


@pytest.mark.timeout(600)
def test_the_site_keeps_its_books_whatever_happens(request: pytest.FixtureRequest, machine: Begun) -> None:
    asked = request.config.option
    more: dict[str, Any] = {"phases": (Phase.generate,)} if asked.bug else {}
    walk(machine, examples=asked.examples or EXAMPLES, steps=asked.steps, at=asked.seed, **more)


def test_the_machine_has_teeth(machine: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.PLANTS[QUICK].plant(monkeypatch)
    with pytest.raises(AssertionError):
        walk(machine, examples=20, phases=(Phase.generate,))


def test_every_bug_has_its_plant() -> None:
    assert list(BUGS) == list(sabotage.PLANTS)


@pytest.mark.parametrize("name", [name for name, plant in sabotage.PLANTS.items() if isinstance(plant, Changed)])
def test_a_bug_still_fits_the_code_that_it_spoils(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.PLANTS[name].plant(monkeypatch)
