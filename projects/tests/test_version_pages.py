"""The pages of versions: changing an open project, what has changed, and what bidders and client see of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from credits.models import Spending
from marketplace.accounts.models import User
from projects.models import Jotting, Project
from projects.tests.bids import HOSTILE, bid, bidder
from projects.tests.calls import consulted, drafted, opened, typed, with_credits
from projects.tests.test_version import change, content, fresh


def sent(version: object = 1, **changes: Any) -> dict[str, Any]:
    """What the page of a change sends."""
    return typed(version=version, sealed=None, closes_on=None, act=None, **changes)


def test_client_changes_an_open_project_on_one_page(as_client: Client, client_user: User) -> None:
    project = opened(client_user, sealed=True)
    path = f"/projets/{project.key}/changer/"
    assert path in as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert "Pas encore d’offre" in as_client.get(path).content.decode()
    plan = SimpleUploadedFile("plan.docx", b"", "application/pdf")
    assert "plan.docx" in as_client.post(path, sent(specification=[plan])).content.decode()
    for _time in range(2):
        assert as_client.post(path, sent()).headers["Location"] == f"/projets/{project.key}/rapport/"
    project.refresh_from_db()
    assert (project.title, project.version, project.sealed) == ("Application de suivi des tournées", 2, True)
    page = as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert "Projet modifié par le client" in page


def test_change_says_how_many_providers_it_tells(as_client: Client, client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    bid(project, bidder(1))
    page = as_client.get(f"/projets/{project.key}/changer/").content.decode()
    assert "Publier la modification et prévenir 2 prestataires" in page


def test_second_tab_does_not_undo_the_change_of_the_first(as_client: Client, client_user: User) -> None:
    project = opened(client_user)
    path = f"/projets/{project.key}/changer/"
    as_client.post(path, sent())
    page = as_client.post(path, sent(title="Autre chose")).content.decode()
    assert "modifié entre-temps dans un autre onglet" in page
    assert Project.objects.get().title == "Application de suivi des tournées"


def test_closed_project_says_that_it_cannot_be_changed(as_client: Client, client_user: User) -> None:
    project = opened(client_user)
    Project.objects.update(closes_at=project.opened_at)
    path = f"/projets/{project.key}/changer/"
    for answer in (as_client.get(path), as_client.post(path)):
        assert "ne peut plus être modifié" in answer.content.decode()
    assert as_client.get(f"/projets/{drafted(client_user).key}/changer/").status_code == 404


@pytest.mark.parametrize("words", [*HOSTILE, "x" * 20_001, "\x00"])
def test_odd_words_in_a_change_give_a_page(as_client: Client, client_user: User, words: str) -> None:
    project = opened(client_user)
    path = f"/projets/{project.key}/changer/"
    assert as_client.post(path, sent(description=words, version="x")).status_code == 200
    assert as_client.post(path, sent(description=words)).status_code in {200, 302}
    page = as_client.get(f"/projets/{project.key}/versions/").content.decode()
    assert "<script>alert" not in page


def test_bidder_sees_what_changed_and_gets_the_credit_back(
    as_provider: Client, client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    page = as_provider.get(f"/projets/{project.key}/offre/retirer/").content.decode()
    assert "Le crédit offre reste dépensé" in page
    change(project, teaser="Un atelier de menuiserie refait tout.")
    page = as_provider.get(f"/projets/{project.key}/offre/").content.decode()
    assert "Maintenir ou réviser" in page
    assert "depuis votre offre" in as_provider.get(f"/projets/{project.key}/rapport/").content.decode()
    page = as_provider.get(f"/projets/{project.key}/").content.decode()
    assert "depuis votre offre" in page
    assert f"/projets/{project.key}/offre/retirer/" in page
    page = as_provider.get(f"/projets/{project.key}/versions/").content.decode()
    assert "<ins>" in page
    assert page.index("Version 2") < page.index("Version 1")
    assert "revient aussitôt" in as_provider.get(f"/projets/{project.key}/offre/retirer/").content.decode()
    as_provider.post(f"/projets/{project.key}/offre/retirer/")
    assert Spending.objects.filter(return_reason="project_changed").count() == 1


def test_client_sees_which_offers_answer_an_older_version(
    as_client: Client, client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user))
    pages = (f"/projets/{project.key}/offres/", f"/projets/{project.key}/offres/{offer.pk}/")
    assert all("ersion antérieure" not in as_client.get(page).content.decode() for page in pages)
    change(project, urgent=True)
    assert all("ersion antérieure" in as_client.get(page).content.decode() for page in pages)


def test_terms_written_before_a_change_come_back_with_what_is_new(
    as_provider: Client, client_user: User, provider_user: User
) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user))
    rows = {"tranche-TOTAL_FORMS": "0", "tranche-INITIAL_FORMS": "0"}
    data = {"key": str(offer.key), "price_cents": "4000", "delay_days": "20", "pitch": "Oui.", "version": "1", **rows}
    change(project, urgent=True)
    page = as_provider.post(f"/projets/{project.key}/offre/", data).content.decode()
    assert "vient de modifier le projet" in page
    assert 'name="version" value="2"' in page
    assert as_provider.post(f"/projets/{project.key}/offre/", data | {"version": "2"}).status_code == 302
    assert (fresh(offer).price_cents, fresh(offer).project_version) == (400_000, 2)


def test_versions_follow_the_dossier_and_begin_with_what_was_published(
    as_provider: Client, as_rival: Client, client_user: User, provider_user: User, moderator_user: User
) -> None:
    project = drafted(client_user, description="Notre secret de brouillon.")
    project.submit(by=client_user)
    project.reject(by=moderator_user, reason="Trop court.")
    assert as_provider.get(f"/projets/{project.key}/versions/").status_code == 404
    project.jot(Jotting.whole(content(project, description="Dix pages à refaire.")))
    project.submit(by=client_user)
    project.approve(by=moderator_user)
    consulted(project, with_credits(provider_user))
    change(project, urgent=True)
    page = as_provider.get(f"/projets/{project.key}/versions/").content.decode()
    assert "secret" not in page
    assert "Trop court" not in page
    assert as_rival.get(f"/projets/{project.key}/versions/").status_code == 404
