from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from marketplace.accounts.models import User
from marketplace.testing.browser import Enter
from marketplace.testing.processes import Process, SmtpSink, celery_beat, celery_worker
from marketplace.tests.journeys.visitor import Visitor

Meet = Callable[..., Visitor]


@pytest.fixture(scope="package")
def worker(site_env: dict[str, str]) -> Iterator[Process]:
    """One for all journeys, gone with them: it would do the work that other tests mean to do by hand."""
    yield from celery_worker(site_env)


@pytest.fixture(scope="package")
def beat(site_env: dict[str, str], worker: Process) -> Iterator[Process]:
    """One for all journeys."""
    yield from celery_beat(site_env)


@pytest.fixture
def meet(enter: Enter, worker: Process, beat: Process, smtp_sink: SmtpSink) -> Iterator[Meet]:
    """`meet(user or address)`: somebody at a browser, on a site whose every part runs; no page may be at fault."""
    faults: list[str] = []

    def somebody(who: User | str, *, width: int = 1280, looks: bool = True) -> Visitor:
        email = who if isinstance(who, str) else who.email
        return Visitor(enter(width=width), email, smtp_sink, faults, looks)

    yield somebody
    assert not faults, "\n".join(dict.fromkeys(faults))
