from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override

from marketplace.accounts.forms import BankForm, CompanyForm, ProfileForm
from marketplace.accounts.home import steps_of
from marketplace.accounts.models import BankAccount
from marketplace.policies import UserRequest, policy
from marketplace.ways import own_page


@policy("accounts.self", suspended=True)
def home(request: UserRequest) -> HttpResponse:
    steps = [] if request.user.is_suspended else steps_of(request.user)
    return render(request, "accounts/home.html", {"steps": steps})


@policy("accounts.company")
def company(request: UserRequest) -> HttpResponse:
    form = CompanyForm(request.POST or None, user=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your company details are recorded."))
        return redirect(own_page(request, request.GET.get("next", "")) or "accounts:home")
    return render(request, "accounts/company.html", {"form": form})


@policy("accounts.bank", reauthenticate=True)
def bank(request: UserRequest) -> HttpResponse:
    form = BankForm(request.POST or None, user=request.user)
    if form.is_valid() and form.save():
        messages.success(request, _("Your bank account is recorded."))
        return redirect("accounts:bank")
    account = BankAccount.objects.of(request.user).current().first()
    page = {"form": form, "account": account, "hold_hours": settings.IBAN_HOLD_HOURS}
    return render(request, "accounts/bank.html", page)


@policy("accounts.self", suspended=True)
def profile(request: UserRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form})
    user = form.save()
    with override(user.language):
        messages.success(request, _("Your details are recorded."))
    response = redirect("accounts:profile")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31536000, samesite="Lax", httponly=True)
    return response
