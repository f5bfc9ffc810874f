"""Refusals: a deed that may not be done now, with the sentence that tells its author why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Refusal(Exception):
    """A transition refused: nothing was written. `str()` is a whole sentence for the user, in their language.

    Subclasses are nested in the model that refuses (`EscrowAccount.NotReleasable`) and carry their own `sentence`;
    `%(name)s` places in it are filled from the keyword facts.
    """

    sentence: str | _StrPromise = _("This can no longer be done. Reload the page to see where things stand.")

    def __init__(self, sentence: str | _StrPromise | None = None, /, **facts: Any) -> None:
        self.facts = facts
        if sentence is not None:
            self.sentence = sentence
        super().__init__()

    def __str__(self) -> str:
        return str(self.sentence) % self.facts if self.facts else str(self.sentence)
