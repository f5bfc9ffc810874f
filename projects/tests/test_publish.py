from __future__ import annotations

import io
import uuid
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.templatetags.page import PARIS, paris_short
from projects.contacts import masked, reachable, telling
from projects.models import Agreement, Offer, OfferTerms, Project, Selection

from .calls import answer, consulted, drafted, opened, typed, with_credits, written

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


def png(name: str = "plan.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PNG, "image/png")


def test_call_is_typed_previewed_and_handed_in(as_client: Client, client_user: User) -> None:
    project = written(as_client, files=[png()])
    assert (project.budget_min_cents, project.budget_max_cents) == (800_000, 1_200_050)
    assert project.skills == ["Python", "Django", "hors ligne"]
    assert project.sealed is project.urgent is True
    assert project.closes_at
    assert project.closes_at.astimezone(PARIS).strftime("%H:%M") == "18:00"
    assert project.description == "Quarante chauffeurs.\n\nConnexion intermittente."
    page = as_client.get(f"/projets/{project.key}/apercu/").content.decode()
    for words in ("15\xa0%", "3\xa0%", "1\u202f200 à 1\u202f800,08\xa0€ HT", "plan.png", "1 fichier"):
        assert words in page
    reply = as_client.post(f"/projets/{project.key}/soumettre/")
    project.refresh_from_db()
    assert (reply.headers["Location"], project.state) == (f"/projets/{project.key}/rapport/", "SUBMITTED")
    as_client.post(f"/projets/{project.key}/soumettre/")
    assert Event.objects.filter(verb="project.submitted").count() == 1


def pdf(n: int) -> bytes:
    document, content = pikepdf.new(), io.BytesIO()
    document.add_blank_page(page_size=(100 + n, 100))
    document.save(content)
    return content.getvalue()


def test_project_handed_in_is_no_longer_edited(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    assert as_client.get(f"/projets/{project.key}/modifier/").headers["Location"] == f"/projets/{project.key}/rapport/"
    page = as_client.post(f"/projets/{project.key}/modifier/", typed(title="Autre")).content.decode()
    assert "il ne peut plus être modifié" in page
    project.refresh_from_db()
    assert project.title == "Refonte d’un site vitrine"
    assert "Déposer le projet" not in as_client.get(f"/projets/{project.key}/apercu/").content.decode()


def test_draft_whose_closing_date_has_passed_says_so(as_client: Client, client_user: User) -> None:
    project = drafted(client_user, closes_at=timezone.now() - timedelta(days=1))
    page = as_client.post(f"/projets/{project.key}/soumettre/").content.decode()
    assert "La date de clôture est passée" in page


def test_without_moderation_a_project_opens_at_once(as_client: Client, client_user: User, settings: Any) -> None:
    settings.PRE_MODERATION = False
    project = drafted(client_user, closes_at=None)
    as_client.post(f"/projets/{project.key}/soumettre/")
    project.refresh_from_db()
    assert project.is_available
    assert project.closes_at
    assert (project.closes_at.astimezone(PARIS).date() - timezone.localdate()).days == 30


def test_stranger_sees_neither_draft_nor_preview(as_stranger: Client, client_user: User) -> None:
    project = drafted(client_user)
    for page in ("", "modifier/", "apercu/", "retirer/"):
        assert as_stranger.get(f"/projets/{project.key}/{page}").status_code == 404
    assert as_stranger.post(f"/projets/{project.key}/soumettre/").status_code == 404


def test_withdrawn_project_gives_credits_back_and_tells_those_who_spent(
    as_client: Client, client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user), Kind.OFFER)
    assert "récupère" in as_client.get(f"/projets/{project.key}/retirer/").content.decode()
    assert as_client.post(f"/projets/{project.key}/retirer/").headers["Location"] == "/mes-projets/"
    project.withdraw(by=client_user)
    project.refresh_from_db()
    assert project.state == "WITHDRAWN"
    assert not Spending.objects.living().exists()
    notice = Notice.objects.get(name="project.withdrawn")
    assert notice.user == provider_user
    assert notice.letter.subject == "Retiré par son client\xa0: Refonte d’un site vitrine"
    assert Event.objects.filter(verb="project.withdrawn").count() == 1


def test_project_withdrawn_after_the_choice_takes_the_agreement_along(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user), Kind.OFFER)
    offer = Offer.place(project, by=provider_user, terms=OfferTerms(300_000, 20, "Oui."), key=uuid.uuid4())
    agreement = Selection(offer, reason="Mieux préparée.").carry_out(by=client_user)
    project.withdraw(by=client_user)
    agreement.refresh_from_db()
    assert agreement.state == "LAPSED"
    with pytest.raises(Agreement.NotOpen):
        agreement.accept(1, by=client_user)


def test_project_that_is_over_cannot_be_withdrawn(as_client: Client, client_user: User) -> None:
    project = opened(client_user)
    Project.objects.filter(pk=project.pk).update(state="EXPIRED")
    with pytest.raises(Project.NotWithdrawable):
        project.withdraw(by=client_user)
    page = as_client.post(f"/projets/{project.key}/retirer/").content.decode()
    assert "ne peut plus être retiré" in page


def test_moderators_are_told_then_the_client(as_client: Client, client_user: User, moderator_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    told = Notice.objects.get(name="project.submitted")
    assert (told.user, told.letter.path) == (moderator_user, f"/admin/projects/project/{project.pk}/change/")
    project.approve(by=moderator_user)
    told = Notice.objects.get(name="project.opened")
    assert told.user == client_user
    assert "18\xa0h\xa000" in told.letter.figures[0][1]


def test_moderator_reads_the_queue_its_files_and_approves(
    as_moderator: Client, as_client: Client, client_user: User
) -> None:
    project = written(as_client, files=[png()])
    assert "Application de suivi" not in as_moderator.get("/admin/projects/project/").content.decode()
    project.submit(by=client_user)
    page = as_moderator.get("/admin/projects/project/").content.decode()
    assert "Application de suivi" in page
    assert "Application" in as_moderator.get("/admin/projects/project/?state=all").content.decode()
    page = as_moderator.get(f"/admin/projects/project/{project.pk}/change/").content.decode()
    file = project.specification_files.get().document.get_absolute_url()
    assert file in page
    assert "Caron Architectes" in page
    download = as_moderator.get(file)
    assert download.status_code == 200
    for close in download._resource_closers:  # type: ignore[attr-defined]  # as a server does it
        close()
    reply = as_moderator.post(f"/admin/projects/project/{project.pk}/approve/do/", {"key": str(uuid.uuid4())})
    assert reply.status_code == 302
    project.refresh_from_db()
    assert project.is_available


def test_rejection_needs_a_reason_which_the_client_reads_and_corrects(
    as_moderator: Client, as_client: Client, client_user: User
) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    address = f"/admin/projects/project/{project.pk}/reject/do/"
    assert as_moderator.post(address, {"key": str(uuid.uuid4()), "reason": "  "}).status_code == 200
    as_moderator.post(address, {"key": str(uuid.uuid4()), "reason": "Précisez le livrable."})
    project.refresh_from_db()
    assert project.state == "REJECTED"
    told = Notice.objects.get(name="project.rejected")
    assert (told.letter.quote, told.letter.path) == ("Précisez le livrable.", f"/projets/{project.key}/modifier/")
    assert "Précisez le livrable." in as_client.get("/mes-projets/").content.decode()
    assert "Précisez le livrable." in as_client.get(f"/projets/{project.key}/modifier/").content.decode()
    answer(as_client, f"/projets/{project.key}/modifier/")
    as_client.post(f"/projets/{project.key}/soumettre/")
    project.refresh_from_db()
    assert (project.state, project.title) == ("SUBMITTED", "Application de suivi des tournées")


def test_rejection_is_told_with_its_reason_and_decided_once(
    client_user: User, provider_user: User, moderator_user: User
) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user))
    project.reject(by=moderator_user, reason="Annonce trompeuse.")
    assert not Spending.objects.living().exists()
    told = Notice.objects.get(name="project.rejected.provider")
    assert told.user == provider_user
    assert told.letter.subject == "Retiré par notre modération\xa0: Refonte d’un site vitrine"
    with pytest.raises(Project.NeedsReason):
        opened(client_user).reject(by=moderator_user, reason=" ")
    with pytest.raises(Project.NotModerable):
        project.approve(by=moderator_user)


def test_finance_cannot_moderate(as_finance: Client, client_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    assert as_finance.get("/admin/projects/project/").status_code == 403
    reply = as_finance.post(f"/admin/projects/project/{project.pk}/approve/do/", {"key": str(uuid.uuid4())})
    assert reply.status_code in {403, 404, 302}
    project.refresh_from_db()
    assert project.state == "SUBMITTED"


@pytest.mark.parametrize(
    "text", ["a@b.fr", "jean.dupont (at) acme (dot) com", "06.12.34.56.78", "+33 6 12 34 56 78", "+44 (0)20 7946 0958"]
)
def test_ways_to_be_reached_are_found(text: str) -> None:
    assert reachable(f"Contact : {text}, merci.")
    assert "[…]" in masked(text)


@pytest.mark.parametrize("text", ["https://acme.fr/x", "www.acme.com", "acme.io", "mon-site.agency/devis"])
def test_web_addresses_are_found_in_public_texts_only(text: str) -> None:
    assert telling(text)
    assert not reachable(text)
    assert masked(text, addresses=False) == text


@pytest.mark.parametrize(
    "text", ["ASP.NET et Node.js", "2023-02-03", "1 200 000 euros", "à 18:00. Le site", "x@y", "-" * 20_000]
)
def test_plain_words_are_left_alone(text: str) -> None:
    assert not telling(text)
    assert masked(text) == text


def test_my_projects_say_what_to_do_next_at_each_stage(
    as_client: Client, as_provider: Client, client_user: User, provider_user: User
) -> None:
    drafted(client_user, title="Brouillon en cours")
    project = opened(client_user, title="Ouvert aux offres")
    consulted(project, with_credits(provider_user), Kind.OFFER)
    assert "Attendez les premières offres" in as_client.get("/mes-projets/").content.decode()
    assert "déposez une offre" in as_provider.get("/mes-projets/?vue=consultes").content.decode()
    offer = Offer.place(project, by=provider_user, terms=OfferTerms(300_000, 20, "Oui."), key=uuid.uuid4())
    assert "Pas encore lue" in as_provider.get("/mes-projets/?vue=offres").content.decode()
    offer.mark_read()
    assert "Lue par le client le" in as_provider.get("/mes-projets/?vue=offres").content.decode()
    page = as_client.get("/mes-projets/?etape=ouverts").content.decode()
    assert "Comparer les offres" in page
    assert "Brouillon en cours" not in page
    agreement = Selection(offer, reason="Mieux préparée.").carry_out(by=client_user)
    for browser, shelf in ((as_client, "appels"), (as_provider, "gagnes")):
        page = browser.get(f"/mes-projets/?vue={shelf}").content.decode()
        assert "Confirmez les termes ensemble" in page
        assert f"/accords/{agreement.key}/" in page
    for user in (client_user, provider_user):
        agreement.accept(1, by=user)
    assert "Payez la mise en relation" in as_client.get("/mes-projets/").content.decode()
    assert "ne commencez pas encore" in as_provider.get("/mes-projets/?vue=gagnes").content.decode()


def test_my_projects_say_what_became_of_the_others(
    as_client: Client, as_provider: Client, as_rival: Client, client_user: User, provider_user: User, rival_user: User
) -> None:
    project = opened(client_user)
    for bidder in (provider_user, rival_user):
        consulted(project, with_credits(bidder), Kind.OFFER)
    winner, _loser = (
        Offer.place(project, by=bidder, terms=OfferTerms(300_000, 20, "Oui."), key=uuid.uuid4())
        for bidder in (provider_user, rival_user)
    )
    Selection(winner, reason="Mieux préparée.").carry_out(by=client_user)
    assert "Un autre prestataire a été choisi" in as_rival.get("/mes-projets/?vue=offres").content.decode()
    project.refresh_from_db()
    project.withdraw(by=client_user)
    assert "Plus rien à faire" in as_client.get("/mes-projets/").content.decode()
    assert "Plus rien à faire" in as_provider.get("/mes-projets/?vue=gagnes").content.decode()
    assert "Aucun projet pour l’instant" in as_rival.get("/mes-projets/?vue=gagnes").content.decode()
    assert "Rien à cette étape" in as_client.get("/mes-projets/?etape=ouverts").content.decode()
    handed_in = drafted(client_user)
    handed_in.submit(by=client_user)
    assert paris_short(handed_in.moderate_by) in as_client.get("/mes-projets/?etape=preparation").content.decode()


def test_publication_in_the_future_is_refused(client_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    with pytest.raises(Project.OpensInTheFuture):
        project.approve(by=None, at=timezone.now() + timedelta(minutes=1))


def test_closing_date_that_passed_while_waiting_stops_the_approval(client_user: User, moderator_user: User) -> None:
    project = drafted(client_user)
    project.submit(by=client_user)
    Project.objects.filter(pk=project.pk).update(closes_at=timezone.now())
    with pytest.raises(Project.ClosesInThePast):
        project.approve(by=moderator_user)


def test_my_projects_cost_as_many_queries_for_one_row_as_for_thirty(as_client: Client, client_user: User) -> None:
    opened(client_user)
    as_client.get("/mes-projets/")
    with CaptureQueriesContext(connection) as one:
        as_client.get("/mes-projets/")
    for _n in range(29):
        opened(client_user)
    with CaptureQueriesContext(connection) as thirty:
        page = as_client.get("/mes-projets/").content.decode()
    assert len(one) == len(thirty)
    older = page.split('rel="next"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
    second = as_client.get(f"/mes-projets/{older.partition('/mes-projets/')[2]}").content.decode()
    assert second.count("<tr") == 11
    assert "Première page" in second


def test_odd_addresses_of_my_projects_give_a_page(as_stranger: Client) -> None:
    for query in (
        "vue=x",
        "etape=zzz",
        "avant=1e9",
        "avant=" + "9" * 40,
        "vue=gagnes&avant=5",
        "vue=offres",
        "etape=termines",
    ):
        assert as_stranger.get(f"/mes-projets/?{query}").status_code == 200
