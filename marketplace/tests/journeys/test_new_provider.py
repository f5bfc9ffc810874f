"""A new provider finds a call, judges it before each spending, asks, and is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credits.models import Kind, Wallet
from marketplace.accounts.models import User
from marketplace.tests.journeys.visitor import Visitor
from marketplace.tests.journeys.way import ask_and_answer, buy_pack, sign_up
from projects.models import Word
from projects.tests.calls import opened

if TYPE_CHECKING:
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]
TITLE = "Refonte du site d’une menuiserie"


def find(provider: Visitor) -> None:
    """By a word with a typing error, forgiven, then among the projects of its category."""
    provider.go("/projets/")
    provider.types(q="menuisreie")
    provider.press("Rechercher")
    provider.sees("Vouliez-vous dire", "menuiserie")
    provider.go("/projets/?q=menuiserie&categorie=web")
    provider.sees("1 projet", TITLE)
    provider.press(TITLE)
    provider.sees("Dans le dossier, pour l’instant fermé", "1 publié")
    provider.never_sees("formulaire de devis")


def judge(provider: Visitor, button: str, *words: str) -> None:
    """The page before a spending says its price, what it opens and leaves, the odds, when it comes back."""
    provider.press(button)
    provider.sees("Ce qu’il ouvre", "Vos chances si vous déposez une offre", "Quand il revient tout seul", *words)


def test_new_provider_finds_judges_spends_asks_and_is_answered(meet: Meet, client_user: User) -> None:
    project = opened(client_user, title=TITLE)
    Word.objects.refresh()
    provider, client = meet("nina@plume.example"), meet(client_user, width=360, looks=False)
    sign_up(provider, "Nina Plume", "provider", "Plume et code", "552100554")
    find(provider)
    judge(provider, "Ouvrir le dossier : 1 crédit consultation", "4,00 € HT", "Pas assez de données", "0 crédit")
    buy_pack(provider, "Offre", "14,40 €")
    provider.go(f"/projets/{project.key}/")
    judge(provider, "Ouvrir le dossier : 1 crédit consultation", "Après cette dépense")
    provider.press("Dépenser 1 crédit consultation et ouvrir le dossier")
    provider.sees("Dix pages, un formulaire de devis, des photos.")
    judge(provider, "Répondre ou questionner : 1 crédit offre", "9,00 € HT", "n’ouvre pas votre offre")
    provider.press("Dépenser 1 crédit offre et répondre")
    provider.go(f"/projets/{project.key}/")
    client.signs_in()
    ask_and_answer(provider, client)
    wallet = Wallet.of(User.objects.get(email="nina@plume.example"))
    assert (wallet.balance(Kind.CONSULTATION), wallet.balance(Kind.OFFER)) == (0, 0)
