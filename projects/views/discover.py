from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.policies import UserRequest, policy
from projects.cards import cards
from projects.forms.discover import Finder, InterestsForm
from projects.saved import searches_of


@require_safe
@policy("projects.discover")
def available(request: HttpRequest) -> HttpResponse:
    finder = Finder(request.GET, request.path)
    page = finder.page(request.user)
    drawn = cards(page.projects, {category.pk: category.name for category in finder.categories})
    headline = finder.counts.headline(len(drawn))
    context = {"finder": finder, "page": page, "cards": drawn, "headline": headline}
    response = render(request, "projects/list.html", context)
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = finder.here
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.interests")
def interests(request: UserRequest) -> HttpResponse:
    form = InterestsForm(request.POST if request.method == "POST" else None, provider=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your choices are saved."))
        return redirect("projects:interests")
    return render(request, "projects/interests.html", {"form": form, "searches": searches_of(request.user)})
