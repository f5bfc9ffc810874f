"""Bands of budgets, in cents excluding VAT: what the statistics and the odds count by, the same as the filters'."""

from __future__ import annotations

from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros_short

BANDS: dict[str, tuple[int, int | None]] = {
    "1": (0, 100_000),
    "2": (100_000, 500_000),
    "3": (500_000, 1_500_000),
    "4": (1_500_000, None),
}
THRESHOLDS = [low for low, _high in BANDS.values() if low]  # where a band begins, but for the first


def band_of(low_cents: int, high_cents: int) -> str:
    """The one band of a budget, for what is counted once: the one that holds its middle."""
    middle = (low_cents + high_cents) // 2
    return next(band for band, (_low, high) in BANDS.items() if high is None or middle < high)


def band_words(band: str) -> str:
    """A band of budgets in words."""
    low, high = BANDS[band]
    if not high:
        return _("more than %(amount)s") % {"amount": euros_short(low)}
    if not low:
        return _("less than %(amount)s") % {"amount": euros_short(high)}
    return _("%(low)s to %(high)s") % {"low": euros_short(low).removesuffix("\xa0€"), "high": euros_short(high)}
