"""The dates of an open call as rows: set when it opens, moved with it, gone when it leaves, whoever is first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import Crowd, as_owner, tally
from projects.management.commands.generate_projects import batches
from projects.models import Deadline, Offer, Project, SecondChoice, Selection
from projects.models.batches import open_many
from projects.models.content import days_after
from projects.tests.bids import bid, bidder, fallen
from projects.tests.calls import opened, with_credits
from projects.tests.test_closing import SECOND, closed, last, state

pytestmark = pytest.mark.django_db
Deed = Callable[[Project, Offer], object]


def waiting(project: Project) -> dict[str, object]:
    """What is to come on the call itself, and when."""
    rows = Deadline.objects.waiting().about(project, "call.expire", "call.remind")
    return dict(rows.values_list("kind", "due_at"))


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def offer(project: Project, provider_user: User) -> Offer:
    return bid(project, with_credits(provider_user))


def test_open_call_waits_for_its_closing_then_for_its_choice(project: Project, offer: Offer) -> None:
    assert waiting(project) == {"call.expire": closed(project)}
    assert fallen(closed(project)) == 0
    assert fallen(closed(project) + SECOND) == 1
    assert waiting(project) == {"call.expire": last(project), "call.remind": days_after(last(project), -3)}


def test_sweep_that_was_away_for_weeks_ends_a_call_at_once(project: Project, offer: Offer) -> None:
    assert fallen(last(project) + SECOND) == 1
    assert (state(project), waiting(project)) == ("EXPIRED", {})
    assert not Notice.objects.filter(name="project.reminded").exists()


def test_late_sweep_still_reminds_while_there_is_time(project: Project, offer: Offer) -> None:
    Deadline.objects.sweep(last(project))
    assert Notice.objects.filter(name="project.reminded").count() == 1
    assert waiting(project) == {"call.expire": last(project)}


LEAVING: dict[str, Deed] = {
    "AWARDED": lambda project, offer: Selection(offer).carry_out(by=project.client),
    "WITHDRAWN": lambda project, offer: project.withdraw(by=project.client),
    "REJECTED": lambda project, offer: project.reject(by=offer.provider, reason="Publicité."),
    "CANCELLED": lambda project, offer: project.cancel(by=offer.provider, reason="Doublon."),
    "EXPIRED": lambda project, offer: project.expire(at=last(project) + SECOND),
}


@pytest.mark.parametrize("end", LEAVING)
def test_call_that_leaves_has_no_date_any_more(project: Project, offer: Offer, end: str) -> None:
    Deadline.objects.sweep(closed(project) + SECOND)
    LEAVING[end](Project.objects.get(pk=project.pk), offer)
    assert (state(project), waiting(project)) == (end, {})


def test_call_opened_again_after_a_rejection_has_its_date_again(project: Project, moderator_user: User) -> None:
    project.reject(by=moderator_user, reason="À préciser.")
    project.submit(by=project.client)
    project.approve(by=moderator_user)
    assert waiting(project) == {"call.expire": closed(project)}


def test_call_opened_again_after_an_award_closes_at_its_new_date(
    project: Project, offer: Offer, client_user: User
) -> None:
    agreement = Selection(offer).carry_out(by=client_user)
    agreement.decline(by=offer.provider, reason="Plus de temps.")
    project.refresh_from_db()
    SecondChoice(project).reopen(by=client_user)
    assert waiting(project) == {"call.expire": closed(project)}
    Deadline.objects.sweep(closed(project) + SECOND)
    assert state(project) == "EXPIRED"


def test_offer_that_leaves_after_the_closing_ends_the_call_only_if_it_was_the_last(
    project: Project, offer: Offer
) -> None:
    other = bid(project, bidder(1))
    Deadline.objects.sweep(closed(project) + SECOND)
    for leaving, end in ((other, "OPEN"), (offer, "EXPIRED")):
        with time_machine.travel(closed(project) + 2 * SECOND, tick=False):
            leaving.withdraw(by=leaving.provider)
            Deadline.objects.sweep(timezone.now())
        assert state(project) == end
    assert waiting(project) == {}


def test_extension_moves_both_dates_whether_or_not_the_sweep_has_passed(client_user: User) -> None:
    for n, swept in enumerate((True, False), 1):
        project = opened(client_user)
        bid(project, bidder(n))
        if swept:
            Deadline.objects.sweep(closed(project) + SECOND)
        with time_machine.travel(closed(project) + 2 * SECOND, tick=False):
            project.extend(by=client_user)
        assert waiting(project) == {"call.expire": last(project), "call.remind": days_after(last(project), -3)}
        Deadline.objects.sweep(closed(project) + 3 * SECOND)
        assert (state(project), waiting(project)["call.expire"]) == ("OPEN", last(project))


def test_date_of_a_call_that_is_open_no_more_is_called_off(project: Project) -> None:
    with pytest.raises(Project.NotDue):
        Project(state="DRAFT").watch(timezone.now())
    Project.objects.filter(pk=project.pk).update(state="CANCELLED")
    assert fallen(closed(project) + SECOND) == 0
    assert waiting(project) == {}


def test_sweep_stops_when_its_time_is_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.models.deadlines.BUDGET", -1.0)
    assert fallen(closed(project) + SECOND) == 0
    monkeypatch.undo()
    assert fallen(closed(project) + SECOND) == 1


def test_sweep_goes_on_after_what_one_query_reads(client_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.models.deadlines.AT_ONCE", 2)
    projects = [opened(client_user) for _n in range(5)]
    assert fallen(closed(projects[0]) + SECOND) == 5


def test_generated_calls_have_their_dates_by_one_query_for_all() -> None:
    counts = []
    for number in (3, 30):
        rows = next(batches(number, 1))
        with CaptureQueriesContext(connection) as captured:
            open_many(rows)
        counts.append(len(captured))
        assert all(waiting(project) == {"call.expire": closed(project)} for project in rows)
    assert counts[0] == counts[1]


def test_migration_sets_the_date_of_each_open_call(project: Project, client_user: User) -> None:
    gone = opened(client_user)
    gone.withdraw(by=client_user)
    migration = import_module("projects.migrations.0035_call_dates")
    with as_owner() as cursor:
        cursor.execute(migration.CLEAR)
        assert not Deadline.objects.exists()
        cursor.execute(migration.FILL)
    assert (waiting(project), waiting(gone)) == ({"call.expire": closed(project)}, {})


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_extension_and_the_end_of_the_time_to_choose_meet_once(client_user: User) -> None:
    with Crowd(3) as crowd:
        for n in range(4):
            project = opened(client_user)
            bid(project, bidder(n))
            late = partial(Deadline.objects.sweep, last(project) + SECOND)
            with time_machine.travel(last(project), tick=False):
                answers = crowd.race([partial(Project.objects.get(pk=project.pk).extend, by=client_user), late, late])
            extended = answers[0] is None
            assert state(project) == ("OPEN" if extended else "EXPIRED")
            assert tally(answers[:1]) == ({"NoneType": 1} if extended else {"NotExtendable": 1})
            assert bool(waiting(project)) is extended
            assert Event.objects.filter(verb="project.expired", project_key=project.key).count() == (not extended)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_choice_and_the_end_of_the_time_for_it_meet_once(client_user: User) -> None:
    with Crowd(3) as crowd:
        for n in range(4):
            project = opened(client_user)
            offer = bid(project, bidder(n))
            late = partial(Deadline.objects.sweep, last(project) + SECOND)
            choosing = partial(Selection(Offer.objects.get(pk=offer.pk)).carry_out, by=client_user)
            with time_machine.travel(last(project), tick=False):
                chosen = crowd.race([choosing, late, late])[0]
            outcome = (state(project), type(chosen).__name__)
            assert outcome in {("AWARDED", "Agreement"), ("EXPIRED", "Over")}
            assert waiting(project) == {}
