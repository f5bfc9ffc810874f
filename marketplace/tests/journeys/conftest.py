from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from marketplace.accounts.models import User
from marketplace.testing.browser import Enter
from marketplace.testing.processes import Process, SmtpSink
from marketplace.tests.journeys.visitor import Visitor

Meet = Callable[..., Visitor]


@pytest.fixture
def meet(enter: Enter, worker: Process, beat: Process, smtp_sink: SmtpSink) -> Iterator[Meet]:
    """`meet(user or address)`: somebody at a browser, on a site whose every part runs; no page may be at fault."""
    faults: list[str] = []

    def somebody(who: User | str, *, width: int = 1280, looks: bool = True) -> Visitor:
        email = who if isinstance(who, str) else who.email
        return Visitor(enter(width=width), email, smtp_sink, faults, looks)

    yield somebody
    assert not faults, "\n".join(dict.fromkeys(faults))
