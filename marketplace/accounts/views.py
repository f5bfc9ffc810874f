from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from marketplace.policies import UserRequest, policy


@policy("accounts.self")
def home(request: UserRequest) -> HttpResponse:
    return render(request, "accounts/home.html")


@policy("accounts.company")
def company(request: UserRequest) -> HttpResponse:
    return render(request, "accounts/company.html")


@policy("accounts.bank", reauthenticate=True)
def bank(request: UserRequest) -> HttpResponse:
    return render(request, "accounts/bank.html")


@policy("accounts.self")
def profile(request: UserRequest) -> HttpResponse:
    return render(request, "accounts/profile.html")
