"""Two cases of the SMA in a browser: one that the two sides settle, one that an arbitrator decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.tests.journeys.visitor import Visitor, a_pdf

if TYPE_CHECKING:
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
GRIEVANCE = "412 fiches sur 1 960 n’ont pas leurs photos."
WHY = "Les deux tiers des fiches sont repris et utilisables ; les photos manquent encore."


def open_case(client: Visitor, key: str, n: int) -> None:
    """From the payments page, about one tranche, with evidence."""
    client.go(f"/projets/{key}/paiements/")
    client.press(f"Ouvrir un litige sur la tranche {n}")
    client.types(grievance=GRIEVANCE, claim="900")
    client.attaches("exhibits", a_pdf("fiches-sans-photo"))
    client.press("Geler l’argent et ouvrir le litige")
    client.sees("Le prestataire : répondre au litige", "A1. fiches-sans-photo.pdf", GRIEVANCE)
    assert client.downloads("A1. fiches-sans-photo.pdf").startswith(b"%PDF")


def answer(provider: Visitor, *, signs_in: bool) -> None:
    """From the mail; the mediation begins."""
    provider.gets("Répondez au litige avant le")
    provider.follows("/mes-avis/")
    if signs_in:
        provider.signs_in()
    provider.sees("Vous : répondre au litige", GRIEVANCE)
    provider.types(text="Elles n’étaient pas prévues au cahier des charges.")
    provider.press("Envoyer ma réponse")
    provider.sees("Médiation", "Elles n’étaient pas prévues")


def take_up(mediator: Visitor, *, signs_in: bool) -> None:
    """From the mail to the administration: they name themselves."""
    mediator.gets("désignez un médiateur")
    mediator.follows("/mes-avis/")
    if signs_in:
        mediator.signs_in()
    mediator.press("Nommer le médiateur")
    mediator.page.locator("select[name=staff]").select_option(label="Marc Tellier (0 dossier en cours)")
    mediator.press("Nommer le médiateur")
    mediator.sees(GRIEVANCE)


def propose_as_mediator(mediator: Visitor) -> None:
    mediator.press("Proposer un partage")
    mediator.types(provider="700", client="500", reason=WHY)
    mediator.press("Proposer un partage")
    mediator.sees("700,00 €", "500,00 €")


def accept(party: Visitor, share: str) -> None:
    """From the mail, with the password given again."""
    party.gets("Répondez au partage proposé par")
    party.follows("/mes-avis/")
    party.press(f"Accepter {share}")
    party.gives_password_again()
    party.press(f"Accepter {share} pour moi")


def propose(party: Visitor, share: str) -> None:
    """Their own share alone is typed."""
    party.types(share=share, reason="Au prorata des fiches livrées.")
    party.press("Proposer ce partage")
    party.sees(f"Pour vous {share},00 €")


def decide(arbitrator: Visitor) -> None:
    """From the mail to the administration: shares and reasons, looked at once, then issued."""
    arbitrator.gets("Tranchez le dossier SMA")
    arbitrator.follows("/mes-avis/")
    arbitrator.signs_in()
    arbitrator.sees(GRIEVANCE)
    arbitrator.press("Rédiger la décision")
    arbitrator.gives_password_again()
    arbitrator.types(provider="800", client="639", reasons=WHY)
    arbitrator.press("Rédiger la décision")
    arbitrator.sees("il manque 1,00 €")
    arbitrator.types(client="640")
    arbitrator.press("Rédiger la décision")
    arbitrator.press("Rendre cette décision")


def read_decision(party: Visitor, share: str) -> None:
    party.gets("Lisez la décision")
    party.follows("/mes-avis/")
    party.sees(WHY, f"Pour vous {share}", "Personne : l’exécution se fait d’elle-même")
    assert party.downloads("PDF").startswith(b"%PDF")


def test_two_cases_are_settled_and_decided(
    meet: Meet, client_user: User, provider_user: User, mediator_user: User, arbitrator_user: User
) -> None:
    account = way.opened(client_user, provider_user)
    way.funded(account)
    key = account.project.key
    client, provider, mediator = meet(client_user), meet(provider_user, width=360), meet(mediator_user)
    client.signs_in()
    open_case(client, key, 1)
    answer(provider, signs_in=True)
    take_up(mediator, signs_in=True)
    propose(provider, "900")
    propose_as_mediator(mediator)
    client.gets("Répondez au partage proposé par Paul")
    accept(client, "500,00 €")
    client.sees("En attente : le prestataire")
    accept(provider, "700,00 €")
    provider.sees("Pour vous : 700,00 €. Pour le client : 500,00 €.", "Il ne reste rien à faire")
    open_case(client, key, 2)
    answer(provider, signs_in=False)
    take_up(mediator, signs_in=False)
    mediator.press("Transmettre à un arbitre")
    mediator.types(reason="Aucun accord en vue.")
    mediator.press("Transmettre à un arbitre")
    decide(meet(arbitrator_user))
    read_decision(client, "640,00 €")
    read_decision(provider, "800,00 €")
