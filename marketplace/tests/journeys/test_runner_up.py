"""The winner declines, the client turns to the runner-up in one click, and the agreement becomes active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from marketplace.tests.journeys.way import accept
from projects.models import Selection
from projects.tests.bids import bid, stocked
from projects.tests.calls import opened

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


def test_winner_declines_and_the_runner_up_is_introduced(
    meet: Meet, client_user: User, provider_user: User, rival_user: User
) -> None:
    project = opened(client_user)
    first, _second = bid(project, stocked(provider_user)), bid(project, stocked(rival_user), 200_000)
    Selection(first, reason="Plus rapide.").carry_out(by=client_user)
    client, winner, other = (meet(user, width=360) for user in (client_user, provider_user, rival_user))
    winner.gets("Vous êtes retenu")
    winner.follows("/mes-avis/")
    winner.signs_in()
    winner.press("Décliner le projet")
    winner.sees("Votre offre est retirée")
    winner.types(reason="Mon planning s’est rempli.")
    winner.press("Décliner le projet")
    winner.sees("La discussion est close", "Le client : choisir à nouveau")
    assert "Mon planning s’est rempli." in client.gets("Le prestataire a décliné")
    client.follows("/mes-avis/")
    client.signs_in()
    client.press("L’appeler")
    client.sees("2 000,00 € HT")
    client.press("Choisir Rita L.")
    accept(client, 1, "2 000,00 €")
    assert "rien à payer une seconde fois" in other.gets("Le client se tourne vers vous")
    other.follows("/mes-avis/")
    other.signs_in()
    accept(other, 1, "2 000,00 €")
    client.gets("Termes confirmés, mise en relation à payer")
    client.follows("/mes-avis/")
    client.press("Payer 432,00 €")
    client.pays("432,00 €")
    client.press("Continuer")
    assert rival_user.email in client.gets("Mise en relation faite")
    assert client.downloads("Télécharger l’accord (PDF)").startswith(b"%PDF")
