from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Deed, Performing
from projects.details import DetailsCheck
from projects.models import Detail, DetailsClaim

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class CorrectedForm(Performing):
    """The button of a client who has corrected their details."""

    def save(self, *, by: User) -> bool:
        """Settle what was found false; a refusal is shown on the page."""
        return self.done(lambda: DetailsClaim.settle(by=by))


class StatementForm(Performing):
    """Why details that were found false are right, in the client's words."""

    statement = forms.CharField(
        label=_("They are right as they are, because"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("When and how you can be reached with them. Our moderation checks again; nobody else reads this."),
    )

    def save(self, *, by: User) -> bool:
        """Send the statement; a refusal is shown on the form."""
        return self.done(lambda: DetailsClaim.contest(by=by, statement=self.cleaned_data["statement"]))


class DetailsClaimForm(Deed):
    """Which of the client's details are false, and how the provider found out."""

    wrong = forms.MultipleChoiceField(
        label=_("What is false"), choices=Detail.choices, widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(
        label=_("What happened"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("When you called or wrote, and what came back. Only our staff reads this."),
    )

    def save(self, check: DetailsCheck) -> DetailsClaim | None:
        """Send the claim; a refusal is shown on the form."""
        data = self.cleaned_data
        said = {"wrong": [Detail(value) for value in data["wrong"]], "text": data["text"], "key": data["key"]}
        return self.perform(lambda: DetailsClaim.file(check.project, check.spending, **said))
