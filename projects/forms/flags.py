from __future__ import annotations

from datetime import datetime

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.forms import Deed
from projects.models import Flag, FlagReason, Project


class FlagForm(Deed):
    """What is wrong with a project. The text may quote contact details: they are often what is reported."""

    reason = forms.ChoiceField(label=_("What is wrong"), choices=FlagReason.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Where, and why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Quote the words or name the file. Only our moderation reads this."),
    )

    @property
    def answer_by(self) -> datetime:
        """Until when a report sent now is answered."""
        return deadlines.after(timezone.now(), settings.FLAG_ANSWER_DAYS)

    def save(self, project: Project, *, by: User) -> Flag | None:
        """Report; a refusal is shown on the form."""
        data = self.cleaned_data
        told = {"reason": FlagReason(data["reason"]), "text": data["text"], "key": data["key"]}
        return self.perform(lambda: Flag.file(project, by=by, **told))
