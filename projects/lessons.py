"""What a provider who was not chosen can learn: three findings, each drawn from the facts of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from projects.models import Offer

SLOWER_HOURS = 4  # by less than that, a reply is not slow


class Lesson(NamedTuple):
    """A finding: a code that `sentence` puts in words, its figures (cents, days, counts), and how much it weighs."""

    code: str
    facts: dict[str, Any]
    weight: float


def price_of(offer: Offer) -> int:
    """The measure of price: cents excluding VAT."""
    return offer.price_cents


def delay_of(offer: Offer) -> int:
    """The measure of delay: days."""
    return offer.delay_days


def middle(values: Iterable[int]) -> int:
    """The median in whole units; between two, a half goes up."""
    line = sorted(values)
    low, high = line[(len(line) - 1) // 2], line[len(line) // 2]
    return (low + high + 1) // 2


class Reply(NamedTuple):
    """How a bidder answered the client's messages to all: how many there were, how many answered, after how long."""

    asked: int
    answered: int
    hours: int  # the median of those answered


NO_REPLIES: Mapping[int, Reply] = MappingProxyType({})
NO_GAPS: Mapping[int, tuple[str, ...]] = MappingProxyType({})


class Field(NamedTuple):
    """One loser among all the offers of a call."""

    offer: Offer
    winner: Offer
    rivals: Sequence[Offer]  # every living offer, the loser's and the winner's among them
    askers: frozenset[int]  # the providers among them who asked a question
    sealed: bool = False  # sealed offers: no figure from which a rival's price could be worked out
    version: int = 0  # of the project, when the client chose
    replies: Mapping[int, Reply] = NO_REPLIES  # by provider: those to whom the client wrote
    gaps: Mapping[int, tuple[str, ...]] = NO_GAPS  # by provider: what their profile lacks, see GAPS

    def median(self, measure: Callable[[Offer], int]) -> int:
        """The median of a measure over all offers."""
        return middle(measure(offer) for offer in self.rivals)

    def rank(self, measure: Callable[[Offer], int]) -> int:
        """The loser's rank, 1 for the smallest; equals share a rank."""
        own = measure(self.offer)
        return 1 + sum(measure(offer) < own for offer in self.rivals)


def price(field: Field) -> Lesson:
    """The price against the median: an obstacle above it, none below. Of sealed offers, only how many were cheaper."""
    if field.sealed:
        return sealed_price(field)
    median, own = field.median(price_of), field.offer.price_cents
    facts = {"price_cents": own, "median_cents": median, "percent": round(abs(own - median) * 100 / median)}
    if own > median:
        return Lesson("price_above", facts, 50 + min(facts["percent"], 50))
    if own == median:
        return Lesson("price_at_median", facts, 20)
    return Lesson("price_below", facts, 30)


def sealed_price(field: Field) -> Lesson:
    """How many offers were cheaper."""
    cheaper = field.rank(price_of) - 1
    facts = {"cheaper": cheaper, "others": len(field.rivals) - 1, "price_cents": field.offer.price_cents}
    if cheaper:
        return Lesson("price_higher", facts, 50 + 50 * cheaper / len(field.rivals))
    return Lesson("price_lowest", facts, 30)


def delay(field: Field) -> Lesson:
    """How many offers announced a shorter delay."""
    shorter = field.rank(delay_of) - 1
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
    if not wrote or field.offer.assumptions.strip():
        return None
    return Lesson("no_assumptions", {"wrote": wrote}, 40 + wrote)


def haste(field: Field) -> Lesson | None:
    """An offer that came well after the chosen one."""
    hours = int((field.offer.placed_at - field.winner.placed_at).total_seconds() // 3600)
    return Lesson("later_than_chosen", {"hours": hours}, 35 + min(hours / 24, 10)) if hours >= 1 else None


def question(field: Field) -> Lesson:
    """Whether a question was asked before bidding."""
    if field.offer.provider_id in field.askers:
        return Lesson("asked", {}, 10)
    return Lesson("never_asked", {"askers": len(field.askers)}, 38 if field.askers else 28)


def version(field: Field) -> Lesson | None:
    """An offer that stood on an older version of the project than the chosen one."""
    own = field.offer.project_version
    if own >= field.version or field.winner.project_version < field.version:
        return None
    return Lesson("older_version", {"version": own, "latest": field.version}, 58)


def reply(field: Field) -> Lesson | None:
    """Messages of the client left without a reply, or answered well after the chosen provider."""
    own, chosen = field.replies.get(field.offer.provider_id), field.replies.get(field.winner.provider_id)
    if own is None:
        return None
    if own.answered < own.asked:
        weight = 47 if chosen and chosen.answered == chosen.asked else 36
        return Lesson("unanswered", {"asked": own.asked, "left": own.asked - own.answered}, weight)
    if chosen and chosen.answered and own.hours >= max(2 * chosen.hours, chosen.hours + SLOWER_HOURS):
        return Lesson("slow_reply", {"hours": own.hours, "chosen_hours": chosen.hours}, 43)
    return None


def profile(field: Field) -> Lesson | None:
    """What the profile lacked that the client could have read beside the price."""
    lacking = field.gaps.get(field.offer.provider_id, ())
    if not lacking:
        return None
    complete = not field.gaps.get(field.winner.provider_id, ())
    return Lesson("profile_gap", {"gap": lacking[0]}, (42 if complete else 32) if lacking[0] == "profile" else 31)


def lessons(field: Field, *, count: int = 3) -> list[Lesson]:
    """The `count` weightiest findings; never fewer than three: price, delay and questions always say something."""
    found: Iterable[Lesson | None] = [rule(field) for rule in RULES]
    return sorted((lesson for lesson in found if lesson), key=lambda lesson: -lesson.weight)[:count]


RULES: tuple[Callable[[Field], Lesson | None], ...] = (
    price,
    delay,
    tranches,
    assumptions,
    haste,
    question,
    version,
    reply,
    profile,
)


def sentence(code: str, facts: dict[str, Any], euros: Callable[[int], str]) -> str:
    """A finding in words, in the reader's language; `euros` writes an amount of cents."""
    figures = {name: euros(value) if name.endswith("_cents") else value for name, value in facts.items()}
    if facts.get("percent") == 0:
        figures["percent"] = _("less than 1")
    return SENTENCES[code](facts) % figures


def shorter_delays(facts: dict[str, Any]) -> str:
    """How many offers announced a shorter delay."""
    if facts["others"] == 1:
        return _("The other offer announced a shorter delay than your %(days)s days.")
    return ngettext(
        "%(shorter)s other offer out of %(others)s announced a shorter delay than your %(days)s days.",
        "%(shorter)s other offers out of %(others)s announced a shorter delay than your %(days)s days.",
        facts["shorter"],
    )


def cheaper_offers(facts: dict[str, Any]) -> str:
    """How many offers were cheaper."""
    advice = _("Show what the difference pays for, or cut an optional part into a tranche of its own.")
    if facts["others"] == 1:
        return f"{_('The other offer was cheaper than yours, %(price_cents)s.')} {advice}"
    found = ngettext(
        "%(cheaper)s other offer out of %(others)s was cheaper than yours, %(price_cents)s.",
        "%(cheaper)s other offers out of %(others)s were cheaper than yours, %(price_cents)s.",
        facts["cheaper"],
    )
    return f"{found} {advice}"


def duration(hours: int) -> str:
    """A time in hours, from two days on in days."""
    if hours < 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


def slower(facts: dict[str, Any]) -> str:
    """How long the replies took, and those of the chosen provider."""
    chosen = facts["chosen_hours"]
    own, other = duration(facts["hours"]), duration(chosen) if chosen else _("less than an hour")
    said = _(
        "You took %(own)s to reply to the client’s messages, the chosen provider %(other)s: be the first to answer."
    )
    return said % {"own": own, "other": other}


def unanswered(facts: dict[str, Any]) -> str:
    """How many messages of the client were left without a reply."""
    advice = _("Answer each one, even in a line: clients choose whom they can talk with.")
    if facts["asked"] == 1:
        return f"{_('After your offer the client wrote to all bidders; you did not reply.')} {advice}"
    found = ngettext(
        "After your offer the client wrote %(asked)s times to all bidders; %(left)s message had no reply of yours.",
        "After your offer the client wrote %(asked)s times to all bidders; %(left)s messages had no reply of yours.",
        facts["left"],
    )
    return f"{found} {advice}"


GAPS: dict[str, Callable[[], str]] = {
    "profile": lambda: _("You have no published profile: clients read it beside your price. Write one, it is free."),
    "past_work": lambda: _("Your profile tells of no past work: two examples close to the project reassure a client."),
    "skills": lambda: _("Your profile names no skills: clients look there for those that their project asks for."),
}


def later(facts: dict[str, Any]) -> str:
    """By how much an offer came after the chosen one: in hours, from two days on in days."""
    words = duration(facts["hours"])
    return _("Your offer came %(later)s after the chosen one: early offers are read with more attention.") % {
        "later": words
    }


def no_assumptions(facts: dict[str, Any]) -> str:
    """How many wrote their assumptions."""
    return ngettext(
        "You wrote no assumptions; %(wrote)s other offer did: they show that you have read the dossier.",
        "You wrote no assumptions; %(wrote)s other offers did: they show that you have read the dossier.",
        facts["wrote"],
    )


def never_asked(facts: dict[str, Any]) -> str:
    """That questions help, and how many bidders asked one."""
    advice = _("Write, call, convince: your offer credit opens questions without limit.")
    found = _("You asked no question before bidding.")
    if count := facts["askers"]:
        found = ngettext(
            "You asked no question; %(askers)s bidder did.", "You asked no question; %(askers)s bidders did.", count
        )
    return f"{found} {advice}"


SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "price_above": lambda facts: _(
        "Your price, %(price_cents)s, was %(percent)s %% above the median of the offers, %(median_cents)s. "
        "Show what the difference pays for, or cut an optional part into a tranche of its own."
    ),
    "price_at_median": lambda facts: _(
        "Your price was the median of the offers, %(median_cents)s: it was not the obstacle."
    ),
    "price_below": lambda facts: _(
        "Your price, %(price_cents)s, was %(percent)s %% below the median, %(median_cents)s: it was not the obstacle."
    ),
    "price_higher": cheaper_offers,
    "price_lowest": lambda facts: _(
        "No offer was cheaper than yours, %(price_cents)s: the price was not the obstacle."
    ),
    "delay_longer": shorter_delays,
    "delay_shortest": lambda facts: _(
        "No offer announced a shorter delay than your %(days)s days: it was not the obstacle."
    ),
    "no_tranches": lambda facts: _(
        "The chosen offer was cut into %(chosen)s tranches, yours was in one block: "
        "tranches let the client pay and check step by step."
    ),
    "no_assumptions": no_assumptions,
    "later_than_chosen": later,
    "never_asked": never_asked,
    "older_version": lambda facts: _(
        "Your offer answered version %(version)s of the project, the chosen one version %(latest)s: "
        "look at each change, then revise or keep your offer."
    ),
    "unanswered": unanswered,
    "slow_reply": slower,
    "profile_gap": lambda facts: GAPS[facts["gap"]](),
    "asked": lambda facts: _("You asked a question before bidding: keep doing so, clients remember it."),
}
