"""A search saved from the list, and the preview of the administration, in a real browser."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, axe
from projects.models import Asked, SavedSearch

from .calls import opened

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_search_is_saved_from_the_list_and_found_again(enter: Enter, client_user: User, provider_user: User) -> None:
    opened(client_user, title="Logo d’une librairie")
    page = enter(provider_user, width=360)
    page.goto("/projets/?q=logo&lieu=distance")
    page.get_by_text("Enregistrer cette recherche").click()
    page.get_by_label("Nom de la recherche").fill("Logos à distance")
    assert axe(page) == []
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    page.wait_for_url("**/mon-compte/newsletter/")
    assert axe(page) == []
    page.get_by_role("link", name="Logos à distance", exact=True).click()
    page.get_by_role("link", name="Logo d’une librairie").wait_for()


def test_pages_of_a_search_are_accessible(enter: Enter, provider_user: User) -> None:
    search = SavedSearch.keep(Asked("logo"), name="Logos", by=provider_user)[0]
    page = enter(provider_user)
    for path in ("recherche/?q=logo", f"recherches/{search.pk}/", f"recherches/{search.pk}/supprimer/"):
        page.goto(f"/mon-compte/newsletter/{path}")
        assert axe(page) == [], path


def test_moderator_sees_the_html_of_a_copy(
    enter: Enter, client_user: User, provider_user: User, moderator_user: User
) -> None:
    opened(client_user, title="Tournées <laitières>")
    page = enter(moderator_user)
    page.goto(f"/admin/projects/edition/preview/?provider={provider_user.pk}")
    frame = page.frame_locator("iframe")
    assert frame.get_by_role("link", name="Tournées <laitières>").bounding_box()
    assert frame.get_by_role("heading", level=1).inner_text() == "1 nouveau projet pour vous"
    page.goto("/admin/projects/edition/")
    page.get_by_role("link", name="Aperçu d’un exemplaire").click()
    page.get_by_label("Adresse e-mail ou numéro de compte").fill(provider_user.email)
    page.get_by_role("button", name="Voir l’exemplaire").click()
    page.get_by_text("Bonjour Paul Mercier,").first.wait_for()
