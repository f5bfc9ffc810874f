from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from marketplace.documents.forms import DocumentsField
from marketplace.forms import Deed
from projects.contacts import telling
from projects.forms.offers import PapersField, WithPapers
from projects.forms.prose import ProseField
from projects.models import Thread, ThreadMessage

LONGEST_SEARCH = 200
UNTIL_INTRODUCED = _("Phone, e-mail and addresses are masked here until the introduction is paid, then shown.")


class LetterField(ProseField):
    """A text to one person, who is introduced sooner or later: details are masked meanwhile, not refused."""

    default_validators = []


class LetterPapersField(PapersField):
    """The files that go with it; what their names may tell is judged by the form."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        return DocumentsField.clean(self, data, initial)


class ThreadForm(WithPapers, Deed):
    """A message to the other party of an agreement."""

    text = LetterField(label=_("Your message"), max_length=5000, rows=5)
    papers = LetterPapersField()
    field_order = ("text", "papers")

    def __init__(self, *args: Any, thread: Thread, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.thread = thread
        if not thread.is_introduced:
            self.fields["text"].help_text = UNTIL_INTRODUCED

    def clean_papers(self) -> Any:
        """Until the introduction no file name tells how to reach somebody: it would show in every download."""
        files = self.cleaned_data["papers"]
        if not self.thread.is_introduced and any(telling(file.name) for file in files):
            raise ValidationError(_("Rename the file: its name holds contact details."), code="contact")
        return files

    def save(self, *, by: Any) -> ThreadMessage | None:
        """Send; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.store(lambda: self.thread.write(data["text"], by=by, key=data["key"], files=data["papers"]))


class ThreadSearchForm(forms.Form):
    """What is looked for in a thread; anything that cannot be looked for finds everything."""

    q = forms.CharField(required=False)

    @property
    def words(self) -> str:
        """What was typed, cut to a length that a search takes; nothing for what no text column takes."""
        return self.cleaned_data["q"][:LONGEST_SEARCH] if self.is_valid() else ""
