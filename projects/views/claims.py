from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from marketplace.templatetags.page import paris
from projects.details import DetailsCheck, Standing
from projects.forms.claims import CorrectedForm, DetailsClaimForm, StatementForm
from projects.models import Project


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.claim_details")
def claim(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.called_by(request.user).select_related("client"), key=key)
    check = DetailsCheck(project, request.user)
    form = DetailsClaimForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (filed := form.save(check)):
        told = _("Our staff checks the details and answers you before %(before)s.")
        messages.success(request, told % {"before": paris(filed.answer_by)})
        return redirect(f"{project.get_absolute_url()}#contact")
    return render(request, "projects/claim_details.html", {"form": form, "project": project, "check": check})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.confirm_details")
def confirm(request: UserRequest) -> HttpResponse:
    standing = Standing(request.user)
    form = CorrectedForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(by=request.user):
        if standing.found:
            messages.success(request, _("Your details are corrected. You can publish again."))
        return redirect("accounts:home")
    page = {"standing": standing, "corrected": form, "form": StatementForm()}
    return render(request, "projects/confirm_details.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.confirm_details")
def contest(request: UserRequest) -> HttpResponse:
    form = StatementForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Our moderation checks your details again and answers you."))
        return redirect("projects:confirm_details")
    page = {"standing": Standing(request.user), "form": form}
    return render(request, "projects/confirm_details.html", page)
