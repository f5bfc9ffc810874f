from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from credits.models import PackPurchase, Wallet, Welcome
from marketplace.accounts.models import User
from marketplace.context import header
from marketplace.events.reactions import on
from marketplace.payments.purposes import Purpose, purpose

if TYPE_CHECKING:
    from django.db.models import Model

    from marketplace.events.models import Event
    from marketplace.ledger.posting import Move
    from marketplace.payments.models import Payment


@purpose("credits.pack")
class PackPaid(Purpose):
    """A pack is paid: its credits come into the wallet."""

    words = _("credit pack")

    def purchase(self, payment: Payment) -> PackPurchase:
        """The purchase that a payment is for."""
        return PackPurchase.objects.select_related("provider").get(pk=int(payment.reference))

    def rows(self, payment: Payment) -> list[Model]:
        return [self.purchase(payment)]

    def place(self, payment: Payment) -> list[Move] | None:
        return self.purchase(payment).credit(payment)

    def back(self, payment: Payment) -> str:
        return self.purchase(payment).back_path or reverse("credits:wallet")


@on("company.declared")
def welcome(event: Event) -> None:
    """A company was declared: if that made a provider's account complete, the welcome credits come."""
    Welcome.give(User.objects.get(pk=event.facts["user"]))


@header("credits")
def credits_left(user: User) -> int:
    """All credits of a provider, whatever their kind; 0 before the first pack."""
    return Wallet.left(user)
