from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from marketplace.templatetags.page import paris
from projects.forms.flags import FlagForm
from projects.models import Flag, Project


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.flag")
def flag(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.flaggable_by(request.user).select_related("category"), key=key)
    form = FlagForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (filed := form.save(project, by=request.user)):
        told = _("Our moderation has your report. It answers you before %(before)s.")
        messages.success(request, told % {"before": paris(filed.answer_by)})
        return redirect(project)
    pending = Flag.objects.filed_by(request.user).pending().filter(project=project).first()
    return render(request, "projects/flag.html", {"form": form, "project": project, "pending": pending})
