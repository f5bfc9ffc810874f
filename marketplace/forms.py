"""Forms of the site: their look, and forms that perform a deed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.forms.renderers import TemplatesSetting
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace import resume
from marketplace.fields import must_be_seen, shown
from marketplace.refusals import Refusal

T = TypeVar("T")
BREAK = re.compile(r"\r\n?")
EXPIRED = gettext_lazy("This page has expired: load it again.")


class Renderer(TemplatesSetting):
    """Draws every form and field with our components."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class Drawn(forms.BoundField):
    """A field as pages draw it; one for files tells those that a refused form has lost, for no browser keeps them."""

    @property
    def lost(self) -> str:
        """Which files to choose again, in a sentence; nothing for a form that stands."""
        chosen: list[Any] = self.form.files.getlist(self.html_name) if self.form.files and self.form.errors else []
        words = ngettext(
            "Choose your file again: %(names)s. The browser does not keep it.",
            "Choose your files again: %(names)s. The browser does not keep them.",
            len(chosen),
        )
        return words % {"names": ", ".join(shown(file.name) for file in chosen)} if chosen else ""

    @property
    def aria_describedby(self) -> str | None:
        known = super().aria_describedby
        return f"{known} {self.auto_id}_lost".strip() if self.lost and known is not None else known


def with_plain_breaks(data: Any) -> Any:
    """What a browser sent, each line break one sign: so `maxlength` counts them, and so must the bound here."""
    if not isinstance(data, QueryDict):
        return data
    again = data.copy()
    for name, values in data.lists():
        again.setlist(name, [BREAK.sub("\n", value) for value in values])
    return again


class Performing(forms.Form):
    """A form that carries out a deed which may be refused. One that comes back without its files is never valid."""

    bound_field_class = Drawn

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(with_plain_breaks(data), *args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.validators.append(must_be_seen)

    def full_clean(self) -> None:
        super().full_clean()
        if resume.MARK in self.data:
            self.add_error(None, _("Nothing has been sent yet: choose your files again, then send."))

    def perform(self, deed: Callable[[], T], *, field: str | None = None) -> T | None:
        """Carry out `deed`; a refusal becomes an error of `field` (of the whole form by default) and gives None."""
        try:
            return deed()
        except Refusal as refusal:
            self.add_error(field, str(refusal))
            return None

    def done(self, deed: Callable[[], object]) -> bool:
        """Carry out `deed`, which gives nothing back: whether it was done."""
        return bool(self.perform(lambda: (deed(), True)))


class Deed(Performing):
    """A form that does something once: its `key` is made when the page is drawn.

    The same key again (double click, back button, second tab of the same page) gives the same result and one effect.
    A form that was refused has had no effect: it is drawn again with what was typed and a new key, for the one before
    may have served already, and would be refused for ever.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": EXPIRED, "invalid": EXPIRED})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid.uuid4

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        typed: Any = self.data
        again = typed.copy()
        again[self.add_prefix("key")] = str(uuid.uuid4())
        self.data = again
