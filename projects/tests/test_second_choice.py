"""An award falls through: declined, called off, lapsed; then a runner-up, the call open again, or the end."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import Crowd, tally
from marketplace.payments.models import Payment
from projects.models import Agreement, Consent, Deadline, Offer, Project, SecondChoice, Selection, Terms
from projects.models.content import days_after
from projects.tests.bids import agreed, bid, bidder, changed, fallen, paid, stocked, terms
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def agreement(client_user: User, provider_user: User, rival_user: User) -> Agreement:
    """The first of two bidders is chosen."""
    project = opened(client_user)
    first, _second = bid(project, stocked(provider_user)), bid(project, stocked(rival_user), 200_000)
    return Selection(first, reason="Plus rapide.").carry_out(by=client_user)


def fresh(agreement: Agreement) -> Agreement:
    return Agreement.objects.select_related("project", "offer", "client", "provider").get(pk=agreement.pk)


def declined(agreement: Agreement) -> Project:
    agreement.decline(by=agreement.provider, reason="Plus de temps.")
    return fresh(agreement).project


def runner_up(project: Project) -> Offer:
    return project.offers.select_related("project", "provider").get(state="LOST")


def told(name: str, user: User) -> Notice:
    return Notice.objects.get(name=name, user=user)


def sweep_after(at: datetime | None) -> int:
    assert at
    with time_machine.travel(at + SECOND):
        return fallen(timezone.now())


def test_winner_declines_and_the_client_may_choose_again(agreement: Agreement) -> None:
    project = declined(agreement)
    row = fresh(agreement)
    assert (row.state, row.offer.state, row.ended_by) == ("DECLINED", "WITHDRAWN", agreement.provider)
    assert (project.state, project.winner, project.offers_count) == ("AWARDED", None, 1)
    assert project.decide_by == days_after(row.ended_at or timezone.now(), settings.SECOND_CHOICE_DAYS)
    letter = told("agreement.declined", agreement.client).letter
    assert letter.quote == "Plus de temps."
    agreement.decline(by=agreement.provider, reason="Encore.")
    assert Event.objects.filter(verb="agreement.declined").count() == 1


def test_declined_winner_cannot_come_back(agreement: Agreement) -> None:
    project = declined(agreement)
    SecondChoice(project).reopen(by=project.client)
    with pytest.raises(Offer.Declined):
        Offer.place(project, by=agreement.provider, terms=terms(), key=uuid.uuid4())
    with pytest.raises(Project.YouDeclined):
        project.spend(Kind.CONTACT, by=agreement.provider)
    with pytest.raises(Agreement.NotOpen):
        fresh(agreement).accept(1, by=agreement.provider)
    with pytest.raises(SecondChoice.Passed):
        SecondChoice(project).call(fresh(agreement).offer, by=project.client)


def test_declined_winner_is_invited_to_nothing(agreement: Agreement, as_provider: Client) -> None:
    project = declined(agreement)
    SecondChoice(project).reopen(by=project.client)
    words = "vous ne pouvez plus y déposer d’offre"
    assert words in as_provider.get(f"/projets/{project.key}/").content.decode()
    assert words in as_provider.get(f"/projets/{project.key}/credit/contact/").content.decode()
    assert "placez une offre" not in as_provider.get(f"/projets/{project.key}/rapport/").content.decode()
    assert as_provider.get(f"/projets/{project.key}/offre/").status_code == 404


def test_client_ends_the_discussion_and_may_turn_to_the_same_provider(agreement: Agreement) -> None:
    """At the terms of their offer: what was discussed, and every exception, is forgotten."""
    agreement.propose(provider_pays(agreement), by=agreement.provider, instead_of=1)
    agreement.decline(by=agreement.client, reason="Trop long.")
    offer = fresh(agreement).offer
    assert (fresh(agreement).state, offer.state, offer.lost_reason) == ("LAPSED", "LOST", "Trop long.")
    assert told("agreement.called_off", agreement.provider).letter.quote == "Trop long."
    again = SecondChoice(fresh(agreement).project).call(offer, by=agreement.client)
    version = again.version
    assert (version.number, version.price_cents, version.fees_by, version.release_on_silence) == (
        (1, offer.price_cents, "CLIENT", False)
    )
    assert told("project.runner_up", agreement.provider).letter.subject.startswith("Le client")


def test_runner_up_is_called_once_and_pays_nothing(agreement: Agreement, rival_user: User) -> None:
    project = declined(agreement)
    spent = Spending.objects.count()
    offer = runner_up(project)
    called = SecondChoice(project).call(offer, by=project.client)
    assert SecondChoice(project).call(offer, by=project.client) == called
    assert (called.provider, called.state, called.version.price_cents) == (rival_user, "PROPOSED", 200_000)
    project.refresh_from_db()
    assert (project.winner, project.decide_by, project.state) == (rival_user, None, "AWARDED")
    assert Spending.objects.count() == spent
    paid(agreed(called).pay(by=project.client, key=uuid.uuid4()))
    assert Project.objects.get(pk=project.pk).state == "ACTIVE"
    assert not Deadline.objects.waiting().filter(kind__startswith="agreement").exists()


def test_suspended_bidder_stays_out_of_play(
    agreement: Agreement, rival_user: User, moderator_user: User, as_client: Client
) -> None:
    project = declined(agreement)
    rival_user.suspend(by=moderator_user, reason="Fraude.")
    offer, path = runner_up(project), f"/projets/{project.key}/offres/"
    call = as_client.get(f"{path}{offer.pk}/appeler/").content.decode()
    assert "est suspendu" in call
    assert "Choisir Rita" not in call
    SecondChoice(project).reopen(by=project.client)
    assert told("project.reopened", rival_user).mail_state == "OFF"
    page = as_client.get(path).content.decode()
    assert "Compte suspendu" in page
    assert "/choisir/" not in page
    assert told("user.suspended", rival_user).mail_state == "PENDING"


def test_suspended_bidder_is_not_called(agreement: Agreement, rival_user: User, moderator_user: User) -> None:
    project = declined(agreement)
    rival_user.suspend(by=moderator_user, reason="Fraude.")
    with pytest.raises(SecondChoice.Gone):
        SecondChoice(project).call(runner_up(project), by=project.client)


def test_runner_up_refuses_and_the_client_has_a_new_delay(agreement: Agreement) -> None:
    project = declined(agreement)
    called = SecondChoice(project).call(runner_up(project), by=project.client)
    called.decline(by=called.provider, reason="Pris ailleurs.")
    project.refresh_from_db()
    assert SecondChoice(project).is_open
    assert not project.offers.filter(state="LOST").exists()


def test_reopened_call_takes_offers_and_the_earlier_ones_stand(agreement: Agreement, rival_user: User) -> None:
    project = declined(agreement)
    SecondChoice(project).reopen(by=project.client)
    SecondChoice(project).reopen(by=project.client)
    project.refresh_from_db()
    assert (project.state, project.awarded_at, project.extended_at, project.reminded_at) == ("OPEN", None, None, None)
    assert project.is_available
    offer = project.offers.get(state="PLACED")
    assert (offer.provider, offer.lost_reason) == (rival_user, "")
    assert Event.objects.filter(verb="project.reopened").count() == 1
    assert told("project.reopened", rival_user).letter.figures
    newcomer = bid(project, bidder(9), 250_000)
    assert Selection(newcomer, reason="Mieux.").carry_out(by=project.client).provider == newcomer.provider


@pytest.mark.parametrize(("after", "state"), [(-SECOND, "PROPOSED"), (0 * SECOND, "PROPOSED"), (SECOND, "LAPSED")])
def test_unconfirmed_terms_lapse_after_their_date(agreement: Agreement, after: timedelta, state: str) -> None:
    with time_machine.travel(agreement.confirm_by + after, tick=False):
        Deadline.objects.sweep(timezone.now())
    row = fresh(agreement)
    assert row.state == state
    if state == "LAPSED":
        assert (row.offer.state, row.project.state) == ("LOST", "AWARDED")
        assert told("agreement.lapsed.client", agreement.client).letter.figures
        assert told("agreement.lapsed.provider", agreement.provider).letter.figures


@pytest.mark.parametrize(("after", "state"), [(-SECOND, "AGREED"), (0 * SECOND, "AGREED"), (SECOND, "LAPSED")])
def test_unpaid_introduction_lapses_after_its_date(agreement: Agreement, after: timedelta, state: str) -> None:
    agreed(agreement)
    payment = agreement.pay(by=agreement.client, key=uuid.uuid4())
    due = fresh(agreement).pay_by
    assert due
    with time_machine.travel(due + after, tick=False):
        Deadline.objects.sweep(timezone.now())
    assert fresh(agreement).state == state
    if state == "LAPSED":
        assert paid(payment).state == "RETURNED"
        assert fresh(agreement).project.activated_at is None


def test_no_second_choice_cancels_and_returns_all_but_to_who_declined(agreement: Agreement, rival_user: User) -> None:
    project = declined(agreement)
    assert sweep_after(days_after(project.decide_by or timezone.now(), -1)) == 1
    assert told("project.second_choice", project.client)
    assert sweep_after(project.decide_by) == 1
    project.refresh_from_db()
    assert (project.state, project.decide_by) == ("CANCELLED", None)
    back = Spending.objects.filter(return_reason="project_cancelled")
    assert {spending.provider for spending in back} == {rival_user}
    assert set(Notice.objects.filter(name="project.cancelled.provider").values_list("user", flat=True)) == {
        rival_user.pk
    }
    assert told("project.cancelled.client", project.client).letter.paragraphs
    with pytest.raises(SecondChoice.Passed):
        SecondChoice(project).call(runner_up(project), by=project.client)
    with pytest.raises(SecondChoice.Passed):
        SecondChoice(project).reopen(by=project.client)


def test_former_winner_keeps_the_report_of_a_cancelled_project(agreement: Agreement, as_provider: Client) -> None:
    agreement.decline(by=agreement.client, reason="Trop long.")
    sweep_after(fresh(agreement).project.decide_by)
    page = as_provider.get(f"/projets/{agreement.project.key}/rapport/").content.decode()
    assert "Projet annulé" in page


def test_who_must_act_is_reminded_at_each_date(agreement: Agreement) -> None:
    agreement.accept(1, by=agreement.client)
    for days in (7, 2):
        assert sweep_after(days_after(agreement.confirm_by, -days)) == 1
    assert set(Notice.objects.filter(name="agreement.reminded").values_list("user", flat=True)) == {
        agreement.provider_id
    }
    agreement.accept(1, by=agreement.provider)
    assert sweep_after(days_after(fresh(agreement).pay_by or timezone.now(), -2)) == 1
    assert "à régler" in told("agreement.reminded", agreement.client).letter.subject


def test_confirmed_terms_cannot_be_declined_and_a_reason_is_needed(agreement: Agreement) -> None:
    with pytest.raises(Agreement.NeedsReason):
        agreement.decline(by=agreement.provider, reason="  ")
    agreed(agreement)
    with pytest.raises(Agreement.NotDeclinable):
        agreement.decline(by=agreement.provider, reason="Trop tard.")
    with pytest.raises(Agreement.NotDue):
        agreement.lapse(at=timezone.now())
    with pytest.raises(SecondChoice.NotDue):
        SecondChoice(agreement.project).lapse(at=timezone.now())
    with pytest.raises(SecondChoice.NotDue):
        SecondChoice(agreement.project).remind(at=timezone.now())


def test_staff_cancel_an_award_and_everybody_gets_their_credits_back(
    agreement: Agreement, moderator_user: User
) -> None:
    with pytest.raises(Project.NeedsReason):
        agreement.project.cancel(by=moderator_user, reason=" ")
    agreement.project.cancel(by=moderator_user, reason="Projet illicite.")
    agreement.project.cancel(by=moderator_user, reason="Encore.")
    assert (fresh(agreement).state, fresh(agreement).project.state) == ("LAPSED", "CANCELLED")
    assert not Spending.objects.living().exists()
    assert told("project.cancelled.client", agreement.client).letter.quote == "Projet illicite."
    with pytest.raises(Project.NotCancellable):
        opened_and_withdrawn(agreement.client).cancel(by=moderator_user, reason="Non.")


def opened_and_withdrawn(client: User) -> Project:
    project = opened(client)
    project.withdraw(by=client)
    return project


def provider_pays(agreement: Agreement) -> Terms:
    return changed(agreement, fees_by="PROVIDER", fees_reason="Remise accordée sur le prix.", release_on_silence=True)


def test_provider_pays_only_with_a_consent_of_their_own(agreement: Agreement) -> None:
    agreement.propose(provider_pays(agreement), by=agreement.client, instead_of=1)
    with pytest.raises(Agreement.NeedsConsent):
        agreement.accept(2, by=agreement.provider, consents=[Consent.SILENCE])
    with pytest.raises(Agreement.NeedsConsent):
        agreement.accept(2, by=agreement.client)
    agreement.accept(2, by=agreement.client, consents=[Consent.SILENCE])
    agreement.accept(2, by=agreement.provider, consents=list(Consent))
    row = fresh(agreement)
    assert (row.state, row.payer) == ("AGREED", agreement.provider)
    assert not Agreement.objects.payable_by(agreement.client).exists()
    assert told("agreement.agreed.payer", agreement.provider)
    assert "prestataire" in told("agreement.agreed.other", agreement.client).letter.paragraphs[1]
    paid(row.pay(by=agreement.provider, key=uuid.uuid4()))
    assert fresh(agreement).state == "ACTIVE"


def test_pages_of_the_second_choice(agreement: Agreement, as_client: Client, as_provider: Client) -> None:
    path = f"/accords/{agreement.key}/decliner/"
    assert "Décliner" in as_provider.get(path).content.decode()
    assert "Ce champ est obligatoire" in as_provider.post(path, {"reason": ""}).content.decode()
    assert as_provider.post(path, {"reason": "Plus de temps."}).status_code == 302
    assert "ne peuvent plus" in as_provider.get(path).content.decode()
    project = fresh(agreement).project
    offer = runner_up(project)
    report = as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert f"/projets/{project.key}/offres/{offer.pk}/appeler/" in report
    assert "Le client : choisir à nouveau" in as_provider.get(f"/projets/{project.key}/rapport/").content.decode()
    assert as_client.get(f"/projets/{project.key}/rouvrir/").status_code == 200
    assert "Choisir Rita" in as_client.get(f"/projets/{project.key}/offres/{offer.pk}/appeler/").content.decode()
    assert as_client.post(f"/projets/{project.key}/offres/{offer.pk}/appeler/").status_code == 302
    assert (
        "ne peut plus être choisie"
        in as_client.get(f"/projets/{project.key}/offres/{offer.pk}/appeler/").content.decode()
    )
    assert "pas de second choix" in as_client.post(f"/projets/{project.key}/rouvrir/").content.decode()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_call_meets_a_reopening_and_the_date(agreement: Agreement) -> None:
    """Whoever comes first, the project goes one way."""
    project = declined(agreement)
    offer = runner_up(project)
    at = (project.decide_by or timezone.now()) - SECOND

    def choice() -> SecondChoice:
        return SecondChoice(Project.objects.get(pk=project.pk))

    calling = partial(choice().call, Offer.objects.select_related("project").get(pk=offer.pk), by=project.client)
    with Crowd(6) as crowd:
        answers = crowd.race([partial(choice().reopen, by=project.client), calling, partial(choice().lapse, at=at)] * 2)
    project.refresh_from_db()
    assert set(tally(answers)) <= {"Agreement", "NoneType", "Passed", "Gone", "NotDue"}
    assert (project.state == "OPEN") != Agreement.objects.living().filter(project=project).exists()
    assert Payment.objects.filter(purpose="agreements.fees").count() == 0
