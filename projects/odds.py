"""The odds of winning with one more offer, from what became of closed calls (product, section 9)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import number
from projects.models import CallStatistic, Project
from projects.models.bands import band_of, band_words

FEWEST = 30  # offers below which nothing is said
Z = 1.959964  # of the normal law: 95 % lie within


@dataclass(frozen=True)
class Odds:
    """Offers won among those made over the closed calls of a set; `band` is empty for all calls. Rates in percent."""

    won: int
    made: int
    band: str

    @property
    def rate(self) -> float:
        """The share of offers won."""
        return 100 * self.won / self.made

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return wilson(self.won, self.made)[0]

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return wilson(self.won, self.made)[1]

    @property
    def cases(self) -> int:
        """The offers counted."""
        return self.made

    def counted_on(self, category: str) -> str:
        """Which set was counted, for a project of `category` (a name), and what was found: "83 offers won of 268"."""
        words = ngettext("%(won)s offer won out of %(made)s", "%(won)s offers won out of %(made)s", self.won)
        found = words % {"won": number(self.won), "made": number(self.made)}
        if not self.band:
            return _("All the closed calls of the site: %(found)s") % {"found": found}
        return _("%(category)s, %(band)s: %(found)s") % {
            "category": category,
            "band": band_words(self.band),
            "found": found,
        }


def wilson(won: int, made: int) -> tuple[float, float]:
    """Wilson's 95 % interval of the share `won` / `made`, in percent: right for small numbers too, never beyond 0-100.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    share, square = won / made, Z * Z
    middle = share + square / (2 * made)
    half = Z * math.sqrt(share * (1 - share) / made + square / (4 * made * made))
    whole = 1 + square / made
    return max(0.0, 100 * (middle - half) / whole), min(100.0, 100 * (middle + half) / whole)


class OddsBook:
    """The odds of every set as counted last night: one query."""

    def __init__(self) -> None:
        rows = CallStatistic.objects.of_sets().filter(offers__gte=FEWEST)
        self.counts = {(category, band): (won, made) for category, band, won, made in rows.values_list(*COLUMNS)}

    def of(self, project: Project) -> Odds | None:
        """The odds on `project`: those of its category and band of budget, else of all; None when there are few."""
        band = band_of(project.budget_min_cents, project.budget_max_cents)
        if found := self.counts.get((project.category_id, int(band))):
            return Odds(*found, band)
        found = self.counts.get((None, None))
        return Odds(*found, "") if found else None


COLUMNS = ("category", "band", "won", "offers")


def foretell(projects: Iterable[Any]) -> None:
    """Give each of `projects` its `odds`: one query for all of them, none when they have them already."""
    if without := [project for project in projects if not hasattr(project, "odds")]:
        book = OddsBook()
        for project in without:
            project.odds = book.of(project)


def in_short(odds: Odds | None) -> str:
    """The estimate on one line, for a mail: the interval first, then the share, always with the number of cases."""
    if odds is None:
        return _("Estimated odds: not enough data yet")
    return _("Estimated odds: between %(low)s and %(high)s %%, about %(rate)s %% (n = %(cases)s)") % {
        "low": round(odds.low),
        "high": round(odds.high),
        "rate": round(odds.rate),
        "cases": number(odds.cases),
    }
