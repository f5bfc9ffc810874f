"""After the closing: time to choose, more of it once, a reminder, and the end of calls that nobody chose from."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import as_owner, slowed
from marketplace.templatetags.page import PARIS, paris
from marketplace.testing.processes import Process
from projects.models import Deadline, Offer, Project, Selection
from projects.models.content import days_after
from projects.models.deadlines import AGAIN
from projects.tasks import sweep_deadlines
from projects.tests.bids import bid, bidder, terms
from projects.tests.calls import consulted, opened, with_credits

SECOND = timedelta(seconds=1)


def closed(project: Project) -> datetime:
    """When `project` stops taking offers."""
    assert project.closes_at
    return project.closes_at


def last(project: Project) -> datetime:
    """When the time to choose ends."""
    project.refresh_from_db()
    assert project.select_by
    return project.select_by


def state(project: Project) -> str:
    return str(Project.objects.get(pk=project.pk).state)


@pytest.mark.parametrize(("after", "end"), [(-SECOND, "OPEN"), (0 * SECOND, "OPEN"), (SECOND, "EXPIRED")])
def test_call_without_an_offer_expires_at_its_closing_date(client_user: User, after: timedelta, end: str) -> None:
    project = opened(client_user)
    Deadline.objects.sweep(closed(project) + after)
    assert state(project) == end


@pytest.mark.parametrize(("after", "end"), [(-SECOND, "OPEN"), (0 * SECOND, "OPEN"), (SECOND, "EXPIRED")])
@pytest.mark.parametrize("extended", [False, True])
def test_call_with_an_offer_expires_when_the_time_to_choose_ends(
    client_user: User, provider_user: User, after: timedelta, end: str, extended: bool
) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    if extended:
        with time_machine.travel(closed(project) + SECOND):
            project.extend(by=client_user)
    assert last(project) - closed(project) > timedelta(days=29 if extended else 14)
    Deadline.objects.sweep(last(project) + after)
    assert state(project) == end


def test_credits_come_back_and_everybody_is_told(client_user: User, provider_user: User, rival_user: User) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    consulted(project, with_credits(rival_user), Kind.CONTACT)
    Deadline.objects.sweep(last(project) + SECOND)
    Deadline.objects.sweep(last(project) + SECOND)
    reasons = {"project_expired", "offer_unread"}  # nobody opened the offer: that credit was back before
    assert set(Spending.objects.values_list("return_reason", flat=True)) == reasons
    assert Event.objects.filter(verb="credit.returned").count() == 4
    told = Notice.objects.filter(name="project.expired.provider")
    assert {notice.user for notice in told} == {provider_user, rival_user}
    assert "Expiré sans choix" in told[0].letter.subject
    letter = Notice.objects.get(name="project.expired").letter
    assert "La date limite de choix est passée" in letter.paragraphs[0]


def test_client_of_a_call_without_an_offer_reads_what_may_help(client_user: User) -> None:
    Deadline.objects.sweep(closed(opened(client_user)) + SECOND)
    assert "besoin plus précis" in Notice.objects.get(name="project.expired").letter.paragraphs[0]


def test_call_whose_last_offer_leaves_after_the_closing_expires(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user))
    Deadline.objects.sweep(closed(project) + SECOND)
    assert state(project) == "OPEN"
    with time_machine.travel(closed(project) + 2 * SECOND, tick=False):
        offer.withdraw(by=provider_user)
        sweep_deadlines()
    assert state(project) == "EXPIRED"


def test_chosen_call_does_not_expire(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user))
    with time_machine.travel(last(project), tick=False):
        Selection(offer).carry_out(by=client_user)
    assert not Deadline.objects.waiting().about(project, "call.expire", "call.remind").exists()
    Deadline.objects.sweep(last(project) + SECOND)
    assert state(project) == "AWARDED"
    with pytest.raises(Project.NotDue):
        project.expire(at=last(project) + timedelta(days=90))


@pytest.mark.parametrize(
    ("day", "offset"), [("2027-03-20", 2), ("2027-10-20", 1), ("2027-03-13", 2), ("2027-10-16", 1), ("2028-02-14", 1)]
)
def test_time_to_choose_ends_at_the_same_hour_across_a_change_of_clocks(day: str, offset: int) -> None:
    closes_at = datetime.fromisoformat(f"{day}T18:00").replace(tzinfo=PARIS)
    project = Project(closes_at=closes_at, state="OPEN", offers_count=1)
    end = project.select_by
    assert end
    assert (end.astimezone(PARIS).hour, end.astimezone(PARIS).utcoffset()) == (18, timedelta(hours=offset))
    assert (end.date() - closes_at.date()).days == 15
    assert not project.is_overdue(end)
    assert project.is_overdue(end + SECOND)


def test_hour_that_a_night_skips_or_repeats_is_still_one_instant() -> None:
    for at in ("2027-03-13T02:30", "2027-10-16T02:30"):
        start = datetime.fromisoformat(at).replace(tzinfo=PARIS)
        gone = days_after(start, 15) - start
        assert abs(gone - timedelta(days=15)) <= timedelta(hours=1)


@pytest.mark.parametrize("day", ["2027-03-20", "2027-10-20"])
def test_sweep_finds_calls_on_time_across_a_change_of_clocks(client_user: User, provider_user: User, day: str) -> None:
    closes_at = datetime.fromisoformat(f"{day}T18:00").replace(tzinfo=PARIS)
    with time_machine.travel(closes_at - timedelta(days=3)):
        project = opened(client_user, closes_at=closes_at)
        bid(project, with_credits(provider_user))
    near = days_after(last(project), -3)
    counts = []
    for at in (near - SECOND, near, near + SECOND):
        Deadline.objects.sweep(at)
        counts.append(Notice.objects.filter(name="project.reminded").count())
    assert counts == [0, 0, 1]
    Deadline.objects.sweep(last(project))
    assert state(project) == "OPEN"
    Deadline.objects.sweep(last(project) + SECOND)
    assert state(project) == "EXPIRED"


def test_client_is_reminded_once_three_days_before_and_again_after_the_extension(
    client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    counts = []
    near = days_after(last(project), -3)
    for at in (near - SECOND, near, near + SECOND, last(project)):
        with time_machine.travel(at, tick=False):
            sweep_deadlines()
        counts.append(Notice.objects.filter(name="project.reminded").count())
    assert counts == [0, 0, 1, 1]
    letter = Notice.objects.get(name="project.reminded").letter
    assert ("Vous choisissez avant le", paris(last(project))) in letter.figures
    assert len(letter.paragraphs) == 2
    with time_machine.travel(last(project), tick=False):
        project.extend(by=client_user)
    Deadline.objects.sweep(days_after(last(project), -3) + SECOND)
    assert len(Notice.objects.filter(name="project.reminded").latest("pk").letter.paragraphs) == 1


def test_call_without_an_offer_is_not_reminded(client_user: User) -> None:
    project = opened(client_user)
    with pytest.raises(Project.NotDue):
        project.remind(at=last(project) - SECOND)
    assert not Project(state="OPEN", offers_count=1).is_overdue(timezone.now())


def test_more_time_is_taken_once_and_the_bidders_are_told(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    left = bid(project, bidder(1))
    left.withdraw(by=left.provider)
    with time_machine.travel(closed(project)):
        for _time in range(2):
            project.extend(by=client_user)
    told = Notice.objects.get(name="project.extended")
    assert told.user == provider_user
    assert ("Choix avant le", paris(last(project))) in told.letter.figures


@pytest.mark.parametrize("when", ["before the closing", "too late", "without an offer"])
def test_more_time_is_refused_when_it_makes_no_sense(client_user: User, provider_user: User, when: str) -> None:
    project = opened(client_user)
    if when != "without an offer":
        bid(project, with_credits(provider_user))
    instant = {"before the closing": closed(project) - SECOND, "too late": last(project) + SECOND}
    with time_machine.travel(instant.get(when, closed(project)), tick=False), pytest.raises(Project.NotExtendable):
        project.extend(by=client_user)


def test_client_extends_from_the_page_that_compares(
    as_client: Client, as_stranger: Client, client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    path = f"/projets/{project.key}/prolonger/"
    assert "le délai de choix se prolonge" in as_client.post(path, follow=True).content.decode().lower()
    Project.objects.update(opened_at=timezone.now() - timedelta(days=9), closes_at=timezone.now() - SECOND)
    assert path in as_client.get(f"/projets/{project.key}/offres/").content.decode()
    assert path in as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert "Prendre plus de temps pour choisir" in as_client.get(path).content.decode()
    assert as_stranger.post(path).status_code in {302, 404}
    page = as_client.post(path, follow=True).content.decode()
    assert "délai de choix est prolongé" in page
    assert path not in page
    assert "prolonge son délai" in as_client.get(f"/projets/{project.key}/rapport/").content.decode()


def test_one_poison_row_stops_no_other(client_user: User, caplog: Any) -> None:
    projects = [opened(client_user) for _n in range(3)]
    with as_owner() as cursor:
        cursor.execute(f"""
            create function test_poison() returns trigger language plpgsql as $$ begin
                if new.project_key = '{projects[1].key}' then raise exception 'poison'; end if; return new; end $$;
            create trigger a_test_poison before insert on events_event for each row execute function test_poison();
        """)
    assert Deadline.objects.sweep(closed(projects[0]) + SECOND) == 2
    assert [state(project) for project in projects] == ["EXPIRED", "OPEN", "EXPIRED"]
    assert "(call.expire) could not fall" in caplog.text
    with as_owner() as cursor:
        cursor.execute("drop function test_poison() cascade")
    assert Deadline.objects.sweep(closed(projects[0]) + AGAIN + SECOND) == 1


@pytest.mark.django_db(transaction=True)
def test_sweep_that_is_killed_half_way_is_ended_by_the_next(client_user: User) -> None:
    provider = bidder(1)
    projects = [opened(client_user) for _n in range(4)]
    for project in projects:
        consulted(project, provider, Kind.OFFER, Kind.CONTACT)
    at = closed(projects[0]) + SECOND
    server = os.environ["TEST_APP_URL"].rpartition("/")[0]
    said = f"""
from datetime import datetime
from projects.models import Deadline
Deadline.objects.sweep(datetime.fromisoformat('{at}'))
"""
    env = {"DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}"}
    sweeper = Process("closing", [sys.executable, "manage.py", "shell", "-c", said], env)
    with slowed("credits_spending", seconds=0.2):
        sweeper.start(lambda: Project.objects.filter(state="EXPIRED").exists())
        sweeper.stop(signal.SIGKILL)
    half = Project.objects.filter(state="EXPIRED").count()
    assert 1 <= half < 4
    assert Spending.objects.exclude(returned_at=None).count() == 3 * half
    Deadline.objects.sweep(at)
    assert not Spending.objects.living().exists()
    assert Event.objects.filter(verb="credit.returned").count() == 12
    assert Event.objects.filter(verb="project.expired").count() == 4


def test_spending_offering_and_asking_stop_at_the_closing_date(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user), Kind.OFFER)
    with time_machine.travel(closed(project), tick=False):
        with pytest.raises(Project.NotAvailable):
            project.spend(Kind.CONTACT, by=provider_user)
        with pytest.raises(Project.NotAvailable):
            Offer.place(project, by=provider_user, terms=terms(), key=project.form_key)  # type: ignore[arg-type]
