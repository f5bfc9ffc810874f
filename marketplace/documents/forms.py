"""Form fields for files; what comes out of `cleaned_data` is inert and goes straight to `Document.take_in`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from marketplace.documents import intake


def chooser(accept: intake.Types) -> dict[str, str]:
    """What the browser's file dialogue offers; a courtesy, never a check."""
    return {"accept": ",".join(f".{extension}" for kind, extension in intake.EXTENSIONS.items() if kind in accept)}


def help_text(accept: intake.Types) -> str:
    """What may be sent, in the reader's language."""
    return _("%(types)s, 10 MB at most.") % {"types": intake.listed(accept)}


class DocumentField(forms.FileField):
    """One file; `cleaned_data` holds an `intake.Clean` (or None), its errors are shown beside the field."""

    widget = forms.FileInput

    def __init__(self, *, accept: intake.Types = intake.PLAIN, **kwargs: Any) -> None:
        self.accept = accept
        kwargs.setdefault("help_text", lazy(help_text, str)(accept))
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> Any:
        return {**super().widget_attrs(widget), **chooser(self.accept)}

    def to_python(self, data: Any) -> Any:
        """The file made inert."""
        if data in self.empty_values:
            return None
        return intake.clean(data, self.accept)


class SeveralFiles(forms.FileInput):
    """A file input in which several files can be chosen."""

    allow_multiple_selected = True


class DocumentsField(DocumentField):
    """Several files; `cleaned_data` holds a list of `intake.Clean`, each error names its file."""

    widget = SeveralFiles

    def __init__(self, *, most: int = 10, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = [file for file in data or [] if file]
        if not files and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(files) > self.most:
            raise ValidationError(_("At most %(most)s files."), code="many", params={"most": self.most})
        cleaned, errors = [], []
        for file in files:
            try:
                cleaned.append(self.to_python(file))
            except ValidationError as error:
                errors.append(named(file, error))
        if errors:
            raise ValidationError(errors)
        return cleaned


def named(file: Any, error: ValidationError) -> ValidationError:
    """`error` with the name of the file that it is about."""
    facts = {"name": file.name, "reason": " ".join(error.messages)}
    return ValidationError(_("%(name)s: %(reason)s"), code=error.code, params=facts)
