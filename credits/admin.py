from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from credits.models import CreditPack
from marketplace.fields import EurosField
from marketplace.templatetags.page import euros

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Form = forms.ModelForm[CreditPack]
    PackBase = admin.ModelAdmin[CreditPack]
else:
    Form, PackBase = forms.ModelForm, admin.ModelAdmin

HIGHEST_PRICE_CENTS = 1_000_000
MOST_CREDITS = 1000
COUNTS = ("consultation", "offer", "contact")


def count_field(label: str | _StrPromise) -> forms.IntegerField:
    """A number of credits; an empty box is none."""
    return forms.IntegerField(label=capfirst(label), min_value=0, max_value=MOST_CREDITS, required=False, initial=0)


class PackForm(Form):
    """A pack as staff write it: its price in euros."""

    consultation = count_field(_("consultation credits"))
    offer = count_field(_("offer credits"))
    contact = count_field(_("direct contact credits"))
    price_cents = EurosField(
        label=capfirst(_("price excluding VAT")), unit=_("€ excl. VAT"), max_cents=HIGHEST_PRICE_CENTS
    )

    class Meta:
        model = CreditPack
        fields = ("name", *COUNTS, "price_cents", "position", "on_sale")

    def clean(self) -> dict[str, Any]:
        """No empty pack, and an empty box is a zero."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data |= {name: data.get(name) or 0 for name in COUNTS}
        if not (set(COUNTS) & set(self.errors) or any(data[name] for name in COUNTS)):
            self.add_error("consultation", _("A pack holds at least one credit of some kind."))
        return data


@admin.register(CreditPack)
class CreditPackAdmin(PackBase):
    """The packs on sale. A change is for the purchases to come: those made keep their terms. None is ever deleted."""

    form = PackForm
    list_display = ["name", "consultation", "offer", "contact", "price", "position", "on_sale"]
    list_editable = ["position", "on_sale"]
    ordering = ["position", "pk"]
    actions = None

    @admin.display(description=_("price excluding VAT"), ordering="price_cents")
    def price(self, pack: CreditPack) -> str:
        return euros(pack.price_cents)

    def has_delete_permission(self, request: HttpRequest, obj: CreditPack | None = None) -> bool:
        return False
