"""What an invoice says, and whether it fits what was agreed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Func, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

ROUNDINGS = 5  # cents: VAT rounded line by line
OLDEST = timedelta(days=2 * 365)  # an invoice of longer ago is a slip of the year
UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}  # Unicode's categories of what nobody sees on paper
# After NFKC: spaces, every dash, and what is invisible. Two numbers that differ in nothing else look the same.
NOISE = r"[-\s\u00ad\u034f\u061c\u180e\u200b-\u2015\u202a-\u202e\u2060-\u206f\u2212\ufeff]"


@dataclass(frozen=True)
class Bill:
    """What an invoice says: its number, its date, and its amounts in cents."""

    number: str
    issued_on: date
    ht_cents: int
    vat_cents: int

    @property
    def cents(self) -> int:
        """The total, VAT included."""
        return self.ht_cents + self.vat_cents

    @property
    def is_numbered(self) -> bool:
        """Whether its number can be read on paper: a letter or a digit at least, and nothing unseen."""
        seen = not any(unicodedata.category(sign) in UNSEEN for sign in self.number)
        return seen and any(sign.isalnum() for sign in self.number)

    def is_dated(self, today: date) -> bool:
        """Whether its date can be that of work just released: within two years, and not in the future."""
        return today - OLDEST <= self.issued_on <= today

    def is_at(self, rate_bp: int) -> bool:
        """Whether its VAT is that of `rate_bp`, but for roundings line by line; without VAT it is exactly nothing."""
        if self.ht_cents <= 0 or self.vat_cents < 0:
            return False
        if not rate_bp:
            return self.vat_cents == 0
        return abs(self.ht_cents * rate_bp - self.vat_cents * 10_000) <= ROUNDINGS * 10_000


def bare(number: Combinable) -> Lower:
    """What two spellings of an invoice's number have in common: no capitals, full widths, spaces, dashes, unseen signs.

    The database computes it, so that the rule of one request per invoice and the question before it agree.
    """
    plain = Func(number, template="normalize(%(expressions)s, NFKC)")
    return Lower(Func(plain, Value(NOISE), Value(""), Value("g"), function="regexp_replace"))
