from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.policies import policy
from projects.dossier import Dossier, addressed_by


@require_safe
@policy("projects.discover", suspended="to read")
def detail(request: HttpRequest, key: str) -> HttpResponse:
    project = get_object_or_404(addressed_by(request.user), key=key)
    dossier = Dossier(project, request.user, request.GET.get("onglet", ""))
    return render(request, dossier.template, {"project": project, "dossier": dossier})
