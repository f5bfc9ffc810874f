"""Our staff's days: when a decision or a transfer is due, as an instant in Paris."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from marketplace.templatetags.page import PARIS

CLOSING = time(18)  # the end of the staff's day
FIXED = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, g = b // 4, b % 4, (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    j = (32 + 2 * e + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)


def is_working_day(day: date) -> bool:
    """Neither a week-end nor one of the eleven public holidays of France (labour code, art. L3133-1)."""
    moving = {easter(day.year) + timedelta(days=days) for days in AFTER_EASTER}
    return day.weekday() < 5 and (day.month, day.day) not in FIXED and day not in moving


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
