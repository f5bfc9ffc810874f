"""A client changes an open project while providers bid, revise, withdraw: as if one had come after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.ledger.tests.crowd import Crowd, slowed, tally
from projects.models import Agreement, Offer, Project, ProjectVersion, Selection
from projects.tests.bids import bid, bidder, terms
from projects.tests.calls import consulted, opened
from projects.tests.test_version import content

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
ROUNDS = 3


def changing(project: Project, **changes: Any) -> Callable[[], ProjectVersion | None]:
    """The change of one tab: its own rows."""
    mine = Project.objects.select_related("client", "category").get(pk=project.pk)
    return partial(mine.change, content(mine, **changes), by=mine.client)


def fresh(offer: Offer) -> Offer:
    return Offer.objects.select_related("project", "provider").get(pk=offer.pk)


def told(project: Project, provider: User) -> bool:
    rows = Notice.objects.filter(name="project.changed", event__project_key=project.key, user=provider)
    return rows.exists()


def a_bid_arrives_meanwhile(crowd: Crowd, project: Project, provider: User) -> None:
    """Placed before the change, the offer answers version 1 and its bidder is told; placed after it, version 2."""
    consulted(project, provider, Kind.OFFER)
    row = Project.objects.select_related("client").get(pk=project.pk)
    placing = partial(Offer.place, row, by=provider, terms=terms(), key=uuid.uuid4())
    answers = crowd.race([changing(project, urgent=True), placing])
    assert tally(answers) == {"ProjectVersion": 1, "Offer": 1}
    offer = Offer.objects.get(project=project)
    assert (offer.project_version, told(project, provider)) in {(1, True), (2, False)}


def an_unread_bid_arrives_meanwhile(crowd: Crowd, project: Project, provider: User) -> None:
    consulted(project, provider, Kind.OFFER)
    row = Project.objects.select_related("client").get(pk=project.pk)
    placing = partial(Offer.place, row, by=provider, terms=terms(), key=uuid.uuid4(), seen=1)
    changed, placed = crowd.race([changing(project, urgent=True), placing])
    assert isinstance(changed, ProjectVersion)
    if isinstance(placed, Offer):
        assert told(project, provider)
    else:
        assert type(placed).__name__ == "ProjectChanged"


def the_offer_is_withdrawn_meanwhile(crowd: Crowd, project: Project, provider: User) -> None:
    """The credit comes back when the change was first, and only then; never twice."""
    offer = bid(project, provider)
    leaving = [partial(fresh(offer).withdraw, by=provider) for _tab in range(3)]
    crowd.race([changing(project, urgent=True), *leaving])
    assert fresh(offer).state == "WITHDRAWN"
    back = Spending.objects.filter(project_key=project.key, return_reason="project_changed")
    assert back.count() == told(project, provider)


def the_offer_is_revised_meanwhile(crowd: Crowd, project: Project, provider: User) -> None:
    offer = bid(project, provider)
    revising = partial(fresh(offer).revise, by=provider, terms=terms(400_000))
    _changed, revised = crowd.race([changing(project, urgent=True), revising])
    assert revised is None
    assert (fresh(offer).project_version, told(project, provider)) in {(1, True), (2, True)}


def the_client_chooses_in_another_tab(crowd: Crowd, project: Project, provider: User) -> None:
    offer = fresh(bid(project, provider))
    choosing = partial(Selection(offer).carry_out, by=project.client)
    changed, chosen = crowd.race([changing(project, urgent=True), choosing])
    assert isinstance(chosen, Agreement)
    assert type(changed).__name__ in {"ProjectVersion", "NotChangeable"}


def four_tabs_change_it(crowd: Crowd, project: Project, provider: User) -> None:
    """Each change that says something else is one version, and numbers have no gap."""
    bid(project, provider)
    crowd.race([changing(project, city=city) for city in ("Rennes", "Rennes", "Vitré", "Vitré")])
    numbers = list(project.versions.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) in {3, 4, 5}
    assert Project.objects.get(pk=project.pk).version == numbers[-1]


RACES = [
    a_bid_arrives_meanwhile,
    an_unread_bid_arrives_meanwhile,
    the_offer_is_withdrawn_meanwhile,
    the_offer_is_revised_meanwhile,
    the_client_chooses_in_another_tab,
    four_tabs_change_it,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Callable[[Crowd, Project, User], None], client_user: User) -> None:
    provider = bidder(1)
    with Crowd(4) as crowd:
        for _round in range(ROUNDS):
            race(crowd, opened(client_user), provider)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Callable[[Crowd, Project, User], None], client_user: User) -> None:
    provider = bidder(1)
    with Crowd(4) as crowd, slowed("events_event", seconds=0.05):
        race(crowd, opened(client_user), provider)
