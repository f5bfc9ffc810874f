from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from credits.desk import Desk
from credits.forms import BuyForm
from credits.models import CreditPack
from marketplace.policies import UserRequest, policy
from marketplace.spreadsheets import download


@require_safe
@policy("credits.wallet")
def wallet(request: UserRequest) -> HttpResponse:
    return render(request, "credits/wallet.html", {"desk": Desk(request.user, request.GET)})


@require_safe
@policy("credits.wallet")
def movements_csv(request: UserRequest) -> HttpResponseBase:
    desk = Desk(request.user, request.GET)
    return download(desk.rows, desk.file_name)


@require_POST
@policy("credits.buy")
def buy(request: UserRequest, pk: int) -> HttpResponse:
    pack = get_object_or_404(CreditPack, pk=pk)
    form = BuyForm(request.POST)
    if form.is_valid() and (payment := form.save(pack, by=request.user)):
        return redirect("payments:checkout", payment.key)
    return render(request, "credits/wallet.html", {"desk": Desk(request.user, request.GET), "form": form})
