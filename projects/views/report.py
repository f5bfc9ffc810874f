from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.events.models import Event
from marketplace.policies import UserRequest, policy
from projects import report as parts
from projects.dossier import with_access_of
from projects.models import Formula, Project
from projects.storyline import own_version

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST_EVENTS = 200


@require_safe
@policy("projects.own")
def report(request: UserRequest, key: str) -> HttpResponse:
    rows = with_access_of(Project.objects.report_open_to(request.user), request.user)
    project = get_object_or_404(rows.select_related("category"), key=key)
    return render(request, "projects/report.html", page_of(project, request.user))


def page_of(project: Project, user: User) -> dict[str, Any]:
    """What the report says of `project` to `user`: always the same number of queries."""
    reading = parts.Reading(project, user)
    events = Event.objects.of(project).select_related("by").order_by("-pk")[:MOST_EVENTS]
    todos = parts.todos(reading)
    number = _("Project %(number)s") % {"number": project.number}
    return {
        "project": project,
        "banners": parts.banners(reading),
        "todos": todos,
        "first": todos[0] if todos else None,
        "timeline": list(parts.lines(list(events), reading)),
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
