"""The dates to come: on the report of whom they concern, and as a calendar file that any calendar takes in."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from projects.models import Agreement, Formula, Project, Selection, TrancheTerms
from projects.tests.bids import active, agreed, bid, changed, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
TITLE = "Refonte, en ligne ; « été » \\ 2027, de l’espace adhérent d’une mutuelle régionale 🧵"


@pytest.fixture
def project(client_user: User, provider_user: User, rival_user: User) -> Project:
    """An open call with two bidders."""
    project = opened(client_user, title=TITLE)
    for user in (provider_user, rival_user):
        bid(project, stocked(user))
    return project


def chosen(project: Project) -> Agreement:
    return Selection(project.offers.order_by("pk")[0], reason="Prix.").carry_out(by=project.client)


def path(project: Project) -> str:
    return f"/projets/{project.key}/echeances.ics"


def events(content: bytes) -> list[Any]:
    """The events of a calendar file."""
    return list(Calendar.from_ical(content).events)


def dated(browser: Client, project: Project) -> dict[str, object]:
    """What the calendar of one reader holds: the first words of each title, and when."""
    answer = browser.get(path(project))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(event["SUMMARY"]).partition(" – ")[0]: event["DTSTART"].dt for event in events(answer.content)}


def second(instant: datetime | None) -> datetime:
    """An instant as calendars hold it."""
    assert instant
    return instant.replace(microsecond=0)


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def test_calendar_file_is_right(as_client: Client, project: Project) -> None:
    answer = as_client.get(path(project))
    content, cache = answer.content, answer["Cache-Control"]
    assert cache == "private, no-store"
    assert content.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    event = events(content)[0]
    assert event["SUMMARY"] == f"Clôture des offres – {TITLE}"
    assert event["UID"] == f"offers-close.{project.key}@{urlsplit(settings.BASE_URL).hostname}"
    assert event["DTSTART"].dt == second(project.closes_at)
    assert (timezone.now() - event["DTSTAMP"].dt) < timedelta(minutes=1)
    assert f"/projets/{project.key}/rapport/" in event["URL"]
    assert event.walk("VALARM")[0]["TRIGGER"].dt == timedelta(days=-1)


def test_one_date_alone_keeps_its_uid(as_client: Client, project: Project) -> None:
    page = as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert f"{path(project)}?date=offers-close" in page
    (alone,) = events(as_client.get(f"{path(project)}?date=offers-close").content)
    every = events(as_client.get(path(project)).content)
    assert [event["UID"] for event in every].count(alone["UID"]) == 1
    for unknown in ("x", "\x00", "a" * 10_000, "offers-close'"):
        assert as_client.get(path(project), {"date": unknown}).status_code == 404


def test_open_call_tells_its_dates_to_all_who_follow_it(
    as_client: Client, as_provider: Client, as_stranger: Client, project: Project
) -> None:
    expected = {"Clôture des offres": project.closes_at, "Dernier jour du choix du client": project.select_by}
    assert dated(as_client, project) == dated(as_provider, project) == expected
    assert as_stranger.get(path(project)).status_code == 404


def test_what_the_agreement_waits_for_is_told_to_its_parties(
    as_client: Client, as_provider: Client, as_rival: Client, project: Project
) -> None:
    agreement = chosen(project)
    for browser in (as_client, as_provider):
        assert dated(browser, project) == {"Termes à confirmer par les deux parties": second(agreement.confirm_by)}
    assert as_rival.get(path(project)).status_code == 404
    agreed(agreement)
    for browser in (as_client, as_provider):
        assert dated(browser, project) == {"Mise en relation à régler": second(Agreement.objects.get().pay_by)}


def test_second_choice_is_told_to_all(as_client: Client, as_rival: Client, project: Project) -> None:
    chosen(project).decline(by=project.offers.order_by("pk")[0].provider, reason="Trop tard.")
    decide_by = second(Project.objects.get(pk=project.pk).decide_by)
    assert dated(as_client, project) == dated(as_rival, project) == {"Dernier jour pour choisir à nouveau": decide_by}


@pytest.mark.parametrize("formula", [Formula.BASE, Formula.R0])
def test_deliveries_are_days_of_the_terms(as_client: Client, project: Project, formula: Formula) -> None:
    agreement = chosen(project)
    rows = [TrancheTerms("Maquettes", "", 100_000, in_days(10)), TrancheTerms("Site", "", 200_000, in_days(40))]
    agreement.propose(changed(agreement, formula=formula, tranches=rows), by=agreement.client, instead_of=1)
    active(agreement)
    found = dated(as_client, project)
    assert (found["Livraison de la tranche 1"], found["Livraison de la tranche 2"]) == (in_days(10), in_days(40))
    assert ("Le projet se termine de lui-même" in found) == (formula == Formula.BASE)
    assert EscrowAccount.objects.exists() == (formula == Formula.R0)


def test_dates_of_a_completed_project_are_those_of_the_reviews(
    as_client: Client, as_rival: Client, project: Project
) -> None:
    agreement = chosen(project)
    agreement.propose(changed(agreement, formula=Formula.BASE), by=agreement.client, instead_of=1)
    active(agreement).project.complete()
    assert set(dated(as_client, project)) == {"Dernier jour pour donner un avis"}
    assert as_rival.get(path(project)).status_code == 404
