"""Who is told of the account's movements: both parties, with amounts and the light of the page (product, 5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.lights import CHANGES, Money, light
from escrow.models import CaseRequest, Cause, EscrowAccount, Obstacle, TrancheState
from escrow.models.tranches import MOST_CHANGES
from escrow.states import TAKE_DEPOSITS
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event


class Told(Telling):
    """A letter to one of the two parties; subclasses say which."""

    to = "client"

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        account = event.about(EscrowAccount.objects.with_parties(), "account")
        party: User = getattr(account.agreement, self.to)
        yield party, {**event.facts, "number": account.project.number, "key": account.project.key, **self.more(account)}

    def more(self, account: EscrowAccount) -> Facts:
        """Facts that only this letter needs."""
        return {}

    def sheet(self, facts: Facts, subject: str, paragraphs: list[str], **parts: Any) -> Letter:
        """A letter headed by the project's number."""
        return Letter(subject, paragraphs, project=_("Project %(number)s") % facts, **parts)


def payments(facts: Facts, label: str) -> tuple[str, str]:
    """The button that leads to the payments page."""
    return label, reverse("escrow:payments", args=[facts["key"]])


def deed(facts: Facts, route: str, label: str) -> tuple[str, str]:
    """The button that leads to a deed on the tranche."""
    return label, reverse(f"escrow:{route}", args=[facts["key"], facts["tranche"]])


def named_light(facts: Facts, *, to_client: bool = False) -> str:
    """The tranche and its light as it was then, on one line: the words that the reader has on the page."""
    label = light(facts["state"], Money(*facts["money"]), to_client=to_client).label
    words = {"n": facts["position"], "title": facts["tranche_title"], "light": label[:1].lower() + label[1:]}
    return _("Tranche %(n)s, “%(title)s”: %(light)s.") % words


def named_held(facts: Facts) -> str:
    """The tranche and what it held then, on one line."""
    words = {"n": facts["position"], "title": facts["tranche_title"], "held": euros(Money(*facts["money"]).held_cents)}
    return _("Tranche %(n)s, “%(title)s”: %(held)s held.") % words


def figures_of(facts: Facts) -> list[tuple[str, str]]:
    """The money of the tranche after the movement, as the page has it: nothing to deposit once it is over or frozen."""
    money, state = Money(*facts["money"]), facts["state"]
    is_off = state in {TrancheState.REFUNDED, TrancheState.CANCELLED}
    lacking = [(_("Still to deposit"), euros(money.lacking_cents))] if state in {*TAKE_DEPOSITS, CHANGES} else []
    return [
        (_("Amount of the tranche, VAT included"), euros(money.released_cents if is_off else money.cents)),
        (_("Deposited"), euros(money.funded_cents)),
        (_("Released"), euros(money.released_cents)),
        (_("In dispute") if state == TrancheState.DISPUTED else _("Held"), euros(money.held_cents)),
        *lacking,
    ]


def amounts(facts: Facts) -> Facts:
    """The facts with their amount in words."""
    return {**facts, "amount": euros(facts["cents"])}


def accept_by(facts: Facts) -> list[tuple[str, str]]:
    """Until when the client may examine, while something waits."""
    until = facts["accept_by"]
    return [(_("To accept before"), paris(datetime.fromisoformat(until)))] if until else []


def until(facts: Facts, name: str = "accept_by") -> Facts:
    """The facts with their amount and a date in words; the name of the tranche is among them."""
    return {**amounts(facts), "until": paris(datetime.fromisoformat(facts[name]))}


def silence_to_client(facts: Facts) -> str:
    """What the client's silence will cause, as it stands in the terms."""
    if facts["silence"]:
        return _(
            "Without an answer before %(until)s, your silence releases the %(amount)s to the provider: "
            "both of you accepted it in the agreement."
        ) % until(facts)
    return _(
        "Without an answer before %(until)s nothing moves by itself, and the provider may then ask the SMA for a case."
    ) % until(facts)


def answers_left(facts: Facts) -> str:
    """What the client may still answer to a delivery: no changes once they have asked for them twice."""
    if facts.get("changes_left", MOST_CHANGES):
        told = _("Examine it, then release %(amount)s, or a part with the reason, or ask for changes.")
    else:
        told = _("Examine it, then release %(amount)s, or a part with the reason. You have asked for changes twice.")
    return told % amounts(facts)


def silence_to_provider(facts: Facts) -> str:
    """The same, to the provider."""
    if facts["silence"]:
        return _(
            "Without an answer of the client before %(until)s, the %(amount)s are released to you: "
            "both of you accepted it in the agreement."
        ) % until(facts)
    return _(
        "Without an answer of the client before %(until)s nothing moves by itself, and you may then ask the SMA for a "
        "case, in one click."
    ) % until(facts)


def limit() -> str:
    """What the platform cannot do."""
    return _(
        "The guarantee ends with the account: work beyond what is deposited is between you and the client, "
        "and nobody can award more than what is held."
    )


@tells("escrow.deposited", name="escrow.deposited.provider", kind=Kind.MONEY)
class DepositArrived(Told):
    """The provider learns how far they may work."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("%(amount)s deposited: %(title)s") % amounts(facts),
            [
                _("The client deposited %(amount)s: they are held on the project’s internal account.") % amounts(facts),
                limit(),
            ],
            items=[named_light(part) for part in facts["parts"]],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.deposited", name="escrow.deposited.client", kind=Kind.MONEY)
class DepositReceived(Told):
    """The client's receipt."""

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Your deposit of %(amount)s is on the account: %(title)s") % amounts(facts),
            [
                _("%(amount)s are held on the internal account. The provider has been told.") % amounts(facts),
                _("Nothing leaves the account without you or the SMA: you release it as the work is delivered."),
            ],
            items=[named_light(part, to_client=True) for part in facts["parts"]],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.deposit_asked", kind=Kind.MONEY)
class DepositAsked(Told):
    """The client is asked for money that a tranche lacks."""

    def more(self, account: EscrowAccount) -> Facts:
        return {"name": account.agreement.provider.display_name}

    def letter(self, facts: Facts) -> Letter:
        words = _("%(name)s asks you to deposit %(amount)s for tranche %(position)s, “%(tranche_title)s”.")
        action = _("Deposit %(amount)s") % amounts(facts)
        page = reverse("escrow:deposit", args=[facts["key"]]) + f"?tranche={facts['tranche']}"
        return self.sheet(
            facts,
            _("Deposit of %(amount)s asked for: %(title)s") % amounts(facts),
            [
                words % amounts(facts),
                _("Until then what is lacking is not covered: the provider does not work on it."),
            ],
            items=[named_light(facts, to_client=True)],
            figures=figures_of(facts),
            action=(action, page),
        )


@tells("escrow.delivered", name="escrow.delivered.client", kind=Kind.MONEY)
class WorkDelivered(Told):
    """The client examines, by a date."""

    def more(self, account: EscrowAccount) -> Facts:
        return {"name": account.agreement.provider.display_name}

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Delivered, to examine: %(tranche_title)s") % facts,
            [
                _("%(name)s delivered tranche %(position)s, “%(tranche_title)s”.") % facts,
                answers_left(facts),
                silence_to_client(facts),
            ],
            figures=[*figures_of(facts), *accept_by(facts)],
            action=deed(facts, "release", _("Examine and release %(amount)s") % amounts(facts)),
        )


@tells("escrow.delivered", name="escrow.delivered.provider", kind=Kind.MONEY)
class DeliverySent(Told):
    """The provider's copy."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Your delivery was sent: %(tranche_title)s") % facts,
            [
                _("The client has been told and examines it. %(amount)s are held for this tranche.") % amounts(facts),
                silence_to_provider(facts),
            ],
            items=[named_light(facts)],
            figures=accept_by(facts),
            action=payments(facts, _("Open the payments page")),
        )


class Released(Told):
    """A release, whole or in part."""

    def what_next(self, facts: Facts) -> list[str]:
        """What the release leaves open."""
        if facts["last"]:
            return [_("Every tranche is released: the project is completed.")]
        rest = Money(*facts["money"]).held_cents
        return [_("%(rest)s of this tranche stay held.") % {"rest": euros(rest)}] if rest else []


@tells("escrow.released", name="escrow.released.provider", kind=Kind.MONEY)
class MoneyReleased(Released):
    """The provider may ask for payment."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        ask = _("Send your invoice to be paid: the released money waits for it.")
        return self.sheet(
            facts,
            _("%(amount)s released: %(title)s") % amounts(facts),
            [self.what_was_accepted(facts) % amounts(facts), ask, *self.what_next(facts)],
            quote=facts["reason"],
            items=[named_light(facts)],
            figures=[*figures_of(facts), *accept_by(facts)],
            action=(_("Send my invoice"), reverse("payouts:list")),
            asks=True,
            ask=ask,
        )

    def what_was_accepted(self, facts: Facts) -> str:
        """All of it, or a part: the client's reason then follows word for word, and this announces it."""
        if facts["silence"]:
            return _(
                "The client has not answered in time for tranche %(position)s, “%(tranche_title)s”: by this silence, "
                "as both of you agreed, %(amount)s are yours."
            )
        if not facts["reason"]:
            return _("The client accepted tranche %(position)s, “%(tranche_title)s”: %(amount)s are yours.")
        return _(
            "The client accepted a part of tranche %(position)s, “%(tranche_title)s”: %(amount)s are yours. "
            "They give their reason."
        )


@tells("escrow.released", name="escrow.released.client", kind=Kind.MONEY)
class ReleaseConfirmed(Released):
    """The client's copy."""

    def letter(self, facts: Facts) -> Letter:
        words = _("You released %(amount)s for tranche %(position)s, “%(tranche_title)s”. They are the provider’s.")
        subject = _("You released %(amount)s: %(title)s")
        if facts["silence"]:
            words = _(
                "You have not answered in time for tranche %(position)s, “%(tranche_title)s”: by this silence, as both "
                "of you agreed, %(amount)s are the provider’s."
            )
            subject = _("%(amount)s released by your silence: %(title)s")
        return self.sheet(
            facts,
            subject % amounts(facts),
            [words % amounts(facts), *self.what_next(facts)],
            figures=[*figures_of(facts), *accept_by(facts)],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.refunded", kind=Kind.MONEY)
class MoneyGoesBack(Told):
    """The client learns that held money is on its way to where it came from; another letter says when it has left."""

    def letter(self, facts: Facts) -> Letter:
        words = {**amounts(facts), "n": facts["amendment_number"]}
        told = _(
            "Amendment %(n)s lowers what the account holds: %(amount)s go back the way they came, to the card or the "
            "account that paid."
        )
        return self.sheet(
            facts,
            _("%(amount)s go back to you: %(title)s") % words,
            [told % words, _("Your bank shows it within 5 to 10 days. You have nothing to do.")],
            action=payments(facts, _("Open the payments page")),
        )


def waits(event: Event) -> bool:
    """Whether what was asked still waits: the letters of a case that was opened at once say it all."""
    return CaseRequest.objects.open().filter(pk__in=event.facts["requests"]).exists()


class CaseAsked(Told):
    """The SMA has a case to take up, and nobody could open it at once; each of the two reads why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return super().people(event) if waits(event) else []

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Nothing to do for now, the SMA opens your case: %(title)s") % facts,
            [
                _("The SMA is asked to look at %(amount)s held on the account: %(cause)s.") % caused(facts),
                _(
                    "Its case could not be opened at once. It is tried again on %(again_at)s, then each working day, "
                    "until it is open or has no object any more: another letter tells you."
                )
                % caused(facts),
                _("Until then the money stays there, and the client may release what is delivered."),
            ],
            items=[named_held(part) for part in facts["parts"]],
            action=payments(facts, _("Open the payments page")),
        )


def caused(facts: Facts) -> Facts:
    """The facts with their amount, the cause and the dates in words."""
    dates = {name: paris(datetime.fromisoformat(facts[name])) for name in ("again_at", "until") if facts.get(name)}
    return {**amounts(facts), **dates, "cause": Cause(facts["cause"]).label}


@tells("escrow.case_asked", name="escrow.case_asked.client", kind=Kind.DISPUTE)
class CaseAskedClient(CaseAsked):
    """The client knows that a case is on its way."""


@tells("escrow.case_asked", name="escrow.case_asked.provider", kind=Kind.DISPUTE)
class CaseAskedProvider(CaseAsked):
    """So does the provider."""

    to = "provider"


class CaseBarred(Told):
    """What the SMA was asked has an obstacle: no case is opened. Each of the two reads why, and what becomes of it."""

    def letter(self, facts: Facts) -> Letter:
        to_client = self.to == "client"
        told = {**caused(facts), "obstacle": Obstacle(facts["obstacle"]).label}
        rest = _(
            "What the account holds stays there. If no money moves before %(until)s, the SMA opens a case of it by "
            "itself; either of you may open one before."
        )
        return self.sheet(
            facts,
            _("Nothing to do, no case is opened: %(title)s") % facts,
            [
                _("The SMA was asked to open a case: %(cause)s. None is opened: %(obstacle)s.") % told,
                *([rest % told] if facts["until"] else []),
            ],
            items=[named_light(part, to_client=to_client) for part in facts["parts"]],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.case_barred", name="escrow.case_barred.client", kind=Kind.DISPUTE)
class CaseBarredClient(CaseBarred):
    """The client."""


@tells("escrow.case_barred", name="escrow.case_barred.provider", kind=Kind.DISPUTE)
class CaseBarredProvider(CaseBarred):
    """The provider."""

    to = "provider"
