from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mediation import vacancies


@shared_task  # type: ignore[untyped-decorator]
def free_seats() -> int:
    """Every minute, and when somebody is suspended: free the seats of who has left the SMA; how many."""
    return vacancies.free_seats(timezone.now())
