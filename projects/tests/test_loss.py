"""What losing teaches: replies, versions and profiles are looked at, open projects alike come with the letter."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.events.tasks import deliver
from marketplace.templatetags.page import euros
from projects.lessons import sentence
from projects.models import DossierMessage, Offer, Profile, Project, Selection
from projects.models.profiles import Portrait
from projects.tests.bids import bend, bid, bidder, stocked, terms
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def offers(project: Project, provider_user: User, rival_user: User) -> list[Offer]:
    """Two alike in price and delay, so that what they did tells them apart."""
    return [bid(project, stocked(provider_user)), bid(project, stocked(rival_user))]


def wrote(project: Project, by: User, at: datetime) -> None:
    """A message to all who opened the dossier."""
    with time_machine.travel(at, tick=False):
        DossierMessage.write(project, by=by, text="Bonjour à tous.", key=uuid.uuid4())


def lessons(winner: Offer) -> dict[str, dict[str, Any]]:
    """The findings of the first loser, by code."""
    Selection(Offer.objects.get(pk=winner.pk), reason="Prix.").carry_out(by=winner.project.client)
    return dict(Event.objects.get(verb="project.awarded").facts["losers"][0]["lessons"])


def test_messages_left_without_a_reply_are_counted(project: Project, offers: list[Offer]) -> None:
    now = timezone.now()
    for hours in (1, 3):
        wrote(project, project.client, now + hours * HOUR)
        wrote(project, offers[0].provider, now + (hours + 1) * HOUR)
    found = lessons(offers[0])["unanswered"]
    assert found == {"asked": 2, "left": 2}
    assert "vous avez laissé 2 messages sans réponse" in sentence("unanswered", found, euros)


def test_slow_reply_is_told_beside_the_chosen_one(project: Project, offers: list[Offer]) -> None:
    now = timezone.now()
    wrote(project, project.client, now + HOUR)
    wrote(project, offers[0].provider, now + 2 * HOUR)
    with time_machine.travel(now + 51 * HOUR, tick=False):
        offers[1].revise(by=offers[1].provider, terms=terms(299_000))
    found = lessons(offers[0])["slow_reply"]
    assert found == {"hours": 50, "chosen_hours": 1}
    assert "Vous avez mis 2 jours" in sentence("slow_reply", found, euros)


@pytest.mark.parametrize(("hours", "slow"), [(4, False), (5, True)])
def test_reply_is_slow_from_four_hours_more(project: Project, offers: list[Offer], hours: int, slow: bool) -> None:
    now = timezone.now()
    wrote(project, project.client, now + HOUR)
    wrote(project, offers[0].provider, now + 2 * HOUR)
    wrote(project, offers[1].provider, now + HOUR + hours * HOUR)
    assert ("slow_reply" in lessons(offers[0])) == slow


def test_message_from_before_the_offer_asks_for_nothing(project: Project, offers: list[Offer]) -> None:
    wrote(project, project.client, timezone.now() - HOUR)
    assert not {"unanswered", "slow_reply"} & set(lessons(offers[0]))


def test_older_version_of_the_project_is_told_first(project: Project, offers: list[Offer]) -> None:
    bend(f"update projects_project set version = version + 1 where id = {project.pk}")
    bend(f"update projects_offer set project_version = project_version + 1 where id = {offers[0].pk}")
    codes = lessons(offers[0])
    assert next(iter(codes)) == "older_version"
    assert "regardez chaque changement" in sentence("older_version", codes["older_version"], euros)


@pytest.mark.parametrize(
    ("portrait", "gap", "says"),
    [
        (None, "profile", "pas de profil publié"),
        (Portrait("Développeur", "Simple.", past_work="", skills=["Python"]), "past_work", "aucune réalisation"),
        (Portrait("Développeur", "Simple.", past_work="Deux sites."), "skills", "aucune compétence"),
        (Portrait("Développeur", "Simple.", past_work="Deux sites.", skills=["Python"]), "", ""),
    ],
)
def test_profile_gaps_are_told(offers: list[Offer], portrait: Portrait | None, gap: str, says: str) -> None:
    for offer in offers:
        bend(f"update projects_offer set assumptions = 'x', delay_days = {offer.pk} where id = {offer.pk}")
    whole = Portrait("Développeur", "Simple.", past_work="Deux sites.", skills=["Python"])
    Profile.write(whole, by=offers[0].provider, published=True)
    if portrait:
        Profile.write(portrait, by=offers[1].provider, published=True)
    found = lessons(offers[0]).get("profile_gap", {})
    assert found == ({"gap": gap} if gap else {})
    assert not gap or says in sentence("profile_gap", found, euros)


def test_loss_letter_brings_three_open_projects_alike_but_never_ones_own(
    offers: list[Offer], stranger_user: User, rival_user: User
) -> None:
    for n in range(4):
        opened(stranger_user, title=f"Semblable {n}")
    opened(bidder(7), title="Le sien")
    Project.objects.filter(title="Le sien").update(client=rival_user)
    bid(opened(stranger_user, title="Offre déjà déposée"), rival_user)
    Selection(offers[0], reason="Prix.").carry_out(by=offers[0].project.client)
    letter = Notice.objects.get(user=rival_user, name="project.awarded.lost").letter
    assert [title for title, _path, _note in letter.links] == ["Semblable 3", "Semblable 2", "Semblable 1"]
    assert letter.links[0][2].startswith("2\u202f000 à 5\u202f000\xa0€ HT · clôture le ")
    deliver()
    mail = next(m for m in outbox.outbox if "pas été retenue" in m.subject)
    path = letter.links[0][1]
    assert f"{path}\n" in str(mail.body)
    assert f'{path}" style' in str(mail.alternatives[0][0])  # type: ignore[attr-defined]


def test_suspended_provider_is_not_chosen(as_client: Client, offers: list[Offer]) -> None:
    offers[0].provider.suspend(by=bidder(8), reason="Faux SIREN")
    path = f"/projets/{offers[0].project.key}/offres/{offers[0].pk}/choisir/"
    page = as_client.post(path, {"revision": "1", "reason": "Prix."}, follow=True).content.decode()
    assert "est suspendu" in page
    with pytest.raises(Selection.Suspended):
        Selection(offers[0], reason="Prix.").carry_out(by=offers[0].project.client)
    assert Project.objects.get(pk=offers[0].project_id).state == "OPEN"


def test_winner_s_report_invites_to_confirm_until_they_have(as_provider: Client, offers: list[Offer]) -> None:
    agreement = Selection(offers[0], reason="Prix.").carry_out(by=offers[0].project.client)
    path = f"/projets/{agreement.project.key}/rapport/"
    invitation = "Lisez les termes et confirmez-les avant le"
    assert invitation in as_provider.get(path).content.decode()
    agreement.accept(1, by=agreement.provider)
    assert invitation not in as_provider.get(path).content.decode()


def test_loser_and_client_see_no_invitation(as_client: Client, as_rival: Client, offers: list[Offer]) -> None:
    agreement = Selection(offers[0], reason="Prix.").carry_out(by=offers[0].project.client)
    for browser in (as_client, as_rival):
        assert "confirmez-les avant" not in browser.get(f"/projets/{agreement.project.key}/rapport/").content.decode()
