"""The doorbell: tells a worker that mail waits. Never trusted: a beat sweep finds what a lost ring left."""

from __future__ import annotations

import logging
import time

from marketplace.celery import app

log = logging.getLogger(__name__)
SILENCE = 30.0  # seconds without ringing after the broker failed: one slow page, not every page
SHORT = {"socket_connect_timeout": 1, "socket_timeout": 1}  # a page waits no longer for the broker
_silent_until = 0.0


def ring(task: str = "marketplace.events.tasks.deliver") -> None:
    """Ask a worker to deliver; a broker that is down is logged and left alone for a while, and costs nothing else."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        with app.connection_for_write(transport_options=SHORT) as broker:
            app.send_task(task, expires=60, connection=broker)
    except Exception:
        _silent_until = time.monotonic() + SILENCE
        log.warning("The broker does not answer: the beat sweep will deliver.", exc_info=True)
