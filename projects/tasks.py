from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from projects import bands, newsletter, returns
from projects.models import CallStatistic, Deadline, Word


@shared_task  # type: ignore[untyped-decorator]
def send_newsletter() -> int:
    """At 07:30 in Paris: write the day's copies and begin to send them; how many left."""
    newsletter.write(newsletter.edition_of(newsletter.today()))
    return newsletter.send()


@shared_task  # type: ignore[untyped-decorator]
def go_on_with_newsletter() -> int:
    """Go on with what an earlier run left: copies to be written of an edition begun, copies to be sent."""
    newsletter.resume()
    return newsletter.send()


@shared_task  # type: ignore[untyped-decorator]
def refresh_statistics() -> int:
    """At night: count anew what became of closed calls; how many sets."""
    return CallStatistic.objects.refresh()


@shared_task  # type: ignore[untyped-decorator]
def return_credits() -> int:
    """Every five minutes, and when many are due at once: return the credits that are due back; how many."""
    return returns.return_due()


@shared_task  # type: ignore[untyped-decorator]
def refresh_words() -> int:
    """Each hour: the dictionary of the search is that of the projects open now; how many words it has."""
    return Word.objects.refresh()


@shared_task  # type: ignore[untyped-decorator]
def tally_projects() -> int:
    """Every five minutes: count the open projects by their filters, for lists too long to count as one looks."""
    return bands.tally()


@shared_task  # type: ignore[untyped-decorator]
def sweep_deadlines() -> int:
    """Every minute: let fall the deadlines whose date has passed; how many fell."""
    return Deadline.objects.sweep(timezone.now())
