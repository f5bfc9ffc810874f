from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from projects.forms.second_choice import ReopenForm, RunnerUpForm
from projects.models import Offer, Project, SecondChoice


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.select")
def call(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Offer.objects.addressed_to(request.user).select_related("provider", "project")
    offer = get_object_or_404(rows, project__key=key, pk=pk)
    form = RunnerUpForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (agreement := form.save(offer, by=request.user)):
        messages.success(request, _("They have been told. Now confirm the terms with them."))
        return redirect(agreement)
    context = {"form": form, "offer": offer, "project": offer.project, "choice": SecondChoice(offer.project)}
    return render(request, "projects/call_runner_up.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.select")
def reopen(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user), key=key)
    form = ReopenForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your call is open again. Its bidders have been told that their offers stand."))
        return redirect("projects:report", project.key)
    return render(request, "projects/reopen.html", {"form": form, "project": project, "choice": SecondChoice(project)})
