from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from escrow.forms import AgreeForm, GiveBackForm, RefundForm, RefuseForm
from escrow.links import case_of
from escrow.models import RefundRequest, Tranche
from escrow.models.requests import RefundRequestQuerySet
from escrow.states import RequestState
from escrow.views import draw
from marketplace.policies import UserRequest, policy
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.ask_refund")
def ask_refund(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.releasable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = RefundForm(request.POST if request.method == "POST" else None, tranche=tranche)
    if form.is_valid() and (asked := form.save(by=request.user)):
        messages.success(request, _("The refund is asked for: the provider has been told."))
        return redirect(asked)
    asked = tranche.refund_requests.living().first()
    return draw(request, "escrow/ask_refund.html", tranche.account, form=form, tranche=tranche, asked=asked)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.answer_refund", reauthenticate=True)
def give_back(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.deliverable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = GiveBackForm(request.POST if request.method == "POST" else None, tranche=tranche)
    if form.is_valid() and (done := form.save(by=request.user)):
        messages.success(request, _("%(amount)s go back to the client.") % {"amount": euros(done.cents)})
        return redirect(tranche.account)
    asked = tranche.refund_requests.living().first()
    return draw(request, "escrow/give_back.html", tranche.account, form=form, tranche=tranche, asked=asked)


@require_safe
@policy("escrow.party", suspended=True)
def refund(request: UserRequest, key: str, pk: int) -> HttpResponse:
    return show(request, request_for(RefundRequest.objects.visible_to(request.user), key, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.answer_refund", reauthenticate=True)
def agree_refund(request: UserRequest, key: str, pk: int) -> HttpResponse:
    asked = request_for(RefundRequest.objects.answerable_by(request.user), key, pk)
    form = AgreeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(asked, by=request.user):
        messages.success(request, _("%(amount)s go back to the client.") % {"amount": euros(asked.cents)})
        return redirect(asked)
    tranche, refused = asked.tranche, [str(error) for errors in form.errors.values() for error in errors]
    return draw(request, "escrow/agree_refund.html", tranche.account, tranche=tranche, asked=asked, refused=refused)


@require_POST
@policy("escrow.answer_refund")
def refuse_refund(request: UserRequest, key: str, pk: int) -> HttpResponse:
    asked, form = request_for(RefundRequest.objects.answerable_by(request.user), key, pk), RefuseForm(request.POST)
    if form.is_valid() and form.save(asked, by=request.user):
        messages.success(request, _("The refund is refused. The client has been told; the money stays held."))
        return redirect(asked)
    return show(request, asked, refuse_form=form, refused=form.non_field_errors())


@require_POST
@policy("escrow.ask_refund")
def withdraw_refund(request: UserRequest, key: str, pk: int) -> HttpResponse:
    asked = request_for(RefundRequest.objects.asked_by(request.user), key, pk)
    try:
        asked.withdraw(by=request.user)
        messages.success(request, _("Your request is withdrawn. The provider has been told; the money stays held."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(asked)


def request_for(rows: RefundRequestQuerySet, key: str, pk: int) -> RefundRequest:
    """One of `rows` of the project, with its parties, or the 404 of one that does not exist."""
    return get_object_or_404(rows.with_parties(), tranche__account__project__key=key, pk=pk)


def show(request: UserRequest, asked: RefundRequest, **parts: Any) -> HttpResponse:
    """The page of a request: what was asked, what was answered, what the reader can do."""
    account = asked.tranche.account
    is_client = request.user.pk == account.agreement.client_id
    context = {"refuse_form": RefuseForm(), "refused": [], "is_client": is_client, "asked": asked, **parts}
    if asked.state == RequestState.ESCALATED:
        context["case"], context["step"] = case_of(asked.tranche, request.user)
    return draw(request, "escrow/refund.html", account, tranche=asked.tranche, **context)
