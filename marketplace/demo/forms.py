from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SearchForm(forms.Form):
    """Whose mails to show, and from which one on."""

    a = forms.CharField(label=_("Recipient"), max_length=254, required=False, empty_value="")
    avant = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=2**63 - 1)
