"""The site and its model, side by side: a fixed walk here, a long random one in `make prove`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as how
from hypothesis.stateful import run_state_machine_as_test

from marketplace.launch.prove import BUGS
from marketplace.testing import sabotage
from marketplace.tests.proof import world as worlds
from marketplace.tests.proof.machine import Machine
from marketplace.tests.proof.world import World

EXAMPLES = 80
QUICK = "another content passes under the same key"


@pytest.fixture
def world(transactional_db: None, settings: Any) -> World:
    """Files stay in memory: they are not what this is about."""
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    return worlds.build()


def walk(world: World, *, examples: int, steps: int = 50, at: int | None = None, **others: Any) -> None:
    """Let the machine go: the same way each time, or at random from the seed `at`."""
    machine = Machine.begun(world)
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
def test_the_site_keeps_its_books_whatever_happens(request: pytest.FixtureRequest, world: World) -> None:
    asked = request.config.option
    more: dict[str, Any] = {"phases": (Phase.generate,)} if asked.bug else {}
    walk(world, examples=asked.examples or EXAMPLES, steps=asked.steps, at=asked.seed, **more)


def test_the_machine_has_teeth(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.PLANTS[QUICK].plant(monkeypatch)
    with pytest.raises(AssertionError):
        walk(world, examples=20, phases=(Phase.generate,))


def test_every_bug_has_its_plant() -> None:
    assert list(BUGS) == list(sabotage.PLANTS)
