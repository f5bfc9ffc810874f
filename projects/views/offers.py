from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from credits.models import Kind
from marketplace.policies import UserRequest, policy
from projects.forms.offers import AnswerForm, OfferForm, QuestionForm, SpendForm
from projects.models import Offer, Project, Question
from projects.spending import Ticket

KINDS = {"consultation": Kind.CONSULTATION, "offre": Kind.OFFER, "contact": Kind.CONTACT}


@require_http_methods(["GET", "POST"])
@policy("projects.spend")
def spend(request: UserRequest, key: str, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    rows = Project.objects.visible_to(request.user).with_track_record().select_related("client__company", "category")
    project = get_object_or_404(rows, key=key)
    form = SpendForm(request.POST if request.method == "POST" else None)
    ticket = Ticket(project, KINDS[kind], request.user)
    if form.is_valid() and (spending := form.save(project, KINDS[kind], by=request.user)):
        messages.success(request, ticket.thanks)
        return redirect(ticket.next_url(spending))
    return render(request, "projects/spend.html", {"form": form, "project": project, "ticket": ticket})


@require_http_methods(["GET", "POST"])
@policy("projects.offer")
def offer(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.bid_open_to(request.user).select_related("client"), key=key)
    mine = Offer.objects.placed_by(request.user).filter(project=project).prefetch_related("tranches").first()
    form = OfferForm(request.POST if request.method == "POST" else None, offer=mine, version=project.version)
    if form.wants_row:
        form.add_row()
    elif form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your offer is with the client. You may revise it until they choose."))
        return redirect(project)
    return render(request, "projects/offer.html", {"form": form, "project": project, "offer": mine})


@require_http_methods(["GET", "POST"])
@policy("projects.offer")
def withdraw_offer(request: UserRequest, key: str) -> HttpResponse:
    rows = Offer.objects.placed_by(request.user).select_related("project")
    mine = get_object_or_404(rows, project__key=key)
    form = SpendForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.done(lambda: mine.withdraw(by=request.user)):
        messages.success(request, _("Your offer is withdrawn. The client no longer sees it."))
        return redirect(mine.project)
    return render(request, "projects/withdraw_offer.html", {"form": form, "offer": mine, "project": mine.project})


@require_http_methods(["GET", "POST"])
@policy("projects.offer")
def ask(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.bid_open_to(request.user), key=key)
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your question is with the client. You will be told of the answer."))
        return redirect(f"{project.get_absolute_url()}#questions")
    return render(request, "projects/ask.html", {"form": form, "project": project})


@require_http_methods(["GET", "POST"])
@policy("projects.answer")
def answer(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Question.objects.answerable_by(request.user).select_related("project", "provider")
    question = get_object_or_404(rows, project__key=key, pk=pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(question, by=request.user):
        messages.success(request, _("Your answer is published to every provider who reads the dossier."))
        return redirect(f"{question.project.get_absolute_url()}#questions")
    return render(request, "projects/answer.html", {"form": form, "question": question, "project": question.project})
