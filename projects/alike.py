"""What else is open when a project is gone (product, section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projects.cards import cards
from projects.models import Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from marketplace.accounts.models import User

SHOWN = 3


def cards_alike(project: Project, user: User | AnonymousUser) -> list[dict[str, Any]]:
    """The cards of three available projects like `project`, new to `user`, with their marks: two queries."""
    rows = Project.objects.new_to(user).alike(project).with_track_record().with_marks_of(user)
    found = list(rows.select_related("category")[:SHOWN])
    return cards(found, {row.category_id: row.category.name for row in found})
