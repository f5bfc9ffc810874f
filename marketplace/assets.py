"""Where the site's style sheets, scripts and pictures are served from: an address is worked out once per process."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class Remembered(Storage):
    """A page's head alone names fifty files, whose addresses do not change while a process runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.addresses: dict[str | None, str] = {}

    def url(self, name: str | None) -> str:
        """The address of the file `name`."""
        if name not in self.addresses:
            self.addresses[name] = super().url(name)
        return self.addresses[name]


class PlainAssets(Remembered, StaticFilesStorage):
    """Served as they lie in their folder."""


class HashedAssets(Remembered, CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Served under a name that changes with what they contain."""
