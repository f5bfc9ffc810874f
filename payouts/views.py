from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from escrow.models import Tranche
from marketplace.policies import UserRequest, policy
from marketplace.templatetags.page import paris
from payouts.desk import Desk, RefundDesk
from payouts.forms import PayoutForm, RefundAccountForm


@require_safe
@policy("payouts.own", suspended=True)
def requests(request: UserRequest) -> HttpResponse:
    return render(request, "payouts/list.html", {"desk": Desk(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@policy("payouts.ask", reauthenticate=True)
def ask(request: UserRequest, pk: int) -> HttpResponse:
    tranche = get_object_or_404(Tranche.objects.deliverable_by(request.user).with_parties(), pk=pk)
    desk = Desk(request.user)
    again = desk.again(tranche, request.GET.get("reprise", ""))
    bound = (request.POST, request.FILES) if request.method == "POST" else ()
    form = PayoutForm(*bound, tranche=tranche, user=request.user, again=again)
    if form.is_valid() and (asked := form.save()):
        words = _("Your request is with Finance, who answer before %(date)s.")
        messages.success(request, words % {"date": paris(asked.due_at)})
        return redirect("payouts:list")
    page = {"form": form, "tranche": tranche, "claim": desk.claim(tranche), "desk": desk, "again": again}
    return render(request, "payouts/ask.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@policy("payouts.refunds", reauthenticate=True)
def refunds(request: UserRequest) -> HttpResponse:
    desk = RefundDesk(request.user)
    form = RefundAccountForm(request.POST or None, user=request.user) if desk.takes_account else None
    if form and form.is_valid() and (account := form.save()):
        messages.success(request, desk.recorded_words(account))
        return redirect("payouts:refunds")
    return render(request, "payouts/refunds.html", {"desk": desk, "form": form})
