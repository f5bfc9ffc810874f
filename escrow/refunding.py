"""Requests for a refund: what their dates cause, what they ask of the two parties, and what these are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.models import EscrowAccount, RefundRequest
from escrow.models.requests import REMINDER, SILENCE
from escrow.notices import Told, amounts, figures_of, named_light, payments
from escrow.states import TrancheState
from marketplace.events.tellings import Facts, Kind, Letter, tells
from marketplace.templatetags.page import paris
from projects.bundles import rebuilt, whole
from projects.dates import Words, dated
from projects.models.deadlines import falling
from projects.report import Line, Reading, line
from projects.storyline import signed

if TYPE_CHECKING:
    from django.contrib.postgres.expressions import ArraySubquery

    from escrow.models import Tranche
    from marketplace.events.models import Event
    from projects.models import Deadline


def request_of(deadline: Deadline) -> RefundRequest:
    """The request that a deadline is about."""
    return RefundRequest.objects.with_parties().get(pk=deadline.subject_id)


@falling(SILENCE)
def escalate(deadline: Deadline, at: datetime) -> None:
    request_of(deadline).fall_silent(at=at)


@falling(REMINDER)
def remind_provider(deadline: Deadline, at: datetime) -> None:
    request_of(deadline).remind(at=at)


@dated(SILENCE)
def silence_words(deadline: Deadline, reading: Reading) -> Words:
    """For the two parties."""
    title = _("Answer of the provider to the refund asked for")
    return Words(title, _("Otherwise the SMA has the case, and the money is frozen until it ends."))


def living() -> ArraySubquery:
    """The requests that wait, to come with the tranches of a report."""
    return whole(RefundRequest.objects.living().filter(tranche=OuterRef("pk")))


def of_the_tranches(tranches: list[Tranche]) -> list[tuple[Tranche, RefundRequest]]:
    """The requests that came with `tranches`, each with its own."""
    return [(tranche, row) for tranche in tranches for row in rebuilt(RefundRequest, vars(tranche)["refunds_asked"])]


WORDS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "escrow.refund_asked": lambda: (_("Refund of %(amount)s asked for"), _("Tranche “%(tranche_title)s”."), "soon"),
    "escrow.refund_agreed": lambda: (_("Refund agreed: %(amount)s go back"), _("Tranche “%(tranche_title)s”."), "go"),
    "escrow.refund_offered": lambda: (
        _("%(amount)s given back to the client"),
        _("Tranche “%(tranche_title)s”."),
        "go",
    ),
    "escrow.refund_refused": lambda: (_("Refund of %(amount)s refused"), _("The money stays held."), "stop"),
    "escrow.refund_withdrawn": lambda: (_("Request for a refund of %(amount)s withdrawn"), "", ""),
    "escrow.refund_unanswered": lambda: (
        _("No answer to the refund of %(amount)s asked for"),
        _("The SMA has the case."),
        "stop",
    ),
}


@line(*WORDS)
def line_of(event: Event, reading: Reading) -> Line | None:
    """For the two parties only, with whose act it was."""
    if reading.user.pk not in event.facts["parties"]:
        return None
    title, detail, tone = WORDS[event.verb]()
    facts = amounts(event.facts)
    return signed(event, reading, Line(title % facts, detail % facts, tone))


class OfRequest(Told):
    """A letter about one request; `back` and `stays` are said as they follow."""

    def more(self, account: EscrowAccount) -> Facts:
        agreement = account.agreement
        return {"client": agreement.client.display_name, "provider": agreement.provider.display_name}

    def about(self, facts: Facts, subject: str, paragraphs: list[str], *, quote: str = "", label: str = "") -> Letter:
        """The letter, with the tranche as it is now; with a `label`, its button leads to the request."""
        words = amounts(facts)
        page = (label, reverse("escrow:refund", args=[facts["key"], facts["request"]]))
        return self.sheet(
            facts,
            subject % words,
            [paragraph % words for paragraph in paragraphs],
            quote=quote,
            items=[named_light(facts, to_client=self.to == "client")],
            figures=[*figures_of(facts), *until(facts)],
            action=page if label else payments(facts, _("Open the payments page")),
        )


def until(facts: Facts) -> list[tuple[str, str]]:
    """When silence brings it before the SMA, while that date runs."""
    runs = facts["answer_by"] and facts["state"] == TrancheState.FUNDED
    return [(_("To answer before"), paris(datetime.fromisoformat(facts["answer_by"])))] if runs else []


def what_remains(facts: Facts) -> str:
    """What the tranche is after money went back: over, or lacking it."""
    if facts["state"] == TrancheState.REFUNDED:
        return _("The tranche is over: nothing more is delivered or deposited for it.")
    return _("The price of the tranche stays as agreed: what went back is to be deposited again, or changed by both.")


@tells("escrow.refund_asked", name="escrow.refund_asked.provider", kind=Kind.MONEY)
class RefundAsked(OfRequest):
    """The provider consents or not."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        asked = _("%(client)s asks for %(amount)s of tranche %(position)s, “%(tranche_title)s”, back. Their reason:")
        told = [asked, _("Nothing moves without you: agree, or refuse with your reason."), *self.silence(facts)]
        label = _("Answer: %(amount)s") % amounts(facts)
        return self.about(
            facts, _("Refund of %(amount)s asked for: %(title)s"), told, quote=facts["reason"], label=label
        )

    def silence(self, facts: Facts) -> list[str]:
        """What silence causes, on a late tranche."""
        if not facts["answer_by"]:
            return []
        return [_("The delivery is late: without an answer in time the SMA has the case, and the money is frozen.")]


@tells("escrow.refund_reminded", kind=Kind.MONEY)
class RefundReminder(RefundAsked):
    """The date is near."""

    def letter(self, facts: Facts) -> Letter:
        asked = _("%(client)s waits for your answer: %(amount)s of tranche %(position)s, “%(tranche_title)s”, back.")
        label = _("Answer: %(amount)s") % amounts(facts)
        told = [asked, *self.silence(facts)]
        return self.about(facts, _("Your answer is awaited: refund of %(amount)s, %(title)s"), told, label=label)


@tells("escrow.refund_asked", name="escrow.refund_asked.client", kind=Kind.MONEY)
class RequestSent(OfRequest):
    """The client's copy."""

    def letter(self, facts: Facts) -> Letter:
        told = [
            _("You asked for %(amount)s of tranche %(position)s, “%(tranche_title)s”, back."),
            _("The provider has been told. The money stays held until they agree; you can withdraw your request."),
        ]
        subject = _("You asked for a refund of %(amount)s: %(title)s")
        return self.about(facts, subject, told, label=_("See your request"))


class MoneyBack(OfRequest):
    """Money goes back to the client."""

    def letter(self, facts: Facts) -> Letter:
        told = [self.what_happened(), what_remains(facts)]
        if self.to == "client":
            told.append(
                _(
                    "It goes back the way it came, to the card or the account that paid: your bank shows it within "
                    "5 to 10 days."
                )
            )
        subject = _("%(amount)s go back to you: %(title)s") if self.to == "client" else self.own_subject()
        return self.about(facts, subject, told, quote=self.quoted(facts))

    def own_subject(self) -> str:
        """The subject of the provider's copy."""
        return _("%(amount)s go back to the client: %(title)s")

    def what_happened(self) -> str:
        """Who decided."""
        if self.to == "client":
            return _("%(provider)s agreed to give back %(amount)s of tranche %(position)s, “%(tranche_title)s”.")
        return _("You agreed to give back %(amount)s of tranche %(position)s, “%(tranche_title)s”.")

    def quoted(self, facts: Facts) -> str:
        """Words of the other party, if any."""
        return ""


@tells("escrow.refund_agreed", name="escrow.refund_agreed.client", kind=Kind.MONEY)
class RefundAgreed(MoneyBack):
    """The client learns that the money is on its way."""


@tells("escrow.refund_agreed", name="escrow.refund_agreed.provider", kind=Kind.MONEY)
class RefundAgreedCopy(MoneyBack):
    """The provider's copy."""

    to = "provider"


@tells("escrow.refund_offered", name="escrow.refund_offered.client", kind=Kind.MONEY)
class RefundOffered(MoneyBack):
    """The provider gave it back unasked."""

    def what_happened(self) -> str:
        return _("%(provider)s gives you back %(amount)s of tranche %(position)s, “%(tranche_title)s”, unasked.")

    def quoted(self, facts: Facts) -> str:
        return str(facts["reason"])


@tells("escrow.refund_offered", name="escrow.refund_offered.provider", kind=Kind.MONEY)
class RefundOfferedCopy(MoneyBack):
    """The provider's copy."""

    to = "provider"

    def what_happened(self) -> str:
        return _("You gave back %(amount)s of tranche %(position)s, “%(tranche_title)s”.")


@tells("escrow.refund_refused", kind=Kind.MONEY)
class RefundRefused(OfRequest):
    """The client reads why."""

    def letter(self, facts: Facts) -> Letter:
        told = [
            _("%(provider)s does not agree to give back %(amount)s of tranche %(position)s. Their reason:"),
            _("The money stays held: it leaves the account only with the two of you, or by the SMA."),
        ]
        subject = _("Refund of %(amount)s refused: %(title)s")
        return self.about(facts, subject, told, quote=facts["answer"], label=_("See the answer"))


@tells("escrow.refund_withdrawn", kind=Kind.MONEY)
class RequestWithdrawn(OfRequest):
    """The provider need not answer any more."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        told = [_("%(client)s no longer asks for the %(amount)s of tranche %(position)s back. You need not answer.")]
        return self.about(facts, _("Request for a refund of %(amount)s withdrawn: %(title)s"), told)
