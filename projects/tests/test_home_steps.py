import pytest
from django.test import Client

from escrow.tests.way import chosen, delivered, funded, opened, published
from marketplace.accounts.models import User

pytestmark = pytest.mark.django_db


def test_home_says_what_each_project_asks_of_its_reader(
    as_client: Client, as_provider: Client, client_user: User, provider_user: User
) -> None:
    agreement = chosen(published(client_user), provider_user)
    for browser in (as_client, as_provider):
        page = browser.get("/mon-compte/").content.decode()
        assert agreement.get_absolute_url() in page
        assert "Lire et confirmer les termes" in page


def test_home_leads_the_client_to_what_was_delivered(as_client: Client, client_user: User, provider_user: User) -> None:
    account = opened(client_user, provider_user)
    delivered(funded(account)[0])
    assert f"/projets/{account.project.key}/paiements/" in as_client.get("/mon-compte/").content.decode()


def test_home_of_staff_leads_to_the_administration(as_moderator: Client) -> None:
    page = as_moderator.get("/mon-compte/").content.decode()
    assert "Ouvrir l’administration" in page
    assert "Renseigner mon entreprise" not in page
