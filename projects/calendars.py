"""Dates of a project as a calendar file (RFC 5545): what a reader's own calendar takes in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from icalendar import Alarm, Calendar, Event

if TYPE_CHECKING:
    from projects.dates import Coming
    from projects.models import Project

WARNED = timedelta(days=-1)  # the reader's calendar reminds them so long before


def calendar_of(project: Project, dates: Iterable[Coming]) -> bytes:
    """`dates` of `project` as a calendar; the same date keeps its UID, so that a second import moves it."""
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//{settings.LANGUAGE_CODE.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for row in dates:
        calendar.add_component(entry(project, row))
    content: bytes = calendar.to_ical()
    return content


def entry(project: Project, row: Coming) -> Event:
    """One date: an instant in UTC, or a whole day; it keeps nobody busy."""
    made, url = Event(), settings.BASE_URL + reverse("projects:report", args=[project.key])
    made.add("uid", f"{row.ref}.{project.key}@{urlsplit(settings.BASE_URL).hostname}")
    made.add("dtstamp", timezone.now().astimezone(UTC))
    made.add("dtstart", row.at.astimezone(UTC) if isinstance(row.at, datetime) else row.at)
    made.add("summary", f"{row.words.title} – {project.title}")
    made.add("description", "\n".join(filter(None, [row.words.text, project.number, url])))
    made.add("url", url)
    made.add("transp", "TRANSPARENT")
    made.add_component(alarm(row))
    return made


def alarm(row: Coming) -> Alarm:
    """A reminder the day before."""
    made = Alarm()
    made.add("action", "DISPLAY")
    made.add("trigger", WARNED)
    made.add("description", row.words.title)
    return made
