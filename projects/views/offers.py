from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from credits.models import Kind
from marketplace.policies import UserRequest, policy
from projects.forms.offers import AnswerForm, MessageForm, OfferForm, QuestionForm, SpendForm, Writing
from projects.masks import Mask
from projects.models import Offer, OfferDraft, Project, Question
from projects.spending import Ticket
from projects.tabs import TALK

if TYPE_CHECKING:
    from marketplace.accounts.models import User

KINDS = {"consultation": Kind.CONSULTATION, "offre": Kind.OFFER, "contact": Kind.CONTACT}


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.spend")
def spend(request: UserRequest, key: str, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    rows = Project.objects.visible_to(request.user).select_related("client__company", "category")
    project = get_object_or_404(rows, key=key)
    form = SpendForm(request.POST if request.method == "POST" else None)
    ticket = Ticket(project, KINDS[kind], request.user)
    if form.is_valid() and (spending := form.save(project, KINDS[kind], by=request.user)):
        messages.success(request, ticket.thanks)
        return redirect(ticket.next_url(spending))
    return render(request, "projects/spend.html", {"form": form, "project": project, "ticket": ticket})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.offer")
def offer(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.bid_open_to(request.user).select_related("client"), key=key)
    form = OfferForm(*sent(request), **written(project, request.user), version=project.version)
    if form.wants_row:
        form.add_row()
    elif form.wants_draft:
        if form.save_draft(project, by=request.user):
            messages.success(request, _("Your draft is saved. Nobody else sees it, and nothing is sent to the client."))
            return redirect("projects:offer", project.key)
    elif form.is_valid() and form.save(project, by=request.user):
        messages.success(request, _("Your offer is with the client. You may revise it until they choose."))
        return redirect(project)
    return render(request, "projects/offer.html", {"form": form, "project": project, "offer": form.offer})


def sent(request: UserRequest) -> tuple[Any, Any]:
    """What a form was sent with, texts and files; nothing before it is sent."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def written(project: Project, provider: User) -> dict[str, Any]:
    """What the provider has already written on `project`: an offer, a draft, or neither."""
    offers = Offer.objects.placed_by(provider).filter(project=project)
    drafts = OfferDraft.objects.written_by(provider).filter(project=project)
    mine = offers.prefetch_related("tranches", "enclosures").first()
    return {"offer": mine, "draft": drafts.prefetch_related("enclosures").first()}


def published(request: UserRequest, form: Writing, words: str, project: Project) -> HttpResponse:
    """Back to the questions and messages; who wrote contact details is told that they are masked."""
    messages.success(request, words)
    if form.hides():
        messages.warning(request, _("Contact details in your text are masked for its readers."))
    return redirect(f"{project.get_absolute_url()}?onglet={TALK}")


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.offer")
def withdraw_offer(request: UserRequest, key: str) -> HttpResponse:
    rows = Offer.objects.placed_by(request.user).select_related("project")
    mine = get_object_or_404(rows, project__key=key)
    form = SpendForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.done(lambda: mine.withdraw(by=request.user)):
        messages.success(request, _("Your offer is withdrawn. The client no longer sees it."))
        return redirect(mine.project)
    return render(request, "projects/withdraw_offer.html", {"form": form, "offer": mine, "project": mine.project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.offer")
def ask(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.bid_open_to(request.user), key=key)
    form = QuestionForm(*sent(request))
    if form.is_valid() and form.save(project, by=request.user):
        return published(request, form, _("Your question is with the client. You will be told of the answer."), project)
    return render(request, "projects/ask.html", {"form": form, "project": project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.message")
def message(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.talk_open_to(request.user), key=key)
    form = MessageForm(*sent(request))
    if form.is_valid() and form.save(project, by=request.user):
        return published(request, form, _("Your message is published to all who opened the dossier."), project)
    return render(request, "projects/message.html", {"form": form, "project": project})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.answer")
def answer(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Question.objects.answerable_by(request.user).select_related("project", "provider", "answer")
    question = get_object_or_404(rows.prefetch_related("enclosures"), project__key=key, pk=pk)
    form = AnswerForm(*sent(request))
    if form.is_valid() and form.save(question, by=request.user):
        words = _("Your answer is published to every provider who reads the dossier.")
        return published(request, form, words, question.project)
    words = Mask(question.project, request.user, names_client=True).of(question.text, question.provider_id)
    context = {"form": form, "question": question, "words": words, "project": question.project}
    return render(request, "projects/answer.html", context)
