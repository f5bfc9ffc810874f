"""Many calls for offers at once, where one transition per row would take hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef

from credits.models import Spending

from .agreements import Agreement
from .choices import ProjectState
from .deadlines import Deadline
from .offers import Offer, Question
from .projects import EXPIRY, Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .readers import ProjectQuerySet


def open_many(projects: Iterable[Project]) -> int:
    """Write `projects`, which nobody has seen yet, and open them: born as drafts, then moved, as the database asks.

    For generated calls only: no Event is recorded and nobody is told. Their dates are set already, and fall as those
    of others. How many are open.
    """
    with transaction.atomic():
        written = Project.objects.bulk_create(projects)
        drafts = Project.objects.filter(pk__in=[project.pk for project in written], state=ProjectState.DRAFT)
        Deadline.objects.set_many(EXPIRY, {project: project.closes_at for project in written if project.closes_at})
        return drafts.update(state=ProjectState.OPEN)


def delete_many(projects: ProjectQuerySet) -> int:
    """Delete `projects`, on which nothing ever happened, and their dates; how many rows went."""
    with transaction.atomic():
        Deadline.objects.filter(project__in=projects).delete()
        return projects.delete()[0]


def untouched(projects: ProjectQuerySet) -> ProjectQuerySet:
    """Those of `projects` on which nobody has bid, asked, agreed or spent: they may be deleted."""
    rows = [Exists(model.objects.filter(project=OuterRef("pk"))) for model in (Offer, Question, Agreement)]
    return projects.exclude(rows[0] | rows[1] | rows[2] | Exists(Spending.objects.filter(project_key=OuterRef("key"))))
