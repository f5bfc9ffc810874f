from __future__ import annotations

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from credits.models import CreditPack
from marketplace.accounts.models import User
from marketplace.forms import Deed
from marketplace.payments.models import Payment

LONGEST_PATH = 200


class BuyForm(Deed):
    """The purchase of one pack: one key for each page drawn. `next` is where the provider goes on once it is paid."""

    next = forms.CharField(required=False, widget=forms.HiddenInput)
    stated = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)  # the pack as the page said it

    def clean_next(self) -> str:
        """A page of ours, else nothing: nobody is led elsewhere by a link."""
        path: str = self.cleaned_data["next"]
        ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
        return path if ours and len(path) <= LONGEST_PATH else ""

    def save(self, pack: CreditPack, *, by: User) -> Payment | None:
        """Start the payment; a refusal is shown on the page."""
        data = self.cleaned_data
        return self.perform(lambda: pack.buy(by=by, key=data["key"], back_path=data["next"], stated=data["stated"]))
