from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from credits.forms import BuyForm
from credits.models import CreditPack, Kind, Wallet
from credits.statement import statement
from marketplace.policies import UserRequest, policy


def draw(request: UserRequest, form: BuyForm | None = None) -> HttpResponse:
    """The wallet: balances, packs on sale with this provider's VAT, and each movement; `form` carries an error."""
    wallet = Wallet.of(request.user)
    packs = [(pack, pack.price_for(request.user), BuyForm()) for pack in CreditPack.objects.filter(on_sale=True)]
    context = {
        "balances": [(Kind(kind).label, count) for kind, count in wallet.balances.items()],
        "packs": packs,
        "lines": statement(wallet),
        "form": form,
    }
    return render(request, "credits/wallet.html", context)


@require_GET
@policy("credits.wallet")
def wallet(request: UserRequest) -> HttpResponse:
    return draw(request)


@require_POST
@policy("credits.buy")
def buy(request: UserRequest, pk: int) -> HttpResponse:
    pack = get_object_or_404(CreditPack, pk=pk)
    form = BuyForm(request.POST)
    if form.is_valid() and (payment := form.save(pack, by=request.user)):
        return redirect("payments:checkout", payment.key)
    return draw(request, form)
