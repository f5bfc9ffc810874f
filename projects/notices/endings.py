from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import paris
from projects.models import Profile, Project, Review, Survey, review_until
from projects.models.reviews import other_party
from projects.notices.publishing import about
from projects.opinions import Said


def project_of(event: Event) -> Project:
    """The project of an event, with its two parties."""
    return Project.objects.select_related("client__company", "winner__company").get(key=event.project_key)


def parties(project: Project) -> Iterable[User]:
    """Both sides, once they were introduced."""
    return [project.client, project.winner] if project.winner else []


def reviews_page(facts: Facts, label: str) -> tuple[str, str]:
    """The button that leads to the reviews of a project."""
    return label, reverse("projects:reviews", args=[facts["key"]])


@tells("project.completed", kind=Kind.PROJECTS)
class Completed(Telling):
    """Both parties learn that the project is over, on whose word, and until when they may review each other."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        until, said_by = review_until(project), event.by.public_name if event.by else ""
        for person in parties(project):
            told = {"by": "" if event.by == person else said_by, "own": event.by == person}
            yield person, {**about(project), **told, "before": until.isoformat() if until else ""}

    def letter(self, facts: Facts) -> Letter:
        whose = _("It is completed, all being settled or the time of the base formula being over.")
        if facts["own"]:
            whose = _("You said that the work is over.")
        elif facts["by"]:
            whose = _("%(by)s says that the work is over.") % facts
        invited = _("Say what you think of the other party: three marks and a few words, for those who come after you.")
        return Letter(
            subject=_("Project completed, your opinion: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[whose, invited],
            figures=[(_("To write before"), paris(datetime.fromisoformat(facts["before"])))],
            note=_("Both reviews are published together; neither of you reads the other’s before."),
            action=reviews_page(facts, _("Write my review")),
        )


@tells("review.written", kind=Kind.PROJECTS)
class OtherReviewed(Telling):
    """The other party has given an opinion: it is read once one's own is in. Nothing when it was the second."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        until = review_until(project)
        if event.by and until and Review.objects.filter(project=project).count() == 1:
            facts = {**about(project), "by": event.by.public_name, "before": until.isoformat()}
            yield other_party(project, event.by), facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("%(by)s has given an opinion: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("You read it as soon as you have written yours. After that date it is published alone.")],
            figures=[(_("To write before"), paris(datetime.fromisoformat(facts["before"])))],
            action=reviews_page(facts, _("Write my review")),
        )


@tells("review.published", kind=Kind.PROJECTS)
class ReviewsPublished(Telling):
    """Both parties are told; each reads what the other says of them."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project, people = project_of(event), ("author__company", "subject__company")
        rows = Review.objects.filter(pk__in=event.facts["reviews"]).select_related(*people)
        said = {review.subject_id: Said(review).text for review in rows}
        for person in parties(project):
            yield person, {**about(project), "said": said.get(person.pk, "")}

    def letter(self, facts: Facts) -> Letter:
        words = _("The other party says of you:") if facts["said"] else _("The other party has written none.")
        return Letter(
            subject=_("Reviews published: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[words, _("The reviews of this project no longer change.")],
            quote=facts["said"],
            note=_("You may answer once, in public.") if facts["said"] else "",
            action=reviews_page(facts, _("Read the reviews")),
        )


@tells("review.answered", kind=Kind.PROJECTS)
class ReviewAnswered(Telling):
    """The author reads what the reviewed answers."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        review = Review.objects.select_related("project", "author__company", "subject__company")
        found = review.get(pk=event.facts["review"])
        yield found.author, {**about(found.project), "by": found.subject.public_name, "said": Said(found).answer}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("%(by)s answers your review: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("The answer is shown below your review:")],
            quote=facts["said"],
            action=reviews_page(facts, _("Read the reviews")),
        )


@tells("review.hidden", kind=Kind.PROJECTS)
class ReviewHidden(Telling):
    """The author reads why their review is no longer shown."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        review = Review.objects.select_related("project", "author").get(pk=event.facts["review"])
        yield review.author, {**about(review.project), "reason": review.hidden_reason}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your review is no longer shown: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Our moderation has hidden it, for this reason:")],
            quote=facts["reason"],
            action=reviews_page(facts, _("See my review")),
        )


@tells("survey.asked", kind=Kind.PROJECTS)
class WhatBecameOfIt(Telling):
    """Each party of a base project is asked what became of it."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project, rank = project_of(event), event.facts["rank"]
        for survey in Survey.objects.filter(project=project, rank=rank).select_related("person"):
            yield survey.person, {**about(project), "rank": rank}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("What became of your project? %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Under the base formula you manage the work and its payment between yourselves. How does it go?"),
                _("Three questions, a minute. Only our staff reads your answers, never the other party."),
            ],
            action=(_("Answer"), reverse("projects:survey", args=[facts["key"], facts["rank"]])),
        )


@tells("profile.removed", kind=Kind.ACCOUNT)
class ProfileTakenDown(Telling):
    """The provider reads why their profile is no longer shown."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        profile = Profile.objects.select_related("provider").get(pk=event.facts["profile"])
        yield profile.provider, {"reason": event.facts["reason"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your profile is no longer shown"),
            paragraphs=[_("Our moderation has taken it down, for this reason:")],
            quote=facts["reason"],
            note=_("Correct it, then publish it again."),
            action=(_("Change my profile"), reverse("projects:edit_profile")),
        )
