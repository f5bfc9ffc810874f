from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from projects.forms.endings import AnswerForm, CompletionForm, ReviewForm, SurveyForm
from projects.models import Completion, Project, Review, Survey
from projects.opinions import Pair, Said


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def complete(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.shared_by(request.user), key=key)
    form = CompletionForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("The project is completed. The other party is told; now give your opinion."))
        return redirect("projects:reviews", project.key)
    page = {"form": form, "project": project, "is_open": Completion(project).is_open}
    return render(request, "projects/complete.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def reviews(request: UserRequest, key: str) -> HttpResponse:
    pair = Pair(get_object_or_404(Project.objects.shared_by(request.user), key=key), request.user)
    form = ReviewForm(request.POST if request.method == "POST" else None, pair=pair)
    if form.is_valid() and (review := form.save()):
        kept = _("Your review is kept. It is published with the other party’s, or alone when the time is over.")
        messages.success(request, kept if review.published_at is None else _("Both reviews are published."))
        return redirect("projects:reviews", pair.project.key)
    return render(request, "projects/reviews.html", {"form": form, "pair": pair, "project": pair.project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def answer_review(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Review.objects.answerable_by(request.user).select_related("project", "author__company", "subject__company")
    review = get_object_or_404(rows, project__key=key, pk=pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(review, by=request.user):
        messages.success(request, _("Your answer is published."))
        return redirect("projects:reviews", key)
    context = {"form": form, "said": Said(review), "project": review.project}
    return render(request, "projects/answer_review.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def survey(request: UserRequest, key: str, rank: int) -> HttpResponse:
    rows = Survey.objects.addressed_to(request.user).select_related("project")
    found = get_object_or_404(rows, project__key=key, rank=rank)
    form = SurveyForm(request.POST if request.method == "POST" else None, survey=found)
    if form.is_valid() and form.save():
        messages.success(request, _("Thank you. Only our staff reads your answers."))
        return redirect("projects:report", key)
    return render(request, "projects/survey.html", {"form": form, "survey": found, "project": found.project})
