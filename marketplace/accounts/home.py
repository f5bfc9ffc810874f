"""The account's first page: what its owner should do next. Higher apps add their own steps from `reactions.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.mfa.utils import is_mfa_enabled
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import BankAccount

if TYPE_CHECKING:
    from datetime import datetime

    from marketplace.accounts.models import User


@dataclass(frozen=True)
class Step:
    """One thing to do: its title, why, the words of its button and where that leads; `due` when a delay runs."""

    title: str
    text: str
    label: str
    path: str
    due: datetime | None = None


Source = Callable[["User"], Iterable[Step]]
registry: list[Source] = []


def steps(source: Source) -> Source:
    """Declare a function that gives a user's next steps; those with a date come first, the nearest at the top."""
    registry.append(source)
    return source


def steps_of(user: User) -> list[Step]:
    """All that `user` should do next: what has a date first, by date, then in the order of the apps."""
    found = [step for source in registry for step in source(user)]
    return sorted(found, key=lambda step: (step.due is None, step.due.timestamp() if step.due else 0))


@steps
def settle_in(user: User) -> Iterator[Step]:
    """What a new account lacks before it can be used."""
    if not user.is_verified:
        yield Step(
            _("Confirm your e-mail address"),
            _("Nothing that others see or that costs money can be done before."),
            _("See my e-mail addresses"),
            reverse("account_email"),
        )
    elif user.is_staff and not user.has_company:
        yield Step(
            _("Open the administration"),
            _("Your work for the platform is there: it asks for a second factor."),
            _("Open the administration"),
            reverse("admin:index"),
        )
    elif not user.has_company or not (user.is_client or user.is_provider):
        yield Step(
            _("Give your company details"),
            _("Clients and providers are professionals: offers, agreements and invoices carry your company’s name."),
            _("Give my company details"),
            reverse("accounts:company"),
        )
    yield from secure(user)


def secure(user: User) -> Iterator[Step]:
    """What a complete account should still add: where it is paid, and a second factor."""
    if user.acts_as_provider and not BankAccount.objects.of(user).current().exists():
        yield Step(
            _("Say where you are paid"),
            _("Your IBAN is needed before your first payment request."),
            _("Give my IBAN"),
            reverse("accounts:bank"),
        )
    if user.is_verified and not is_mfa_enabled(user):
        yield Step(
            _("Protect your account with a second factor"),
            _("A passkey or an authentication app: a stolen password is then not enough."),
            _("Set up a second factor"),
            reverse("mfa_index"),
        )
