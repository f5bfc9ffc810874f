"""A provider's desk: what is to be invoiced, what is to be put right, what is under way, what was paid."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db.models import DateTimeField, Exists, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escrow.models import FreezePart, Release, Tranche
from marketplace.accounts.models import BankAccount
from marketplace.billing.vat import Amount
from marketplace.templatetags.page import PARIS, euros, paris
from payouts.models import PayoutRequest, PayoutState, RefundTransfer

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from marketplace.accounts.models import User
    from payouts.models.querysets import PayoutRequestQuerySet

SHOWN = 100  # the latest of a long life; older ones are in the statement of each project


class Claim(NamedTuple):
    """Money not yet invoiced on a tranche, with the split that the invoice should show.

    The client released it, or the end of a dispute awarded it, or both in turn.
    """

    tranche: Tranche
    amount: Amount
    released_at: datetime | None = None
    awarded_at: datetime | None = None


class Desk:
    """What the payment requests page shows to `user`."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def claims(self) -> list[Claim]:
        """The tranches with money to invoice."""
        rows = claimable(Tranche.objects.deliverable_by(self.user).with_parties())
        latest = Release.objects.filter(tranche=OuterRef("pk")).order_by("-pk").values("at")[:1]
        awards = FreezePart.objects.filter(tranche=OuterRef("pk"), provider_cents__gt=0).order_by("-pk")
        rows = rows.annotate(
            released_at=Subquery(latest, output_field=DateTimeField()),
            awarded_at=Subquery(awards.values("freeze__closed_at")[:1], output_field=DateTimeField()),
        )
        return [self.claimed(vars(row), row) for row in rows.order_by("account__project__title", "position")]

    def claimed(self, found: dict[str, Any], tranche: Tranche) -> Claim:
        """What the query `found` of one tranche."""
        amount = expected(tranche, found["unclaimed"])
        return Claim(tranche, amount, found["released_at"], found["awarded_at"])

    def claim(self, tranche: Tranche) -> Claim:
        """What is to be invoiced on one tranche."""
        return Claim(tranche, expected(tranche, PayoutRequest.claimable_cents(tranche)))

    def again(self, tranche: Tranche, number: str) -> PayoutRequest | None:
        """The refused or returned request on `tranche` that is to be sent again, by the number in the address."""
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            return None
        return self._own().ended().filter(tranche=tranche, pk=int(number)).first()

    @cached_property
    def to_put_right(self) -> QuerySet[PayoutRequest]:
        """Refused and returned requests after which nothing was asked on their tranche."""
        later = PayoutRequest.objects.filter(tranche=OuterRef("tranche"), pk__gt=OuterRef("pk"))
        return self._own().ended().exclude(Exists(later))[:SHOWN]

    @cached_property
    def under_way(self) -> QuerySet[PayoutRequest]:
        """Requests on their way to the bank."""
        return self._own().living().exclude(state=PayoutState.PAID)[:SHOWN]

    @cached_property
    def paid(self) -> QuerySet[PayoutRequest]:
        """Requests that the bank has paid, the latest first."""
        return self._own().filter(state=PayoutState.PAID).order_by("-ended_at")[:SHOWN]

    @cached_property
    def bank_account(self) -> BankAccount | None:
        """Where the money goes."""
        return BankAccount.objects.of(self.user).current().first()

    @property
    def held_until(self) -> datetime | None:
        """Until when nothing is paid to a bank account that has just changed."""
        account = self.bank_account
        return account.usable_from if account and account.usable_from > timezone.now() else None

    @cached_property
    def elsewhere(self) -> list[PayoutRequest]:
        """Requests whose file may be at the bank already, with an account that was replaced since."""
        return [row for row in self.under_way if row.is_elsewhere]

    @property
    def to_invoice_cents(self) -> int:
        """All that is released and not yet invoiced."""
        return sum(claim.amount.cents for claim in self.claims)

    @cached_property
    def under_way_cents(self) -> int:
        """All that is asked for and not yet paid."""
        return total(self._own().living().exclude(state=PayoutState.PAID))

    @cached_property
    def figures(self) -> list[tuple[str, str, str]]:
        """The three sums at the top of the page: words, amount, and what they are counted on."""
        year = timezone.localdate(timezone=PARIS).year
        paid = self._own().filter(state=PayoutState.PAID, ended_at__gte=datetime(year, 1, 1, tzinfo=PARIS))
        claims, requests, transfers = len(self.claims), len(self.under_way), paid.count()
        return [
            (
                _("To invoice"),
                euros(self.to_invoice_cents),
                ngettext("%(n)s tranche", "%(n)s tranches", claims) % {"n": claims},
            ),
            (
                _("Under way"),
                euros(self.under_way_cents),
                ngettext("%(n)s request", "%(n)s requests", requests) % {"n": requests},
            ),
            (
                _("Paid in %(year)s") % {"year": year},
                euros(total(paid)),
                ngettext("%(n)s transfer", "%(n)s transfers", transfers) % {"n": transfers},
            ),
        ]

    def _own(self) -> PayoutRequestQuerySet:
        return PayoutRequest.objects.asked_by(self.user).with_parts().with_pauses()


def claimable(tranches: QuerySet[Tranche]) -> QuerySet[Tranche]:
    """Those of `tranches` with released money that no living request claims, as `unclaimed`, in cents."""
    claimed = PayoutRequest.objects.living().filter(tranche=OuterRef("pk")).order_by().values("tranche")
    sums = claimed.annotate(sum=Sum("cents")).values("sum")
    return tranches.annotate(unclaimed=F("released_cents") - Coalesce(Subquery(sums), 0)).filter(unclaimed__gt=0)


def total(requests: QuerySet[PayoutRequest]) -> int:
    """What `requests` come to, in cents."""
    return int(requests.aggregate(sum=Sum("cents"))["sum"] or 0)


def expected(tranche: Tranche, cents: int) -> Amount:
    """`cents` including VAT, split at the agreement's rate, VAT rounded to the nearest cent."""
    rate = tranche.account.agreement.vat_rate_bp
    ht_cents = (cents * 10_000 + (10_000 + rate) // 2) // (10_000 + rate)
    return Amount(ht_cents, cents - ht_cents, cents)


class RefundDesk:
    """What the page of refunds by transfer shows to `user`: what their cards did not take back."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def rows(self) -> list[RefundTransfer]:
        """The latest first; of what the bank returned, the transfer that waits in its place says why."""
        return list(RefundTransfer.objects.of(self.user).living().with_parts().order_by("-pk")[:SHOWN])

    @cached_property
    def unsent_cents(self) -> int:
        """All that has not left for the bank."""
        return int(RefundTransfer.objects.of(self.user).unsent().aggregate(sum=Sum("cents"))["sum"] or 0)

    @cached_property
    def missing_cents(self) -> int:
        """All that waits for an IBAN."""
        rows = RefundTransfer.objects.of(self.user).without_account()
        return int(rows.aggregate(sum=Sum("cents"))["sum"] or 0)

    def recorded_words(self, account: BankAccount) -> str:
        """That an IBAN is recorded, and from when it is paid to: one that replaces another waits for safety."""
        words = _("Your IBAN is recorded: %(amount)s are paid to %(account)s once our finance team has checked it.")
        if account.usable_from > timezone.now():
            words = _(
                "Your new IBAN is recorded. For safety nothing is paid to it before %(date)s (%(hours)s hours): then "
                "our finance team checks it and %(amount)s are paid to %(account)s."
            )
        facts = {"date": paris(account.usable_from), "hours": self.hold_hours}
        return words % {**facts, "amount": euros(self.unsent_cents), "account": account.masked}

    @property
    def hold_hours(self) -> int:
        """How long nothing is paid to an account that has just changed."""
        return int(settings.IBAN_HOLD_HOURS)

    @property
    def takes_account(self) -> bool:
        """Whether an IBAN given now would be used."""
        return self.unsent_cents > 0
