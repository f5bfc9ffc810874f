"""Who may read which documents: `@reads(purpose)` functions of the apps that own the rows behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.models import Document

Reader = Callable[["User", "Document"], bool]
registry: dict[str, Reader] = {}


def reads(*purposes: str) -> Callable[[Reader], Reader]:
    """Declare, in an app's `reactions.py`, who besides the owner may read the documents of these purposes.

    Asked again at each download. A purpose without a reader is for the owner alone.
    """

    def declare(reader: Reader) -> Reader:
        for purpose in purposes:
            if purpose in registry:
                raise ValueError(f"Two readers judge the documents of {purpose}.")
            registry[purpose] = reader
        return reader

    return declare
