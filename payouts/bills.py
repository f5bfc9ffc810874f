"""What an invoice says, and whether it fits what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

ROUNDINGS = 5  # cents: VAT rounded line by line


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

    def is_at(self, rate_bp: int) -> bool:
        """Whether its VAT is that of `rate_bp`, but for roundings line by line; without VAT it is exactly nothing."""
        if self.ht_cents <= 0 or self.vat_cents < 0:
            return False
        if not rate_bp:
            return self.vat_cents == 0
        return abs(self.ht_cents * rate_bp - self.vat_cents * 10_000) <= ROUNDINGS * 10_000
