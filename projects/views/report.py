from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.policies import UserRequest, policy
from projects import dates as coming
from projects import report as parts
from projects.calendars import calendar_of
from projects.gathering import gathered
from projects.models import Formula
from projects.storyline import own_version

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Project


@require_safe
@policy("projects.own", suspended=True)
def report(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(gathered(request.user), key=key)
    return render(request, "projects/report.html", page_of(project, request.user, request.GET.get("avant", "")))


@require_safe
@policy("projects.own", suspended=True)
def dates(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(gathered(request.user), key=key)
    asked = request.GET.get("date", "")
    rows = [row for row in coming.dates(parts.Reading(project, request.user)) if asked in {"", row.ref}]
    if not rows:
        raise Http404
    response = HttpResponse(calendar_of(project, rows), content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = f'attachment; filename="echeances-{project.number}.ics"'
    return response


def page_of(project: Project, user: User, before: str = "") -> dict[str, Any]:
    """What the report says of `project` to `user`, its timeline from the event `before`: as many queries for any."""
    reading = parts.Reading(project, user, before=before)
    todos = parts.todos(reading)
    number = _("Project %(number)s") % {"number": project.number}
    return {
        "project": project,
        "banners": parts.banners(reading),
        "todos": todos,
        "first": todos[0] if todos else None,
        "panels": list(parts.panels(reading)),
        "pages": list(parts.pages(reading)),
        "crumbs": [(_("My projects"), reverse("projects:mine")), (number, "")],
        "head_badges": badges(reading),
        "head_meta": [project.category.name, number],
    }


def badges(reading: parts.Reading) -> list[tuple[str, str]]:
    """The formula: the one of the terms for the parties, else the one that the client wants."""
    if version := reading.once(own_version):
        return [("ink", capfirst(str(Formula(version.formula).label)))]
    return [("", _("R0 formula wanted"))] if reading.project.formula_wanted == Formula.R0 else []
