"""Forms of accounts and companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest

    from marketplace.accounts.models import User


class SignupForm(forms.Form):
    """What sign-up asks beside address and password (allauth puts them together)."""

    name = forms.CharField(label=_("First and last name"), max_length=120)
    hats = forms.MultipleChoiceField(
        label=_("I come to"),
        choices=[("client", _("entrust projects (client)")), ("provider", _("carry out projects (provider)"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One account can hold both roles; you can change this later."),
        error_messages={"required": _("Choose at least one role.")},
    )
    field_order = ["name", "email", "password1", "hats"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Nothing more: the adapter has saved everything already."""
