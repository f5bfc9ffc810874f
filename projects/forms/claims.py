from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Deed
from projects.details import DetailsCheck
from projects.models import Detail, DetailsClaim


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
