from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.staff import MODERATION
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import paris
from projects.models import Flag, FlagReason
from projects.notices.publishing import about


def flags_of(event: Event) -> Iterable[Flag]:
    """The flags that an event closed, with their reporters."""
    rows = Flag.objects.select_related("project", "reporter")
    return rows.filter(pk__in=event.facts["flags"]).order_by("pk")


@tells("flag.filed", kind=Kind.PROJECTS)
class FlagReceived(Telling):
    """Who reported a project is told until when they are answered."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        flag = Flag.objects.select_related("project", "reporter").get(pk=event.facts["flag"])
        yield flag.reporter, {**about(flag.project), "text": flag.text, "before": flag.answer_by.isoformat()}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("We have your report: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Our moderation examines the project. The client is never told who reported it."),
                _("You wrote:"),
            ],
            quote=facts["text"],
            figures=[(_("We answer you before"), paris(datetime.fromisoformat(facts["before"])))],
            action=(_("Open the project"), reverse("projects:detail", args=[facts["key"]])),
        )


@tells("flag.filed", kind=Kind.PROJECTS, name="flag.filed.moderator")
class FlagToExamine(Telling):
    """The moderators are told of the first report of a project; the next ones join it in their queue."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        flag = Flag.objects.select_related("project").get(pk=event.facts["flag"])
        if Flag.objects.pending().filter(project=flag.project).exclude(pk=flag.pk).exists():
            return
        facts = {**about(flag.project), "pk": flag.pk, "text": flag.text, "reason": flag.reason}
        facts["before"] = flag.answer_by.isoformat()
        for moderator in User.objects.filter(groups__name=MODERATION, is_active=True).order_by("pk"):
            yield moderator, facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Project reported: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Somebody reports this project: %(reason)s.") % {"reason": FlagReason(facts["reason"]).label}
            ],
            quote=facts["text"],
            figures=[(_("To be answered before"), paris(datetime.fromisoformat(facts["before"])))],
            action=(_("Examine the report"), reverse("admin:projects_flag_change", args=[facts["pk"]])),
        )


class FlagAnswered(Telling):
    """Who reported a project reads what came of it."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        for flag in flags_of(event):
            yield flag.reporter, {**about(flag.project), "words": flag.words}


@tells("flag.dismissed", kind=Kind.PROJECTS)
class FlagDismissed(FlagAnswered):
    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Our answer to your report: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Our moderation has examined the project and has not rejected it. It answers you:")],
            quote=facts["words"],
            note=_("If something new happens on this project, report it again."),
            action=(_("Open the project"), reverse("projects:detail", args=[facts["key"]])),
        )


@tells("flag.upheld", kind=Kind.PROJECTS)
class FlagUpheld(FlagAnswered):
    def letter(self, facts: Facts) -> Letter:
        thanks = _("Our moderation has rejected the project that you reported: it has left the site. Thank you.")
        return Letter(
            subject=_("Project rejected after your report: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[thanks, *([_("It adds:")] if facts["words"] else [])],
            quote=facts["words"],
            note=_("You have nothing to do. Credits spent on it come back by themselves."),
            action=(_("See the available projects"), reverse("projects:list")),
        )
