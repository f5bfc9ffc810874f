"""Every test of the project: its place first (before Django reads its settings), then the fixtures all may ask for."""

import gc
import os

import django
import pytest

from marketplace.testing import network, place

place.prepare()
network.close()
django.setup()

GROUPS = ("pages", "access", "machine", "journey", "processes", "sources")  # in the order in which they begin
pytest_plugins = [
    "marketplace.testing.language",
    "marketplace.testing.rendering",
    "marketplace.testing.stage",
    "marketplace.testing.database",
    "marketplace.testing.cast",
    "marketplace.testing.access",
    "marketplace.testing.sandbox",
    "marketplace.testing.processes",
    "marketplace.testing.browser",
    "marketplace.testing.sabotage",
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers inherit our environment: with this name in it, pytest-django would read our place as theirs."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share something dear share one worker: real processes, the explored routes, the parsed sources."""
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_longest_first(items: list[pytest.Item]) -> None:
    """What takes minutes in one worker begins at once, not when the others have nothing left to do.

    Journeys come once the pages have been looked at, and not beside them: both wait for Chromium half of their time.
    """
    items.sort(key=lambda item: [*GROUPS, ""].index(group_of(item)))


def group_of(item: pytest.Item) -> str:
    """What the test shares, or nothing. Journeys are those that have Celery at work; other browsers are on pages."""
    asked: list[str] = item.fixturenames  # type: ignore[attr-defined]
    if "machine" in asked:
        return "machine"
    group = next((name for name in ("journey", "access", "sources") if item.get_closest_marker(name)), "")
    if group != "journey" or "worker" in asked:
        return group
    return "pages" if "site" in asked else "processes"


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector, which took a quarter of the suite's time, lets it be."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
