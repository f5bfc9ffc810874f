"""Two cases of the SMA in a browser: one that the two sides settle; one that is decided, approved and executed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.demo import till
from marketplace.templatetags.page import grouped
from marketplace.testing.cast import person
from marketplace.testing.processes import until
from marketplace.tests.journeys.visitor import Visitor, a_pdf
from mediation.models import Dispute
from projects.models import Deadline

if TYPE_CHECKING:
    from escrow.models import EscrowAccount
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
GRIEVANCE = "412 fiches sur 1 960 n’ont pas leurs photos."
FIRST, SECOND = 120_000, 600_000  # what each tranche holds: a decision on the second needs a second person
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
    mediator.gets("Nommez un médiateur")
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
    party.sees(f"Pour vous {grouped(int(share))},00 €")


def decide(arbitrator: Visitor) -> None:
    """From the mail to the administration: shares and reasons, looked at once, then issued."""
    arbitrator.gets("Rendez la décision du dossier SMA")
    arbitrator.follows("/mes-avis/")
    arbitrator.signs_in()
    arbitrator.sees(GRIEVANCE)
    arbitrator.press("Rédiger la décision")
    arbitrator.gives_password_again()
    arbitrator.types(provider="4000", client="1999", reasons=WHY)
    arbitrator.press("Rédiger la décision")
    arbitrator.sees("il manque 1,00 €")
    arbitrator.types(client="2000")
    arbitrator.press("Rédiger la décision")
    arbitrator.sees("Une deuxième personne du SMA l’approuve d’abord")
    arbitrator.press("La soumettre à l’approbation")


def approve(approver: Visitor, client: Visitor) -> None:
    """The sides read that they wait for a second person, who reads the decision and approves it."""
    client.page.reload()
    client.sees("Le SMA : approuver la décision")
    approver.gets("Approuvez ou renvoyez la décision")
    approver.follows("/mes-avis/")
    approver.signs_in()
    approver.sees(WHY)
    approver.press("Approuver la décision")
    approver.gives_password_again()
    approver.press("Approuver la décision")


def read_decision(party: Visitor, share: str) -> None:
    party.gets("Lisez la décision")
    party.follows("/mes-avis/")
    party.sees(WHY, f"Pour vous {share}", "Personne : l’exécution se fait d’office")
    assert party.downloads("PDF").startswith(b"%PDF")


def let_evidence_come() -> None:
    """The days for evidence after the mediation are over: the arbitration began long ago."""
    Dispute.objects.filter(state="ARBITRATION").update(arbitrated_at=timezone.now() - timedelta(days=30))


def let_ten_days_pass() -> None:
    """The date of the execution is moved into the past, and the sweep comes."""
    past = timezone.now() - timedelta(seconds=1)
    Deadline.objects.waiting().filter(kind="sma.execute").update(due_at=past)
    way.swept(timezone.now(), "sma.execute")


def claim_and_get_back(client: Visitor, provider: Visitor, payments: str) -> None:
    """The provider may invoice their share; the client's own goes back to the card."""
    provider.gets("Envoyez votre facture, 4 000,00 € du litige sont à vous")
    provider.follows("/mes-avis/")
    provider.sees("Facturer 4 000,00 €")
    client.gets("Rien à faire, 2 000,00 € du litige vous reviennent")
    client.follows("/mes-avis/")
    client.sees("Partagée, 4 000,00 € pour le prestataire et le reste du dépôt pour vous")

    def refunded() -> bool:
        client.page.goto(payments)
        return "Remboursé rendu au client 2 500,00 €" in client.text

    until(refunded, "the client’s shares did not go back", 60)


def deposited(client: User, provider: User) -> EscrowAccount:
    """Two tranches, deposited by a card of the stand-in."""
    account = way.opened(client, provider, (100_000, 500_000))
    till.pay(account.deposit(FIRST + SECOND, by=client, key=uuid.uuid4()))
    return account


def test_two_cases_are_settled_and_decided(
    meet: Meet, client_user: User, provider_user: User, mediator_user: User, arbitrator_user: User, stranger_user: User
) -> None:
    approver = meet(person("odile@paraphe.example", "Odile Tanguy", staff_of=SMA))
    key = deposited(client_user, provider_user).project.key
    client, provider, mediator = meet(client_user), meet(provider_user, width=360), meet(mediator_user)
    client.signs_in()
    settle(client, provider, mediator, key)
    open_case(client, key, 2)
    case = client.page.url
    answer(provider, signs_in=False)
    propose(provider, "5000")
    client.gets("Répondez au partage proposé par Paul")
    client.follows("/mes-avis/")
    propose(client, "2500")
    take_up(mediator, signs_in=False)
    mediator.press("Transmettre à un arbitre")
    mediator.types(reason="Aucun accord en vue.")
    mediator.press("Transmettre à un arbitre")
    client.gets("Versez vos dernières pièces")
    let_evidence_come()
    decide(meet(arbitrator_user))
    approve(approver, client)
    read_decision(client, "2 000,00 €")
    read_decision(provider, "4 000,00 €")
    let_ten_days_pass()
    claim_and_get_back(client, provider, f"/projets/{key}/paiements/")
    stranger = meet(stranger_user)
    stranger.signs_in()
    assert stranger.page.request.get(case).status == 404


def settle(client: Visitor, provider: Visitor, mediator: Visitor, key: str) -> None:
    """The first case: the mediator's proposal is accepted by both, who wait for each other meanwhile."""
    open_case(client, key, 1)
    answer(provider, signs_in=True)
    take_up(mediator, signs_in=True)
    propose(provider, "900")
    propose_as_mediator(mediator)
    client.gets("Répondez au partage proposé par Paul")
    accept(client, "500,00 €")
    client.sees(
        "En attente : le prestataire", "répondre à la proposition 1 ; le prestataire : répondre à la proposition 2"
    )
    accept(provider, "700,00 €")
    provider.sees("Pour vous : 700,00 €. Pour le client : 500,00 €.", "facturer 700,00 €")
