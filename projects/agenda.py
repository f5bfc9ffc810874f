"""The dates to come as a section of the report."""

from __future__ import annotations

from projects.dates import dates
from projects.report import Panel, Reading, panel


@panel(order=3)
def dates_panel(reading: Reading) -> Panel | None:
    """What is still to come, each with its calendar file."""
    rows = reading.once(dates)
    return Panel("projects/report/dates.html", {"dates": rows}) if rows else None
