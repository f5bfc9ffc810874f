"""Offers side by side: each with its ranks and its distance to the median."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from projects.models import Offer

if TYPE_CHECKING:
    from projects.models import Project

ORDERS: dict[str, Callable[[Offer], tuple[float, int]]] = {
    "prix": lambda offer: (offer.price_cents, offer.pk),
    "delai": lambda offer: (offer.delay_days, offer.pk),
    "depot": lambda offer: (offer.placed_at.timestamp(), offer.pk),
}


class Column(NamedTuple):
    """One offer among n: ranks (1 is the lowest price, the shortest delay) and the price's distance to the median."""

    offer: Offer
    price_rank: int
    delay_rank: int
    from_median_bp: int

    @property
    def from_median_percent(self) -> int:
        """Distance of the price to the median, in whole percent, negative below."""
        return round(self.from_median_bp / 100)


class Comparison:
    """All the living offers of a project, in the order asked for (`prix`, `delai` or `depot`)."""

    def __init__(self, project: Project, *, order: str = "") -> None:
        self.project, self.order = project, order if order in ORDERS else "prix"

    @cached_property
    def offers(self) -> list[Offer]:
        """The living offers in order; one query for them, one for their tranches."""
        rows = Offer.objects.living().filter(project=self.project).select_related("provider")
        return sorted(rows.prefetch_related("tranches"), key=ORDERS[self.order])

    @cached_property
    def median_cents(self) -> int:
        """The median price excluding VAT, in cents; 0 without offers."""
        return round(median(o.price_cents for o in self.offers)) if self.offers else 0

    @cached_property
    def columns(self) -> list[Column]:
        """The offers with their ranks."""
        return [
            Column(
                offer,
                1 + sum(o.price_cents < offer.price_cents for o in self.offers),
                1 + sum(o.delay_days < offer.delay_days for o in self.offers),
                round((offer.price_cents - self.median_cents) * 10_000 / self.median_cents),
            )
            for offer in self.offers
        ]
