"""What time does to open calls: a reminder to choose, and the end of those that nobody chose from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from marketplace.refusals import Refusal
from projects.models import Project

log = logging.getLogger(__name__)


def sweep(at: datetime) -> int:
    """Remind and expire what is due at `at`, each project in a transaction of its own; how many were moved.

    Begun again after a death, it finds what is left. A project that cannot be moved is logged and stops no other.
    """
    calls = Project.objects.order_by("closes_at", "pk")
    due = [(pk, Project.remind) for pk in calls.to_be_reminded(at).values_list("pk", flat=True)]
    due += [(pk, Project.expire) for pk in calls.overdue(at).values_list("pk", flat=True)]
    return sum(moved(partial(deed, Project.objects.get(pk=pk), at=at)) for pk, deed in due)


def moved(deed: Callable[[], None]) -> bool:
    """Whether `deed` was done; what it refuses was not due after all, or is so no longer."""
    try:
        deed()
    except Refusal:
        return False
    except Exception:
        log.exception("A call for offers could not be moved by its date.")
        return False
    return True
