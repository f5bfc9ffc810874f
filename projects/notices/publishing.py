from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from credits.models import Spending
from marketplace.accounts.models import User
from marketplace.accounts.staff import MODERATION
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import paris
from projects.cards import budget_words
from projects.changes import told
from projects.models import OfferState, Project


def project_of(event: Event) -> Project:
    """The project of an event, with its client."""
    return Project.objects.select_related("client").get(key=event.project_key)


def about(project: Project) -> Facts:
    """What every letter about a project says."""
    return {"title": project.title, "number": project.number, "key": project.key}


def spenders(project: Project) -> Iterable[User]:
    """Who has spent credits on `project` that have not come back, and will; a winner who declined is not told so."""
    living = (
        Spending.objects.living().on(project.key).exclude(provider__in=project.agreements.declined().values("provider"))
    )
    return User.objects.filter(pk__in=living.values("provider")).order_by("pk")


def moderators() -> Iterable[User]:
    """Who moderates."""
    return User.objects.filter(groups__name=MODERATION, is_active=True).order_by("pk")


@tells("project.submitted", kind=Kind.PROJECTS)
class ToModerate(Telling):
    """The moderators find a project in their queue; an imported one is opened by who imports it."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        if project.source_key:
            return
        facts = {**about(project), "pk": project.pk, "teaser": project.teaser}
        facts |= {"low": project.budget_min_cents, "high": project.budget_max_cents}
        for moderator in moderators():
            yield moderator, facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("To be approved: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("A client has handed in a project. Approve or reject it within one working day.")],
            quote=facts["teaser"],
            figures=[(_("Budget"), budget_words(facts["low"], facts["high"]))],
            action=(_("Read the project"), reverse("admin:projects_project_change", args=[facts["pk"]])),
        )


@tells("project.opened", kind=Kind.PROJECTS)
class Published(Telling):
    """The client learns that providers see the project; who imports many projects sees it by themselves."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        if project.closes_at and not project.source_key:
            yield project.client, {**about(project), "closes_at": project.closes_at.isoformat()}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your project is published: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Providers can open it, ask you questions and bid. Quick answers bring better offers."),
                _("We tell you of each offer and each question."),
            ],
            figures=[(_("Offers are taken until"), paris(datetime.fromisoformat(facts["closes_at"])))],
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )


@tells("project.opened", kind=Kind.PROJECTS, name="project.opened.bidder")
class OpenAnew(Telling):
    """Whoever had an offer on the call when it was rejected learns, the first time, that it takes offers again."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        before = Event.objects.of(project).filter(verb="project.opened", pk__lt=event.pk).last()
        if before and project.closes_at:
            offers = project.offers.filter(lapsed_at__gt=before.at).select_related("provider")
            for offer in offers.order_by("pk"):
                yield offer.provider, {**about(project), "closes_at": project.closes_at.isoformat()}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Open again, you may bid anew: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The client has corrected the call that our moderation had withdrawn: it takes offers again."),
                _(
                    "Your offer ended with the rejection, and the credits that you had spent came back to you. To bid, "
                    "spend a consultation credit, then an offer credit; your earlier words are still in the form."
                ),
            ],
            figures=[(_("Offers are taken until"), paris(datetime.fromisoformat(facts["closes_at"])))],
            action=(_("Open the project"), reverse("projects:detail", args=[facts["key"]])),
        )


@tells("project.rejected", kind=Kind.PROJECTS)
class Rejected(Telling):
    """The client reads why, word for word, and that they may correct it and hand it in again."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        facts = {"reason": event.facts["reason"], "was_open": event.facts["was_open"]}
        yield project.client, {**about(project), **facts}

    def letter(self, facts: Facts) -> Letter:
        again = _("Correct it and hand it in again: nothing of what you wrote is lost.")
        gone = _(
            "It has left the list. The offers placed on it have ended, and the credits spent on it are given back."
        )
        return Letter(
            subject=_("Your project was not accepted: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Our moderation gives this reason:"), *([gone] if facts.get("was_open") else []), again],
            quote=facts["reason"],
            action=(_("Correct the project"), reverse("projects:edit", args=[facts["key"]])),
        )


def listed(changes: list[list[Any]]) -> list[str]:
    """The changes of a project, a line for each."""
    return [_("%(label)s: %(value)s") % {"label": label, "value": words} for label, words in told(changes)]


@tells("project.changed", kind=Kind.PROJECTS)
class Changed(Telling):
    """Each bidder whose offer stands reads what has changed, and that they may withdraw with their credit back."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        offers = project.offers.filter(state=OfferState.PLACED, project_version__lt=event.facts["version"])
        for offer in offers.select_related("provider").order_by("pk"):
            yield offer.provider, {**about(project), "changes": event.facts["changes"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client has changed the project: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Your offer stands, but it answers what the project said before: keep it as it is, or revise it."),
                _("If you withdraw it because of this change, your offer credit comes back by itself."),
            ],
            items=listed(facts["changes"]),
            items_title=_("What has changed"),
            action=(_("Keep, revise or withdraw my offer"), reverse("projects:offer", args=[facts["key"]])),
        )


@tells("project.changed", kind=Kind.PROJECTS, name="project.changed.moderator")
class ToLookAt(Telling):
    """The moderators look afterwards at what was changed before the public's eyes."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        for moderator in moderators():
            yield moderator, {**about(project), "pk": project.pk, "changes": event.facts["changes"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Changed after it was opened: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("The change is public already. Look at it, and reject the project if it must not stay.")],
            items=listed(facts["changes"]),
            items_title=_("What has changed"),
            action=(_("Read the project"), reverse("admin:projects_project_change", args=[facts["pk"]])),
        )


class Gone(Telling):
    """Those who have spent credits on a project learn that it is gone and that their credits come back.

    Who was chosen there also learns that the agreement has ended.
    """

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        for provider in spenders(project):
            yield provider, {**about(project), "chosen": provider.pk == project.winner_id}

    def letter(self, facts: Facts) -> Letter:
        ended = _("You had been chosen: your agreement has ended with the project. Do not start working.")
        back = _("Every credit that you spent on it comes back to you. You have nothing to do.")
        return Letter(
            subject=self.subject() % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[ended, back] if facts.get("chosen") else [back],
            action=(_("See the available projects"), reverse("projects:list")),
        )

    def subject(self) -> str:
        """The subject, with places for the facts."""
        raise NotImplementedError


@tells("project.extended", kind=Kind.PROJECTS)
class Extended(Telling):
    """Each bidder learns until when the client may choose now."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        offers = project.offers.filter(state=OfferState.PLACED).select_related("provider")
        for offer in offers.order_by("pk"):
            yield offer.provider, {**about(project), "select_by": event.facts["select_by"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("More time to choose: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The client has taken more time to choose, which is possible once only. Your offer stands."),
                _("Without a choice by then, every credit that you spent on this project comes back to you."),
            ],
            figures=[(_("They choose before"), paris(datetime.fromisoformat(facts["select_by"])))],
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )


@tells("project.reminded", kind=Kind.PROJECTS)
class ChooseSoon(Telling):
    """The client is reminded to choose while it is possible."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        facts = {name: event.facts[name] for name in ("select_by", "offers")}
        yield project.client, {**about(project), **facts, "extendable": project.extended_at is None}

    def letter(self, facts: Facts) -> Letter:
        more = _("You may take more time, once, from the same page.") if facts["extendable"] else ""
        end = _("Without a choice the project expires, and every provider gets their credits back.")
        return Letter(
            subject=_("Choose an offer soon: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[end, *([more] if more else [])],
            figures=[
                (_("Offers"), str(facts["offers"])),
                (_("You choose before"), paris(datetime.fromisoformat(facts["select_by"]))),
            ],
            action=(_("Compare the offers"), reverse("projects:compare", args=[facts["key"]])),
        )


@tells("project.expired", kind=Kind.PROJECTS)
class ExpiredForClient(Telling):
    """The client learns that the call is over, and why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        yield project.client, {**about(project), "offers": event.facts["offers"]}

    def letter(self, facts: Facts) -> Letter:
        none = _("No provider had made an offer by the closing date. A clearer need or a wider budget may help.")
        unchosen = _("The date to choose has passed. The bidders have been told.")
        return Letter(
            subject=_("Your project has expired: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                unchosen if facts["offers"] else none,
                _("Providers get the credits back that they spent on it."),
            ],
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )


@tells("project.expired", kind=Kind.PROJECTS, name="project.expired.provider")
class Expired(Gone):
    def subject(self) -> str:
        return _("Expired without a choice: %(title)s")


@tells("project.withdrawn", kind=Kind.PROJECTS)
class Withdrawn(Gone):
    def subject(self) -> str:
        return _("Withdrawn by its client: %(title)s")


@tells("project.rejected", kind=Kind.PROJECTS, name="project.rejected.provider")
class RejectedLater(Gone):
    """Whoever had an offer there also learns that it has ended, and what follows if the call comes back."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        bidders = event.facts["bidders"]
        for provider, facts in super().people(event):
            yield provider, {**facts, "bid": provider.pk in bidders}

    def letter(self, facts: Facts) -> Letter:
        ended = _("Your offer has ended with it. If the client corrects the call and it opens again, you may bid anew.")
        letter = super().letter(facts)
        return replace(letter, paragraphs=[*letter.paragraphs, ended]) if facts.get("bid") else letter

    def subject(self) -> str:
        return _("Withdrawn by our moderation: %(title)s")
