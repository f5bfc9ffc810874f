"""The doorbell of the worker. Never trusted: a beat sweep finds what a lost ring left."""

from __future__ import annotations

import logging
from functools import partial

from django.db import transaction

from marketplace.celery import app

log = logging.getLogger(__name__)


def ring(task: str, pk: int | str) -> None:
    """After the commit, ask a worker to run `task` on a row (its number), or on a project (its key).

    A broker that is down costs nothing but time.
    """
    transaction.on_commit(partial(send, task, pk), robust=True)


def send(task: str, pk: int | str) -> None:
    """Ring now."""
    try:
        app.send_task(task, [pk], expires=60)
    except Exception:
        log.warning("The broker does not answer: the sweep will run %s.", task, exc_info=True)
