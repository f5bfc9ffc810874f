"""VAT on what the platform bills, and sums of money with their VAT. Whole cents, rates in basis points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Self

from django.conf import settings

if TYPE_CHECKING:
    from marketplace.accounts.models import Company

EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905


class Amount(NamedTuple):
    """A price: excluding VAT, VAT, and both together, in cents."""

    ht_cents: int
    vat_cents: int
    cents: int

    @classmethod
    def from_ht(cls, ht_cents: int, rate_bp: int) -> Self:
        """The amount of `ht_cents` at `rate_bp`, VAT rounded to the nearest cent, half a cent up."""
        vat_cents = (ht_cents * rate_bp + 5000) // 10_000
        return cls(ht_cents, vat_cents, ht_cents + vat_cents)

    @classmethod
    def total(cls, amounts: Iterable[Amount]) -> Self:
        """The sum of amounts, each rounded on its own."""
        parts = list(amounts)
        return cls(sum(a.ht_cents for a in parts), sum(a.vat_cents for a in parts), sum(a.cents for a in parts))


def vat_for(company: Company) -> int:
    """The rate, in basis points, at which the platform bills its services to `company`.

    French companies pay French VAT whatever their own status. A business abroad owes the tax itself: in the Union by
    reverse charge, with its VAT number (directive 2006/112/EC, art. 44 and 196); outside it no French VAT is due
    (CGI, art. 259-1°). A Union business without a VAT number is billed as a French one.
    """
    if company.country == "FR" or (company.country in EU and not company.vat_number):
        return int(settings.VAT_RATE_BP)
    return 0
