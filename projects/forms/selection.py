from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.forms import Performing
from projects.models import Agreement, Offer, Selection


class SelectionForm(Performing):
    """Why the others were not chosen: one reason for all, which a box may replace for each offer."""

    reason = forms.CharField(
        label=_("Your reason, for all the others"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Sent word for word to each provider who was not chosen, with their rank in price and delay."),
    )

    def __init__(self, *args: Any, winner: Offer, others: list[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.winner, self.others = winner, others
        for offer in others:
            self.fields[f"reason_{offer.pk}"] = forms.CharField(
                label=_("Another reason for %(name)s") % {"name": offer.provider.public_name},
                max_length=500,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        if not others:
            del self.fields["reason"]

    def save(self, *, by: User) -> Agreement | None:
        """Choose; a refusal is shown on the form."""
        data = self.cleaned_data
        reasons = {offer.pk: data[f"reason_{offer.pk}"] for offer in self.others}
        selection = Selection(self.winner, reason=data.get("reason", ""), reasons=reasons)
        return self.perform(lambda: selection.carry_out(by=by))
