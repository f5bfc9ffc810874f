"""Projects reported to moderation: who may, once, until when they are answered, and what the client never learns."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from credits.models import Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, MailState, Notice, Preference
from marketplace.events.tellings import Kind as NoticeKind
from marketplace.templatetags.page import PARIS
from projects.models import Flag, FlagReason, Project
from projects.models.flags import FLAG_MOVES, FlagState

from .bids import HOSTILE, bend, bidder
from .calls import consulted, drafted, opened, with_credits

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def flagged(project: Project, by: User, text: str = "Une maquette gratuite est exigée.") -> Flag:
    return Flag.file(project, by=by, reason=FlagReason.UNPAID, text=text, key=uuid.uuid4())


def sent(**changes: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), "reason": "SPAM", "text": "Une publicité."} | changes


def told(user: User, name: str) -> Notice:
    return Notice.objects.get(user=user, name=name)


def page_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_reporter_is_told_until_when_we_answer(project: Project, provider_user: User) -> None:
    with time_machine.travel(datetime(2026, 12, 23, 10, tzinfo=PARIS)):
        flag = flagged(project, provider_user)
    assert flag.answer_by == datetime(2026, 12, 29, 18, tzinfo=PARIS)  # Christmas and a week-end do not count
    letter = told(provider_user, "flag.filed").letter
    assert letter.quote == "Une maquette gratuite est exigée."
    assert "29\xa0décembre\xa02026" in letter.figures[0][1]
    assert str(flag) == "Refonte d’un site vitrine (travail d’essai non payé exigé)"


def test_moderators_are_told_of_the_first_report_only(
    project: Project, provider_user: User, rival_user: User, moderator_user: User
) -> None:
    first = flagged(project, provider_user)
    flagged(project, rival_user)
    notice = told(moderator_user, "flag.filed.moderator")
    assert notice.letter.path == f"/admin/projects/flag/{first.pk}/change/"
    assert provider_user.name not in str(notice.letter)


def test_same_key_files_once(project: Project, provider_user: User) -> None:
    key = uuid.uuid4()
    filed = {Flag.file(project, by=provider_user, reason=FlagReason.SPAM, text="x", key=key).pk for _n in range(2)}
    assert len(filed) == 1
    assert Event.objects.filter(verb="flag.filed").count() == 1


def test_one_person_reports_a_project_once_while_it_waits(
    project: Project, provider_user: User, moderator_user: User
) -> None:
    flag = flagged(project, provider_user)
    with pytest.raises(Flag.AlreadyFiled, match="avant"):
        flagged(project, provider_user)
    flag.take_up(by=moderator_user)
    with pytest.raises(Flag.AlreadyFiled):
        flagged(project, provider_user)
    flag.dismiss(by=moderator_user, words="Rien d’anormal.")
    assert flagged(project, provider_user).state == "OPEN"


def test_only_published_projects_of_others_are_reported(client_user: User, provider_user: User) -> None:
    with pytest.raises(Flag.NotPublished):
        flagged(drafted(client_user), provider_user)
    project = opened(client_user)
    with pytest.raises(Flag.OwnProject):
        flagged(project, client_user)
    project.reject(by=bidder(1), reason="Trompeur.")
    with pytest.raises(Flag.NotPublished):
        flagged(project, provider_user)


def test_twenty_reports_wait_at_most(client_user: User, provider_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.models.flags.MOST_PENDING", 1)
    flagged(opened(client_user), provider_user)
    with pytest.raises(Flag.TooMany):
        flagged(opened(client_user), provider_user)


def test_flags_of_a_project_are_taken_up_together(
    project: Project, provider_user: User, rival_user: User, moderator_user: User
) -> None:
    flags = [flagged(project, user) for user in (provider_user, rival_user)]
    for _twice in range(2):
        flags[1].take_up(by=moderator_user)
    assert set(Flag.objects.values_list("state", "taken_by")) == {("TAKEN", moderator_user.pk)}
    assert Event.objects.get(verb="flag.taken").facts == {"flags": [flag.pk for flag in flags]}


def test_dismissal_answers_what_was_read_and_leaves_what_came_since(
    project: Project, provider_user: User, rival_user: User, moderator_user: User
) -> None:
    flag = flagged(project, provider_user)
    with pytest.raises(Flag.NotTaken):
        flag.dismiss(by=moderator_user, words="Rien.")
    flag.take_up(by=moderator_user)
    later = flagged(project, rival_user)
    with pytest.raises(Flag.NeedsWords):
        flag.dismiss(by=moderator_user, words=" ")
    flag.dismiss(by=moderator_user, words=" L’essai est payé. ")
    later.refresh_from_db()
    assert (flag.state, flag.words, later.state) == ("DISMISSED", "L’essai est payé.", "OPEN")
    assert told(provider_user, "flag.dismissed").letter.quote == "L’essai est payé."
    with pytest.raises(Flag.AlreadyClosed):
        flag.take_up(by=moderator_user)


def test_project_is_rejected_by_its_own_transition_and_every_reporter_is_told(
    project: Project, provider_user: User, rival_user: User, moderator_user: User
) -> None:
    consulted(project, with_credits(provider_user))
    flag = flagged(project, provider_user)
    flag.take_up(by=moderator_user)
    flagged(project, rival_user)
    with pytest.raises(Project.NeedsReason):
        flag.uphold(by=moderator_user, reason=" ")
    flag.uphold(by=moderator_user, reason="Essai gratuit exigé.", words="Merci.")
    project.refresh_from_db()
    assert (project.state, project.rejection_reason) == ("REJECTED", "Essai gratuit exigé.")
    assert set(Flag.objects.values_list("state", "words", "closed_by")) == {("UPHELD", "Merci.", moderator_user.pk)}
    assert {told(user, "flag.upheld").letter.quote for user in (provider_user, rival_user)} == {"Merci."}
    assert not Spending.objects.living().exists()


def test_rejection_from_the_project_s_own_page_answers_its_flags(
    project: Project, provider_user: User, moderator_user: User
) -> None:
    flag = flagged(project, provider_user)
    project.reject(by=moderator_user, reason="Trompeur.")
    flag.refresh_from_db()
    assert (flag.state, flag.taken_by, flag.closed_by) == ("UPHELD", None, moderator_user)
    letter = told(provider_user, "flag.upheld").letter
    assert (letter.quote, letter.path) == ("", "/projets/")
    with pytest.raises(Flag.AlreadyClosed):
        flag.uphold(by=moderator_user, reason="Encore.")


def test_project_that_has_left_cannot_be_rejected_but_is_answered(
    project: Project, provider_user: User, moderator_user: User
) -> None:
    flag = flagged(project, provider_user)
    project.withdraw(by=project.client)
    with pytest.raises(Project.NotModerable):
        flag.uphold(by=moderator_user, reason="Trompeur.")
    flag.refresh_from_db()
    assert flag.state == "OPEN"
    flag.take_up(by=moderator_user)
    flag.dismiss(by=moderator_user, words="Le client l’a retiré.")


def test_client_never_learns_who_reported(
    project: Project, as_client: Client, client_user: User, provider_user: User, moderator_user: User
) -> None:
    flag = flagged(project, provider_user)
    flag.take_up(by=moderator_user)
    flag.uphold(by=moderator_user, reason="Essai gratuit exigé.")
    pages = [page_of(as_client, path) for path in (f"/projets/{project.key}/rapport/", "/mes-projets/", "/mes-avis/")]
    letters = [str(notice.letter) for notice in Notice.objects.filter(user=client_user)]
    assert letters
    for text in [*pages, *letters]:
        for secret in (provider_user.name, provider_user.public_name, flag.text, "signalé"):
            assert secret not in text


def test_mails_follow_the_preferences_of_their_kind(project: Project, provider_user: User) -> None:
    Preference.objects.choose(provider_user.pk, {NoticeKind.PROJECTS: False})
    flagged(project, provider_user)
    assert told(provider_user, "flag.filed").mail_state == MailState.OFF


def test_page_reports_and_then_shows_what_waits(as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/signaler/"
    assert path in page_of(as_provider, f"/projets/{project.key}/")
    assert "est traité avant le" in page_of(as_provider, path)
    data = sent()
    for _double_click in range(2):
        assert as_provider.post(path, data).headers["Location"] == f"/projets/{project.key}/"
    assert Flag.objects.get().reason == "SPAM"
    assert "Notre modération a votre signalement" in page_of(as_provider, path)
    answer = as_provider.post(path, sent())
    assert Flag.objects.count() == 1
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "AUTRE"},
        {"reason": ""},
        {"text": " "},
        {"text": "x" * 2001},
        {"text": "a\0b"},
        {"key": "x"},
        {"key": ""},
    ],
)
def test_bad_input_is_shown_beside_what_was_typed(as_provider: Client, project: Project, wrong: dict[str, str]) -> None:
    answer = as_provider.post(f"/projets/{project.key}/signaler/", sent(**wrong))
    assert answer.status_code == 200
    assert not Flag.objects.exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(
    as_provider: Client, as_moderator: Client, project: Project, text: str, provider_user: User
) -> None:
    as_provider.post(f"/projets/{project.key}/signaler/", sent(text=text))
    page = page_of(as_moderator, f"/admin/projects/flag/{Flag.objects.get().pk}/change/")
    assert "<script>alert" not in page
    assert told(provider_user, "flag.filed").letter.quote == text.strip()


def test_page_is_not_for_the_client_nor_for_visitors(as_client: Client, project: Project) -> None:
    path = f"/projets/{project.key}/signaler/"
    assert as_client.get(path).status_code == 404
    assert "signaler" not in page_of(as_client, f"/projets/{project.key}/")
    assert Client().get(path).headers["Location"].startswith("/compte/connexion/")
    assert "signaler" in page_of(Client(), f"/projets/{project.key}/")


def test_moderator_follows_up_from_the_desk(
    as_moderator: Client, project: Project, provider_user: User, rival_user: User
) -> None:
    flag = flagged(project, provider_user)
    flagged(project, rival_user, "Deux fois le même appel.")
    assert "2 signalements de projets à traiter" in page_of(as_moderator, "/admin/")
    queue = page_of(as_moderator, "/admin/projects/flag/")
    assert re.search(r'field-together">2<', queue)
    change = f"/admin/projects/flag/{flag.pk}"
    assert "Deux fois le même appel." in page_of(as_moderator, f"{change}/change/")
    for deed in ("take", "dismiss"):
        data = {"key": str(uuid.uuid4()), "reason": "Tout est en règle."}
        assert as_moderator.post(f"{change}/{deed}/do/", data).status_code == 302
    assert set(Flag.objects.values_list("state", flat=True)) == {"DISMISSED"}
    assert "Refonte" not in page_of(as_moderator, "/admin/projects/flag/")
    assert "Refonte" in page_of(as_moderator, "/admin/projects/flag/?view=all")


def test_moderator_rejects_from_a_flag(as_moderator: Client, project: Project, provider_user: User) -> None:
    flag = flagged(project, provider_user)
    path = f"/admin/projects/flag/{flag.pk}/uphold/do/"
    assert "Motif du refus, communiqué au client" in page_of(as_moderator, path)
    data = {"key": str(uuid.uuid4()), "reason": "Essai gratuit exigé.", "words": ""}
    assert as_moderator.post(path, data).status_code == 302
    project.refresh_from_db()
    assert project.state == "REJECTED"
    assert as_moderator.post(path, data).status_code == 200


def test_queue_asks_as_often_for_much_as_for_little(
    as_moderator: Client, client_user: User, provider_user: User, django_assert_max_num_queries: Any
) -> None:
    for _n in range(8):
        flagged(opened(client_user), provider_user)
    with django_assert_max_num_queries(10):
        as_moderator.get("/admin/projects/flag/")


def test_finance_does_not_see_flags(as_finance: Client, project: Project, provider_user: User) -> None:
    flag = flagged(project, provider_user)
    assert "signalement" not in page_of(as_finance, "/admin/")
    assert as_finance.get(f"/admin/projects/flag/{flag.pk}/change/").status_code == 403


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in FlagState for b in FlagState if a != b])
def test_database_holds_the_moves_of_a_flag(
    project: Project, provider_user: User, before: FlagState, after: FlagState
) -> None:
    flag = flagged(project, provider_user)
    rest = "closed_at = now(), words = 'x'"
    bend(
        f"update projects_flag set state = '{before}', {rest if before in ('DISMISSED', 'UPHELD') else 'words = words'}"
    )
    moved = Flag.objects.filter(pk=flag.pk)
    change = {"state": after, "words": "x", "closed_at": flag.filed_at if after in ("DISMISSED", "UPHELD") else None}
    if (before, after) in FLAG_MOVES:
        assert moved.update(**change)
    else:
        with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
            moved.update(**change)
