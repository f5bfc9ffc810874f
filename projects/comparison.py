"""Offers side by side: each with its ranks, its distance to the median, and the client's own marks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.templatetags.page import euros_short
from marketplace.templatetags.page import percent as percent_words
from projects.contacts import masked
from projects.lessons import middle, price_of
from projects.models import Offer, OfferNote, OfferState, ProjectState, SecondChoice
from projects.templatetags.people import profile_of

if TYPE_CHECKING:
    from projects.models import Project


def is_kept(offer: Offer) -> bool:
    """Whether the client has put it on the shortlist."""
    return getattr(offer, "shortlisting", None) is not None


def is_out(offer: Offer) -> bool:
    """Whether it cannot be chosen and counts no more: its bidder's account is suspended, and it was not chosen."""
    return not offer.provider.is_active and offer.state != OfferState.WON


def note_on(offer: Offer) -> OfferNote | None:
    """What the client wrote about it for themselves."""
    note: OfferNote | None = getattr(offer, "note", None)
    return note


def mean_of(offer: Offer) -> float | None:
    """The mean of the provider's reviews, in stars; None without any, or without a published profile."""
    profile = profile_of(offer.provider)
    return profile.mean if profile else None


ORDERS: dict[str, Callable[[Offer], tuple[float, int]]] = {
    "prix": lambda offer: (offer.price_cents, offer.pk),
    "delai": lambda offer: (offer.delay_days, offer.pk),
    "debut": lambda offer: ((offer.starts_on or date.max).toordinal(), offer.pk),
    "depot": lambda offer: (offer.placed_at.timestamp(), offer.pk),
    "preselection": lambda offer: (not is_kept(offer), offer.price_cents),
}
LABELS = {
    "prix": gettext_lazy("price"),
    "delai": gettext_lazy("delay"),
    "debut": gettext_lazy("start"),
    "depot": gettext_lazy("date placed"),
    "preselection": gettext_lazy("shortlist first"),
}
KEPT = "preselection"
BESIDE = ("provider__profile", "shortlisting", "note")
MOST_BESIDE = 4
NONE = "–"


def rank(place: int, count: int) -> str:
    """A rank among `count`, in words: "1st of 5"; the first place has its own word."""
    words = _("1st") if place == 1 else _("no. %(place)s") % {"place": place}
    return _("%(rank)s of %(n)s") % {"rank": words, "n": count}


class Column(NamedTuple):
    """One offer among n: ranks (1 is the lowest price, the shortest delay) and the price's distance to the median.

    An offer that does not count, its bidder being suspended, has no rank: 0.
    """

    offer: Offer
    n: int
    price_rank: int = 0
    delay_rank: int = 0
    from_median_percent: int = 0  # whole percent, negative below
    starts_first: bool = False
    reviewed_best: bool = False

    @property
    def price_words(self) -> str:
        """The rank in price among all: "1st of 5"; a dash for an offer that does not count."""
        return rank(self.price_rank, self.n) if self.price_rank else NONE

    @property
    def delay_words(self) -> str:
        """The rank in delay among all."""
        return rank(self.delay_rank, self.n) if self.delay_rank else NONE

    @property
    def median_words(self) -> str:
        """How far the price is from the median; nothing for an offer that does not count."""
        if not self.price_rank:
            return ""
        percent = abs(self.from_median_percent)
        if not percent:
            return _("at the median")
        words = _("%(percent)s below the median") if self.from_median_percent < 0 else _("%(percent)s above the median")
        return words % {"percent": percent_words(percent * 100)}

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The tranches in order, each with its amount, as the client may read them before the introduction."""
        return [(masked(tranche.title), euros_short(tranche.cents)) for tranche in self.offer.tranches.all()]

    @property
    def assumptions(self) -> str:
        """The assumptions, as the client may read them before the introduction."""
        return masked(self.offer.assumptions)

    @property
    def mean(self) -> float | None:
        """The mean of the provider's reviews."""
        return mean_of(self.offer)

    @property
    def reviews(self) -> int:
        """How many reviews that is the mean of."""
        profile = profile_of(self.offer.provider)
        return profile.reviews_count if profile else 0

    @property
    def is_kept(self) -> bool:
        """Whether it is on the shortlist."""
        return is_kept(self.offer)


class Comparison:
    """The living offers of a project for its client: in the order asked for, all of them or the shortlist alone.

    Ranks and median are those among all offers that count, whatever is shown; those of suspended bidders come last.
    """

    def __init__(self, project: Project, *, order: str = "", view: str = "") -> None:
        self.project, self.order = project, order if order in ORDERS else "prix"
        self.only_kept = view == KEPT

    @cached_property
    def offers(self) -> list[Offer]:
        """The living offers in order: one query with profiles and marks, one for their tranches, one for the files."""
        rows = Offer.objects.living().filter(project=self.project).select_related(*BESIDE)
        ordered = sorted(rows.prefetch_related("tranches", "enclosures"), key=ORDERS[self.order])
        offers = sorted(ordered, key=is_out)
        for offer in offers:
            offer.project = self.project
        return offers

    @cached_property
    def counted(self) -> list[Offer]:
        """Those among which there are ranks and a median."""
        return [offer for offer in self.offers if not is_out(offer)]

    @cached_property
    def median_cents(self) -> int:
        """The median price excluding VAT, in cents; 0 without offers that count."""
        return middle(map(price_of, self.counted)) if self.counted else 0

    @property
    def is_decidable(self) -> bool:
        """Whether the client may still choose."""
        by = self.project.select_by
        return self.project.state == ProjectState.OPEN and bool(by and timezone.now() <= by)

    @property
    def is_second_choice(self) -> bool:
        """Whether the client may turn to another bidder, the agreement having fallen through."""
        return SecondChoice(self.project).is_open

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        """The orders one may ask for: name, label, whether it is this one."""
        return [(name, str(label), name == self.order) for name, label in LABELS.items()]

    @property
    def kept_count(self) -> int:
        """How many offers are on the shortlist."""
        return sum(map(is_kept, self.offers))

    def address(self, route: str, *, only_kept: bool) -> str:
        """`route` of this project with the order and the view, as far as they are not the usual ones."""
        asked = {"tri": self.order if self.order != "prix" else "", "vue": KEPT if only_kept else ""}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{reverse(route, args=[self.project.key])}{'?' if query else ''}{query}"

    @property
    def url(self) -> str:
        """The address of this very page."""
        return self.address("projects:compare", only_kept=self.only_kept)

    @property
    def action(self) -> str:
        """Where the marks made on this page go: it comes back as it is."""
        return self.address("projects:mark", only_kept=self.only_kept)

    @property
    def all_url(self) -> str:
        """All the offers in this order."""
        return self.address("projects:compare", only_kept=False)

    @property
    def kept_url(self) -> str:
        """The shortlist in this order."""
        return self.address("projects:compare", only_kept=True)

    @property
    def rows(self) -> list[list[Column]]:
        """The columns shown, in lines of the same length as far as possible, four at most side by side."""
        shown = [column for column in self.columns if column.is_kept or not self.only_kept]
        lines = -(-len(shown) // MOST_BESIDE)
        length = -(-len(shown) // lines) if lines else 1
        return [shown[start : start + length] for start in range(0, len(shown), length)]

    @cached_property
    def columns(self) -> list[Column]:
        """All offers with their ranks."""
        return [self._column(offer) for offer in self.offers]

    @cached_property
    def _first_start(self) -> date | None:
        """The earliest start, when they differ."""
        starts = {offer.starts_on for offer in self.counted}
        return min((day for day in starts if day), default=None) if len(starts) > 1 else None

    @cached_property
    def _best_mean(self) -> float | None:
        return max((mean for mean in map(mean_of, self.counted) if mean), default=None)

    def _column(self, offer: Offer) -> Column:
        if is_out(offer):
            return Column(offer, len(self.counted))
        return Column(
            offer,
            len(self.counted),
            1 + sum(o.price_cents < offer.price_cents for o in self.counted),
            1 + sum(o.delay_days < offer.delay_days for o in self.counted),
            round((offer.price_cents - self.median_cents) * 100 / self.median_cents),
            self._first_start is not None and offer.starts_on == self._first_start,
            self._best_mean is not None and mean_of(offer) == self._best_mean,
        )
