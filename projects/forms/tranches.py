"""Rows of tranches, as typed in an offer or in the terms of an agreement."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.fields import DayField, EurosField
from marketplace.forms import Performing
from projects.models import TrancheTerms

MOST = 12
HIGHEST_CENTS = 1_000_000_000  # ten million euros


class TrancheForm(forms.Form):
    """One tranche; an empty row is passed over."""

    title = forms.CharField(label=_("Tranche"), max_length=120, required=False)
    deliverable = forms.CharField(
        label=_("Deliverable"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    cents = EurosField(label=_("Amount"), unit=_("€ excl. VAT"), max_cents=HIGHEST_CENTS, required=False)
    due_on = DayField(label=_("Delivered on"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if any(data.get(name) for name in ("title", "deliverable", "cents", "due_on")):
            if not data.get("title") and "title" not in self.errors:
                self.add_error("title", _("Name this tranche, or empty the whole row."))
            if data.get("cents") is None and "cents" not in self.errors:
                self.add_error("cents", _("Give this tranche an amount, or empty the whole row."))
        return data

    @property
    def terms(self) -> TrancheTerms | None:
        """The tranche as typed, or None for an empty row."""
        data = self.cleaned_data
        if not data.get("title"):
            return None
        return TrancheTerms(data["title"], data.get("deliverable", ""), data["cents"], data.get("due_on"))


TrancheRows = forms.formset_factory(TrancheForm, extra=0, min_num=3, max_num=MOST, absolute_max=MOST)


class WithTranches(Performing):
    """A form with rows of tranches below: one `is_valid` for both, and a button that adds a row without checking."""

    def __init__(self, *args: Any, rows: list[TrancheTerms] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        initial = [row.__dict__ for row in rows or []]
        self.rows = TrancheRows(self.data if self.is_bound else None, prefix="tranche", initial=initial)

    @property
    def wants_row(self) -> bool:
        """Whether "add a row" was pressed: the form is drawn again as typed, with one row more."""
        return "add_row" in self.data

    def with_another_row(self) -> WithTranches:
        """This form as typed, unchecked, with one more row."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        typed = str(data.get("tranche-TOTAL_FORMS"))
        data["tranche-TOTAL_FORMS"] = str(min(MOST, 1 + (int(typed[:3]) if typed.isdecimal() else 3)))
        self.data, self.rows = data, TrancheRows(data, prefix="tranche")
        return self

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.rows.is_valid()])

    @property
    def tranches(self) -> list[TrancheTerms]:
        """The tranches typed, empty rows passed over."""
        return [row.terms for row in self.rows.forms if row.terms]
