from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.models import Agreement, AgreementState, Offer, OfferState

from .agreements import agreement_of, common, page
from .publishing import Gone, about, project_of


def when(iso: str) -> str:
    """A date in words."""
    return paris(datetime.fromisoformat(iso))


def report(facts: Facts, label: str) -> tuple[str, str]:
    """The button that leads to the project report."""
    return label, reverse("projects:report", args=[facts["key"]])


def second_choice_words() -> str:
    """What the client may do when an award falls through."""
    return _("You may turn to another bidder in one click, or open the call again. Nobody pays anything again.")


@tells("agreement.reminded", kind=Kind.AGREEMENT)
class ActSoon(Telling):
    """Who must act is reminded: those who have not accepted the terms, or who owes the introduction."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        facts = {**common(agreement), "until": event.facts["until"], "state": event.facts["state"]}
        for person in self.awaited(agreement, event.facts["state"]):
            yield person, {**facts, "cents": agreement.fees().total.cents}

    def awaited(self, agreement: Agreement, state: str) -> list[User]:
        """Those who must act."""
        if state == AgreementState.AGREED:
            return [agreement.payer or agreement.client]
        version = agreement.version
        return [party for party in (agreement.client, agreement.provider) if not version.accepted_by(party)]

    def letter(self, facts: Facts) -> Letter:
        pays = facts["state"] == AgreementState.AGREED
        subject = _("Introduction to pay soon: %(title)s") if pays else _("Terms to confirm soon: %(title)s")
        action = _("Pay %(amount)s") % {"amount": euros(facts["cents"])} if pays else _("Read and confirm the terms")
        return Letter(
            subject=subject % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Without that, the award lapses: the client may then turn to another provider.")],
            figures=[(_("Before"), when(facts["until"]))],
            action=page(facts, action),
        )


@tells("agreement.declined", kind=Kind.AGREEMENT)
class Declined(Telling):
    """The client learns that the provider does not want the work, why, and what they may do until when."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        facts = {"key": agreement.project.key, "reason": event.facts["reason"], "until": event.facts["decide_by"]}
        yield agreement.client, {**common(agreement), **facts}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The provider declined, choose again: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The provider you chose does not want the work. Here is their reason, word for word:"),
                second_choice_words(),
            ],
            quote=facts["reason"],
            figures=[(_("You decide before"), when(facts["until"]))],
            action=report(facts, _("Choose again")),
            note=_("Without a decision by then, the project is cancelled."),
        )


@tells("agreement.called_off", kind=Kind.AGREEMENT)
class CalledOff(Telling):
    """The winner learns that the client ended the discussion of the terms, and why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        yield agreement.provider, {**common(agreement), "key": agreement.project.key, "reason": event.facts["reason"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client ended the discussion: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The terms will not be confirmed. Here is the client’s reason, word for word:"),
                _(
                    "Should the project end without a provider, everything that you spent on it comes back to you. "
                    "If the call opens again, your offer stands and you pay nothing again."
                ),
            ],
            quote=facts["reason"],
            action=report(facts, _("Open the project report")),
        )


class Lapsed(Telling):
    """A party learns that the award has lapsed, and what comes next."""

    def facts(self, event: Event, agreement: Agreement) -> Facts:
        """What the letter of either side needs."""
        facts = {"key": agreement.project.key, "was": event.facts["was"], "until": event.facts["decide_by"]}
        return {**common(agreement), **facts}

    def why(self, facts: Facts) -> str:
        """Which date has passed."""
        if facts["was"] == AgreementState.AGREED:
            return _("The introduction was not paid in time: the agreement has lapsed.")
        return _("The terms were not confirmed by both of you in time: the agreement has lapsed.")


@tells("agreement.lapsed", name="agreement.lapsed.client", kind=Kind.AGREEMENT)
class LapsedForClient(Lapsed):
    """The client may choose again."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        yield agreement.client, self.facts(event, agreement)

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The agreement has lapsed, choose again: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[self.why(facts), second_choice_words()],
            figures=[(_("You decide before"), when(facts["until"]))],
            action=report(facts, _("Choose again")),
            note=_("Without a decision by then, the project is cancelled."),
        )


@tells("agreement.lapsed", name="agreement.lapsed.provider", kind=Kind.AGREEMENT)
class LapsedForProvider(Lapsed):
    """The provider knows that nothing binds them any more."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        yield agreement.provider, self.facts(event, agreement)

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The agreement has lapsed: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                self.why(facts),
                _(
                    "Do not work on this project. The client may turn to you again, to another bidder, or open the "
                    "call again, in which case your offer stands. If the project ends, your credits come back."
                ),
            ],
            figures=[(_("The client decides before"), when(facts["until"]))],
            action=report(facts, _("Open the project report")),
        )


@tells("project.second_choice", kind=Kind.AGREEMENT)
class DecideSoon(Telling):
    """The client is reminded that a second choice is possible until a date."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        yield project.client, {**about(project), "until": event.facts["decide_by"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Choose again soon: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[second_choice_words(), _("Without a decision by then, the project is cancelled.")],
            figures=[(_("You decide before"), when(facts["until"]))],
            action=report(facts, _("Choose again")),
        )


@tells("project.runner_up", kind=Kind.AGREEMENT)
class CalledUp(Telling):
    """A bidder who was not chosen at first is chosen now; they may refuse."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        facts = {"price_cents": agreement.version.price_cents, "until": agreement.confirm_by.isoformat()}
        yield agreement.provider, {**common(agreement), **facts}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client turns to you: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The agreement with the provider chosen first fell through, and the client now chooses your offer."),
                _(
                    "You have nothing to pay again, and nothing binds you yet: confirm the terms, propose a change, or "
                    "decline. Do not start working before the introduction is paid."
                ),
            ],
            figures=[
                (_("Your price, excluding VAT"), euros(facts["price_cents"])),
                (_("To confirm before"), when(facts["until"])),
            ],
            action=page(facts, _("Read and confirm the terms")),
        )


@tells("project.reopened", kind=Kind.PROJECTS)
class Reopened(Telling):
    """Every bidder learns that the call is open again, that their offer stands, and that they pay nothing again."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        placed = Offer.objects.filter(project=project, state=OfferState.PLACED).select_related("provider")
        for offer in placed.order_by("pk"):
            yield offer.provider, {**about(project), "closes_at": event.facts["closes_at"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Open again, your offer stands: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The agreement fell through and the client has opened the call again. Your offer stands as it was."),
                _("You pay nothing again: you may revise or withdraw it, ask and write, with the credits you spent."),
            ],
            figures=[(_("Offers until"), when(facts["closes_at"]))],
            action=(_("Open the dossier"), reverse("projects:detail", args=[facts["key"]])),
        )


@tells("project.cancelled", name="project.cancelled.client", kind=Kind.PROJECTS)
class CancelledForClient(Telling):
    """The client learns that their project is over, and why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        yield project.client, {**about(project), "reason": event.facts["reason"]}

    def letter(self, facts: Facts) -> Letter:
        late = _("No second choice was made in time after the agreement fell through.")
        staff = _("Our staff have cancelled it. Here is the reason, word for word:")
        return Letter(
            subject=_("Your project is cancelled: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[staff if facts["reason"] else late, _("Providers get back the credits that they spent on it.")],
            quote=facts["reason"],
            action=report(facts, _("Open the project report")),
        )


@tells("project.cancelled", name="project.cancelled.provider", kind=Kind.PROJECTS)
class Cancelled(Gone):
    def subject(self) -> str:
        return _("Cancelled: %(title)s")
