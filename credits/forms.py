from __future__ import annotations

from credits.models import CreditPack
from marketplace.accounts.models import User
from marketplace.forms import Deed
from marketplace.payments.models import Payment


class BuyForm(Deed):
    """The purchase of one pack: one key for each page drawn."""

    def save(self, pack: CreditPack, *, by: User) -> Payment | None:
        """Start the payment; a refusal is shown on the page."""
        return self.perform(lambda: pack.buy(by=by, key=self.cleaned_data["key"]))
