from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.forms import Performing
from projects.forms.prose import ProseField
from projects.models import Agreement, Offer, Selection


class SelectionForm(Performing):
    """Why the others were not chosen: one reason for all, which a box may replace for each offer.

    The common reason may stay empty when each of the others has its own.

    `revision` is the winner's offer as the client saw it: a later one has to be read first.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput)
    reason = ProseField(
        label=_("Your reason, for all the others"),
        max_length=500,
        rows=3,
        required=False,
        help_text=_("Sent word for word to each provider who was not chosen, with their rank in price and delay."),
    )

    def __init__(self, *args: Any, winner: Offer, others: list[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = winner.revision
        self.winner, self.others = winner, others
        for offer in others if len(others) > 1 else []:
            label = _("Another reason for %(name)s") % {"name": offer.provider.public_name}
            self.fields[f"reason_{offer.pk}"] = ProseField(label=label, max_length=500, required=False, rows=2)
        self.fields["reason"].conditional = True  # type: ignore[attr-defined]  # read by components/field.html
        if not others:
            del self.fields["reason"]

    @property
    def single_reasons(self) -> list[forms.BoundField]:
        """The boxes that replace the common reason, one for each other offer."""
        return [field for field in self if field.name.startswith("reason_")]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        untold = not (data.get("reason") or all(data.get(f"reason_{offer.pk}") for offer in self.others))
        if untold and "reason" not in self.errors:
            self.add_error("reason", Selection.NeedsReason.sentence)
        return data

    @property
    def confirm_by(self) -> datetime:
        """Until when both would have to confirm the terms, if the choice were made now."""
        return timezone.now() + timedelta(days=settings.AGREEMENT_DAYS)

    def save(self, *, by: User) -> Agreement | None:
        """Choose; a refusal is shown on the form."""
        data = self.cleaned_data
        reasons = {offer.pk: data.get(f"reason_{offer.pk}", "") for offer in self.others}
        reason, revision = data.get("reason", ""), data["revision"]
        selection = Selection(self.winner, reason=reason, reasons=reasons, revision=revision)
        return self.perform(lambda: selection.carry_out(by=by))
