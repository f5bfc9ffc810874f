from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from marketplace.policies import policy
from projects.dossier import Dossier
from projects.models import Project


@require_GET
@policy("projects.discover")
def detail(request: HttpRequest, key: str) -> HttpResponse:
    rows = Project.objects.visible_to(request.user).select_related("client__company", "category", "winner")
    project = get_object_or_404(rows, key=key)
    dossier = Dossier(project, request.user)
    return render(request, dossier.template, {"project": project, "dossier": dossier})
