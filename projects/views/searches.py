from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from projects.forms.searches import RenameSearchForm, SaveSearchForm
from projects.models import SavedSearch


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.interests")
def save(request: UserRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = SaveSearchForm(data, provider=request.user, address=request.GET.urlencode())
    if form.is_valid() and (saved := form.save()):
        search, is_new = saved
        words = _("Search saved: “%(name)s”.") if is_new else _("You keep this search already: “%(name)s”.")
        messages.success(request, words % {"name": search.name})
        return redirect("projects:interests")
    return render(request, "projects/save_search.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.interests")
def rename(request: UserRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(SavedSearch.objects.kept_by(request.user), pk=pk)
    form = RenameSearchForm(request.POST if request.method == "POST" else None, search=search)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your choices are saved."))
        return redirect("projects:interests")
    return render(request, "projects/rename_search.html", {"form": form, "search": search})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.interests")
def forget(request: UserRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(SavedSearch.objects.kept_by(request.user), pk=pk)
    if request.method == "POST":
        search.forget()
        messages.success(request, _("Search deleted: “%(name)s”.") % {"name": search.name})
        return redirect("projects:interests")
    return render(request, "projects/forget_search.html", {"search": search})
