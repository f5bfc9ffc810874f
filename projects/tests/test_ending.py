"""After the introduction under the base formula: its end, on a word or by itself, and what became of it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from projects.models import Completion, Deadline, Formula, Project, Survey
from projects.models.content import days_after
from projects.tests.bids import fallen
from projects.tests.ends import completed, introduced

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
ANSWERS = {"delivered": "YES", "paid": "PART", "again": "NO", "text": "Payé avec deux mois de retard."}


def sweep(project: Project, days: int, after: timedelta = SECOND) -> int:
    """Beat passes so many days after the introduction; how many deadlines fell."""
    at = days_after(project.activated_at or timezone.now(), days) + after
    with time_machine.travel(at, tick=False):
        return fallen(at)


@pytest.fixture
def base(client_user: User, provider_user: User) -> Project:
    return introduced(client_user, provider_user)


def test_either_side_ends_a_base_project_and_the_other_is_told(
    base: Project, as_provider: Client, as_client: Client, client_user: User
) -> None:
    report = as_provider.get(f"/projets/{base.key}/rapport/").content.decode()
    assert f"/projets/{base.key}/terminer/" in report
    strip = report.partition("state-strip")[2].partition("</dl>")[0]
    assert "se termine de lui-même à cette date" in strip
    assert "<time" in strip
    path = f"/projets/{base.key}/terminer/"
    assert "Terminer le projet" in as_provider.get(path).content.decode()
    for _n in range(2):
        assert as_provider.post(path)["Location"] == f"/projets/{base.key}/avis/"
    base.refresh_from_db()
    assert base.state == "COMPLETED"
    assert Event.objects.filter(verb="project.completed").count() == 1
    letter = Notice.objects.get(user=client_user, name="project.completed").letter
    assert "Paul M. dit que le travail est terminé." in letter.paragraphs
    assert as_client.get("/mon-compte/").content.decode().count("Donner mon avis") == 1
    assert not Deadline.objects.about(base, "completion").waiting().exists()


def test_completing_is_refused_under_r0_and_by_strangers(
    client_user: User, provider_user: User, as_client: Client, as_stranger: Client, stranger_user: User
) -> None:
    project = introduced(client_user, provider_user, Formula.R0)
    path = f"/projets/{project.key}/terminer/"
    assert "Terminer le projet" not in as_client.get(path).content.decode()
    assert "compte interne" in as_client.post(path).content.decode()
    assert as_stranger.post(path).status_code == 404
    with pytest.raises(Completion.NotParty):
        Completion(project).carry_out(by=stranger_user)
    assert not Deadline.objects.about(project).waiting().exists()


def test_completed_project_is_not_said_to_be_under_way(
    client_user: User, provider_user: User, as_provider: Client
) -> None:
    completed(client_user, provider_user)
    page = as_provider.get("/mes-projets/?vue=gagnes").content.decode()
    assert "Terminé<" in page
    assert "En cours\xa0:" not in page
    assert "Plus rien à faire" in page


@pytest.mark.parametrize(("after", "state"), [(-SECOND, "ACTIVE"), (0 * SECOND, "ACTIVE"), (SECOND, "COMPLETED")])
def test_base_project_completes_by_itself_after_90_days(base: Project, after: timedelta, state: str) -> None:
    sweep(base, 90, after)
    base.refresh_from_db()
    assert base.state == state
    if state == "COMPLETED":
        letter = Notice.objects.filter(name="project.completed")[0].letter
        assert letter.paragraphs[0].startswith("Il est terminé")


def test_both_parties_are_asked_at_30_and_90_days(
    base: Project, as_client: Client, client_user: User, provider_user: User
) -> None:
    assert sweep(base, 30, 0 * SECOND) == 0
    assert sweep(base, 30) == 1
    assert {row.person for row in Survey.objects.filter(rank=1)} == {client_user, provider_user}
    assert "se termine de lui-même à cette date" in as_client.get(f"/projets/{base.key}/rapport/").content.decode()
    assert sweep(base, 90) == 2
    assert Survey.objects.filter(rank=2).count() == 2
    names = Notice.objects.filter(name="survey.asked").values_list("user", "facts__rank")
    assert "Nous vous avons demandé" in as_client.get(f"/projets/{base.key}/rapport/").content.decode()
    assert sorted(names) == sorted((user.pk, rank) for user in (client_user, provider_user) for rank in (1, 2))


def test_survey_is_asked_of_a_project_that_ended_early(base: Project, client_user: User, as_client: Client) -> None:
    Completion(base).carry_out(by=client_user)
    sweep(base, 30)
    assert f"/projets/{base.key}/enquete/1/" in as_client.get("/mon-compte/").content.decode()
    assert f"/projets/{base.key}/enquete/1/" in as_client.get(f"/projets/{base.key}/rapport/").content.decode()


def test_survey_is_answered_once_by_each_and_read_by_moderation_alone(
    base: Project, as_client: Client, as_provider: Client, as_moderator: Client, as_stranger: Client
) -> None:
    sweep(base, 30)
    path = f"/projets/{base.key}/enquete/1/"
    assert as_client.post(path, ANSWERS).status_code == 302
    assert as_client.post(path, ANSWERS).status_code == 302
    assert "déjà répondu" in as_client.post(path, ANSWERS | {"paid": "YES"}).content.decode()
    assert "deux mois de retard" in as_client.get(path).content.decode()
    assert "retard" not in as_provider.get(path).content.decode()
    assert as_stranger.get(path).status_code == 404
    row = Survey.objects.get(answered_at__isnull=False)
    assert "retard" in as_moderator.get(f"/admin/projects/survey/{row.pk}/change/").content.decode()


@pytest.mark.parametrize("bad", [{"delivered": ""}, {"paid": "MAYBE"}, {"again": "\x00"}, {"text": "x" * 2001}])
def test_survey_form_keeps_what_was_typed(base: Project, as_client: Client, bad: dict[str, Any]) -> None:
    sweep(base, 30)
    page = as_client.post(f"/projets/{base.key}/enquete/1/", ANSWERS | bad)
    assert page.context["form"].errors.keys() == bad.keys()
    assert not Survey.objects.filter(answered_at__isnull=False).exists()
    again = as_client.post(f"/projets/{base.key}/enquete/1/", ANSWERS | {"text": "🧵 %(title)s {{ 7*7 }}"})
    assert again.status_code == 302


def test_database_holds_half_an_answer_for_an_error(base: Project) -> None:
    sweep(base, 30)
    with pytest.raises(IntegrityError, match="answered_survey_is_whole"), transaction.atomic():
        Survey.objects.update(delivered="YES")


def test_dates_of_an_r0_project_fall_on_nothing(base: Project) -> None:
    base.agreements.get().versions.update(formula="R0")
    assert sweep(base, 90) == 0
    assert {row.state for row in Deadline.objects.about(base)} == {"CANCELLED"}
