"""What an avenant adds to the platform's fees, or gives back of them, counted from what the ledger says was paid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Sum

from marketplace.billing.vat import Amount, vat_for
from marketplace.ledger.models import Move
from marketplace.ledger.posting import Move as Posted

if TYPE_CHECKING:
    from marketplace.ledger.models import Account

    from .terms import AgreementVersion

COMMISSION, R0, VAT = "revenue:commission", "revenue:r0", "vat"
LEAST_CENTS = 50  # Stripe takes no card payment below 0.50 €
Change = tuple["Account | str", int]


class FeeChange(NamedTuple):
    """Signed cents of each fee excluding VAT, and of the VAT on both: above zero to pay, below zero to give back."""

    commission_cents: int
    r0_cents: int
    vat_cents: int

    @property
    def ht_cents(self) -> int:
        """Both fees, excluding VAT."""
        return self.commission_cents + self.r0_cents

    @property
    def cents(self) -> int:
        """What its payer pays in all, or gets back."""
        return self.ht_cents + self.vat_cents

    @property
    def owed_cents(self) -> int:
        """The same without its sign."""
        return abs(self.cents)

    @classmethod
    def paid(cls, project: str) -> FeeChange:
        """What the platform has been paid for the introduction of the project of that key, less what it gave back."""
        moves = Move.objects.filter(transfer__project=project).order_by()
        came = dict(moves.values_list("credit__name").annotate(Sum("amount")))
        went = dict(moves.values_list("debit__name").annotate(Sum("amount")))
        return cls(*(int(came.get(name, 0)) - int(went.get(name, 0)) for name in (COMMISSION, R0, VAT)))

    @classmethod
    def to(cls, version: AgreementVersion) -> FeeChange:
        """What leads from the fees paid so far to those of `version`.

        What is added bears VAT at the payer's rate of today, what is given back the VAT that was paid on it. Less than
        a card pays is not asked for: it stays to be paid with the next avenant.
        """
        paid, owed = cls.paid(version.agreement.project.key), version.fees
        parts = (owed.commission.ht_cents - paid.commission_cents, owed.r0.ht_cents - paid.r0_cents)
        rate, fallen = vat_for(version.payer.company), -sum(min(part, 0) for part in parts)
        vat = sum(Amount.from_ht(max(part, 0), rate).vat_cents for part in parts)
        change = cls(*parts, vat - part_of(paid.vat_cents, fallen, paid.ht_cents))
        return NOTHING if 0 < change.cents < LEAST_CENTS else change

    def moves(self, outside: Iterable[Change]) -> list[Posted]:
        """The moves that post it, with what comes from `outside` (below zero) or goes there (above)."""
        return poured([*outside, (COMMISSION, self.commission_cents), (R0, self.r0_cents), (VAT, self.vat_cents)])


NOTHING = FeeChange(0, 0, 0)


def part_of(cents: int, part: int, whole: int) -> int:
    """`part` / `whole` of `cents`, half a cent rounded up; nothing of nothing."""
    return (2 * cents * part + whole) // (2 * whole) if part else 0


def poured(changes: Iterable[Change]) -> list[Posted]:
    """The moves that change each account by its signed cents, which sum to zero: out of what falls, into what rises."""
    rows = list(changes)
    falls, moves = [(account, -cents) for account, cents in rows if cents < 0], []
    for account, rise in rows:
        wanted = rise
        while wanted > 0:
            source, there = falls.pop(0)
            part = min(wanted, there)
            moves.append(Posted(source, account, part))
            wanted -= part
            if there > part:
                falls.insert(0, (source, there - part))
    return moves
