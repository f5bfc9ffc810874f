"""The light of a tranche: how far the provider may work, with the same figures on screen and in mails (product, 5).

It has one colour, and words for each reader: the provider is warned, the client is told what they have covered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros, euros_short

from .states import TrancheState

CHANGES = "CHANGES"  # a stage of DELIVERED: the client wants changes


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


class Words(NamedTuple):
    """What a light says to the provider and to the client."""

    to_provider: str
    to_client: str


def light(state: str, money: Money, *, to_client: bool = False) -> Light:
    """The light for a tranche in `state` with that much money, in the language that is active."""
    kind, words = found(state, money)
    return Light(kind, words.to_client if to_client else words.to_provider)


def found(state: str, money: Money) -> tuple[str, Words]:
    """The colour, and the words for both readers."""
    if state == TrancheState.REFUNDED and money.released_cents:
        return "done", shared(money)
    if state in OVER:
        return "stop" if state == TrancheState.DISPUTED else "done", OVER[state]()
    if state == TrancheState.DELIVERED:
        return delivered(money)
    if state == CHANGES:
        return changing(money)
    if not money.funded_cents:
        return red(money)
    return amber(money) if money.lacking_cents else green()


def red(money: Money) -> tuple[str, Words]:
    """Nothing is there."""
    facts = {"funded": euros_short(money.funded_cents), "cents": euros_short(money.cents)}
    own = _("Do not start: %(funded)s deposited out of %(cents)s, even if the client tells you the money is coming")
    return "stop", Words(own % facts, _("%(funded)s deposited out of %(cents)s: the provider must not start") % facts)


def amber(money: Money) -> tuple[str, Words]:
    """A part is there."""
    facts = {"funded": euros(money.funded_cents), "cents": euros(money.cents)}
    own, told = (
        _("Work up to %(funded)s out of %(cents)s"),
        _("The provider may work up to %(funded)s out of %(cents)s"),
    )
    return "soon", Words(own % facts, told % facts)


def green() -> tuple[str, Words]:
    """All of it is there."""
    return "go", Words(_("You may work"), _("The provider may work"))


def delivered(money: Money) -> tuple[str, Words]:
    """Delivered: what waits for the client's acceptance, and whether the rest is covered."""
    facts = {"held": euros(money.held_cents), "lacking": euros(money.lacking_cents)}
    if not money.lacking_cents:
        own, told = (
            _("Delivered: %(held)s held, to be accepted by the client"),
            _("Delivered: %(held)s held, yours to accept"),
        )
        return "go", Words(own % facts, told % facts)
    own = _("Delivered: %(held)s held. Do not go on: %(lacking)s are not deposited")
    told = _("Delivered: %(held)s held. %(lacking)s are not deposited: the provider must not go on")
    return "soon" if money.held_cents else "stop", Words(own % facts, told % facts)


def changing(money: Money) -> tuple[str, Words]:
    """Delivered and handed back: the provider works on what is held, until they deliver again."""
    facts = {"held": euros(money.held_cents)}
    own = _("Changes asked for: %(held)s held, change it and deliver again")
    told = _("Changes asked for: %(held)s held, the provider delivers again")
    return "soon", Words(own % facts, told % facts)


def shared(money: Money) -> Words:
    """Over, a part of it to each: by an award of the SMA, or released in part before the rest went back."""
    facts = {"released": euros(money.released_cents)}
    own = _("Shared, %(released)s for you and the rest of the deposit for the client")
    told = _("Shared, %(released)s for the provider and the rest of the deposit for you")
    return Words(own % facts, told % facts)


def both(words: str) -> Words:
    """The same words for both."""
    return Words(words, words)


OVER: dict[str, Callable[[], Words]] = {
    TrancheState.RELEASED: lambda: both(_("Released in full")),
    TrancheState.DISPUTED: lambda: Words(
        _("In dispute: do not go on before it ends"), _("In dispute: the provider must not go on before it ends")
    ),
    TrancheState.REFUNDED: lambda: Words(_("Given back to the client"), _("Given back to you")),
    TrancheState.CANCELLED: lambda: both(_("Cancelled: there is nothing to do")),
}
