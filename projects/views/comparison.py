from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.policies import UserRequest, policy
from projects.comparison import Comparison
from projects.exchange import offer_sheet
from projects.forms.selection import SelectionForm
from projects.masks import Mask
from projects.models import Offer, OfferState, Project, Selection


@require_safe
@policy("projects.compare")
def compare(request: UserRequest, key: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned_by(request.user).published(), key=key)
    comparison = Comparison(project, order=request.GET.get("tri", ""))
    report = (_("Project %(number)s") % {"number": project.number}, reverse("projects:report", args=[project.key]))
    crumbs = [(_("My projects"), reverse("projects:mine")), report, (_("Compare the offers"), "")]
    return render(request, "projects/compare.html", {"project": project, "comparison": comparison, "crumbs": crumbs})


@require_safe
@policy("projects.compare")
def read_offer(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Offer.objects.addressed_to(request.user).select_related("provider", "project")
    rows = rows.prefetch_related("tranches", "enclosures")
    offer = get_object_or_404(rows, project__key=key, pk=pk)
    if offer.state == OfferState.WITHDRAWN:
        return gone(request, offer)
    offer.mark_read()
    sheet = offer_sheet(offer, mask=Mask(offer.project, request.user, names_client=True), files=offer.documents)
    context = {"offer": offer, "sheet": sheet, "project": offer.project, "comparison": Comparison(offer.project)}
    return render(request, "projects/read_offer.html", context)


def gone(request: UserRequest, offer: Offer) -> HttpResponse:
    """Back to the offers that stand, with the news that this one does not."""
    messages.warning(request, str(Selection.Gone()))
    return redirect("projects:compare", offer.project.key)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.select")
def select(request: UserRequest, key: str, pk: int) -> HttpResponse:
    rows = Offer.objects.addressed_to(request.user).select_related("provider", "project")
    winner = get_object_or_404(rows, project__key=key, pk=pk)
    if winner.state == OfferState.WITHDRAWN:
        return gone(request, winner)
    others = list(rows.living().filter(project=winner.project).exclude(pk=pk).order_by("pk"))
    form = SelectionForm(request.POST if request.method == "POST" else None, winner=winner, others=others)
    if form.is_valid() and (agreement := form.save(by=request.user)):
        messages.success(request, _("Chosen: every bidder has been told. Now confirm the terms with the winner."))
        return redirect(agreement)
    context = {"form": form, "offer": winner, "project": winner.project, "comparison": Comparison(winner.project)}
    return render(request, "projects/select.html", context)
