from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.policies import UserRequest, policy
from projects import amending
from projects.forms.amendments import AmendAcceptForm, AmendDeclineForm, AmendForm, AmendPayForm, WithdrawForm
from projects.models import Agreement, Amendment
from projects.terms import changes
from projects.views.agreements import agreement_for


def amendment_for(request: UserRequest, key: str, n: int) -> Amendment:
    rows = Amendment.objects.visible_to(request.user).select_related(
        "version__author", "agreement__project", "agreement__client", "agreement__provider", "agreement__payer"
    )
    return get_object_or_404(rows, agreement__key=key, number=n)


def crumbs(agreement: Agreement, end: str) -> list[tuple[str, str]]:
    """The way down to an avenant."""
    project = agreement.project
    report = (project.title, reverse("projects:report", args=[project.key]))
    return [report, (_("Agreement"), agreement.get_absolute_url()), (end, "")]


def draw(request: UserRequest, amendment: Amendment, **forms: Any) -> HttpResponse:
    """The page of an avenant; `forms` replace fresh ones when they carry errors, `refused` is a sentence on top."""
    agreement, version, user = amendment.agreement, amendment.version, request.user
    mine = user in amendment.awaited()
    context = {
        "obstacle": amendment.obstacle,
        "amendment": amendment,
        "agreement": agreement,
        "project": agreement.project,
        "version": version,
        "changes": changes(amendment.former, version),
        "change": amendment.change,
        "effects": amending.effects(version) if amendment.is_begun else [],
        "is_author": user == version.author,
        "is_payer": user == amendment.payer,
        "payer_is_client": amendment.payer == agreement.client,
        "mine": mine,
        "yours": mine and not user.is_suspended,
        "accept_form": AmendAcceptForm(version=version, user=user),
        "decline_form": AmendDeclineForm(),
        "pay_form": AmendPayForm(),
        "crumbs": crumbs(agreement, _("Amendment %(n)s") % {"n": amendment.number}),
        **forms,
    }
    return render(request, "projects/amendment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def amend(request: UserRequest, key: str) -> HttpResponse:
    agreement = agreement_for(request, key)
    form = AmendForm(request.POST if request.method == "POST" else None, agreement=agreement, user=request.user)
    if form.wants_row:
        form.add_row()
    elif form.is_valid() and (made := form.save()):
        messages.success(request, _("The amendment is proposed. It binds once both of you have accepted it: you too."))
        return redirect(made)
    context = {"form": form, "agreement": agreement, "project": agreement.project}
    return render(request, "projects/amend.html", {**context, "crumbs": crumbs(agreement, _("Propose an amendment"))})


@require_safe
@policy("agreements.party", suspended="to read")
def amendment(request: UserRequest, key: str, n: int) -> HttpResponse:
    return draw(request, amendment_for(request, key, n))


@require_POST
@policy("agreements.party")
def accept(request: UserRequest, key: str, n: int) -> HttpResponse:
    amendment = amendment_for(request, key, n)
    form = AmendAcceptForm(request.POST, version=amendment.version, user=request.user)
    if form.is_valid() and form.save(amendment):
        messages.success(request, _("You have accepted the amendment."))
        return redirect(amendment)
    if refused := form.non_field_errors():
        return draw(request, amendment_for(request, key, n), refused=refused)
    return draw(request, amendment_for(request, key, n), accept_form=form)


@require_POST
@policy("agreements.party")
def decline(request: UserRequest, key: str, n: int) -> HttpResponse:
    amendment = amendment_for(request, key, n)
    form = AmendDeclineForm(request.POST)
    if form.is_valid() and form.save(amendment, by=request.user):
        messages.success(request, _("The amendment is declined. The other party has been told; the terms stand."))
        return redirect(amendment)
    return draw(request, amendment_for(request, key, n), decline_form=form, refused=form.non_field_errors())


@require_POST
@policy("agreements.party")
def withdraw(request: UserRequest, key: str, n: int) -> HttpResponse:
    amendment, form = amendment_for(request, key, n), WithdrawForm(request.POST)
    if form.is_valid() and form.save(amendment, by=request.user):
        messages.success(request, _("The amendment is withdrawn. The other party has been told; the terms stand."))
        return redirect(amendment)
    return draw(request, amendment_for(request, key, n), refused=form.non_field_errors())


@require_POST
@policy("agreements.pay")
def pay(request: UserRequest, key: str, n: int) -> HttpResponse:
    rows = Amendment.objects.payable_by(request.user).select_related("agreement__project")
    amendment = get_object_or_404(rows, agreement__key=key, number=n)
    form = AmendPayForm(request.POST)
    if form.is_valid() and (payment := form.save(amendment, by=request.user)):
        return redirect("payments:checkout", payment.key)
    return draw(request, amendment_for(request, key, n), refused=form.non_field_errors())
