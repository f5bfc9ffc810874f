"""From a published project to an introduction, in the base formula, on a phone's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from marketplace.tests.journeys.visitor import Visitor
from marketplace.tests.journeys.way import Call, accept, approve, bid, buy_pack, choose, open_dossier, publish

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]
CALL = Call(
    title="Traduction d’un catalogue de mobilier",
    teaser="Quatre-vingts notices, du français vers l’allemand, pour un salon en mars.",
    description="Notices de cent mots. Un glossaire existe, à respecter.",
    category="Rédaction et traduction",
    low="1000",
    high="2000",
    file="notices",
)
ALONE = "vous gérez entre vous le travail et son paiement"
LIMITS = "La plateforme ne répond ni d’un travail impayé, ni de demandes qui dépassent le contrat."


def pay_at_the_second_visit(client: Visitor) -> None:
    """Give up on the payment page, then take the payment up again."""
    client.gets("Termes confirmés, mise en relation à payer")
    client.follows("/mes-avis/")
    client.press("Payer 270,00 €")
    client.press("Abandonner et revenir au site")
    client.sees("Vous n’avez pas encore payé", "Rien n’a été débité")
    client.press("Reprendre le paiement : 270,00 €")
    client.pays("270,00 €")
    client.press("Continuer")


def reads_the_limits(party: Visitor, *details: str) -> None:
    """The mail and the report say who the other is, and that the two are on their own from here."""
    told = party.gets("Mise en relation faite, formule de base")
    for words in (ALONE, LIMITS, *details):
        assert words in told
    party.follows("/mes-avis/")
    party.sees(ALONE, LIMITS, *details)
    party.never_sees("Gestion paiements")


def test_base_goes_from_a_published_project_to_an_introduction(
    meet: Meet, client_user: User, provider_user: User, moderator_user: User
) -> None:
    client, provider = (meet(user, width=360, looks=False) for user in (client_user, provider_user))
    client.signs_in()
    publish(client, CALL)
    approve(meet(moderator_user, looks=False), CALL)
    provider.signs_in()
    buy_pack(provider, "Offre", "14,40 €")
    provider.go("/projets/")
    provider.press(CALL.title)
    open_dossier(provider, CALL)
    bid(provider, "1500", "20", "Une traductrice, une relectrice, votre glossaire.", [])
    client.gets("Nouvelle offre")
    client.follows("/mes-avis/")
    client.press("Comparer les offres")
    client.looks = provider.looks = True
    choose(client, "Paul M.", "1 500,00 €", "")
    accept(client, 1, "1 500,00 €")
    provider.gets("Vous êtes retenu")
    provider.follows("/mes-avis/")
    accept(provider, 1, "1 500,00 €")
    pay_at_the_second_visit(client)
    reads_the_limits(client, "Paul Mercier", "Atelier Mercier", provider.email)
    reads_the_limits(provider, "Claire Caron", "Caron Architectes", client.email)
