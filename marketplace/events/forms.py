from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Preference
from marketplace.events.tellings import Kind

if TYPE_CHECKING:
    from marketplace.accounts.models import User

ALWAYS = _("Always sent: your account, your money and your rights depend on it.")


class PreferencesForm(forms.Form):
    """Which kinds of mail one person wants; those that must be sent are shown ticked and fixed."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        off = {kind for _user, kind in Preference.objects.unwanted([user.pk])}
        for kind in Kind:
            fixed = not kind.may_be_switched_off
            self.fields[kind.value] = forms.BooleanField(
                label=kind.label,
                required=False,
                initial=kind.value not in off,
                disabled=fixed,
                help_text=ALWAYS if fixed else "",
            )

    def save(self) -> None:
        """Keep what was chosen."""
        Preference.objects.choose(self.user.pk, {Kind(name): mail for name, mail in self.cleaned_data.items()})
