"""The first stretch of the way in a browser: publish, moderate, find; axe has no remark."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, at_every_look
from projects.models import Category, Project

from .calls import consulted, drafted, opened, with_credits

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def fill(page: Page, folder: Path) -> None:
    """Type a whole call, as a client does."""
    page.fill("[name=title]", "Application de suivi des tournées")
    page.select_option("[name=category]", label="Applications mobiles")
    page.fill("[name=skills]", "Python, hors ligne")
    page.fill("[name=teaser]", "Remplacer trois tableurs par une application utilisable au volant.")
    page.fill("[name=description]", "Quarante chauffeurs.\n\nConnexion intermittente.")
    plan = folder / "plan.png"
    page.screenshot(path=plan, clip={"x": 0, "y": 0, "width": 40, "height": 40})
    page.click("form .buttons button[value=suite]")
    page.wait_for_url("**/modifier/cadre/")
    page.fill("[name=budget_min_cents]", "8 000")
    page.fill("[name=budget_max_cents]", "12 000")
    page.fill("[name=closes_on]", str(timezone.localdate() + timedelta(days=20)))
    page.check("[name=place][value=REMOTE]")
    assert at_every_look(page) == []
    page.click("form .buttons button[value=suite]")
    page.wait_for_url("**/modifier/conditions/")
    page.set_input_files("[name=specification]", plan)
    page.click("button[value=conditions]")
    page.wait_for_selector("text=plan.png (")
    assert at_every_look(page) == []


def test_client_publishes_and_a_provider_finds(
    enter: Enter, tmp_path: Path, client_user: User, provider_user: User, moderator_user: User
) -> None:
    client = enter(client_user)
    client.goto("/projets/publier/")
    assert at_every_look(client) == []
    client.click("form .buttons button[value=suite]")
    client.wait_for_selector("[data-errors]:focus")
    assert at_every_look(client) == []
    fill(client, tmp_path)
    client.click("button[value=brouillon]")
    client.wait_for_url("**/mes-projets/")
    client.click("text=Continuer")
    client.click("nav.steps button[value=relecture]")
    client.wait_for_url("**/apercu/")
    assert "1\u202f200 à 1\u202f800\xa0€ HT" in client.inner_text("main")
    assert at_every_look(client) == []
    client.click("text=Déposer le projet")
    client.wait_for_url("**/rapport/")
    project = Project.objects.get()
    moderator = enter(moderator_user)
    moderator.goto("/admin/projects/project/")
    moderator.click("text=Application de suivi")
    moderator.click("text=Approuver et publier")
    moderator.click("input[type=submit][value='Approuver et publier']")
    moderator.wait_for_url("**/change/")
    provider = enter(provider_user)
    provider.goto("/projets/")
    provider.fill("[name=q]", "tournée")
    provider.press("[name=q]", "Enter")
    provider.wait_for_url("**/projets/?q=*")
    provider.click("text=Application de suivi des tournées")
    provider.wait_for_url(f"**/projets/{project.key}/")
    assert at_every_look(provider) == []


def test_pages_of_the_stretch_have_no_fault(enter: Enter, client_user: User, provider_user: User) -> None:
    data = Category.objects.get(slug="donnees-ia")
    projects = [
        opened(client_user, title=f"Espace de réservation pour un réseau de {n} gîtes ruraux", urgent=n % 2 == 0)
        for n in range(3, 26)
    ]
    opened(client_user, category=data, place="ON_SITE", city="Saint-Jean-de-Monts", sealed=True)
    drafted(client_user, title="Un brouillon")
    with_credits(provider_user)
    consulted(projects[-1], provider_user)
    consulted(projects[-2], provider_user, Kind.CONTACT)
    visitor, provider, client = enter(), enter(provider_user), enter(client_user)
    for path in ("/projets/", "/projets/?q=gîte&categorie=web&lieu=distance&tri=budget", "/projets/?q=licorne"):
        visitor.goto(path)
        assert at_every_look(visitor) == []
    visitor.goto("/projets/")
    visitor.click("text=Projets suivants")
    visitor.wait_for_url("**apres=*")
    visitor.set_viewport_size({"width": 360, "height": 900})
    visitor.click("button[popovertarget=filtres]")
    visitor.check("[name=categorie][value=donnees-ia]")
    assert at_every_look(visitor) == []
    visitor.set_viewport_size({"width": 360, "height": 900})
    if not visitor.is_visible("#filtres button[type=submit]"):
        visitor.click("button[popovertarget=filtres]")
    visitor.click("#filtres button[type=submit]")
    visitor.wait_for_url("**categorie=donnees-ia*")
    assert "Saint-Jean-de-Monts" in visitor.inner_text("main")
    for path in ("/mon-compte/newsletter/", "/mes-projets/?vue=consultes", "/mes-projets/?vue=gagnes", "/projets/"):
        provider.goto(path)
        assert at_every_look(provider) == []
    for path in ("/mes-projets/", "/mes-projets/?etape=termines", f"/projets/{projects[0].key}/retirer/"):
        client.goto(path)
        assert at_every_look(client) == []
    projects[0].withdraw(by=client_user)
    visitor.goto(f"/projets/{projects[0].key}/")
    assert at_every_look(visitor) == []


def test_draft_saves_itself_and_two_tabs_do_not_erase_each_other(enter: Enter, client_user: User) -> None:
    page = enter(client_user)
    page.goto("/projets/publier/")
    page.fill("[name=title]", "Application de suivi")
    page.select_option("[name=category]", label="Applications mobiles")
    page.wait_for_selector("[data-autosave-said]:has-text('Enregistré à')")
    project = Project.objects.get()
    assert page.url.endswith(f"/projets/{project.key}/modifier/")
    other = page.context.new_page()
    other.goto(page.url)
    assert other.input_value("[name=title]") == "Application de suivi"
    with other.expect_response("**/modifier/"):
        other.fill("[name=title]", "Écrit dans le second onglet")
    page.fill("[name=teaser]", "Écrit dans le premier")
    page.wait_for_selector("[data-autosave-said]:has-text('Un autre onglet')")
    page.click("form .buttons button[value=suite]")
    page.wait_for_selector("text=Garder ce que dit cette page")
    assert at_every_look(page) == []
    page.click("button[value=garder]")
    page.wait_for_url(f"**/projets/{project.key}/modifier/")
    project.refresh_from_db()
    assert (project.title, project.teaser) == ("Application de suivi", "Écrit dans le premier")
