from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from marketplace.events.models import Event
from marketplace.policies import UserRequest, policy
from projects import report as parts
from projects.models import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


@require_GET
@policy("projects.own")
def report(request: UserRequest, key: str) -> HttpResponse:
    rows = Project.objects.report_open_to(request.user).select_related("client__company", "winner__company", "category")
    project = get_object_or_404(rows, key=key)
    return render(request, "projects/report.html", page_of(project, request.user))


def page_of(project: Project, user: User) -> dict[str, Any]:
    """What the report says of `project` to `user`."""
    events = Event.objects.of(project).select_related("by").order_by("-pk")[:200]
    todos = parts.todos(project, user)
    return {
        "project": project,
        "todos": todos,
        "first": todos[0] if todos else None,
        "timeline": list(parts.lines(list(events), user)),
        "panels": list(parts.panels(project, user)),
        "pages": list(parts.pages(project, user)),
        "crumbs": [
            (_("My projects"), reverse("projects:mine")),
            (_("Project %(number)s") % {"number": project.number}, ""),
        ],
    }
