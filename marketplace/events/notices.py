"""The bell of each page's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.context import header
from marketplace.events.models import MOST_UNREAD, Notice

if TYPE_CHECKING:
    from marketplace.accounts.models import User


@header("unread")
def unread(user: User) -> int:
    """How many notices `user` has not opened, counted up to MOST_UNREAD; known already of a session's user."""
    known = user.unread_notices
    return Notice.objects.unread_of(user)[:MOST_UNREAD].count() if known is None else known
