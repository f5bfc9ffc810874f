"""Moderation in the administration: what differs from the version before, and changes looked at afterwards."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.admin_site import waiting_for
from projects.models import Jotting, Project
from projects.tests.calls import drafted, opened
from projects.tests.test_version import change, content


def resubmitted(client_user: User, moderator: User, title: str) -> Project:
    """A project handed in, rejected, corrected and handed in again."""
    project = drafted(client_user)
    project.submit(by=client_user)
    project.reject(by=moderator, reason="Nommez le métier.")
    project.jot(Jotting.whole(content(project, title=title, skills=["Python"])))
    project.submit(by=client_user)
    return project


def test_resubmission_shows_words_removed_and_added_beside_the_earlier_reason(
    as_moderator: Client, client_user: User, moderator_user: User
) -> None:
    project = resubmitted(client_user, moderator_user, "Refonte d’un site marchand")
    page = as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    assert "vitrine</del>" in page
    assert "marchand</ins>" in page
    assert "Accessibilité</del>" in page
    shown = page[page.index('class="versions"') :]
    assert shown.index("Version 2") < shown.index("Version 1") < shown.index("Nommez le métier.")
    assert "déposé la première fois" in shown


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "{{ 7*7 }}", "\u202etxt.exe", "🧵" * 60])
def test_differences_are_escaped(as_moderator: Client, client_user: User, moderator_user: User, title: str) -> None:
    project = resubmitted(client_user, moderator_user, title)
    page = as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    assert "<script>alert" not in page
    assert "<ins>" in page


def test_changed_project_waits_to_be_looked_at(as_moderator: Client, client_user: User, moderator_user: User) -> None:
    project = opened(client_user)
    deed = f"/admin/projects/project/{project.pk}/looked-at/do/"
    assert deed not in as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    change(project, title="Refonte d’un site marchand")
    (waiting,) = waiting_for(moderator_user)
    assert waiting.words == "1 projet modifié à regarder"
    assert "marchand" in as_moderator.get(waiting.path).content.decode()
    assert deed in as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    as_moderator.post(deed, {"key": str(uuid.uuid4())})
    assert waiting_for(moderator_user) == []
    assert "marchand" not in as_moderator.get(waiting.path).content.decode()
    assert "l’ouverture, regardé" in as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()


def test_finance_is_not_asked_to_look(client_user: User, finance_user: User) -> None:
    change(opened(client_user), urgent=True)
    assert waiting_for(finance_user) == []


def test_long_history_shows_the_latest_versions(as_moderator: Client, client_user: User) -> None:
    project = opened(client_user)
    for n in range(21):
        change(project, city=f"Ville {n}")
    page = as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    assert "Version 22" in page
    assert "Version 2," not in page
