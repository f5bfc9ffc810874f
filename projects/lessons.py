"""What a provider who was not chosen can learn: three findings, each drawn from the facts of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from projects.models import Offer


class Lesson(NamedTuple):
    """A finding: a code that `sentence` puts in words, its figures (cents, days, counts), and how much it weighs."""

    code: str
    facts: dict[str, Any]
    weight: float


class Field(NamedTuple):
    """One loser among all the offers of a call."""

    offer: Offer
    winner: Offer
    rivals: Sequence[Offer]  # every living offer, the loser's and the winner's among them
    asked: bool  # whether the loser asked a question
    askers: int  # how many bidders asked one

    def median(self, measure: Callable[[Offer], int]) -> int:
        """The median of a measure over all offers."""
        return round(median(measure(offer) for offer in self.rivals))

    def rank(self, measure: Callable[[Offer], int]) -> int:
        """The loser's rank, 1 for the smallest; equals share a rank."""
        own = measure(self.offer)
        return 1 + sum(measure(offer) < own for offer in self.rivals)


def price(field: Field) -> Lesson:
    """The price against the median: an obstacle above it, none below."""
    middle, own = field.median(lambda o: o.price_cents), field.offer.price_cents
    facts = {"price_cents": own, "median_cents": middle, "percent": round(abs(own - middle) * 100 / middle)}
    if own > middle:
        return Lesson("price_above", facts, 50 + min(facts["percent"], 50))
    if own == middle:
        return Lesson("price_at_median", facts, 20)
    return Lesson("price_below", facts, 30)


def delay(field: Field) -> Lesson:
    """How many offers announced a shorter delay."""
    shorter = sum(o.delay_days < field.offer.delay_days for o in field.rivals)
    facts = {"shorter": shorter, "others": len(field.rivals) - 1, "days": field.offer.delay_days}
    if shorter:
        return Lesson("delay_longer", facts, 45 + 50 * shorter / len(field.rivals))
    return Lesson("delay_shortest", facts, 25)


def tranches(field: Field) -> Lesson | None:
    """A price in one block when the chosen offer was cut in tranches."""
    own, chosen = len(field.offer.tranches.all()), len(field.winner.tranches.all())
    return Lesson("no_tranches", {"chosen": chosen}, 60) if own < 2 <= chosen else None


def assumptions(field: Field) -> Lesson | None:
    """No assumption written when others wrote theirs."""
    wrote = sum(bool(o.assumptions.strip()) for o in field.rivals)
    return (
        Lesson("no_assumptions", {"wrote": wrote}, 40 + wrote)
        if wrote and not field.offer.assumptions.strip()
        else None
    )


def haste(field: Field) -> Lesson | None:
    """An offer that came well after the chosen one."""
    hours = round((field.offer.placed_at - field.winner.placed_at).total_seconds() / 3600)
    return Lesson("later_than_chosen", {"hours": hours}, 35 + min(hours / 24, 10)) if hours >= 1 else None


def question(field: Field) -> Lesson:
    """Whether a question was asked before bidding."""
    if field.asked:
        return Lesson("asked", {}, 10)
    return Lesson("never_asked", {"askers": field.askers}, 38 if field.askers else 28)


def lessons(field: Field, *, count: int = 3) -> list[Lesson]:
    """The `count` weightiest findings; always three, since price, delay and questions always say something."""
    found: Iterable[Lesson | None] = [rule(field) for rule in (price, delay, tranches, assumptions, haste, question)]
    return sorted((lesson for lesson in found if lesson), key=lambda lesson: -lesson.weight)[:count]


def sentence(code: str, facts: dict[str, Any], euros: Callable[[int], str]) -> str:
    """A finding in words, in the reader's language; `euros` writes an amount of cents."""
    figures = {name: euros(value) if name.endswith("_cents") else value for name, value in facts.items()}
    if code == "delay_longer":
        text = ngettext(
            "%(shorter)s other offer out of %(others)s announced a shorter delay than your %(days)s days.",
            "%(shorter)s other offers out of %(others)s announced a shorter delay than your %(days)s days.",
            facts["shorter"],
        )
    else:
        text = SENTENCES[code]()
    return text % figures


SENTENCES: dict[str, Callable[[], str]] = {
    "price_above": lambda: _(
        "Your price, %(price_cents)s, was %(percent)s %% above the median of the offers, %(median_cents)s. "
        "Show what the difference pays for, or cut an optional part into a tranche of its own."
    ),
    "price_at_median": lambda: _("Your price was the median of the offers, %(median_cents)s: it was not the obstacle."),
    "price_below": lambda: _(
        "Your price, %(price_cents)s, was %(percent)s %% below the median, %(median_cents)s: it was not the obstacle."
    ),
    "delay_shortest": lambda: _("No offer announced a shorter delay than your %(days)s days: it was not the obstacle."),
    "no_tranches": lambda: _(
        "The chosen offer was cut into %(chosen)s tranches, yours was in one block: "
        "tranches let the client pay and check step by step."
    ),
    "no_assumptions": lambda: _(
        "You wrote no assumptions, other bidders did (%(wrote)s offers): they show that you have read the dossier."
    ),
    "later_than_chosen": lambda: _(
        "Your offer came %(hours)s hours after the chosen one: early offers are read with more attention."
    ),
    "never_asked": lambda: _(
        "You asked no question before bidding (bidders who did: %(askers)s). "
        "Write, call, convince: your offer credit opens questions without limit."
    ),
    "asked": lambda: _("You asked a question before bidding: keep doing so, clients remember it."),
}
