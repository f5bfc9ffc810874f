"""The orders of the list, each explained in a line, and the place in them that an address names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from projects.models import Project

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CURSOR = re.compile(r"(\d{1,17})-(\d{1,18})")


@dataclass(frozen=True)
class Sort:
    """An order of the list: the column that it reads, the way it runs, its name and how it is explained."""

    column: str
    is_descending: bool
    label: str | _StrPromise
    why: str | _StrPromise

    def order(self, *, backwards: bool) -> list[str]:
        """The ORDER BY, the row's own number settling ties."""
        sign = "-" if self.is_descending != backwards else ""
        return [f"{sign}{self.column}", f"{sign}pk"]

    def beyond(self, cursor: tuple[int, int], *, backwards: bool) -> Q:
        """The rows after `cursor` (before it when `backwards`)."""
        value, pk = self.value_of(cursor[0]), cursor[1]
        way = "lt" if self.is_descending != backwards else "gt"
        tied = Q(**{self.column: value, f"pk__{way}": pk})
        # The first condition says nothing more, but it lets PostgreSQL begin at the right place of the index.
        return Q(**{f"{self.column}__{way}e": value}) & (Q(**{f"{self.column}__{way}": value}) | tied)

    def value_of(self, number: int) -> Any:
        """The column's value that `number` stands for in an address."""
        return EPOCH + timedelta(microseconds=number) if self.column.endswith("_at") else number

    def mark(self, project: Project) -> str:
        """The place of `project` in this order, as it stands in an address."""
        value = getattr(project, self.column)
        return f"{(value - EPOCH) // MICROSECOND if self.column.endswith('_at') else value}-{project.pk}"


RELEVANCE, LATEST = "pertinence", "recents"
SORTS = {
    RELEVANCE: Sort(
        "relevance",
        is_descending=True,
        label=gettext_lazy("relevance"),
        why=gettext_lazy(
            "First the projects that match by their title and skills, then those that match by their teaser too; the "
            "latest first in each. Nobody pays for a place."
        ),
    ),
    LATEST: Sort(
        "opened_at",
        is_descending=True,
        label=gettext_lazy("latest"),
        why=gettext_lazy("The projects published last come first; nothing else counts, and nobody pays for a place."),
    ),
    "cloture": Sort(
        "closes_at",
        is_descending=False,
        label=gettext_lazy("closing soon"),
        why=gettext_lazy("The projects that close first come first; nothing else counts, and nobody pays for a place."),
    ),
    "budget": Sort(
        "budget_max_cents",
        is_descending=True,
        label=gettext_lazy("budget"),
        why=gettext_lazy("The highest budgets come first; nothing else counts, and nobody pays for a place."),
    ),
    "offres": Sort(
        "offers_count",
        is_descending=False,
        label=gettext_lazy("fewest offers"),
        why=gettext_lazy(
            "The projects with the fewest offers come first, those that have waited longest before the others; nobody "
            "pays for a place."
        ),
    ),
}


def cursor_of(text: str) -> tuple[int, int] | None:
    """The place in the list that an address names, or None for anything else."""
    found = CURSOR.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None
