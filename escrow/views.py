from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from escrow.acts import Desk
from escrow.figures import Figures, refunds_told
from escrow.forms import CaseForm, ChangesForm, DeliverForm, DepositForm, NoticeForm, ReleaseForm
from escrow.links import link_of, with_links
from escrow.models import CancellationNotice, EscrowAccount, Tranche
from escrow.papers import statement_paper
from escrow.statement import as_csv, statement
from escrow.steps import on_notice
from marketplace.accounts.models import User
from marketplace.policies import UserRequest, policy
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros, paris
from projects import report
from projects.models import Project
from projects.models.content import days_after


def crumbs(project: Project, *ends: tuple[str, str]) -> list[tuple[str, str]]:
    """The way from the report down to this page."""
    number = _("Project %(number)s") % {"number": project.number}
    return [(number, reverse("projects:report", args=[project.key])), *ends]


@never_cache
@require_safe
@policy("escrow.party", suspended=True)
def payments(request: UserRequest, key: str) -> HttpResponse:
    rows = EscrowAccount.objects.visible_to(request.user).with_parties()
    account = get_object_or_404(rows, project__key=key)
    return render(request, "escrow/payments.html", everything(account, request.user))


def everything(account: EscrowAccount, user: User) -> dict[str, Any]:
    """What the payments page shows `user`: always the same number of queries."""
    handed = ("deliveries__files__document", "deliveries__changes__files__document")
    tranches = list(account.tranches.told().prefetch_related(*handed, "releases", "notices", "refund_requests"))
    reading = report.Reading(account.project, user)
    todos, here = report.todos(reading), account.get_absolute_url()
    rows = with_links(tranches, reading)
    return {
        "account": account,
        "project": account.project,
        "tranches": tranches,
        "acts": Desk.of_reading(reading).acts(rows),
        "rows": rows,
        "figures": Figures.of(account, tranches),
        "step": todos[0] if todos else None,
        "elsewhere": [todo for todo in todos if todo.mine and not todo.url.startswith(here)],
        "lines": statement(account)[::-1],
        "cards": refunds_told(account, user),
        "awaited": list(account.awaited()),
        "any_refund": any(tranche.refund_requests.all() for tranche in tranches),
        "any_delivery": any(tranche.delivered_at for tranche in tranches),
        "on_notice": any(map(on_notice, tranches)),
        "is_client": user == account.agreement.client,
        "holder": settings.R0_ACCOUNT_HOLDER,
        "licence": settings.R0_ACCOUNT_LICENCE,
        "now": timezone.now(),
        "pages": list(report.pages(reading)),
        "crumbs": crumbs(account.project, (_("Payments page"), "")),
        "head_meta": [account.project.title],
        "head_badges": [("ink", _("R0 formula"))],
    }


@require_safe
@policy("escrow.party", suspended=True)
def statement_csv(request: UserRequest, key: str) -> HttpResponse:
    rows = EscrowAccount.objects.visible_to(request.user).select_related("project")
    account = get_object_or_404(rows, project__key=key)
    return handed_out(account, as_csv(statement(account)), "text/csv; charset=utf-8", "csv")


@require_safe
@policy("escrow.party", suspended=True)
def statement_pdf(request: UserRequest, key: str) -> HttpResponse:
    account = get_object_or_404(EscrowAccount.objects.visible_to(request.user).with_parties(), project__key=key)
    return handed_out(account, statement_paper(account), "application/pdf", "pdf")


def handed_out(account: EscrowAccount, content: bytes | str, kind: str, ending: str) -> HttpResponse:
    """The statement as a file, which nobody on the way keeps."""
    response = HttpResponse(content, content_type=kind)
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = f'attachment; filename="releve-{account.project.number}.{ending}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.deposit")
def deposit(request: UserRequest, key: str) -> HttpResponse:
    rows = EscrowAccount.objects.fundable_by(request.user).select_related("project", "agreement")
    account = get_object_or_404(rows, project__key=key)
    tranches, data = list(account.tranches.all()), request.POST if request.method == "POST" else None
    form = DepositForm(data, account=account, tranches=tranches, chosen=request.GET.get("tranche", ""))
    if form.is_valid() and (payment := form.save(by=request.user)):
        return redirect("payments:checkout", payment.key)
    awaited = account.awaited().filter(payer=request.user)
    return draw(request, "escrow/deposit.html", account, form=form, tranches=tranches, awaited=awaited)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.deliver")
def deliver(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.deliverable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = DeliverForm(request.POST, request.FILES) if request.method == "POST" else DeliverForm()
    if form.is_valid() and form.save(tranche, by=request.user):
        messages.success(request, _("Tranche %(n)s is delivered: the client has been told.") % {"n": tranche.position})
        return redirect(tranche.account)
    return draw(request, "escrow/deliver.html", tranche.account, form=form, tranche=tranche)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.release", reauthenticate=True)
def release(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.releasable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = ReleaseForm(request.POST if request.method == "POST" else None, tranche=tranche)
    if form.is_valid() and (done := form.save(by=request.user)):
        messages.success(request, _("%(amount)s are released to the provider.") % {"amount": euros(done.cents)})
        return redirect(done.account)
    return draw(request, "escrow/release.html", tranche.account, form=form, tranche=tranche)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.release")
def changes(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.releasable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = ChangesForm(*((request.POST, request.FILES) if request.method == "POST" else ()), tranche=tranche)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("The provider has been asked for the changes: it is their turn."))
        return redirect(tranche.account)
    return draw(request, "escrow/changes.html", tranche.account, form=form, tranche=tranche)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("escrow.party")
def give_notice(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.visible_to(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = NoticeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (notice := form.save(tranche, by=request.user)):
        told = _("The notice is given: without a deposit the tranche ends on %(at)s.")
        messages.success(request, told % {"at": paris(notice.ends_at)})
        return redirect(tranche.account)
    return draw(request, "escrow/notice.html", tranche.account, form=form, tranche=tranche, **ending())


def ending() -> dict[str, Any]:
    """When a notice given now would end."""
    return {"ends_at": days_after(timezone.now(), settings.CANCELLATION_DAYS)}


@require_POST
@policy("escrow.party")
def withdraw_notice(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = CancellationNotice.objects.given_by(request.user).filter(tranche=pk, tranche__account__project__key=key)
    notice = get_object_or_404(rows.order_by("-pk")[:1])
    try:
        notice.withdraw(by=request.user)
        messages.success(request, _("The notice is taken back: the tranche stays as agreed."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(notice.tranche.account)


@require_POST
@policy("escrow.deliver")
def ask_case(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.deliverable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    form = CaseForm(request.POST)
    if form.is_valid() and form.save(tranche, by=request.user):
        messages.success(request, _("The SMA is asked: this page says where the case is."))
    for told in (error for errors in form.errors.values() for error in errors):
        messages.error(request, str(told))
    return redirect(tranche.account)


@require_POST
@policy("escrow.deliver")
def ask_deposit(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Tranche.objects.deliverable_by(request.user).with_parties()
    tranche = get_object_or_404(rows, account__project__key=key, pk=pk)
    try:
        tranche.request_deposit(by=request.user)
        messages.success(request, _("The client has been asked for the deposit, by e-mail and on the site."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(tranche.account)


def draw(request: UserRequest, template: str, account: EscrowAccount, **parts: Any) -> HttpResponse:
    """The page of one deed on the account; a refused form comes back with what was typed."""
    ends = ((_("Payments page"), account.get_absolute_url()), (str(parts.get("tranche") or _("Deposit")), ""))
    context = {"account": account, "project": account.project, "crumbs": crumbs(account.project, *ends), **parts}
    if tranche := parts.get("tranche"):
        context["link"] = partial(link_of, tranche, request.user)  # read by the pages that offer it alone
    return render(request, template, {**context, "now": timezone.now()})
