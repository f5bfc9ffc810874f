"""A call rejected after it was open: everything of it ends, nothing of it shows, and it may come back corrected."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.ledger import checks
from marketplace.testing.cast import signed_in
from projects.models import Offer, OfferState, Project, projects
from projects.tests.bids import asked, bid, stocked, terms
from projects.tests.calls import answer, consulted, drafted, in_days, opened
from projects.tests.test_version import change

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User, provider_user: User, moderator_user: User) -> Project:
    """An open call with an offer and a question, taken from the public."""
    project = opened(client_user)
    bid(project, stocked(provider_user))
    asked(project, provider_user)
    project.reject(by=moderator_user, reason="Annonce trompeuse.")
    return project


def fresh(project: Project) -> Project:
    return Project.objects.select_related("client").get(pk=project.pk)


def back(project: Project, moderator: User) -> Project:
    """Handed in again and approved."""
    project.submit(by=project.client)
    project.approve(by=moderator)
    return fresh(project)


def text(browser: Client, path: str) -> str:
    reply = browser.get(path)
    assert reply.status_code == 200, path
    return reply.content.decode()


def test_offers_end_with_the_call_and_their_bidders_are_told_once(project: Project, provider_user: User) -> None:
    offer = Offer.objects.get()
    assert (offer.state, offer.stage, fresh(project).offers_count) == ("WITHDRAWN", "terminée avec l’appel", 0)
    letter = Notice.objects.get(user=provider_user, name="project.rejected.provider").letter
    assert "Votre offre a pris fin avec lui" in letter.paragraphs[-1]
    assert not Spending.objects.living().exists()
    assert checks.run() == []
    with pytest.raises(IntegrityError, match="lapsed_offer_is_over"), transaction.atomic():
        Offer.objects.update(state=OfferState.PLACED)


def test_who_only_looked_is_told_of_no_offer(client_user: User, rival_user: User, moderator_user: User) -> None:
    project = opened(client_user)
    consulted(project, stocked(rival_user))
    project.reject(by=moderator_user, reason="Annonce trompeuse.")
    letter = Notice.objects.get(user=rival_user, name="project.rejected.provider").letter
    assert "offre" not in " ".join(letter.paragraphs)


def test_its_address_says_that_it_is_gone_and_nothing_else(
    project: Project, as_provider: Client, client: Client, client_user: User, stranger_user: User
) -> None:
    opened(stranger_user, title="Un autre site")
    answer(owner := signed_in(client_user), f"/projets/{project.key}/modifier/", title="Titre corrigé")
    for browser in (client, as_provider):
        page = text(browser, f"/projets/{project.key}/")
        assert "n’est plus disponible" in page
        assert "Un autre site" in page
        for words in ("Refonte d’un site vitrine", "Titre corrigé", "Annonce trompeuse"):
            assert words not in page
    for page in ("rapport/", "offre/", "versions/", "offres/", "signaler/", "messages/"):
        assert as_provider.get(f"/projets/{project.key}/{page}").status_code == 404
    assert "Titre corrigé" in text(owner, f"/projets/{project.key}/")


def test_lists_of_a_former_bidder_lead_where_something_answers(
    project: Project, as_provider: Client, client_user: User
) -> None:
    answer(signed_in(client_user), f"/projets/{project.key}/modifier/", title="Titre corrigé")
    page = text(as_provider, "/mes-projets/?vue=offres")
    assert "terminée avec l’appel" in page
    assert f'href="/projets/{project.key}/"' in page
    assert f"/projets/{project.key}/rapport/" not in page
    for path in ("/mes-projets/?vue=offres", "/credits/", f"/projets/{project.key}/credit/consultation/"):
        assert "Titre corrigé" not in text(as_provider, path)
    assert "est plus disponible" in as_provider.post(f"/projets/{project.key}/credit/consultation/").content.decode()


def test_client_corrects_it_and_it_opens_anew(
    project: Project, as_client: Client, as_moderator: Client, moderator_user: User
) -> None:
    first = fresh(project).opened_at
    page = text(as_client, f"/projets/{project.key}/rapport/")
    assert f"/projets/{project.key}/modifier/" in page
    assert f"/projets/{project.key}/offres/" not in page
    answer(as_client, f"/projets/{project.key}/modifier/", teaser="Un atelier refait son site, sans essai gratuit.")
    as_client.post(f"/projets/{project.key}/soumettre/")
    assert fresh(project).state == "SUBMITTED"
    page = text(as_moderator, f"/admin/projects/project/{project.pk}/change/")
    assert "<ins>" in page
    assert "Annonce trompeuse." in page
    fresh(project).approve(by=moderator_user)
    again = fresh(project)
    assert again.is_available
    assert again.rejection_reason == ""
    assert (again.version, again.offers_count, again.questions_count) == (2, 0, 1)
    assert first
    assert again.opened_at
    assert again.opened_at > first


def test_closing_date_that_passed_is_chosen_anew(project: Project, as_client: Client, moderator_user: User) -> None:
    now = timezone.now()
    Project.objects.update(closes_at=now, extended_at=now, reminded_at=now)
    with pytest.raises(Project.ClosesInThePast):
        fresh(project).submit(by=project.client)
    assert "Clôture – " in text(as_client, f"/projets/{project.key}/apercu/")
    answer(as_client, f"/projets/{project.key}/modifier/cadre/", closes_on=in_days(12))
    again = back(fresh(project), moderator_user)
    assert again.is_available
    assert (again.extended_at, again.reminded_at) == (None, None)


def test_former_bidder_is_told_once_that_it_is_open_again(
    project: Project, as_provider: Client, provider_user: User, moderator_user: User
) -> None:
    notices = Notice.objects.filter(name="project.opened.bidder")
    again = back(project, moderator_user)
    assert notices.get().user == provider_user
    assert "un crédit de consultation, puis un crédit d’offre" in notices.get().letter.paragraphs[-1]
    for kind in (Kind.CONSULTATION, Kind.OFFER):
        again.spend(kind, by=provider_user)
    page = text(as_provider, f"/projets/{project.key}/offre/")
    assert "a pris fin quand notre modération" in page
    assert "Vous avez retiré" not in page
    again.reject(by=moderator_user, reason="Encore trompeuse.")
    back(fresh(again), moderator_user)
    assert notices.count() == 1


def test_bidder_spends_and_bids_again(
    project: Project, as_provider: Client, provider_user: User, moderator_user: User
) -> None:
    again = back(project, moderator_user)
    assert "reprend des offres" in text(as_provider, "/mes-projets/?vue=offres")
    with pytest.raises(Offer.NeedsCredit):
        Offer.place(again, by=provider_user, terms=terms(), key=uuid.uuid4())
    offer = bid(again, provider_user, 250_000)
    assert (offer.state, offer.lapsed_at, fresh(again).offers_count) == ("PLACED", None, 1)
    again.spend(Kind.OFFER, by=provider_user)
    assert Spending.objects.living().count() == 2
    assert Spending.objects.count() == 4
    assert checks.run() == []


def test_credit_that_is_still_due_opens_nothing_and_is_back_before_the_call(
    client_user: User, provider_user: User, moderator_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "RETURNED_AT_ONCE", 0)
    project = opened(client_user)
    bid(project, stocked(provider_user))
    project.spend(Kind.CONTACT, by=provider_user)
    project.reject(by=moderator_user, reason="Annonce trompeuse.")
    assert Spending.objects.living().count() == 3
    rows = Project.objects
    for opens in (rows.dossier_open_to, rows.contact_open_to, rows.report_open_to, rows.bid_open_to, rows.talk_open_to):
        assert not opens(provider_user).exists()
    back(project, moderator_user)
    assert not Spending.objects.living().exists()


def test_providers_learn_nothing_of_a_refusal_before_the_publication(
    client_user: User, as_provider: Client, provider_user: User, moderator_user: User
) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    project.reject(by=moderator_user, reason="Trop court.")
    answer(signed_in(client_user), f"/projets/{project.key}/modifier/")
    bid(back(fresh(project), moderator_user), stocked(provider_user))
    change(fresh(project), urgent=True)
    report, versions = (text(as_provider, f"/projets/{project.key}/{page}/") for page in ("rapport", "versions"))
    assert "Projet refusé" not in report
    assert "Projet soumis pour approbation" not in report
    assert "version 2" in report
    assert "Version 1" in versions
    assert "Version 3" not in versions
    assert "Projet refusé" in text(signed_in(client_user), f"/projets/{project.key}/rapport/")
