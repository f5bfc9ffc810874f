"""The choice while a loser leaves, a moderator rejects, or the date passes: one outcome, everybody told one thing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import Crowd
from projects.models import Agreement, Offer, Project
from projects.tests.test_way_races import Stage, choosing, fresh

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
FEW_ROUNDS = 4


@pytest.fixture
def stage(client_user: User) -> Stage:
    return Stage(client_user)


def a_loser_withdraws(crowd: Crowd, stage: Stage) -> None:
    """Withdrawn in time they are told nothing; too late, they read the reason."""
    offers = stage.offers(stage.call())
    leaving = partial(fresh(offers[1]).withdraw, by=offers[1].provider)
    chosen, left = crowd.race([choosing(offers[0]), leaving])
    assert isinstance(chosen, Agreement)
    told = Notice.objects.filter(user=offers[1].provider, name="project.awarded.lost", event__project_key=key(offers))
    outcome = (fresh(offers[1]).state, type(left).__name__, told.count())
    assert outcome in {("WITHDRAWN", "NoneType", 0), ("LOST", "NotRevisable", 1)}


def moderation_rejects(crowd: Crowd, stage: Stage) -> None:
    offers = stage.offers(stage.call())
    rejecting = partial(project_of(offers).reject, by=stage.client, reason="Publicité.")
    one_end(crowd, offers, rejecting, state="REJECTED", refusal="NotModerable")


def the_date_passes(crowd: Crowd, stage: Stage) -> None:
    offers = stage.offers(stage.call())
    past = timezone.now() + timedelta(days=99)
    one_end(crowd, offers, partial(project_of(offers).expire, at=past), state="EXPIRED", refusal="NotDue")


def one_end(crowd: Crowd, offers: list[Offer], ending: Callable[[], None], *, state: str, refusal: str) -> None:
    """Either the choice stands or the call has ended in `state`, and nobody has lost."""
    chosen, ended = crowd.race([choosing(offers[0]), ending])
    lost = Event.objects.filter(verb="project.awarded", project_key=key(offers)).count()
    outcome = (project_of(offers).state, type(chosen).__name__, type(ended).__name__, lost)
    assert outcome in {("AWARDED", "Agreement", refusal, 1), (state, "Over", "NoneType", 0)}


def project_of(offers: list[Offer]) -> Project:
    return Project.objects.get(pk=offers[0].project_id)


def key(offers: list[Offer]) -> str:
    return offers[0].project.key


@pytest.mark.parametrize("race", [a_loser_withdraws, moderation_rejects, the_date_passes])
def test_choice_and_another_end_at_once(race: Callable[[Crowd, Stage], None], stage: Stage) -> None:
    with Crowd(4) as crowd:
        for _round in range(FEW_ROUNDS):
            race(crowd, stage)
