"""Offers side by side: each with its ranks and its distance to the median."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros_short
from marketplace.templatetags.page import percent as percent_words
from projects.contacts import masked
from projects.lessons import middle, price_of
from projects.models import Offer, ProjectState

if TYPE_CHECKING:
    from projects.models import Project

ORDERS: dict[str, Callable[[Offer], tuple[float, int]]] = {
    "prix": lambda offer: (offer.price_cents, offer.pk),
    "delai": lambda offer: (offer.delay_days, offer.pk),
    "depot": lambda offer: (offer.placed_at.timestamp(), offer.pk),
}
MOST_BESIDE = 4


def rank(place: int, count: int) -> str:
    """A rank among `count`, in words: "1st of 5"; the first place has its own word."""
    words = _("1st") if place == 1 else _("no. %(place)s") % {"place": place}
    return _("%(rank)s of %(n)s") % {"rank": words, "n": count}


class Column(NamedTuple):
    """One offer among n: ranks (1 is the lowest price, the shortest delay) and the price's distance to the median."""

    offer: Offer
    n: int
    price_rank: int
    delay_rank: int
    from_median_percent: int  # whole percent, negative below

    @property
    def price_words(self) -> str:
        """The rank in price among all: "1st of 5"."""
        return rank(self.price_rank, self.n)

    @property
    def median_words(self) -> str:
        """How far the price is from the median."""
        percent = abs(self.from_median_percent)
        if not percent:
            return _("at the median")
        words = _("%(percent)s below the median") if self.from_median_percent < 0 else _("%(percent)s above the median")
        return words % {"percent": percent_words(percent * 100)}

    @property
    def tranche_words(self) -> str:
        """The tranches' amounts, in order: "1 000 € / 2 000 €"."""
        return " / ".join(euros_short(tranche.cents) for tranche in self.offer.tranches.all())

    @property
    def assumptions(self) -> str:
        """The assumptions, as the client may read them before the introduction."""
        return masked(self.offer.assumptions)


class Comparison:
    """All the living offers of a project, in the order asked for (`prix`, `delai` or `depot`)."""

    def __init__(self, project: Project, *, order: str = "") -> None:
        self.project, self.order = project, order if order in ORDERS else "prix"

    @cached_property
    def offers(self) -> list[Offer]:
        """The living offers in order; one query for them, one for their tranches, one for their files."""
        rows = Offer.objects.living().filter(project=self.project).select_related("provider")
        offers = sorted(rows.prefetch_related("tranches", "enclosures"), key=ORDERS[self.order])
        for offer in offers:
            offer.project = self.project
        return offers

    @cached_property
    def median_cents(self) -> int:
        """The median price excluding VAT, in cents; 0 without offers."""
        return middle(map(price_of, self.offers)) if self.offers else 0

    @property
    def is_decidable(self) -> bool:
        """Whether the client may still choose."""
        by = self.project.select_by
        return self.project.state == ProjectState.OPEN and bool(by and timezone.now() <= by)

    @property
    def rows(self) -> list[list[Column]]:
        """The columns in lines of the same length, as far as possible, four at most side by side."""
        count = len(self.columns)
        lines = -(-count // MOST_BESIDE)
        length = -(-count // lines) if lines else 1
        return [self.columns[start : start + length] for start in range(0, count, length)]

    @cached_property
    def columns(self) -> list[Column]:
        """The offers with their ranks."""
        return [
            Column(
                offer,
                len(self.offers),
                1 + sum(o.price_cents < offer.price_cents for o in self.offers),
                1 + sum(o.delay_days < offer.delay_days for o in self.offers),
                round((offer.price_cents - self.median_cents) * 100 / self.median_cents),
            )
            for offer in self.offers
        ]
