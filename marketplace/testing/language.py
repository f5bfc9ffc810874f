"""The language in which every test begins."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import translation


@pytest.fixture(autouse=True)
def in_french() -> Iterator[None]:
    """A request in English leaves its language active in the thread: each test begins in the site's own."""
    with translation.override(settings.LANGUAGE_CODE):
        yield
