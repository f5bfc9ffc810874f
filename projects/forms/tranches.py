"""Rows of tranches, as typed in an offer or in the terms of an agreement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.fields import DayField, EurosField, must_be_seen
from marketplace.forms import Performing
from projects.forms.prose import ProseField, without_details
from projects.models import AgreementVersion, Offer, TrancheTerms

FIRST, MOST = 3, 12
TYPED = ("title", "cents", "due_on", "deliverable")
LOWEST_CENTS = 1_000  # ten euros: below, there would be no commission to pay
HIGHEST_CENTS = 1_000_000_000  # ten million euros


class DelayField(forms.IntegerField):
    """A delay in days from the start."""

    def __init__(self, **kwargs: Any) -> None:
        unit = {"data-unit": _("days"), "class": "input--amount"}
        super().__init__(label=_("Delay"), min_value=1, max_value=1500, widget=forms.NumberInput(attrs=unit), **kwargs)


class TrancheForm(forms.Form):
    """One tranche; an empty row is passed over."""

    title = forms.CharField(
        label=_("Title"), max_length=120, required=False, validators=[without_details, must_be_seen]
    )
    cents = EurosField(label=_("Amount"), unit=_("€ excl. VAT"), max_cents=HIGHEST_CENTS, required=False)
    due_on = DayField(past=timedelta(), label=_("Delivered on"), required=False)
    deliverable = ProseField(label=_("Deliverable"), max_length=2000, required=False, rows=2)

    def __init__(self, *args: Any, kept: Collection[date | None] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].kept = kept  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if any(data.get(name) for name in TYPED):
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


TrancheRows = forms.formset_factory(TrancheForm, extra=0, min_num=FIRST, max_num=MOST, absolute_max=MOST)


class WithTranches(Performing):
    """A form with rows of tranches below: one `is_valid` for both, and a button that adds a row without checking.

    The days of `standing`, terms that stand already, stay right once they have passed.
    """

    def __init__(
        self,
        *args: Any,
        rows: Sequence[TrancheTerms | dict[str, Any]] = (),
        standing: Offer | AgreementVersion | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        initial = [row if isinstance(row, dict) else vars(row) for row in rows]
        self.kept: Collection[date | None] = ()
        if standing:
            self.kept = {tranche.due_on for tranche in standing.tranches.all()}
            self.fields["starts_on"].kept = {standing.starts_on}  # type: ignore[attr-defined]
        self.rows = self.make_rows(self.data if self.is_bound else None, initial)

    def make_rows(self, data: Any, initial: Any = None) -> Any:
        """The rows, as typed if there is data."""
        return TrancheRows(data, prefix="tranche", initial=initial, form_kwargs={"kept": self.kept})

    @property
    def wants_row(self) -> bool:
        """Whether "add a row" was pressed: the form is drawn again as typed, with one row more."""
        return self.is_bound and "add_row" in self.data

    @property
    def is_full(self) -> bool:
        """Whether no row may be added."""
        return bool(self.rows.total_form_count() >= MOST)

    def add_row(self) -> None:
        """Draw this form as typed, unchecked, with one more row."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["tranche-TOTAL_FORMS"] = str(min(MOST, 1 + self.rows.total_form_count()))
        self.data, self.rows = data, self.make_rows(data)
        self._errors = ErrorDict()
        vars(self.rows).update(_errors=[], _non_form_errors=ErrorList())
        for row in self.rows.forms:
            vars(row).update(_errors=ErrorDict())

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.rows.is_valid()])

    @property
    def row_errors(self) -> list[tuple[int, forms.BoundField, str]]:
        """What is wrong in the rows, for the summary on top: the number of the tranche, its field and the error."""
        rows = enumerate(self.rows.forms if self.is_bound else [], 1)
        return [(n, row[name], str(error)) for n, row in rows for name, found in row.errors.items() for error in found]

    @property
    def typed_rows(self) -> list[dict[str, str]]:
        """The rows as typed, unchecked, empty ones passed over."""
        rows = [{name: str(row[name].value() or "") for name in row.fields} for row in self.rows.forms]
        return [row for row in rows if any(row.values())]

    @property
    def tranches(self) -> list[TrancheTerms]:
        """The tranches typed, empty rows passed over."""
        return [row.terms for row in self.rows.forms if row.terms]
