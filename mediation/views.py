from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from escrow.views import crumbs
from marketplace.policies import UserRequest, policy
from mediation import deeds
from mediation.dossier import Card, Dossier
from mediation.forms import AcceptForm, AnswerForm, JoinForm, OpenForm, ProposeForm, RefuseForm, SayForm, WithdrawForm
from mediation.models import Decision, Dispute, SplitProposal
from mediation.opening import Opening
from mediation.register import Register
from mediation.turns import with_turns
from projects import report
from projects.models import Agreement, AgreementState

if TYPE_CHECKING:
    from marketplace.documents.models import Document


def own(request: UserRequest, key: str) -> Dispute:
    """The case in which they are one of the two sides, with all that its pages say."""
    return get_object_or_404(Dispute.objects.of_party(request.user).with_parties(), key=key)


def sent(request: UserRequest) -> tuple[Any, ...]:
    """What a form is bound to: nothing unless it was sent."""
    return (request.POST, request.FILES) if request.method == "POST" else ()


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party")
def open_case(request: UserRequest, key: str) -> HttpResponse:
    rows = Agreement.objects.visible_to(request.user).filter(state=AgreementState.ACTIVE).select_related("project")
    opening = Opening(get_object_or_404(rows, project__key=key), request.user)
    if opening.account is None:
        return draw_opening(request, opening)
    chosen = request.GET.get("tranche", "")
    form = OpenForm(*sent(request), account=opening.account, free=opening.free, chosen=chosen)
    if form.is_valid() and (dispute := form.save(by=request.user)):
        messages.success(request, _("The case is open: the other side and the SMA have been told."))
        return redirect(dispute)
    return draw_opening(request, opening, form)


def draw_opening(request: UserRequest, opening: Opening, form: OpenForm | None = None) -> HttpResponse:
    """The page that opens a case; one that stands already can be joined with what was typed."""
    project, case = opening.agreement.project, form and form.case
    context: dict[str, Any] = {"opening": opening, "form": form, "project": project, "case": case}
    if case and form:
        context["may_join"] = Dossier(case, request.user).may_join
        context["joining"] = JoinForm(dispute=case, initial=form.typed())
    context["crumbs"] = crumbs(project, (_("Open a dispute"), ""))
    return render(request, "mediation/open.html", context)


@never_cache
@require_safe
@policy("mediation.party", suspended=True)
def case(request: UserRequest, key: str) -> HttpResponse:
    dispute = get_object_or_404(with_turns(Dispute.objects.visible_to(request.user).with_parties()), key=key)
    dossier = Dossier(dispute, request.user)
    forms = {
        "answering": dossier.may_answer and AnswerForm(dispute=dispute),
        "saying": dossier.may_say and SayForm(dispute=dispute),
        "proposing": dossier.may_propose and ProposeForm(dispute=dispute),
    }
    return render(request, "mediation/case.html", {**everything(dossier), **forms})


def everything(dossier: Dossier) -> dict[str, Any]:
    """What every page of a case needs."""
    dispute = dossier.dispute
    pages = report.pages(report.Reading(dispute.project, dossier.reader)) if dossier.is_party else ()
    return {
        "dispute": dispute,
        "dossier": dossier,
        "project": dispute.project,
        "pages": list(pages),
        "crumbs": crumbs(dispute.project, (_("Case SMA %(number)s") % {"number": dispute.number}, "")),
        "head_meta": [dispute.project.title, dossier.opening],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def answer(request: UserRequest, key: str) -> HttpResponse:
    dispute = own(request, key)
    form = AnswerForm(*sent(request), dispute=dispute)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Your answer is in: the other side and the SMA read it."))
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    return draw(request, dossier, deeds.answer(dossier), form)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def join(request: UserRequest, key: str) -> HttpResponse:
    dispute = own(request, key)
    form = JoinForm(*sent(request), dispute=dispute)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Your claim is in the same case: the other side and the SMA read it."))
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    return draw(request, dossier, deeds.join(dossier), form)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def say(request: UserRequest, key: str) -> HttpResponse:
    dispute = own(request, key)
    form = SayForm(*sent(request), dispute=dispute)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("It is in the case: the other side and the SMA read it."))
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    return draw(request, dossier, deeds.say(dossier), form)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def propose(request: UserRequest, key: str) -> HttpResponse:
    dispute = own(request, key)
    form = ProposeForm(*sent(request), dispute=dispute)
    if form.is_valid() and (made := form.save(by=request.user)):
        messages.success(request, _("Proposal %(n)s is made: the other side has been told.") % {"n": made.number})
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    return draw(request, dossier, deeds.propose(dossier), form)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.settle", reauthenticate=True, suspended=True)
def accept(request: UserRequest, key: str, n: int) -> HttpResponse:
    dispute = own(request, key)
    proposal = get_object_or_404(SplitProposal.objects.visible_to(request.user), dispute=dispute, number=n)
    form = AcceptForm(*sent(request))
    if form.is_valid() and form.save(proposal, by=request.user):
        messages.success(request, _("You have accepted proposal %(n)s.") % {"n": n})
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    card = dossier.card(proposal)
    return draw(request, dossier, deeds.accept(dossier, card), form, card=card)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def refuse(request: UserRequest, key: str, n: int) -> HttpResponse:
    dispute = own(request, key)
    proposal = get_object_or_404(SplitProposal.objects.visible_to(request.user), dispute=dispute, number=n)
    form = RefuseForm(*sent(request))
    if form.is_valid() and form.save(proposal, by=request.user):
        messages.success(request, _("You have refused proposal %(n)s.") % {"n": n})
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    card = dossier.card(proposal)
    return draw(request, dossier, deeds.refuse(dossier, card), form, card=card)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("mediation.party", suspended=True)
def withdraw(request: UserRequest, key: str) -> HttpResponse:
    dispute = own(request, key)
    form = WithdrawForm(*sent(request))
    if form.is_valid() and form.save(dispute, by=request.user):
        messages.success(request, _("Your claim is withdrawn."))
        return redirect(dispute)
    dossier = Dossier(dispute, request.user)
    return draw(request, dossier, deeds.withdraw(dossier), form)


def draw(
    request: UserRequest, dossier: Dossier, deed: deeds.Deed, form: Any, *, card: Card | None = None
) -> HttpResponse:
    """The page of one deed in a case; a refused form comes back with what was typed."""
    dispute = dossier.dispute
    ends = ((_("Case SMA %(number)s") % {"number": dispute.number}, dispute.get_absolute_url()), (deed.title, ""))
    context = {**everything(dossier), "form": form, "card": card, "deed": deed}
    page = render(request, "mediation/deed.html", {**context, "crumbs": crumbs(dispute.project, *ends)})
    add_never_cache_headers(page)
    return page


@require_safe
@policy("mediation.decision", suspended=True)
def paper(request: UserRequest, key: str) -> HttpResponseBase:
    rows = Decision.objects.visible_to(request.user).issued().select_related("paper", "dispute__project")
    decision = get_object_or_404(rows, dispute__key=key)
    decision.keep_paper()
    document = cast("Document", decision.paper)
    response = FileResponse(
        document.file.open("rb"), as_attachment=True, filename=document.name, content_type=document.content_type
    )
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@policy("mediation.register", suspended=True)
def register(request: HttpRequest) -> HttpResponse:
    return render(request, "mediation/register.html", {"register": Register(request.GET.get("avant", ""))})
