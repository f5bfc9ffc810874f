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
    """The cards of three available projects like `project`, with the marks of `user`: two queries."""
    rows = Project.objects.alike(project, user).with_track_record().with_marks_of(user).select_related("category")
    found = list(rows[:SHOWN])
    return cards(found, {row.category_id: row.category.name for row in found})
