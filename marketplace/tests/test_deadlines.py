from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from marketplace import deadlines
from marketplace.templatetags.page import PARIS


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2024, (3, 31)), (2025, (4, 20)), (2026, (4, 5)), (2027, (3, 28)), (2038, (4, 25)), (2095, (4, 24))],
)
def test_days_that_follow_easter_are_off(year: int, expected: tuple[int, int]) -> None:
    easter = date(year, *expected)
    assert not any(deadlines.is_working_day(easter + timedelta(days=days)) for days in (1, 39, 50))


def test_france_has_eleven_public_holidays() -> None:
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(365)]
    off = [day for day in days if day.weekday() < 5 and not deadlines.is_working_day(day)]
    on_week_ends = [date(2026, 8, 15), date(2026, 11, 1)]
    assert len(off) == 11 - len(on_week_ends)
    assert {date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)} <= set(off)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        (datetime(2026, 11, 24, 9, 0, tzinfo=PARIS), 2, date(2026, 11, 26)),
        (datetime(2026, 11, 27, 17, 0, tzinfo=PARIS), 2, date(2026, 12, 1)),
        (datetime(2026, 11, 28, 12, 0, tzinfo=PARIS), 1, date(2026, 11, 30)),
        (datetime(2026, 12, 24, 12, 0, tzinfo=PARIS), 1, date(2026, 12, 28)),
        (datetime(2027, 3, 25, 23, 30, tzinfo=PARIS), 2, date(2027, 3, 30)),
    ],
)
def test_deadlines_pass_over_week_ends_and_holidays(start: datetime, days: int, expected: date) -> None:
    assert deadlines.after(start, days) == datetime(expected.year, expected.month, expected.day, 18, tzinfo=PARIS)
