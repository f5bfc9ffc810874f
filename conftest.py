"""Every test of the project: its place first (before Django reads its settings), then the fixtures all may ask for."""

import django

from marketplace.testing import network, place

place.prepare()
network.close()
django.setup()

pytest_plugins = ["marketplace.testing.database", "marketplace.testing.cast", "marketplace.testing.sandbox"]
