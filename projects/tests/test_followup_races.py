"""Reports and claims, two people or two tabs at once: one effect, and a sensible answer for each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from credits.models import Kind, Spending, Wallet
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger import checks
from marketplace.ledger.tests.crowd import Crowd, slowed, tally
from projects.models import Deadline, Detail, DetailsClaim, Flag, FlagReason, Hint, Offer, Project

from .bids import bid, bidder
from .calls import consulted, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
Race = Callable[[Crowd, "Stage"], None]
ROUNDS = 5


class Stage:
    """A client, two providers, two moderators."""

    def __init__(self, client: User, moderators: tuple[User, User]) -> None:
        self.client, self.moderators = client, moderators
        self.provider, self.rival = bidder(1), bidder(2)
        self.numbers = count(1)

    def called(self) -> tuple[Project, Spending]:
        """A new project on which the provider has spent a contact credit."""
        self.client.phone = f"+33 6 {next(self.numbers):08d}"
        self.client.save(update_fields=["phone"])
        DetailsClaim.settle(by=self.client)
        project = opened(self.client)
        consulted(project, self.provider, Kind.CONTACT)
        return project, Spending.objects.get(project_key=project.key, kind=Kind.CONTACT)

    def claimed(self) -> DetailsClaim:
        project, spending = self.called()
        return claiming(project, spending)()

    def flagged(self) -> Project:
        project = opened(self.client)
        for reporter in (self.provider, self.rival):
            flagging(project, reporter)()
        return project

    @property
    def contacts(self) -> int:
        return Wallet.of(self.provider).balance(Kind.CONTACT)


@pytest.fixture
def stage(client_user: User, moderator_user: User, superuser: User) -> Stage:
    return Stage(client_user, (moderator_user, superuser))


def claiming(project: Project, spending: Spending) -> Callable[[], DetailsClaim]:
    """The claim of one tab: its own rows and key."""
    mine = Project.objects.select_related("client").get(pk=project.pk)
    said: dict[str, Any] = {"wrong": [Detail.PHONE], "text": "Retour à l’envoyeur.", "key": uuid.uuid4()}
    return partial(DetailsClaim.file, mine, Spending.objects.get(pk=spending.pk), **said)


def flagging(project: Project, by: User) -> Callable[[], Flag]:
    mine, reporter = Project.objects.get(pk=project.pk), User.objects.get(pk=by.pk)
    return partial(Flag.file, mine, by=reporter, reason=FlagReason.SPAM, text="Pub.", key=uuid.uuid4())


def again(claim: DetailsClaim) -> DetailsClaim:
    return DetailsClaim.objects.get(pk=claim.pk)


def two_tabs_claim(crowd: Crowd, stage: Stage) -> None:
    project, spending = stage.called()
    answers = crowd.race([claiming(project, spending) for _tab in range(4)])
    assert tally(answers) == {"DetailsClaim": 1, "AlreadyFiled": 3}


def two_moderators_confirm(crowd: Crowd, stage: Stage) -> None:
    claim, before = stage.claimed(), stage.contacts
    answers = crowd.race([partial(again(claim).confirm, by=by) for by in stage.moderators * 2])
    assert tally(answers) == {"NoneType": 1, "AlreadyDecided": 3}
    assert stage.contacts == before + 1


def one_confirms_the_other_refuses(crowd: Crowd, stage: Stage) -> None:
    claim, before = stage.claimed(), stage.contacts
    confirming = partial(again(claim).confirm, by=stage.moderators[0])
    refusing = partial(again(claim).refuse, by=stage.moderators[1], words="Elles sont justes.")
    assert tally(crowd.race([confirming, refusing])) == {"NoneType": 1, "AlreadyDecided": 1}
    assert stage.contacts - before == (again(claim).state == "CONFIRMED")


def the_project_is_withdrawn_meanwhile(crowd: Crowd, stage: Stage) -> None:
    claim, before = stage.claimed(), stage.contacts
    leaving = partial(Project.objects.get(pk=claim.project_id).withdraw, by=stage.client)
    assert tally(crowd.race([leaving, partial(again(claim).confirm, by=stage.moderators[0])])) == {"NoneType": 2}
    assert stage.contacts == before + 1
    told = Notice.objects.filter(user=stage.provider, event__project_key=claim.project.key)
    by_reason = {notice.name for notice in told}
    assert ("details.false.provider" in by_reason) == (
        Spending.objects.get(pk=claim.spending_id).return_reason == "project_withdrawn"
    )


def two_tabs_report(crowd: Crowd, stage: Stage) -> None:
    project = opened(stage.client)
    answers = crowd.race([flagging(project, stage.provider) for _tab in range(4)])
    assert tally(answers) == {"Flag": 1, "AlreadyFiled": 3}


def two_moderators_take_up(crowd: Crowd, stage: Stage) -> None:
    first, second = Flag.objects.filter(project=stage.flagged()).order_by("pk")
    deeds = [partial(flag.take_up, by=by) for flag, by in zip((first, second), stage.moderators, strict=True)]
    assert tally(crowd.race(deeds)) == {"NoneType": 2}
    assert Flag.objects.filter(project=first.project).values("taken_by").distinct().count() == 1
    assert Event.objects.filter(verb="flag.taken", project_key=first.project.key).count() == 1


def one_dismisses_the_other_rejects(crowd: Crowd, stage: Stage) -> None:
    first, second = Flag.objects.filter(project=stage.flagged()).order_by("pk")
    first.take_up(by=stage.moderators[0])
    dismissing = partial(first.dismiss, by=stage.moderators[0], words="Rien.")
    upholding = partial(second.uphold, by=stage.moderators[1], reason="Trompeur.")
    assert tally(crowd.race([dismissing, upholding])) == {"NoneType": 1, "AlreadyClosed": 1}
    project = Project.objects.get(pk=first.project_id)
    states = set(Flag.objects.filter(project=project).values_list("state", flat=True))
    assert states == ({"UPHELD"} if project.state == "REJECTED" else {"DISMISSED"})
    answers = Notice.objects.filter(event__project_key=project.key, name__in=["flag.upheld", "flag.dismissed"])
    assert answers.count() == 2


def two_sweeps_tell(crowd: Crowd, stage: Stage) -> None:
    offer, later = bid(opened(stage.client), stage.provider), timezone.now() + timedelta(hours=48, seconds=1)
    crowd.race([partial(Deadline.objects.sweep, later)] * 3)
    assert Hint.objects.get(offer=offer).state == "TOLD"
    assert Notice.objects.filter(name="hint.told", event__project_key=offer.project.key).count() == 1


def the_client_opens_the_offer_meanwhile(crowd: Crowd, stage: Stage) -> None:
    offer, later = bid(opened(stage.client), stage.provider), timezone.now() + timedelta(hours=48, seconds=1)
    crowd.race([partial(Deadline.objects.sweep, later), Offer.objects.get(pk=offer.pk).mark_read])
    told = Notice.objects.filter(name="hint.told", event__project_key=offer.project.key).exists()
    assert Hint.objects.get(offer=offer).state == ("TOLD" if told else "DROPPED")
    assert not Hint.objects.standing_for(stage.provider, offer.project).exists()


RACES = [
    two_tabs_claim,
    two_moderators_confirm,
    one_confirms_the_other_refuses,
    the_project_is_withdrawn_meanwhile,
    two_tabs_report,
    two_moderators_take_up,
    one_dismisses_the_other_rejects,
    two_sweeps_tell,
    the_client_opens_the_offer_meanwhile,
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Race, stage: Stage) -> None:
    with Crowd(4) as crowd:
        for _round in range(ROUNDS):
            race(crowd, stage)
    assert checks.run() == []


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Race, stage: Stage) -> None:
    with Crowd(4) as crowd, slowed("events_event", seconds=0.02):
        race(crowd, stage)
