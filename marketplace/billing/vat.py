"""VAT of what the platform bills to professionals (general rule of art. 44 of directive 2006/112/EC, art. 259 CGI)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from stdnum.eu import vat as eu_vat

if TYPE_CHECKING:
    from marketplace.accounts.models import Company

FRANCE = frozenset({"FR", "MC"})  # Monaco is French territory for VAT (art. 7 of the directive)
EUROPEAN_UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


def vat_for(company: Company) -> int:
    """The rate in basis points that the platform adds to what it bills `company`.

    France: the full rate, also to a business under art. 293 B. Elsewhere in the Union: none when its VAT number is
    valid and of its own country (the customer accounts for it, art. 196), else the full rate. Outside: none.
    """
    if company.country not in EUROPEAN_UNION:
        return 0
    if company.country not in FRANCE and reverses_charge(company):
        return 0
    return int(settings.VAT_RATE_BP)


def reverses_charge(company: Company) -> bool:
    """Whether the VAT number is one that another member state gave (its form and check digits, not its register)."""
    prefixes = ("EL", "GR") if company.country == "GR" else (company.country,)  # Greece writes itself both ways
    return company.vat_number.strip().upper().startswith(prefixes) and bool(eu_vat.is_valid(company.vat_number))


class Amount(NamedTuple):
    """A sum in cents with its VAT: `cents` is what is paid, `ht_cents` + `vat_cents`."""

    ht_cents: int
    vat_cents: int
    cents: int

    @classmethod
    def from_ht(cls, ht: int, rate_bp: int) -> Amount:
        """The amount for `ht` cents excluding VAT at `rate_bp` basis points; a half cent goes up."""
        if ht < 0 or rate_bp < 0:
            raise ValueError("An amount and its rate are not negative.")
        vat = (ht * rate_bp + 5_000) // 10_000
        return cls(ht, vat, ht + vat)

    @classmethod
    def total(cls, amounts: Iterable[Amount]) -> Amount:
        """The sum, line by line: each line's VAT is rounded, then added."""
        lines = list(amounts)
        return cls(*(sum(getattr(line, part) for line in lines) for part in ("ht_cents", "vat_cents", "cents")))
