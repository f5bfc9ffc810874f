"""Letters of what one side awaits of the other: answers to deliveries, changes, late work, notices of cancellation."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escrow.notices import (
    Told,
    accept_by,
    amounts,
    answers_left,
    deed,
    figures_of,
    named_light,
    payments,
    silence_to_client,
    until,
)
from marketplace.events.tellings import Facts, Kind, Letter, tells
from marketplace.templatetags.page import day_named

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@tells("escrow.changes_asked", name="escrow.changes_asked.provider", kind=Kind.MONEY)
class ChangesToMake(Told):
    """The provider reads what to change, and delivers again."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Changes asked for: %(tranche_title)s") % facts,
            [
                _("The client asks for changes of tranche %(position)s, “%(tranche_title)s”.") % facts,
                _("Deliver again when it is done: the client’s time to answer begins anew. %(amount)s stay held.")
                % amounts(facts),
            ],
            quote=facts["message"],
            items=[named_light(facts)],
            action=deed(facts, "deliver", _("Deliver tranche %(position)s again") % facts),
        )


@tells("escrow.changes_asked", name="escrow.changes_asked.client", kind=Kind.MONEY)
class ChangesSent(Told):
    """The client's copy."""

    def letter(self, facts: Facts) -> Letter:
        return self.sheet(
            facts,
            _("Your request for changes was sent: %(tranche_title)s") % facts,
            [
                _("It is the provider’s turn: your time to answer begins anew with their next delivery.") % facts,
                _("%(amount)s stay held. You may still release them, all or a part.") % amounts(facts),
            ],
            quote=facts["message"],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.answer_awaited", kind=Kind.MONEY)
class AnswerAwaited(Told):
    """The client is reminded of a delivery, and of what will happen."""

    def letter(self, facts: Facts) -> Letter:
        words = _("Tranche %(position)s, “%(tranche_title)s”, is delivered and waits for your answer until %(until)s.")
        return self.sheet(
            facts,
            _("Your answer is awaited: %(tranche_title)s") % facts,
            [
                words % until(facts),
                answers_left(facts),
                silence_to_client(facts),
            ],
            figures=[*figures_of(facts), *accept_by(facts)],
            action=deed(facts, "release", _("Examine and release %(amount)s") % amounts(facts)),
        )


@tells("escrow.unanswered", name="escrow.unanswered.provider", kind=Kind.MONEY)
class NoAnswer(Told):
    """The provider may ask for a case."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        words = _("The client had until %(until)s to answer the delivery of tranche %(position)s, “%(tranche_title)s”.")
        return self.sheet(
            facts,
            _("No answer to your delivery: %(tranche_title)s") % facts,
            [
                words % until(facts),
                _("Nothing has moved: %(amount)s stay held. You may ask the SMA for a case in one click.")
                % amounts(facts),
            ],
            action=payments(facts, _("Ask the SMA for a case")),
        )


@tells("escrow.unanswered", name="escrow.unanswered.client", kind=Kind.MONEY)
class YouHaveNotAnswered(Told):
    """The client may still act."""

    def letter(self, facts: Facts) -> Letter:
        words = _("You had until %(until)s to answer the delivery of tranche %(position)s, “%(tranche_title)s”.")
        return self.sheet(
            facts,
            _("You have not answered: %(tranche_title)s") % facts,
            [
                words % until(facts),
                _("Nothing has moved: %(amount)s stay held. The provider may ask the SMA for a case from now on.")
                % amounts(facts),
                answers_left(facts),
            ],
            action=deed(facts, "release", _("Examine and release %(amount)s") % amounts(facts)),
        )


def due_on(facts: Facts) -> Facts:
    """The facts with their amount and the day agreed for the delivery."""
    late = facts.get("days_late", settings.OVERDUE_DAYS)
    return {**amounts(facts), "on": day_named(date.fromisoformat(facts["due_on"])), "days": late}


@tells("escrow.overdue", name="escrow.overdue.client", kind=Kind.MONEY)
class WorkIsLate(Told):
    """The client may ask for the money back."""

    def letter(self, facts: Facts) -> Letter:
        words = _("Tranche %(position)s, “%(tranche_title)s”, was to be delivered by %(on)s: it is %(days)s days late.")
        return self.sheet(
            facts,
            _("Delivery %(days)s days late: %(tranche_title)s") % due_on(facts),
            [
                words % due_on(facts),
                _("%(amount)s are held for it: you may ask for them back. The provider agrees or answers.")
                % amounts(facts),
            ],
            action=payments(facts, _("Open the payments page")),
        )


@tells("escrow.overdue", name="escrow.overdue.provider", kind=Kind.MONEY)
class YouAreLate(Told):
    """The provider delivers, or agrees on another date by an avenant."""

    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        words = _("You were to deliver tranche %(position)s, “%(tranche_title)s”, by %(on)s: it is %(days)s days late.")
        return self.sheet(
            facts,
            _("Your delivery is %(days)s days late: %(tranche_title)s") % due_on(facts),
            [
                words % due_on(facts),
                _("The client may now ask for the %(amount)s back. Deliver, or propose another date by an amendment.")
                % amounts(facts),
            ],
            action=deed(facts, "deliver", _("Deliver tranche %(position)s") % facts),
        )


class Wording(NamedTuple):
    """What becomes of a notice of cancellation, to its giver and to the other side."""

    subject: _StrPromise
    to_giver: _StrPromise
    to_other: _StrPromise


NOTICES = {
    "escrow.notice_given": Wording(
        gettext_lazy("Notice of cancellation: %(tranche_title)s"),
        gettext_lazy(
            "You gave notice for tranche %(position)s, “%(tranche_title)s”, of %(amount)s. Without a deposit it is "
            "cancelled on %(until)s. Until then you may take the notice back. You wrote:"
        ),
        gettext_lazy(
            "The other party gives notice for tranche %(position)s, “%(tranche_title)s”, of %(amount)s, on which "
            "nothing is deposited. Without a deposit it is cancelled on %(until)s. They write:"
        ),
    ),
    "escrow.notice_withdrawn": Wording(
        gettext_lazy("Notice taken back: %(tranche_title)s"),
        gettext_lazy("You took your notice back: tranche %(position)s, “%(tranche_title)s”, stays as agreed."),
        gettext_lazy(
            "The other party took the notice back: tranche %(position)s, “%(tranche_title)s”, stays as agreed."
        ),
    ),
    "escrow.notice_overtaken": Wording(
        gettext_lazy("Notice without object: %(tranche_title)s"),
        gettext_lazy(
            "Your notice for tranche %(position)s, “%(tranche_title)s”, has ended: a deposit came, or an amendment "
            "decided on it. It cancels nothing any more."
        ),
        gettext_lazy(
            "The other party’s notice for tranche %(position)s, “%(tranche_title)s”, has ended: a deposit came, or an "
            "amendment decided on it. It cancels nothing any more."
        ),
    ),
    "escrow.tranche_cancelled": Wording(
        gettext_lazy("Tranche cancelled: %(tranche_title)s"),
        gettext_lazy(
            "Tranche %(position)s, “%(tranche_title)s”, of %(amount)s, is cancelled: your notice ended on %(until)s "
            "without a deposit. Nobody owes anything for it. You wrote:"
        ),
        gettext_lazy(
            "Tranche %(position)s, “%(tranche_title)s”, of %(amount)s, is cancelled: the other party’s notice ended on "
            "%(until)s without a deposit. Nobody owes anything for it. They wrote:"
        ),
    ),
}


RESTS = {  # the same of a tranche that was funded and released in part
    "escrow.notice_given": Wording(
        gettext_lazy("Notice of cancellation for a rest: %(tranche_title)s"),
        gettext_lazy(
            "You gave notice for the %(amount)s not deposited of tranche %(position)s, “%(tranche_title)s”. Without "
            "a deposit the tranche ends on %(until)s for what was released. Until then you may take the notice back. "
            "You wrote:"
        ),
        gettext_lazy(
            "The other party gives notice for the %(amount)s not deposited of tranche %(position)s, "
            "“%(tranche_title)s”. Without a deposit the tranche ends on %(until)s for what was released. They write:"
        ),
    ),
    "escrow.tranche_cancelled": Wording(
        gettext_lazy("Tranche ended: %(tranche_title)s"),
        gettext_lazy(
            "Tranche %(position)s, “%(tranche_title)s”, ends for what was released: your notice for the other "
            "%(amount)s ended on %(until)s without a deposit. Nobody owes anything more for it. You wrote:"
        ),
        gettext_lazy(
            "Tranche %(position)s, “%(tranche_title)s”, ends for what was released: the other party’s notice for the "
            "other %(amount)s ended on %(until)s without a deposit. Nobody owes anything more for it. They wrote:"
        ),
    ),
}


class Noticed(Told):
    """What becomes of a notice of cancellation, in the words of its giver or of the other side."""

    verb: str

    def letter(self, facts: Facts) -> Letter:
        is_giver = facts["parties"][self.to == "provider"] == facts["giver"]
        told = until(facts, "ends_at")
        wording = RESTS.get(self.verb) if facts.get("released") else None
        wording = wording or NOTICES[self.verb]
        words = wording.to_giver if is_giver else wording.to_other
        return self.sheet(
            facts,
            wording.subject % told,
            [words % told, *([_("The project is completed: no tranche is left open.")] if facts.get("last") else [])],
            quote=facts.get("reason", ""),
            action=payments(facts, _("Open the payments page")),
        )


for _verb in NOTICES:
    for _to in ("client", "provider"):
        tells(_verb, name=f"{_verb}.{_to}", kind=Kind.MONEY)(type("Noticed", (Noticed,), {"to": _to, "verb": _verb}))
