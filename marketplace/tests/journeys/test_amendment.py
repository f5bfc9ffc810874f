"""A project that began in base goes to R0 by an avenant: proposed, accepted by both, paid; then a first deposit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from marketplace.accounts.models import User
from marketplace.tests.journeys.visitor import Visitor
from projects.models import Formula
from projects.tests.bids import active, awarded, stocked
from projects.tests.calls import opened

if TYPE_CHECKING:
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


def accept(party: Visitor) -> None:
    party.ticks("read")
    party.press("Accepter l’avenant 1, 1 500,00 € HT")
    party.sees("Vous avez accepté l’avenant.")


def deposit_the_first_tranche(client: Visitor) -> None:
    client.press("Continuer")
    client.sees("En vigueur depuis le")
    client.press("Accord")
    client.press("Gestion paiements")
    client.sees("0,00 € déposés sur 1 800,00 €")
    client.press("Déposer 600,00 €")
    client.press("Déposer 600,00 €")
    client.pays("600,00 €")


def test_base_becomes_r0_by_an_amendment(meet: Meet, client_user: User, provider_user: User) -> None:
    project = opened(client_user, formula_wanted=Formula.BASE)
    active(awarded(project, stocked(provider_user), price_cents=150_000, parts=(50_000, 100_000)))
    client, provider = meet(client_user, width=360), meet(provider_user, looks=False)
    client.signs_in()
    client.go(f"/projets/{project.key}/rapport/")
    client.press("Ouvrir l’accord")
    client.press("Proposer un avenant")
    client.chooses("formula", "R0")
    client.press("Proposer cet avenant")
    client.sees("À régler par le client 54,00 €", "ouvert, vide, avec les tranches de ces termes".capitalize())
    accept(client)
    provider.gets("Avenant 1 à lire")
    provider.follows("/mes-avis/")
    provider.signs_in()
    accept(provider)
    client.gets("Avenant 1 à régler")
    client.follows("/mes-avis/")
    client.press("Payer 54,00 €")
    client.pays("54,00 €")
    deposit_the_first_tranche(client)
    assert "Formule R0" in provider.gets("Avenant 1 en vigueur")
    provider.gets("600,00 € déposés")
