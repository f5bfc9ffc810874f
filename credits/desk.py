"""The wallet's page: what is left, what may be bought, what came and went; everything asked for is in the address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from credits.forms import BuyForm
from credits.models import CreditPack, Kind, Wallet
from credits.statement import Statement, rows
from marketplace.templatetags.page import PARIS

if TYPE_CHECKING:
    from django.http import QueryDict

    from marketplace.accounts.models import User
    from marketplace.billing.vat import Amount

SLUGS = {"consultation": Kind.CONSULTATION, "offre": Kind.OFFER, "contact": Kind.CONTACT}
LONGEST_CURSOR = 18  # digits: any key fits


class OnSale(NamedTuple):
    """A pack with its price for this provider, and the form that buys it."""

    pack: CreditPack
    price: Amount
    form: BuyForm
    stated: str


class Tab(NamedTuple):
    """A choice of movements: its words, its address, whether it is the one shown."""

    label: str
    url: str
    is_here: bool


class Desk:
    """The wallet of `provider` as an address asks for it; whatever the address says otherwise is left out."""

    def __init__(self, provider: User, asked: QueryDict) -> None:
        self.provider, self.wallet = provider, Wallet.of(provider)
        self.slug = asked.get("credit", "") if asked.get("credit", "") in SLUGS else ""
        before = asked.get("avant", "")
        is_cursor = before.isascii() and before.isdecimal() and len(before) <= LONGEST_CURSOR
        self.before = int(before) if is_cursor else None

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of credits whose movements are shown."""
        return [SLUGS[self.slug]] if self.slug else list(Kind)

    @property
    def balances(self) -> list[tuple[str, int]]:
        """Credits left of each kind."""
        return [(str(kind.label), count) for kind, count in self.wallet.balances.items()]

    @cached_property
    def packs(self) -> list[OnSale]:
        """The packs on sale, with this provider's VAT."""
        on_sale = CreditPack.objects.filter(on_sale=True)
        return [OnSale(p, p.price_for(self.provider), BuyForm(), p.stated_to(self.provider)) for p in on_sale]

    @cached_property
    def statement(self) -> Statement:
        """The movements of this page."""
        return Statement.of(self.wallet, self.kinds, before=self.before)

    def url(self, route: str = "credits:wallet", **more: str) -> str:
        """The address of this choice of movements."""
        query = urlencode(({"credit": self.slug} if self.slug else {}) | more)
        return f"{reverse(route)}?{query}" if query else reverse(route)

    @property
    def older(self) -> str:
        """Where the movements go on."""
        return f"{self.url(avant=str(self.statement.older))}#mouvements" if self.statement.older else ""

    @property
    def newest(self) -> str:
        """Back to the latest movements, when these are older ones."""
        return f"{self.url()}#mouvements" if self.before else ""

    @property
    def tabs(self) -> list[Tab]:
        """All movements, or those of one kind."""
        wallet = reverse("credits:wallet")
        kinds = [
            Tab(str(k.label).capitalize(), f"{wallet}?credit={s}#mouvements", s == self.slug) for s, k in SLUGS.items()
        ]
        return [Tab(_("All credits"), f"{wallet}#mouvements", not self.slug), *kinds]

    @property
    def csv_url(self) -> str:
        """The same movements, all of them, as a file."""
        return self.url("credits:movements_csv")

    @property
    def rows(self) -> Iterator[list[str | int]]:
        """Every movement of these kinds, for the file."""
        return rows(self.wallet, self.kinds)

    @property
    def file_name(self) -> str:
        """The name of the file, with the day."""
        return f"credits-{timezone.localdate(timezone=PARIS)}.csv"
