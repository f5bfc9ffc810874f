"""Base projects at their end, and what both sides say of each other, driven through the real transitions."""

from __future__ import annotations

import uuid
from typing import Any

from marketplace.accounts.models import User
from projects.models import Completion, Formula, Opinion, Project, Review
from projects.tests.bids import active, awarded, changed, stocked
from projects.tests.calls import opened


def introduced(client: User, provider: User, formula: Formula = Formula.BASE, call: Project | None = None) -> Project:
    """A project under way."""
    agreement = awarded(call or opened(client), stocked(provider))
    if formula == Formula.BASE:
        agreement.propose(changed(agreement, formula=formula), by=client, instead_of=1)
    return Project.objects.get(pk=active(agreement).project_id)


def completed(client: User, provider: User, call: Project | None = None) -> Project:
    """A base project that its client said to be over."""
    project = introduced(client, provider, call=call)
    Completion(project).carry_out(by=client)
    return Project.objects.get(pk=project.pk)


def reviewed(project: Project, by: User, text: str = "Bien.", marks: tuple[int, int, int] = (5, 4, 3)) -> Review:
    """What one side says."""
    return Review.write(project, Opinion(*marks, text), by=by, key=uuid.uuid4())


def typed(**changes: Any) -> dict[str, Any]:
    """A review as a browser sends it, right but for `changes`."""
    said = {"work": "5", "exchange": "4", "terms": "3", "text": "Travail soigné.", "key": str(uuid.uuid4())}
    return {**said, **changes}
