from __future__ import annotations

from django.test import Client

from escrow.tests import way
from escrow.tests.test_payments_page import page
from marketplace.accounts.models import User


def test_client_is_asked_for_no_deposit_while_the_provider_is_suspended(
    client_user: User, provider_user: User, moderator_user: User, as_client: Client, as_provider: Client
) -> None:
    account = way.opened(client_user, provider_user)
    pages = [f"/projets/{account.project.key}/{end}/" for end in ("rapport", "paiements")]
    assert all("Déposer 1 200,00 €" in page(as_client, path) for path in pages)
    provider_user.suspend(by=moderator_user, reason="Faux SIREN")
    for path in pages:
        text = page(as_client, path).partition("<main")[2]
        assert "Personne : aucun dépôt n’est demandé, le compte du prestataire est fermé pour l’instant" in text
        assert "Déposer " not in text
        assert "aucun dépôt n’est demandé, votre compte étant suspendu" in page(as_provider, path)
    assert "aucun dépôt n’est demandé" in page(as_client, f"/projets/{account.project.key}/paiements/depot/")
    provider_user.reinstate(by=moderator_user)
    assert "Déposer 1 200,00 €" in page(as_client, pages[0])


def test_notice_of_a_suspended_provider_offers_no_deposit(
    client_user: User, provider_user: User, moderator_user: User, as_client: Client
) -> None:
    account = way.opened(client_user, provider_user)
    way.noticed(account.tranches.all()[0], by=provider_user)
    provider_user.suspend(by=moderator_user, reason="Faux SIREN")
    text = page(as_client, f"/projets/{account.project.key}/paiements/").partition("<main")[2]
    assert ("sans dépôt, elle prend fin" in text, "Déposer " in text) == (True, False)
