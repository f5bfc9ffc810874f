from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from projects import newsletter
from projects.models import Hint


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
def tell_hints() -> int:
    """Tell the providers who have had no reply that the direct contact credit is next; how many were told."""
    return Hint.objects.sweep(timezone.now())
