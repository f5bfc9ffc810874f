"""Our staff's days: when a decision or a transfer is due, as an instant in Paris."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

from django.utils import timezone
from holidays import country_holidays

from marketplace.templatetags.page import PARIS

CLOSING = time(18)  # the end of the staff's day


@cache
def public_holidays(year: int) -> frozenset[date]:
    """The eleven public holidays of France in `year` (labour code, art. L3133-1)."""
    return frozenset(country_holidays("FR", years=year))


def is_working_day(day: date) -> bool:
    """Neither a week-end nor a public holiday."""
    return day.weekday() < 5 and day not in public_holidays(day.year)


def working_day(day: date) -> date:
    """`day`, or the working day that follows it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def after(start: datetime, working_days: int) -> datetime:
    """The end of the staff's day, that many working days after `start`."""
    day = timezone.localdate(start, PARIS)
    for _day in range(working_days):
        day = working_day(day + timedelta(days=1))
    return datetime.combine(day, CLOSING, PARIS)
