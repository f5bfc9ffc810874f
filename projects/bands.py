"""The conditions of the list's filters: bands of budgets, and few offers."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from projects.models.bands import BANDS, band_words
from projects.models.tallies import Tally

FEW_OFFERS = 3
__all__ = ["BANDS", "band_words"]


def any_of(conditions: Iterable[Q]) -> Q:
    """Rows that meet one of `conditions`."""
    whole = Q()
    for condition in conditions:
        whole |= condition
    return whole


def overlapping(low: int, high: int | None) -> Q:
    """Projects whose budget has a part between `low` (included) and `high` cents."""
    reaches = Q(budget_max_cents__gt=low) | Q(budget_min_cents=low)
    return reaches & Q(budget_min_cents__lt=high) if high else reaches


def few_offers() -> Q:
    """Projects with so few offers that one more stands out."""
    return Q(offers_count__lt=FEW_OFFERS)


def tally() -> int:
    """Count the open projects by their filters anew; how many combinations there are."""
    return Tally.objects.refresh({band: overlapping(*ends) for band, ends in BANDS.items()}, few_offers())
