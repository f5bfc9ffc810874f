from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.policies import UserRequest, policy
from projects.forms.directory import Directory
from projects.forms.profiles import ProfileForm
from projects.models import Profile
from projects.portrait import Sheet


@require_safe
@policy("projects.discover")
def directory(request: HttpRequest) -> HttpResponse:
    asked = Directory(request.GET)
    response = render(request, "projects/directory.html", {"directory": asked})
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = asked.here
    return response


@require_safe
@policy("projects.discover")
def profile(request: HttpRequest, key: str) -> HttpResponse:
    rows = Profile.objects.visible_to(request.user).select_related("provider__company")
    found = get_object_or_404(rows.prefetch_related("in_categories__category"), key=key)
    sheet = Sheet(found, request.GET.get("avant", ""))
    return render(request, "projects/profile.html", {"sheet": sheet, "mine": found.provider == request.user})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.profile")
def edit(request: UserRequest) -> HttpResponse:
    form = ProfileForm(request.POST if request.method == "POST" else None, provider=request.user)
    if form.is_valid():
        told = {True: _("Your profile is published."), False: _("Your profile is saved. Nobody else sees it.")}
        messages.success(request, told[form.save().published_at is not None])
        return redirect("projects:edit_profile")
    return render(request, "projects/edit_profile.html", {"form": form, "profile": form.profile})
