"""The states of a project: the database lets through the moves of product, section 4, and no other."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from marketplace.accounts.models import User
from projects.models import Project, ProjectState
from projects.models.calls import new_key
from projects.models.choices import PROJECT_MOVES
from projects.tests.bids import bend
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db


class Undone(Exception):
    """The end of a trial: nothing of it stays."""


def passes(project: Project, before: str, after: str) -> bool:
    """Whether the database lets `project` go from one state to another, or be born in one."""
    try:
        with transaction.atomic():
            if before:
                bend(f"update projects_project set state = '{before}' where id = {project.pk}")
                Project.objects.filter(pk=project.pk).update(state=after)
            else:
                project.pk, project.key, project.form_key, project.state = None, new_key(), None, after
                project._state.adding = True
                project.save()
            raise Undone
    except Undone:
        return True
    except IntegrityError as refused:
        if "may not become" not in str(refused):
            raise
        return False


@pytest.mark.parametrize("before", ["", *ProjectState.values])
def test_database_knows_the_moves_of_a_project(client_user: User, before: str) -> None:
    project = opened(client_user)
    others = [state for state in ProjectState.values if state != before]
    found = {state for state in others if passes(Project.objects.get(pk=project.pk), before, state)}
    assert found == {after for former, after in PROJECT_MOVES if former == before}
