"""The bell of each page's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.context import header
from marketplace.events.models import Notice

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST = 99


@header("unread")
def unread(user: User) -> int:
    """How many notices `user` has not opened, counted up to 99."""
    return Notice.objects.unread_of(user)[:MOST].count()
