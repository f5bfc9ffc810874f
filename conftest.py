"""Every test of the project: its place first (before Django reads its settings), then the fixtures all may ask for."""

import os

import django
import pytest

from marketplace.testing import network, place

place.prepare()
network.close()
django.setup()

pytest_plugins = [
    "marketplace.testing.language",
    "marketplace.testing.database",
    "marketplace.testing.cast",
    "marketplace.testing.access",
    "marketplace.testing.sandbox",
    "marketplace.testing.processes",
    "marketplace.testing.browser",
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers inherit our environment: with this name in it, pytest-django would read our place as theirs."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs real processes shares one worker: they are started once."""
    for item in items:
        if item.get_closest_marker("journey"):
            item.add_marker(pytest.mark.xdist_group("journey"))
