"""Offers: placed with a credit, revised with the former terms kept, withdrawn, and nothing else."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone, translation

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.refusals import Refusal
from projects.models import Offer, OfferState, OfferTranche, Project, Question, Selection
from projects.models.offers import OFFER_MOVES
from projects.tests.bids import CHRISTMAS, asked, bend, bid, bidder, stocked, terms
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
STATES = ["", *OfferState.values]


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def offer(project: Project, provider_user: User) -> Offer:
    return bid(project, stocked(provider_user), 300_000, parts=[100_000, 200_000], starts_on=CHRISTMAS)


def closed(project: Project) -> Project:
    """The same project once its closing date has passed."""
    bend(f"update projects_project set closes_at = now() - interval '1 minute' where id = {project.pk}")
    project.refresh_from_db()
    return project


def test_offer_keeps_its_terms_and_is_counted(offer: Offer, project: Project) -> None:
    project.refresh_from_db()
    assert (offer.state, offer.revision, project.offers_count) == ("PLACED", 1, 1)
    assert [str(tranche) for tranche in offer.tranches.all()] == ["Étape 1", "Étape 2"]
    assert tuple(offer.amount) == (300_000, 60_000, 360_000)
    assert str(offer) == "Paul Mercier: Refonte d’un site vitrine"


def test_vat_of_an_offer_is_the_sum_of_its_tranches(project: Project, provider_user: User) -> None:
    offer = bid(project, stocked(provider_user), 100, parts=[33, 33, 34])
    assert [round(cents * 0.2) for cents in (33, 33, 34)] == [7, 7, 7]
    assert tuple(offer.amount) == (100, 21, 121)


def test_plain_offer_is_one_tranche_that_is_not_shown_as_typed(project: Project, provider_user: User) -> None:
    offer = bid(project, stocked(provider_user))
    assert [(t.title, t.cents) for t in offer.tranches.all()] == [("Le projet entier", 300_000)]
    assert offer.typed_tranches == []
    with translation.override("en"):
        assert offer.typed_tranches == []


def test_same_key_gives_the_same_offer(offer: Offer, project: Project, provider_user: User) -> None:
    again = Offer.place(project, by=provider_user, terms=terms(999), key=offer.key)
    assert (again.pk, again.price_cents) == (offer.pk, 300_000)
    assert Event.objects.filter(verb="offer.placed").count() == 1


def test_second_offer_is_refused(offer: Offer, project: Project, provider_user: User) -> None:
    with pytest.raises(Offer.AlreadyPlaced):
        Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4())


def test_withdrawn_offer_comes_back_with_new_terms(offer: Offer, project: Project, provider_user: User) -> None:
    for _twice in range(2):
        offer.withdraw(by=provider_user)
    project.refresh_from_db()
    assert (offer.state, project.offers_count) == ("WITHDRAWN", 0)
    with pytest.raises(Offer.FormUsed):
        Offer.place(project, by=provider_user, terms=terms(), key=offer.key)
    again = Offer.place(project, by=provider_user, terms=terms(250_000), key=uuid.uuid4())
    project.refresh_from_db()
    assert (again.pk, again.state, again.price_cents, project.offers_count) == (offer.pk, "PLACED", 250_000, 1)
    assert again.read_at is None
    assert again.tranches.count() == 1


def test_revision_keeps_the_former_terms(offer: Offer, provider_user: User) -> None:
    offer.revise(by=provider_user, terms=terms(280_000, 20, assumptions="Textes fournis."))
    offer.refresh_from_db()
    assert (offer.price_cents, offer.delay_days, offer.revision) == (280_000, 20, 2)
    kept = offer.revisions.get()
    assert (kept.number, kept.terms["price_cents"], kept.terms["starts_on"]) == (1, 300_000, "2026-12-25")
    assert kept.terms["tranches"][0] == ["Étape 1", "Livrable 1", 100_000, None]
    assert str(kept).endswith(", 1")


@pytest.mark.parametrize("parts", [[], [100_000, 200_000]])
def test_same_terms_again_are_no_revision(project: Project, provider_user: User, parts: list[int]) -> None:
    offer = bid(project, stocked(provider_user), parts=parts)
    with translation.override("en"):
        offer.revise(by=provider_user, terms=terms(parts=parts))
    assert (offer.revision, offer.revisions.count()) == (1, 0)
    assert not Event.objects.filter(verb="offer.revised").exists()


def test_client_is_known_to_have_read_each_revision(offer: Offer, provider_user: User) -> None:
    assert offer.is_unread
    offer.mark_read()
    first = offer.read_at
    offer.mark_read()
    assert (offer.read_at, offer.is_unread) == (first, False)
    offer.revise(by=provider_user, terms=terms(280_000))
    offer.refresh_from_db()
    assert offer.is_unread
    stale = Offer.objects.get(pk=offer.pk)
    stale.revision = 1  # a page drawn before the revision
    stale.mark_read()
    assert stale.is_unread
    offer.mark_read()
    assert not offer.is_unread


def refused(deed: Any, refusal: type[Refusal]) -> None:
    before = Event.objects.count(), Offer.objects.count(), OfferTranche.objects.count()
    with pytest.raises(refusal):
        deed()
    assert (Event.objects.count(), Offer.objects.count(), OfferTranche.objects.count()) == before


def test_offer_needs_its_credit(project: Project, provider_user: User) -> None:
    consulted(project, stocked(provider_user))
    refused(lambda: Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4()), Offer.NeedsCredit)
    refused(lambda: asked(project, provider_user), Offer.NeedsCredit)


def test_closed_project_takes_no_offer_revision_or_question(
    offer: Offer, project: Project, provider_user: User
) -> None:
    late = bidder(1)
    consulted(project, late, Kind.OFFER)
    closed(project)
    refused(lambda: Offer.place(project, by=late, terms=terms(), key=uuid.uuid4()), Project.NotAvailable)
    refused(lambda: offer.revise(by=provider_user, terms=terms(1)), Project.NotAvailable)
    refused(lambda: asked(project, late), Project.NotAvailable)
    offer.withdraw(by=provider_user)
    assert offer.state == "WITHDRAWN"


def test_own_project_takes_no_offer(project: Project, provider_user: User, client_user: User) -> None:
    consulted(project, stocked(provider_user), Kind.OFFER)
    provider_user.company.siren = client_user.company.siren
    provider_user.company.save(update_fields=["siren"])
    refused(lambda: Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4()), Project.OwnProject)


def test_company_has_one_living_offer(offer: Offer, project: Project, provider_user: User, rival_user: User) -> None:
    rival_user.company.siren = provider_user.company.siren
    rival_user.company.save(update_fields=["siren"])
    consulted(project, stocked(rival_user))
    refused(lambda: project.spend(Kind.OFFER, by=rival_user), Project.CompanyHasBid)
    offer.withdraw(by=provider_user)
    project.spend(Kind.OFFER, by=rival_user)
    offer = Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4())
    refused(lambda: Offer.place(project, by=rival_user, terms=terms(), key=uuid.uuid4()), Offer.CompanyHasOffer)
    offer.withdraw(by=provider_user)
    assert Offer.place(project, by=rival_user, terms=terms(), key=uuid.uuid4()).state == "PLACED"


def test_tranches_add_up_to_the_cent(project: Project, provider_user: User) -> None:
    consulted(project, stocked(provider_user), Kind.OFFER)
    wrong = terms(300_000, parts=[100_000, 199_999])
    with pytest.raises(Offer.TranchesDoNotSum, match="2\u202f999,99\xa0€"):
        Offer.place(project, by=provider_user, terms=wrong, key=uuid.uuid4())


def test_chosen_or_lost_offer_is_neither_revised_nor_withdrawn(
    offer: Offer, project: Project, rival_user: User
) -> None:
    other = bid(project, stocked(rival_user))
    Selection(offer, reason="Prix.").carry_out(by=project.client)
    for row in (offer, Offer.objects.get(pk=other.pk)):
        refused(partial(row.withdraw, by=row.provider), Offer.NotRevisable)
        refused(partial(row.revise, by=row.provider, terms=terms(1)), Project.NotAvailable)


def test_offer_withdrawn_is_not_revised(offer: Offer, provider_user: User) -> None:
    offer.withdraw(by=provider_user)
    refused(lambda: offer.revise(by=provider_user, terms=terms(1)), Offer.NotRevisable)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", OfferState.values)
def test_database_knows_the_moves_of_an_offer(offer: Offer, before: str, after: str) -> None:
    if before == after:
        return
    if before:
        bend(f"update projects_offer set state = '{before}' where id = {offer.pk}")
        deed: Callable[[], Any] = partial(Offer.objects.filter(pk=offer.pk).update, state=after)
    else:
        for table in ("hint", "offertranche", "offer"):
            bend(f"delete from projects_{table}")
        offer.pk, offer.state = None, after
        offer._state.adding = True
        deed = offer.save
    if (before, after) in OFFER_MOVES:
        deed()
        return
    with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
        deed()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("price_cents = 0", "offer_price_is_positive"),
        ("delay_days = 0", "offer_delay_is_positive"),
    ],
)
def test_database_refuses_an_offer_of_nothing(offer: Offer, change: str, name: str) -> None:
    column, value = change.split(" = ")
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(**{column: int(value)})


def test_question_is_asked_once_per_form_and_answered_once(project: Project, provider_user: User) -> None:
    consulted(project, stocked(provider_user), Kind.OFFER)
    key = uuid.uuid4()
    first, again = (Question.ask(project, by=provider_user, text="Oui ?", key=key) for _n in range(2))
    project.refresh_from_db()
    assert (first, project.questions_count) == (again, 1)
    with pytest.raises(Question.FormUsed):
        Question.ask(project, by=provider_user, text="Et le soir ?", key=key)
    answer = first.answer_with("Oui.", by=project.client)
    assert first.answer_with("Oui.", by=project.client) == answer
    with pytest.raises(Question.AlreadyAnswered):
        first.answer_with("Non.", by=project.client)
    assert (str(first), str(answer)) == ("Oui ?", "Oui.")
    assert Notice.objects.filter(user=provider_user, name="question.answered").count() == 1


def test_key_of_somebody_elses_question_is_no_error(project: Project, provider_user: User, rival_user: User) -> None:
    for user in (provider_user, rival_user):
        consulted(project, stocked(user), Kind.OFFER)
    key = uuid.uuid4()
    asked_by = [Question.ask(project, by=user, text="Oui ?", key=key).provider for user in (provider_user, rival_user)]
    assert asked_by == [provider_user, rival_user]


def test_page_of_an_offer_shows_its_state_and_keeps_the_form(
    as_provider: Client, offer: Offer, project: Project
) -> None:
    address = f"/projets/{project.key}/offre/"
    page = as_provider.get(address).content.decode()
    assert "Réviser l’offre" in page
    assert "Retirer l’offre" in page
    withdraw = f"{address}retirer/"
    assert "3\u202f000,00\xa0€" in as_provider.get(withdraw).content.decode()
    for _twice in range(2):
        assert as_provider.post(withdraw).status_code == 302
    assert "Votre offre\xa0: retirée" in as_provider.get(withdraw).content.decode()
    page = as_provider.get(address).content.decode()
    assert "Vous avez retiré cette offre" in page
    assert "Déposer l’offre" in page
    closed(project)
    page = as_provider.get(address).content.decode()
    assert "ne prend plus d’offres" in page
    assert ">Déposer l’offre</button>" not in page


def test_late_withdrawal_says_why_not(as_provider: Client, offer: Offer, project: Project) -> None:
    Selection(offer).carry_out(by=project.client)
    page = as_provider.post(f"/projets/{project.key}/offre/retirer/").content.decode()
    assert "ne peut plus être" in page
    assert Offer.objects.get().state == "WON"


def test_closing_date_is_judged_under_the_lock(project: Project, provider_user: User) -> None:
    """The row in hand still says open; the database knows better."""
    consulted(project, stocked(provider_user), Kind.OFFER)
    stale = Project.objects.get(pk=project.pk)
    closed(project)
    assert stale.closes_at
    assert stale.closes_at > timezone.now() + timedelta(days=1)
    refused(lambda: Offer.place(stale, by=provider_user, terms=terms(), key=uuid.uuid4()), Project.NotAvailable)
