"""The account's pages in a real browser: both sides, wide and narrow, light and dark."""

from __future__ import annotations

import os
import uuid
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from escrow.models import EscrowAccount, RefundRequest, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.testing.browser import SCHEMES, Enter, axe

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ready(client_user: User, provider_user: User) -> Tranche:
    """One tranche released in part, one half funded, one without a deposit."""
    account = way.opened(client_user, provider_user)
    way.deposited(account, 190_000)
    tranche = way.delivered(account.tranches.all()[0], "Voici les maquettes.", intake.clean(way.png()))
    return way.released(tranche, 80_000, "Il manque la page d’accueil.")


def looked_at(page: Page, path: str) -> list[str]:
    """What axe finds on the page at `path`; a picture of it, where SHOTS says to keep them."""
    answer = page.goto(path)
    assert answer
    assert answer.status == 200
    if folder := os.environ.get("SHOTS"):
        name = path.strip("/").replace("/", "-")
        for width, scheme in product((360, 1280), SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    return axe(page)


def test_the_client_s_pages_have_no_fault(ready: Tranche, client_user: User, enter: Enter) -> None:
    page, base = enter(client_user), f"/projets/{ready.account.project.key}/paiements/"
    assert looked_at(page, base) == []
    assert looked_at(page, f"{base}depot/") == []
    assert looked_at(page, f"{base}tranches/{ready.pk}/liberation/") == []
    assert looked_at(page, f"/projets/{ready.account.project.key}/rapport/") == []


def test_the_provider_s_pages_have_no_fault(ready: Tranche, provider_user: User, enter: Enter) -> None:
    page, base = enter(provider_user), f"/projets/{ready.account.project.key}/paiements/"
    unfunded = EscrowAccount.objects.get().tranches.get(position=3)
    assert looked_at(page, base) == []
    assert looked_at(page, f"{base}tranches/{ready.pk}/livraison/") == []
    assert looked_at(page, f"{base}tranches/{unfunded.pk}/livraison/") == []
    assert looked_at(page, f"/projets/{ready.account.project.key}/rapport/") == []


def test_a_refused_part_keeps_its_amount_and_opens_its_form(ready: Tranche, client_user: User, enter: Enter) -> None:
    page = enter(client_user)
    page.goto(f"/projets/{ready.account.project.key}/paiements/tranches/{ready.pk}/liberation/")
    page.get_by_text("Ne libérer qu’une partie").click()
    page.get_by_label("Montant à libérer").fill("100")
    page.get_by_role("button", name="Libérer ce montant").click()
    expect(page.get_by_text("pour n’en libérer qu’une partie, donnez le motif").first).to_be_visible()
    expect(page.get_by_label("Montant à libérer")).to_have_value("100")
    assert axe(page) == []


def test_the_pages_of_a_refund_have_no_fault(
    ready: Tranche, client_user: User, provider_user: User, enter: Enter
) -> None:
    base, second = f"/projets/{ready.account.project.key}/paiements/", ready.account.tranches.get(position=2)
    ready.account.freeze([second], by=client_user, key=uuid.uuid4())
    page = enter(client_user)
    assert looked_at(page, f"{base}tranches/{ready.pk}/remboursement/") == []
    page.get_by_label("Motif").fill("La page d’accueil manque.")
    page.get_by_role("button", name="Demander ce remboursement").click()
    expect(page.get_by_role("button", name="Retirer ma demande")).to_be_visible()
    asked = RefundRequest.objects.get()
    assert looked_at(page, base) == []
    page = enter(provider_user)
    assert looked_at(page, asked.get_absolute_url()) == []
    assert looked_at(page, f"{asked.get_absolute_url()}accord/") == []
    page.get_by_role("button", name="Rendre 400,00 € au client").click()
    assert looked_at(page, base) == []
    assert looked_at(page, f"{base}tranches/{ready.account.tranches.get(position=1).pk}/restitution/") == []
