from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from escrow.models import Tranche
from marketplace.policies import UserRequest, policy
from payouts.desk import Desk
from payouts.forms import PayoutForm


@require_GET
@policy("payouts.own")
def requests(request: UserRequest) -> HttpResponse:
    return render(request, "payouts/list.html", {"desk": Desk(request.user)})


@require_http_methods(["GET", "POST"])
@policy("payouts.ask", reauthenticate=True)
def ask(request: UserRequest, pk: int) -> HttpResponse:
    tranche = get_object_or_404(Tranche.objects.deliverable_by(request.user).with_parties(), pk=pk)
    desk = Desk(request.user)
    bound = (request.POST, request.FILES) if request.method == "POST" else ()
    form = PayoutForm(*bound, tranche=tranche, user=request.user)
    if form.is_valid() and form.save():
        messages.success(request, _("Your request is with Finance, who answer within two working days."))
        return redirect("payouts:list")
    return render(
        request, "payouts/ask.html", {"form": form, "tranche": tranche, "claim": desk.claim(tranche), "desk": desk}
    )
