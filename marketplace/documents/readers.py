"""Who may read which documents: `@reads(purpose)` functions of the apps that own the rows behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.models import Document

Reader = Callable[["User", "Document"], bool]
registry: dict[str, Reader] = {}
kept: set[str] = set()  # the purposes whose readers read on while their account is suspended
shared: set[str] = set()  # read by nobody for having sent them


def reads(*purposes: str, suspended: bool = False, owner: bool = True) -> Callable[[Reader], Reader]:
    """Declare, in an app's `reactions.py`, who besides the owner may read the documents of these purposes.

    Asked again at each download. A purpose without a reader is for the owner alone. With `suspended`, also those whose
    account is suspended: what a dispute is about. Without `owner`, whoever sent one reads it only as everybody else:
    our staff, who may leave.
    """

    def declare(reader: Reader) -> Reader:
        for purpose in purposes:
            if purpose in registry:
                raise ValueError(f"Two readers judge the documents of {purpose}.")
            registry[purpose] = reader
        kept.update(purposes if suspended else ())
        shared.update(() if owner else purposes)
        return reader

    return declare
