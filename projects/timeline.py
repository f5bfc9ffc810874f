"""What happened on a project, in words for one reader, the latest first, page by page."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from marketplace.events.models import Event
from projects import report
from projects.storyline import OWN

if TYPE_CHECKING:
    from marketplace.events.models import EventQuerySet

PAGE = 15
WINDOW = 100  # rows read for a page: some have no words for this reader
MAX_DIGITS = 18  # of a key


class Timeline:
    """The events that have words for the reader, from the latest, or from before the one that they asked for."""

    def __init__(self, reading: report.Reading) -> None:
        self.reading, before = reading, reading.before
        self.before = int(before) if before.isascii() and before.isdecimal() and len(before) <= MAX_DIGITS else None

    @property
    def _events(self) -> EventQuerySet:
        told = Q(verb__in=report.LINES)
        if not self.reading.as_client:
            told &= ~Q(verb__in=OWN) | Q(by=self.reading.user)
        rows = Event.objects.of(self.reading.project).filter(told).select_related("by").order_by("-pk")
        return rows.filter(pk__lt=self.before) if self.before else rows

    @cached_property
    def _window(self) -> list[Event]:
        return list(self._events[:WINDOW])

    @cached_property
    def _told(self) -> list[tuple[Event, report.Line]]:
        return list(report.lines(self._window, self.reading))

    @property
    def lines(self) -> list[tuple[Event, report.Line]]:
        """The page."""
        return self._told[:PAGE]

    @property
    def older(self) -> str:
        """The address of the page after it, or nothing at the beginning of the project."""
        last = (
            self.lines[-1][0] if len(self._told) > PAGE else self._window[-1] if len(self._window) == WINDOW else None
        )
        return f"{self.url}?avant={last.pk}#parcours" if last else ""

    @property
    def newer(self) -> str:
        """The address of the latest page, from an older one."""
        return f"{self.url}#parcours" if self.before else ""

    @property
    def url(self) -> str:
        """The report."""
        return reverse("projects:report", args=[self.reading.project.key])


@report.panel(order=9)
def timeline_panel(reading: report.Reading) -> report.Panel | None:
    """What happened, below what is to be done and paid, above the terms."""
    return report.Panel("projects/report/timeline.html", {"timeline": Timeline(reading)})
