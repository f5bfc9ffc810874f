"""R0 with all the money deposited at once: one part released, another given back, the refund made, the sums exact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.testing.processes import until
from marketplace.tests.journeys.test_r0 import figures, manage
from marketplace.tests.journeys.visitor import Visitor, a_pdf

if TYPE_CHECKING:
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(400),
]
REASON = "Il manque la page d’un auteur."
WHY = "Nous arrêtons là : la page d’auteur ne sera pas faite."


def deposit(client: Visitor, payments: str) -> None:
    """Everything, by card, at once."""
    client.signs_in()
    client.go(payments)
    client.press("Déposer 1 800,00 €")
    client.press("Déposer 1 800,00 €")
    client.pays("1 800,00 €", refused_first=True)
    client.press("Continuer")
    client.sees("1 800,00 € déposés sur 1 800,00 €")


def deliver(provider: Visitor) -> None:
    """From the mail: every tranche may be worked on; the first is delivered."""
    provider.gets("1 800,00 € déposés")
    provider.follows("/mes-avis/")
    provider.signs_in()
    provider.sees("Vous pouvez travailler")
    provider.press("Livrer la tranche 1")
    provider.types(message="Cinq pages sur six.")
    provider.attaches("documents", a_pdf("pages"))
    provider.press("Livrer la tranche 1")


def release_a_part(client: Visitor) -> None:
    """With the reason, from the mail."""
    client.gets("Livré, à examiner")
    client.follows("/mes-avis/")
    client.gives_password_again()
    client.opens("Ne libérer qu’une partie, en donnant le motif")
    client.types(amount="800", reason=REASON)
    client.press("Libérer ce montant")
    client.sees("800,00 € sont libérés")


def ask_back(client: Visitor, payments: str) -> None:
    """The rest of the first tranche."""
    client.go(payments)
    client.press("Demander un remboursement")
    client.types(amount="400", reason=WHY)
    client.press("Demander ce remboursement")
    client.sees("Le prestataire : accepter, ou refuser en donnant le motif")


def agree(provider: Visitor) -> None:
    """From the mail, with the password given again: the tranche ends, shared."""
    assert WHY in provider.gets("Remboursement de 400,00 € demandé")
    provider.follows("/mes-avis/")
    provider.press("Accepter : rendre 400,00 €")
    provider.gives_password_again()
    provider.press("Rendre 400,00 € au client")


def give_back(provider: Visitor, payments: str) -> None:
    """The second tranche, unasked: nothing is left to do."""
    provider.go(payments)
    provider.sees("Partagée, 800,00 € pour vous et le reste du dépôt pour le client")
    provider.press("Rendre de l’argent")
    provider.press("Rendre 600,00 € et clore la tranche")


def see_it_add_up(client: Visitor, provider: Visitor, payments: str) -> None:
    """The refunds are made at Stripe's stand-in; every cent is somewhere, and the project is completed."""

    def refunded() -> bool:
        client.page.goto(payments)
        return "Remboursé rendu au client 1 000,00 €" in client.text

    until(refunded, "the money did not go back", 60)
    client.go(payments)
    for visitor in (client, provider):
        visitor.go(payments)
        sums = figures(visitor)
        assert sums[0] == [0, 0, 80_000, 0, 0, 100_000, 0, 180_000]
        assert all(sum(parts) == total for *parts, total in sums[:1])
    lines = client.downloads("CSV").decode("utf-8-sig")
    assert len(re.findall("Remboursement effectué", lines)) == 2
    assert client.downloads("PDF").startswith(b"%PDF")
    client.go(payments.replace("paiements", "rapport"))
    client.sees("Projet terminé")


def test_whole_deposit_is_released_in_part_and_given_back_for_the_rest(
    meet: Meet, site_env: dict[str, str], client_user: User, provider_user: User
) -> None:
    payments = way.opened(client_user, provider_user, (100_000, 50_000)).get_absolute_url()
    client, provider = meet(client_user), meet(provider_user, width=360)
    deposit(client, payments)
    deliver(provider)
    release_a_part(client)
    ask_back(client, payments)
    agree(provider)
    give_back(provider, payments)
    see_it_add_up(client, provider, payments)
    manage("check_books", site_env)
