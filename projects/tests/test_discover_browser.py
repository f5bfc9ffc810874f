"""The list, live: what is asked for takes the place of the results, the address follows, the keyboard stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, at_every_look, settled
from projects.models import Category, Word

from .calls import opened

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visitor(enter: Enter, client_user: User) -> Page:
    """Somebody who looks at thirty projects; the page would forget the mark that is left on it if it were left."""
    design = Category.objects.get(slug="design")
    for n in range(25):
        opened(client_user, title=f"Site vitrine {n}", skills=["Python"])
    for n in range(5):
        opened(client_user, title=f"Logo {n}", category=design, place="ON_SITE", skills=["Figma"])
    Word.objects.refresh()
    page = enter()
    page.goto("/projets/")
    page.evaluate("window.stayed = true")
    return page


def test_filters_sort_and_pages_take_the_place_of_the_results(visitor: Page) -> None:
    said, title = visitor.locator("#annonce"), visitor.locator("#resultats-titre")
    visitor.focus("#f-categorie-design")
    visitor.keyboard.press("Space")
    expect(said).to_have_text("5\xa0projets")
    assert visitor.url.endswith("/projets/?categorie=design")
    expect(visitor.locator("#f-categorie-design")).to_be_focused()
    visitor.click("a.tag--on")
    expect(title).to_have_text("30\xa0projets")
    settled(visitor)
    visitor.select_option("#tri", "offres")
    visitor.wait_for_url("**/projets/?tri=offres")
    settled(visitor)
    visitor.click("text=Projets suivants")
    visitor.wait_for_url("**apres=*")
    expect(visitor.locator(".project-card")).to_have_count(10)
    expect(visitor.locator("#resultats")).to_be_focused()
    assert visitor.evaluate("window.stayed")
    visitor.go_back()
    expect(visitor.locator(".project-card")).to_have_count(20)


def test_search_is_live_and_a_typing_error_is_forgiven(visitor: Page) -> None:
    visitor.fill("#q", "vitrnie")
    visitor.press("#q", "Enter")
    expect(visitor.locator("#annonce")).to_have_text("0\xa0projet")
    expect(visitor.locator("#q")).to_be_focused()
    visitor.click("text=vitrine")
    expect(visitor.locator("#annonce")).to_have_text("25\xa0projets")
    assert visitor.input_value("#q") == "vitrine"
    visitor.goto("/projets/?q=logo&lieu=distance&categorie=design")
    visitor.evaluate("window.stayed = true")
    assert at_every_look(visitor) == []
    visitor.click("text=Sans «\xa0À distance\xa0»")
    expect(visitor.locator("#annonce")).to_have_text("5\xa0projets")
    assert visitor.evaluate("window.stayed")


def test_drawer_of_a_small_screen_stays_while_boxes_are_ticked(visitor: Page) -> None:
    visitor.set_viewport_size({"width": 360, "height": 900})
    visitor.click("#filtrer")
    visitor.check("#f-competence-figma")
    expect(visitor.locator("#annonce")).to_have_text("5\xa0projets")
    visitor.check("#f-lieu-sur-place")
    visitor.wait_for_url("**lieu=sur-place*")
    visitor.click("#filtres button[type=submit]")
    expect(visitor.locator("#filtres")).to_be_hidden()
    expect(visitor.locator("#filtrer")).to_contain_text("(2)")
