from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.policies import UserRequest, policy
from projects.forms.agreements import AcceptForm, PayForm, TermsForm
from projects.forms.second_choice import DeclineForm
from projects.models import Agreement, AgreementVersion
from projects.papers import AgreementPaper, ended_words, fees_words, formula_words
from projects.report import Reading
from projects.storyline import names_client
from projects.terms import changes


def agreement_for(request: UserRequest, key: str) -> Agreement:
    rows = Agreement.objects.visible_to(request.user).select_related("project", "client__company", "provider__company")
    return get_object_or_404(rows, key=key)


def draw(request: UserRequest, agreement: Agreement, **forms: Any) -> HttpResponse:
    """The agreement page; `forms` replace fresh ones when they carry errors, `refused` is a sentence on top."""
    versions = agreement.history()
    version = versions[0]
    context = {
        "agreement": agreement,
        "project": agreement.project,
        "version": version,
        "versions": [(v, changes(before, v)) for v, before in zip(versions, [*versions[1:], None], strict=True)],
        "former": [past for past in versions[1:] if past.is_agreed],
        "fees": version.fees,
        "fees_words": fees_words(version),
        "ended": ended_words(agreement),
        "formula_words": formula_words(version.formula),
        "is_client": request.user == agreement.client,
        "is_payer": request.user == version.payer,
        "names_client": names_client(Reading(agreement.project, request.user)),
        "accepted": version.accepted_by(request.user),
        "accept_form": AcceptForm(version=version, user=request.user),
        "pay_form": PayForm(),
        "crumbs": [
            (_("My projects"), reverse("projects:mine")),
            (agreement.project.title, reverse("projects:report", args=[agreement.project.key])),
            (_("Agreement"), ""),
        ],
        **forms,
    }
    return render(request, "projects/agreement.html", context)


@require_safe
@policy("agreements.party", suspended="to read")
def agreement(request: UserRequest, key: str) -> HttpResponse:
    return draw(request, agreement_for(request, key))


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def propose(request: UserRequest, key: str) -> HttpResponse:
    agreement = agreement_for(request, key)
    data = request.POST if request.method == "POST" else None
    form = TermsForm(data, version=agreement.version, user=request.user)
    if form.wants_row:
        form.add_row()
    elif form.is_valid() and (version := form.save()):
        messages.success(request, _("Version %(n)s is proposed. Both must accept it.") % {"n": version.number})
        return redirect(agreement)
    template = "propose" if form.is_bound or agreement.is_open else "settled_terms"
    context = {"form": form, "agreement": agreement, "project": agreement.project}
    return render(request, f"projects/{template}.html", context)


@require_POST
@policy("agreements.party")
def accept(request: UserRequest, key: str) -> HttpResponse:
    agreement = agreement_for(request, key)
    form = AcceptForm(request.POST, version=agreement.version, user=request.user)
    if form.is_valid() and form.save(agreement):
        messages.success(request, _("You have accepted the terms."))
        return redirect(agreement)
    if refused := form.non_field_errors():  # what is shown now may be another version: the box is ticked anew
        return draw(request, agreement_for(request, key), refused=refused)
    return draw(request, agreement_for(request, key), accept_form=form)


@require_safe
@policy("agreements.party", suspended=True)
def pdf(request: UserRequest, key: str) -> HttpResponse:
    rows = Agreement.objects.visible_to(request.user).frozen()
    agreement = get_object_or_404(rows.select_related("project", "client__company", "provider__company"), key=key)
    return handed_out(AgreementPaper(agreement, request.user), f"accord-{agreement.project.number}")


@require_safe
@policy("agreements.party", suspended=True)
def former_pdf(request: UserRequest, key: str, n: int) -> HttpResponse:
    rows = AgreementVersion.objects.visible_to(request.user).frozen()
    joined = (f"agreement__{name}" for name in ("project", "client__company", "provider__company"))
    version = get_object_or_404(rows.select_related("amendment", *joined), agreement__key=key, number=n)
    paper = AgreementPaper(version.agreement, request.user, version)
    return handed_out(paper, f"accord-{version.agreement.project.number}-v{n}")


def handed_out(paper: AgreementPaper, name: str) -> HttpResponse:
    """The PDF as a file that no cache keeps."""
    response = HttpResponse(paper.content, content_type="application/pdf")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@policy("agreements.party")
def decline(request: UserRequest, key: str) -> HttpResponse:
    agreement = agreement_for(request, key)
    form = DeclineForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.save(agreement, by=request.user):
        messages.success(request, _("The discussion is over. The other party has been told."))
        return redirect("projects:report", agreement.project.key)
    context = {"form": form, "agreement": agreement, "project": agreement.project}
    return render(request, "projects/decline.html", {**context, "is_client": request.user == agreement.client})


@require_POST
@policy("agreements.pay")
def pay(request: UserRequest, key: str) -> HttpResponse:
    agreement = get_object_or_404(Agreement.objects.payable_by(request.user).select_related("project"), key=key)
    form = PayForm(request.POST)
    if form.is_valid() and (payment := form.save(agreement, by=request.user)):
        return redirect("payments:checkout", payment.key)
    return draw(request, agreement_for(request, key), refused=form.non_field_errors())
