"""The conditions of the list's filters: bands of budgets, and few offers."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros_short
from projects.models.tallies import Tally

BANDS = {"1": (0, 100_000), "2": (100_000, 500_000), "3": (500_000, 1_500_000), "4": (1_500_000, None)}
FEW_OFFERS = 3


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


def band_words(band: str) -> str:
    """A band of budgets in words."""
    low, high = BANDS[band]
    if not high:
        return _("more than %(amount)s") % {"amount": euros_short(low)}
    if not low:
        return _("less than %(amount)s") % {"amount": euros_short(high)}
    return _("%(low)s to %(high)s") % {"low": euros_short(low), "high": euros_short(high)}


def tally() -> int:
    """Count the open projects by their filters anew; how many combinations there are."""
    return Tally.objects.refresh({band: overlapping(*ends) for band, ends in BANDS.items()}, few_offers())
