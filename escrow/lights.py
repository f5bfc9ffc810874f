"""The light of a tranche: how far the provider may work, in the same words on screen and in mails (product, 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros, euros_short

from .states import TrancheState


class Light(NamedTuple):
    """`kind` is the colour and shape (stop, soon, go or done), `label` the sentence."""

    kind: str
    label: str


class Money(NamedTuple):
    """The money of a tranche in cents, VAT included: agreed, deposited, released."""

    cents: int
    funded_cents: int
    released_cents: int

    @property
    def held_cents(self) -> int:
        """What waits on the account."""
        return self.funded_cents - self.released_cents

    @property
    def lacking_cents(self) -> int:
        """What the client still has to deposit."""
        return self.cents - self.funded_cents


def light(state: str, money: Money) -> Light:
    """The light for a tranche in `state` with that much money, in the language that is active."""
    if state in OVER:
        return Light("stop" if state == TrancheState.DISPUTED else "done", OVER[state]())
    if state == TrancheState.DELIVERED:
        return delivered(money)
    if not money.funded_cents:
        return red(money)
    return amber(money) if money.lacking_cents else green()


def red(money: Money) -> Light:
    """Nothing is there."""
    facts = {"funded": euros_short(money.funded_cents), "cents": euros_short(money.cents)}
    words = _("Do not start: %(funded)s deposited out of %(cents)s, even if the client tells you the money is coming")
    return Light("stop", words % facts)


def amber(money: Money) -> Light:
    """A part is there."""
    facts = {"funded": euros(money.funded_cents), "cents": euros(money.cents)}
    return Light("soon", _("Work up to %(funded)s out of %(cents)s") % facts)


def green() -> Light:
    """All of it is there."""
    return Light("go", _("You may work"))


def delivered(money: Money) -> Light:
    """Delivered: what waits for the client's acceptance, and whether the rest is covered."""
    facts = {"held": euros(money.held_cents), "lacking": euros(money.lacking_cents)}
    if not money.lacking_cents:
        return Light("go", _("Delivered: %(held)s held, to be accepted by the client") % facts)
    words = _("Delivered: %(held)s held. Do not go on: %(lacking)s are not deposited")
    return Light("soon" if money.held_cents else "stop", words % facts)


OVER: dict[str, Callable[[], str]] = {
    TrancheState.RELEASED: lambda: _("Released in full"),
    TrancheState.DISPUTED: lambda: _("In dispute: do not go on before it ends"),
    TrancheState.REFUNDED: lambda: _("Given back to the client"),
    TrancheState.CANCELLED: lambda: _("Cancelled: there is nothing to do"),
}
