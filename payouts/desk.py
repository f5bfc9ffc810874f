"""A provider's desk: what is to be invoiced, what is under way, what was paid."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from escrow.models import Tranche
from marketplace.accounts.models import BankAccount
from marketplace.billing.vat import Amount
from payouts.models import PayoutRequest, PayoutState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from marketplace.accounts.models import User


class Claim(NamedTuple):
    """Money released and not yet invoiced on a tranche, with the split that the invoice should show."""

    tranche: Tranche
    amount: Amount


class Desk:
    """What the payment requests page shows to `user`."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def claims(self) -> list[Claim]:
        """The tranches with money to invoice."""
        claimed = PayoutRequest.objects.living().filter(tranche=OuterRef("pk")).order_by().values("tranche")
        sums = claimed.annotate(sum=Sum("cents")).values("sum")
        rows = (
            Tranche.objects.deliverable_by(self.user)
            .with_parties()
            .annotate(unclaimed=F("released_cents") - Coalesce(Subquery(sums), 0))
        )
        open_ones = rows.filter(unclaimed__gt=0).order_by("account__project__title", "position")
        return [Claim(tranche, expected(tranche, tranche.__dict__["unclaimed"])) for tranche in open_ones]

    def claim(self, tranche: Tranche) -> Claim:
        """What is to be invoiced on one tranche."""
        return Claim(tranche, expected(tranche, PayoutRequest.claimable_cents(tranche)))

    @cached_property
    def under_way(self) -> QuerySet[PayoutRequest]:
        """Requests not yet paid, refused and returned ones among them."""
        return PayoutRequest.objects.asked_by(self.user).with_parts().exclude(state=PayoutState.PAID)[:100]

    @cached_property
    def paid(self) -> QuerySet[PayoutRequest]:
        """Requests that the bank has paid, the latest first."""
        return PayoutRequest.objects.asked_by(self.user).with_parts().filter(state=PayoutState.PAID)[:100]

    @cached_property
    def bank_account(self) -> BankAccount | None:
        """Where the money goes."""
        return BankAccount.objects.of(self.user).current().first()

    @property
    def to_invoice_cents(self) -> int:
        """All that is released and not yet invoiced."""
        return sum(claim.amount.cents for claim in self.claims)


def expected(tranche: Tranche, cents: int) -> Amount:
    """`cents` including VAT, split at the agreement's rate, VAT rounded to the nearest cent."""
    rate = tranche.account.agreement.vat_rate_bp
    ht_cents = (cents * 10_000 + (10_000 + rate) // 2) // (10_000 + rate)
    return Amount(ht_cents, cents - ht_cents, cents)
