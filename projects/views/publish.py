from __future__ import annotations

from typing import Any, NoReturn

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.policies import UserRequest, policy
from projects.changes import history
from projects.forms.publish import ChangeForm, DiscardForm, ExtendForm, SubmitForm, WithdrawForm
from projects.forms.steps import DRAFT, STEPS, StepForm
from projects.mine import Desk
from projects.models import Offer, Project, ProjectVersion
from projects.preview import Preview


def sent(request: UserRequest) -> tuple[Any, Any]:
    """What a POST brought, for a form with files."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def answered(request: UserRequest, form: StepForm) -> HttpResponse | None:
    """After a step was sent: JSON to the page that saves itself, else on to the next page unless it is drawn again."""
    went = form.save(by=request.user)
    if request.headers.get("X-Autosave"):
        return JsonResponse(form.report, status=409 if form.conflict else 200)
    if went and form.act == DRAFT:
        messages.success(request, _("Your draft is saved. Nobody else sees it."))
    return redirect(form.onward) if went else None


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def new(request: UserRequest) -> HttpResponse:
    form = StepForm(*sent(request))
    answer = answered(request, form) if request.method == "POST" else None
    return answer or render(request, "projects/form.html", {"form": form, "project": form.project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def edit(request: UserRequest, key: str, step: str = "besoin") -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user), key=key)
    page = STEPS.get(step) or missing_page()
    if request.method != "POST" and not project.is_editable:
        return elsewhere(request, project)
    if request.method != "POST" and "corriger" in request.GET:
        form = StepForm.correcting(project, page)
    else:
        form = StepForm(*sent(request), project=project, step=page)
    answer = answered(request, form) if request.method == "POST" else None
    return answer or render(request, "projects/form.html", {"form": form, "project": project})


def missing_page() -> NoReturn:
    """No such step."""
    raise Http404


def elsewhere(request: UserRequest, project: Project) -> HttpResponse:
    """Where a project that is no draft is changed, or read."""
    if project.is_changeable:
        return redirect("projects:change", project.key)
    messages.warning(request, str(Project.NotEditable()))
    return redirect("projects:report", project.key)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def change(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).published(), key=key)
    form = ChangeForm(*sent(request), project=project)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, form.thanks)
        return redirect("projects:report", project.key)
    bidders = Offer.objects.living().filter(project=project).count()
    return render(request, "projects/change.html", {"form": form, "project": project, "bidders": bidders})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def extend(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).published(), key=key)
    if request.method != "POST":
        return render(request, "projects/extend.html", {"project": project})
    form = ExtendForm(request.POST)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("You have more time to choose. The bidders have been told."))
    for refusal in form.non_field_errors():
        messages.warning(request, str(refusal))
    return redirect("projects:compare", project.key)


@require_safe
@policy("projects.own")
def versions(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.dossier_open_to(request.user).once_open(), key=key)
    rows = ProjectVersion.objects.readable_by(request.user).filter(project=project)
    return render(request, "projects/versions.html", {"project": project, "history": history(list(rows))})


@require_safe
@policy("projects.publish")
def preview(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).select_related("category"), key=key)
    return render(request, "projects/preview.html", {"preview": Preview(project), "form": SubmitForm()})


@require_POST
@policy("projects.publish")
def submit(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).select_related("category"), key=key)
    form = SubmitForm(request.POST)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, Preview(project).thanks)
        return redirect("projects:report", project.key)
    return render(request, "projects/preview.html", {"preview": Preview(project), "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def withdraw(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user), key=key)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your project is withdrawn. Those who had spent credits on it get them back."))
        return redirect("projects:mine")
    return render(request, "projects/withdraw.html", {"form": form, "project": project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.publish")
def discard(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user), key=key)
    form = DiscardForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your draft is deleted."))
        return redirect("projects:mine")
    return render(request, "projects/discard.html", {"form": form, "project": project})


@require_safe
@policy("projects.own", suspended=True)
def mine(request: UserRequest) -> HttpResponse:
    asked = request.GET
    shelf, stage, before = asked.get("vue", ""), asked.get("etape", ""), asked.get("avant", "")
    return render(request, "projects/mine.html", {"desk": Desk(request.user, shelf=shelf, stage=stage, before=before)})
