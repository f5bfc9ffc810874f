from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.policies import UserRequest, policy
from marketplace.refusals import Refusal
from projects.comparison import BESIDE, Comparison, is_kept
from projects.exchange import offer_sheet
from projects.forms.marks import MarksForm
from projects.forms.selection import SelectionForm
from projects.masks import Mask
from projects.models import Offer, OfferState, Project, Selection


@require_safe
@policy("projects.compare")
def compare(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).published(), key=key)
    comparison = asked(request, project)
    return render(request, "projects/compare.html", side_by_side(comparison, marks(comparison)))


def asked(request: UserRequest, project: Project) -> Comparison:
    """The comparison that the address asks for."""
    return Comparison(project, order=request.GET.get("tri", ""), view=request.GET.get("vue", ""))


def marks(comparison: Comparison, data: Any = None) -> MarksForm:
    """The client's marks on all the offers, shown or not."""
    return MarksForm(data, offers=comparison.offers, action=comparison.action)


def side_by_side(comparison: Comparison, form: MarksForm) -> dict[str, Any]:
    """The page of the offers side by side, each with the box of its note."""
    project = comparison.project
    report = (_("Project %(number)s") % {"number": project.number}, reverse("projects:report", args=[project.key]))
    return {
        "project": project,
        "comparison": comparison,
        "form": form,
        "rows": [[(column, form.box(column.offer)) for column in row] for row in comparison.rows],
        "crumbs": [(_("My projects"), reverse("projects:mine")), report, (_("Compare the offers"), "")],
    }


@require_POST
@policy("projects.compare")
def mark(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).published(), key=key)
    comparison = asked(request, project)
    form = marks(comparison, request.POST)
    if form.is_valid() and form.save():
        return redirect(form.page or comparison.url)
    return render(request, "projects/compare.html", side_by_side(comparison, form))


@require_safe
@policy("projects.compare")
def read_offer(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Offer.objects.addressed_to(request.user).select_related("project", *BESIDE)
    rows = rows.prefetch_related("tranches", "enclosures")
    offer = get_object_or_404(rows, project__key=key, pk=pk)
    if offer.state == OfferState.WITHDRAWN:
        return gone(request, offer)
    offer.mark_read()
    sheet = offer_sheet(offer, mask=Mask(offer.project, request.user, names_client=True), files=offer.documents)
    comparison = Comparison(offer.project)
    form = MarksForm(offers=[offer], action=comparison.action)
    context = {"offer": offer, "sheet": sheet, "project": offer.project, "comparison": comparison, "form": form}
    return render(request, "projects/read_offer.html", context | {"box": form.box(offer), "kept": is_kept(offer)})


def gone(request: UserRequest, offer: Offer, news: type[Refusal] = Selection.Gone) -> HttpResponse:
    """Back to the offers that stand, with the news that this one does not, or cannot be chosen."""
    messages.warning(request, str(news()))
    return redirect("projects:compare", offer.project.key)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.select")
def select(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Offer.objects.addressed_to(request.user).select_related("provider", "project")
    winner = get_object_or_404(rows, project__key=key, pk=pk)
    if winner.state == OfferState.WITHDRAWN:
        return gone(request, winner)
    if winner.is_placed and not winner.provider.is_active:
        return gone(request, winner, Selection.Suspended)
    others = list(rows.living().filter(project=winner.project).exclude(pk=pk).order_by("pk"))
    form = SelectionForm(request.POST if request.method == "POST" else None, winner=winner, others=others)
    if form.is_valid() and (agreement := form.save(by=request.user)):
        messages.success(request, _("Chosen: every bidder has been told. Now confirm the terms with the winner."))
        return redirect(agreement)
    context = {"form": form, "offer": winner, "project": winner.project, "comparison": Comparison(winner.project)}
    return render(request, "projects/select.html", context)
