"""From the dossier to the introduction in a real browser: each reader, wide and narrow, light and dark."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.documents.models import Document
from marketplace.testing.browser import SCHEMES, Enter, axe
from projects.models import Agreement, Offer, Project, Question, Selection, SpecificationFile, TrancheTerms
from projects.tests.bids import CHRISTMAS, active, agreed, asked, bid, bidder, changed, stocked
from projects.tests.calls import consulted, opened

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LONG = (
    "Portail de réservation des salles municipales, des équipements sportifs et du matériel associatif de la communauté"
)
TEXT = "Nous reprenons l’existant écran par écran. " * 12


def looked_at(page: Page, path: str, name: str) -> list[str]:
    """What axe finds on the page at `path`; pictures of it, where SHOTS says to keep them."""
    answer = page.goto(path)
    assert answer
    assert answer.status == 200
    return seen(page, name)


def also(page: Page, path: str, name: str) -> list[str]:
    """As `looked_at`, for a page that differs little from another: only when pictures are wanted."""
    return looked_at(page, path, name) if "SHOTS" in os.environ else []


def seen(page: Page, name: str) -> list[str]:
    """What axe finds on the page as it stands."""
    if folder := os.environ.get("SHOTS"):
        for width, scheme in product((360, 1280), SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    return axe(page)


@pytest.fixture
def project(client_user: User) -> Project:
    """A call with a long title, files, questions and offers of every shape."""
    project = opened(client_user, title=LONG, description=TEXT, urgent=True)
    for n in range(2):
        document = Document.objects.create(
            owner=client_user,
            purpose="projects.specification",
            name=f"Cahier des charges, volume {n}.pdf",
            content_type="application/pdf",
            size=1_234_567,
            sha256=f"{n:064d}",
            file=f"{n}.pdf",
        )
        SpecificationFile.objects.create(project=project, document=document)
    return project


def offers(project: Project, provider: User, rival: User) -> list[Offer]:
    """Two bidders with questions, one of them answered."""
    twelve = [25_000] * 12
    made = [
        bid(project, stocked(provider), 300_000, 30, parts=twelve, pitch=TEXT, assumptions=TEXT, starts_on=CHRISTMAS),
        bid(project, stocked(rival), 450_000, 60),
    ]
    asked(project, rival, "Quel hébergeur retenez-vous ?").answer_with("Celui de la région.", by=project.client)
    asked(project, provider, "Les textes sont-ils prêts ?")
    return made


def test_pages_before_a_credit(project: Project, provider_user: User, client_user: User, enter: Enter) -> None:
    path = f"/projets/{project.key}/"
    assert looked_at(enter(), path, "teaser") == []
    page = enter(provider_user)
    assert looked_at(page, f"{path}credit/consultation/", "spend-empty") == []
    stocked(provider_user)
    assert also(page, f"{path}credit/offre/", "spend-needs-consultation") == []
    assert also(page, f"{path}credit/consultation/", "spend") == []
    page.goto(f"{path}credit/consultation/")
    for n in range(3):
        opened(client_user, title=f"Projet semblable {n}")
        opened(bidder(n), title=f"Autre projet semblable {n}")
    project.withdraw(by=client_user)
    page.get_by_role("button", name="Dépenser 1 crédit consultation").click()
    expect(page.locator("main")).to_contain_text("vient de se clore")
    assert seen(page, "spend-gone") == []
    assert looked_at(page, path, "gone") == []
    assert looked_at(page, "/credits/", "wallet") == []


def test_pages_of_a_bidder(project: Project, provider_user: User, rival_user: User, enter: Enter) -> None:
    path, page = f"/projets/{project.key}/", enter(provider_user)
    consulted(project, stocked(provider_user))
    assert also(page, path, "dossier-consulted") == []
    project.spend(Kind.OFFER, by=provider_user)
    project.spend(Kind.CONTACT, by=provider_user)
    page.goto(f"{path}offre/")
    page.get_by_role("button", name="Déposer l’offre").click()
    assert seen(page, "offer-errors") == []
    offers(project, provider_user, rival_user)
    assert looked_at(page, path, "dossier-bidder") == []
    for tab in ("offres", "echanges", "fichiers", "historique"):
        assert looked_at(page, f"{path}?onglet={tab}", f"dossier-{tab}") == []
    assert looked_at(page, f"{path}rapport/", "report-bidder") == []
    assert looked_at(page, f"{path}offre/", "offer-twelve") == []
    assert looked_at(page, f"{path}offre/retirer/", "offer-withdraw") == []
    assert looked_at(page, f"{path}questions/", "ask") == []


def test_pages_of_the_client(
    project: Project, client_user: User, provider_user: User, rival_user: User, enter: Enter
) -> None:
    path, page = f"/projets/{project.key}/", enter(client_user)
    assert looked_at(page, f"{path}offres/", "compare-0") == []
    made = offers(project, provider_user, rival_user)
    question = Question.objects.get(provider=provider_user)
    for name, part in {
        "dossier-client": "",
        "report-client": "rapport/",
        "compare-2": "offres/",
        "read-offer": f"offres/{made[0].pk}/",
        "answer": f"questions/{question.pk}/reponse/",
    }.items():
        assert looked_at(page, path + part, name) == []
    for n in range(3):
        bid(project, bidder(n), 100_000 * (n + 2), 20 + n, parts=[50_000, 100_000 * (n + 2) - 50_000])
    assert looked_at(page, f"{path}offres/", "compare-5") == []
    assert looked_at(page, f"{path}offres/{made[0].pk}/choisir/", "select") == []


def chosen(project: Project, provider: User, rival: User) -> Agreement:
    """The provider's offer is chosen."""
    return Selection(offers(project, provider, rival)[0], reason="Délai trop long pour nous.").carry_out(
        by=project.client
    )


def test_pages_of_the_agreement(
    project: Project, client_user: User, provider_user: User, rival_user: User, enter: Enter
) -> None:
    agreement = chosen(project, provider_user, rival_user)
    path, report = f"/accords/{agreement.key}/", f"/projets/{project.key}/rapport/"
    sides = {"client": enter(client_user), "provider": enter(provider_user)}
    for n in range(3):
        opened(bidder(n), title=f"Un projet semblable, ouvert aujourd’hui {n}")
    assert looked_at(enter(rival_user), report, "report-loser") == []
    rows = [TrancheTerms("Tout", "Le portail\nen ligne", 200_000, CHRISTMAS), TrancheTerms("Recette", "", 110_000)]
    terms = changed(agreement, scope=f"{TEXT}\n\nEt la recette.", price_cents=310_000, tranches=rows)
    agreement.propose(terms, by=client_user, instead_of=1)
    for side, page in sides.items():
        assert looked_at(page, path, f"agreement-proposed-{side}") == []
        assert also(page, f"{path}version/", f"propose-{side}") == []
        assert also(page, report, f"report-proposed-{side}") == []
    assert looked_at(sides["client"], f"{path}version/", "propose") == []
    agreed(agreement)
    assert looked_at(sides["client"], path, "agreement-agreed") == []
    for side, page in sides.items():
        assert also(page, path, f"agreement-agreed-{side}") == []


@pytest.mark.parametrize("formula", ["BASE", "R0"])
def test_pages_after_the_introduction(
    project: Project, client_user: User, provider_user: User, rival_user: User, enter: Enter, formula: str
) -> None:
    agreement = chosen(project, provider_user, rival_user)
    agreement.propose(changed(agreement, formula=formula, delay_days=31), by=client_user, instead_of=1)
    active(agreement)
    for side, user in (("client", client_user), ("provider", provider_user)):
        page, look = enter(user), also if side == "client" else looked_at
        assert look(page, f"/accords/{agreement.key}/", f"agreement-{formula}-{side}") == []
        assert look(page, f"/projets/{project.key}/rapport/", f"report-{formula}-{side}") == []
