"""Texts that people write to each other before they are introduced."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from projects.contacts import reachable

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")  # of a file that the terms name: some of its digits look like a phone number


def without_details(text: str) -> None:
    """Refuse an e-mail address or a phone number: that is what a direct contact credit and the introduction open."""
    if reachable(DIGEST.sub("", text)):
        raise ValidationError(
            _("Remove the e-mail address or phone number: a direct contact credit or the introduction opens them."),
            code="contact",
        )


class ProseField(forms.CharField):
    """A text of some lines, without contact details; its line ends are the same whatever the browser."""

    default_validators = [without_details]

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")
