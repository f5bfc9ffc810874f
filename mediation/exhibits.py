"""Evidence on its way in: what was sent, byte for byte, and the inert copy that the parties read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marketplace.documents import intake
from marketplace.documents.forms import DocumentField, DocumentsField

if TYPE_CHECKING:
    from django.core.files.base import File

OPAQUE = "application/octet-stream"


@dataclass(frozen=True)
class Exhibit:
    """One piece of evidence: its inert copy, and the bytes that were sent, which the hash is of."""

    copy: intake.Clean
    original: bytes
    title: str = ""

    @classmethod
    def of(cls, upload: File[bytes], *, accept: intake.Types = intake.PLAIN, title: str = "") -> Exhibit:
        """What `upload` brings. A ValidationError says why it is refused: size, type, damage, two types in one."""
        copy = intake.clean(upload, accept)
        upload.seek(0)
        return cls(copy, upload.read(), title)

    @property
    def sha256(self) -> str:
        """Of what was sent."""
        return hashlib.sha256(self.original).hexdigest()

    @property
    def sealed(self) -> intake.Clean:
        """What was sent, as a file that nothing opens by itself."""
        return intake.Clean(f"{self.copy.name}.original", OPAQUE, self.original)


class ExhibitField(DocumentField):
    """One piece of evidence; `cleaned_data` holds an Exhibit (or None), its errors are shown beside the field."""

    def to_python(self, data: Any) -> Any:
        return None if data in self.empty_values else Exhibit.of(data, accept=self.accept)


class ExhibitsField(DocumentsField):
    """Several pieces; `cleaned_data` holds a list of Exhibit, each error names its file."""

    def to_python(self, data: Any) -> Any:
        return None if data in self.empty_values else Exhibit.of(data, accept=self.accept)
