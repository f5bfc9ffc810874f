from __future__ import annotations

import logging

from celery import shared_task

from marketplace.ledger import checks
from marketplace.ledger.models import Pause

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def check_books() -> None:
    """Verify the books; each red row is an error in the log and pauses the payouts it concerns, which wakes staff."""
    for name, rows in checks.results():
        for row in rows:
            log.error("The books are wrong: %s: %s", name, row)
        Pause.objects.follow(name, rows)
