"""What is counted at night: closed calls, by category, band and month, from real rows alone."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from marketplace.accounts.models import User
from projects import tasks
from projects.models import CallStatistic, Category, Content, Project, Selection
from projects.models.bands import BANDS, band_of
from projects.tests.bids import active, bid, bidder
from projects.tests.calls import drafted, opened

pytestmark = pytest.mark.django_db


def counted(**which: Any) -> CallStatistic:
    """The figures of one set, counted now; all of them unless `which` says more."""
    CallStatistic.objects.refresh()
    return CallStatistic.objects.get(**{"category": None, "band": None, "month": None} | which)


def figures(row: CallStatistic) -> tuple[int, int, int, int]:
    """Closed calls, those that materialised, offers made, offers won."""
    return row.closed, row.materialised, row.offers, row.won


def ended(project: Project, state: str) -> None:
    """A move of the state table that no transition makes yet."""
    Project.objects.filter(pk=project.pk).update(state=state, ended_at=timezone.now())


def test_nothing_closed_counts_as_nothing() -> None:
    row = counted()
    assert figures(row) == (0, 0, 0, 0)
    assert row.mean_offers is None
    assert row.selection_delay is None
    assert timezone.now() - row.computed_at < timedelta(minutes=1)
    assert str(row) == "* × * × *: 0"


def test_call_that_materialised_counts_its_offers_and_the_one_that_won(client_user: User) -> None:
    project = opened(client_user)
    bid(project, bidder(1))
    bid(project, bidder(2)).withdraw(by=bidder_of(2))
    agreement = Selection(bid(project, bidder(3)), reason="Prix.").carry_out(by=client_user)
    assert figures(counted()) == (0, 0, 0, 0)
    active(agreement)
    row = counted()
    assert figures(row) == (1, 1, 2, 1)
    assert row.mean_offers == 2
    assert row.selection_delay is not None


def bidder_of(n: int) -> User:
    """The bidder made before."""
    return User.objects.get(email=f"bidder{n}@exemple.be")


@pytest.mark.parametrize(("state", "closed"), [("EXPIRED", 1), ("CANCELLED", 1), ("REJECTED", 0), ("OPEN", 0)])
def test_call_that_ended_before_counts_unless_moderation_took_it_off(
    client_user: User, state: str, closed: int
) -> None:
    project = opened(client_user)
    bid(project, bidder(1))
    if state != "OPEN":
        ended(project, state)
    assert figures(counted()) == (closed, 0, closed, 0)


def test_call_withdrawn_counts_only_once_it_was_open(client_user: User) -> None:
    drafted(client_user).withdraw(by=client_user)
    assert counted().closed == 0
    opened(client_user).withdraw(by=client_user)
    assert counted().closed == 1


def test_call_from_elsewhere_never_counts(client_user: User) -> None:
    web = Category.objects.get(slug="web")
    content = Content(
        title="Ailleurs", teaser="A", description="B", category=web, budget_min_cents=1, budget_max_cents=2
    )
    project = Project.bring_in(content, by=client_user, source_key="42")
    project.submit(by=client_user)
    project.approve(by=None)
    bid(project, bidder(1))
    project.withdraw(by=client_user)
    assert figures(counted()) == (0, 0, 0, 0)


def test_call_opened_before_it_was_written_here_never_counts(client_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    project.approve(by=None, at=timezone.now() - timedelta(days=90))
    project.withdraw(by=client_user)
    assert counted().closed == 0


def test_sets_are_category_and_band_each_alone_all_and_months(client_user: User) -> None:
    web, design = Category.objects.get(slug="web"), Category.objects.get(slug="design")
    for category, cents in ((web, 50_000), (web, 2_000_000), (design, 50_000)):
        opened(client_user, category=category, budget_min_cents=cents, budget_max_cents=cents).withdraw(by=client_user)
    assert counted().closed == 3
    assert counted(category=web).closed == 2
    assert counted(band=1).closed == 2
    assert counted(category=web, band=4).closed == 1
    month = timezone.localdate().replace(day=1)
    assert counted(month=month).closed == 3
    assert CallStatistic.objects.of_sets().count() == CallStatistic.objects.count() - 1 == 3 + 2 + 2 + 1


EDGES = [(1, 1, "1"), (50_000, 149_999, "1"), (100_000, 100_000, "2"), (400_000, 600_000, "3"), (10**9, 10**9, "4")]


@pytest.mark.parametrize(("low", "high", "band"), EDGES)
def test_band_is_the_same_in_sql_and_python(client_user: User, low: int, high: int, band: str) -> None:
    opened(client_user, budget_min_cents=low, budget_max_cents=high).withdraw(by=client_user)
    assert band_of(low, high) == band
    assert counted(band=int(band)).closed == 1
    assert list(BANDS) == ["1", "2", "3", "4"]


def test_counting_again_changes_nothing_but_the_hour(client_user: User) -> None:
    opened(client_user).withdraw(by=client_user)
    first, rows = counted(), CallStatistic.objects.count()
    assert tasks.refresh_statistics() == rows
    call_command("refresh_statistics")
    again = counted()
    assert figures(again) == figures(first)
    assert again.computed_at > first.computed_at
    assert CallStatistic.objects.count() == rows


def test_database_refuses_figures_that_cannot_be() -> None:
    counts: dict[str, Any] = {"closed": 1, "materialised": 1, "offers": 1, "won": 1, "computed_at": timezone.now()}
    web = Category.objects.get(slug="web")
    CallStatistic.objects.create(**counts)
    wrong: list[dict[str, Any]] = [
        {},
        {"month": date(2026, 1, 1), "category": web},
        {"band": 1, "won": 2},
        {"band": 1, "materialised": 2},
    ]
    for changes in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            CallStatistic.objects.create(**counts | changes)


@pytest.mark.django_db(transaction=True)
def test_two_counts_at_once_and_readers_meanwhile() -> None:
    CallStatistic.objects.refresh()
    seen, start = set(), threading.Barrier(4)

    def run(deed: Any) -> None:
        start.wait(timeout=30)
        for _n in range(20):
            deed()
        connection.close()

    def read() -> None:
        seen.add(CallStatistic.objects.count())

    threads = [threading.Thread(target=run, args=[deed]) for deed in [CallStatistic.objects.refresh, read] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {1}
