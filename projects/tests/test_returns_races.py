"""Credits that come back while something else happens: one effect, nobody waits for ever."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from credits.models import Kind, Spending, Wallet
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from projects import returns, tasks
from projects.models import Offer, Project
from projects.tests.bids import bid, stocked
from projects.tests.calls import consulted, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
Race = Callable[[Crowd, User, list[User]], None]


def consultations(people: list[User]) -> list[int]:
    """Consultation credits left, read anew."""
    wallets = Wallet.objects.filter(provider__in=people).order_by("pk")
    return [wallet.balance(Kind.CONSULTATION) for wallet in wallets]


def two_projects_end_at_once(crowd: Crowd, client: User, people: list[User]) -> None:
    """Whoever spent first on one spent last on the other: their wallets come in one order all the same."""
    before, projects = consultations(people), [opened(client), opened(client)]
    for project, order in zip(projects, (people, list(reversed(people))), strict=True):
        for provider in order:
            consulted(project, provider, Kind.CONTACT)
    answers = crowd.race([partial(Project.objects.get(pk=row.pk).withdraw, by=client) for row in projects])
    assert answers == [None, None]
    assert consultations(people) == before
    assert not Spending.objects.due().exists()


def two_sweeps_at_once(crowd: Crowd, client: User, people: list[User]) -> None:
    before, project = consultations(people), opened(client)
    for provider in people:
        consulted(project, provider)
    Spending.objects.on(project.key).owe("project_expired")  # type: ignore[arg-type]
    answers = crowd.race([tasks.return_credits] * 4)
    assert tally(answers) == {"int": 4}
    assert consultations(people) == before
    notices = Notice.objects.filter(name="credit.returned", event__project_key=project.key)
    assert notices.count() == len(people)


def offer_is_read_as_its_days_end(crowd: Crowd, client: User, people: list[User]) -> None:
    """Either the client was in time and the credit stays spent, or it came back, never twice."""
    offer = bid(opened(client), people[0])
    late = deadlines.after(timezone.now(), settings.UNREAD_DAYS) + timedelta(seconds=1)
    rows = [Offer.objects.select_related("project").get(pk=offer.pk) for _n in range(4)]
    deeds: list[Any] = [partial(returns.UnreadOffer(row).carry_out, late) for row in rows[:3]]
    answers = crowd.race([*deeds, rows[3].mark_read])
    assert answers[3] is None
    assert sorted(map(str, answers[:3])) in (["False"] * 3, ["False", "False", "True"])
    returned = Spending.objects.filter(project_key=offer.project.key).exclude(returned_at=None)
    assert returned.count() == answers[:3].count(True)


RACES: list[Race] = [two_projects_end_at_once, two_sweeps_at_once, offer_is_read_as_its_days_end]


@pytest.fixture
def people(provider_user: User, rival_user: User, stranger_user: User) -> list[User]:
    return [stocked(user) for user in (provider_user, rival_user, stranger_user)]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Race, client_user: User, people: list[User]) -> None:
    with Crowd(4) as crowd:
        for _round in range(ROUNDS):
            race(crowd, client_user, people)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Race, client_user: User, people: list[User]) -> None:
    with Crowd(4) as crowd, slowed("ledger_transfer", seconds=0.05):
        race(crowd, client_user, people)
