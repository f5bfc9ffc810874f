"""Deadlines: rows with a date, swept by beat, each falling once, cancelled when the state has moved on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from marketplace.accounts.models import User
from marketplace.ledger.posting import NotEnoughFunds
from marketplace.ledger.tests.crowd import Crowd
from marketplace.refusals import Refusal
from projects.models import Deadline, DeadlineState, Project
from projects.models.content import days_after
from projects.models.deadlines import AGAIN, falling, falls
from projects.tasks import sweep_deadlines
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
DUE = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def fallen() -> Iterator[list[int]]:
    """What falls under the kind "test", in order; subjects called 13 are refused, 14 break, 16 find no money."""
    seen: list[int] = []

    @falling("test")
    def fall(deadline: Deadline, at: datetime) -> None:
        if "13" in deadline.project.title:
            raise Refusal
        if "14" in deadline.project.title:
            raise ZeroDivisionError
        if "16" in deadline.project.title:
            raise NotEnoughFunds
        seen.append(deadline.subject_id)

    yield seen
    del falls["test"]


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def waiting(project: Project, at: datetime = DUE) -> Deadline:
    return Deadline.objects.set("test", project, at, project=project)


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_deadline_falls_once_its_date_is_past(
    project: Project, fallen: list[int], after: timedelta, count: int
) -> None:
    waiting(project)
    assert Deadline.objects.sweep(DUE + after) == count
    assert Deadline.objects.sweep(DUE + after) == 0
    assert fallen == [project.pk] * count


def test_set_again_moves_it_and_a_cancelled_one_never_falls(project: Project, fallen: list[int]) -> None:
    first = waiting(project)
    assert waiting(project, DUE + 2 * SECOND).pk == first.pk
    assert Deadline.objects.sweep(DUE + SECOND) == 0
    assert Deadline.objects.cancel(project, "test") == 1
    assert Deadline.objects.sweep(DUE + 3 * SECOND) == 0
    assert waiting(project).pk != first.pk
    assert str(first) == "test, 2026-03-10 09:30"


def test_refused_deed_leaves_no_deadline_and_a_broken_one_stops_nobody(client_user: User, fallen: list[int]) -> None:
    bad, broken, good = (opened(client_user, title=f"Appel numéro {n}") for n in (13, 14, 15))
    rows = [waiting(project) for project in (bad, broken, good)]
    assert Deadline.objects.sweep(DUE + SECOND) == 1
    assert fallen == [good.pk]
    states = [Deadline.objects.get(pk=row.pk).state for row in rows]
    assert states == [DeadlineState.CANCELLED, DeadlineState.WAITING, DeadlineState.FALLEN]
    assert not Deadline.objects.due(DUE + AGAIN - SECOND).exists()
    assert [row.pk for row in Deadline.objects.due(DUE + AGAIN + 2 * SECOND)] == [rows[1].pk]


def test_deed_that_the_ledger_refuses_is_tried_again(client_user: User, fallen: list[int]) -> None:
    broke = waiting(opened(client_user, title="16"))
    assert Deadline.objects.sweep(DUE + SECOND) == 0
    broke.refresh_from_db()
    assert (broke.state, broke.tried_at) == (DeadlineState.WAITING, DUE + SECOND)


def test_deadline_called_off_in_the_meantime_does_not_fall(project: Project, fallen: list[int]) -> None:
    deadline = waiting(project)
    Deadline.objects.get(pk=deadline.pk).call_off()
    deadline.call_off()
    assert not deadline.fall(DUE + SECOND)
    assert not fallen


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_let_it_fall_once(project: Project, fallen: list[int]) -> None:
    waiting(project)
    with Crowd(8) as crowd:
        answers = crowd.race([lambda: Deadline.objects.sweep(DUE + SECOND)] * 8)
    assert sorted(answers) == [0] * 7 + [1]
    assert fallen == [project.pk]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is skipped
        (datetime(2026, 10, 24, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 02:30 comes twice
        (datetime(2026, 3, 28, 17, 0, tzinfo=UTC), datetime(2026, 3, 29, 16, 0, tzinfo=UTC)),
        (datetime(2028, 2, 28, 17, 0, tzinfo=UTC), datetime(2028, 2, 29, 17, 0, tzinfo=UTC)),
    ],
)
def test_a_day_later_is_the_same_hour_of_the_clock(start: datetime, end: datetime) -> None:
    assert days_after(start, 1) == end


def test_unknown_kind_and_a_move_that_is_none_are_refused(project: Project, fallen: list[int]) -> None:
    with pytest.raises(ValueError, match="No deadline is called nothing"):
        Deadline.objects.set("nothing", project, DUE, project=project)
    with pytest.raises(ValueError, match="Two deadlines are called test"):
        falling("test")(falls["test"])
    deadline = waiting(project)
    deadline.call_off()
    with pytest.raises(IntegrityError), transaction.atomic():
        Deadline.objects.filter(pk=deadline.pk).update(state="WAITING", closed_at=None)


def test_beat_sweeps_what_is_due(project: Project, fallen: list[int]) -> None:
    waiting(project)
    assert sweep_deadlines() == 1
