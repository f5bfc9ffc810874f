import uuid

import pytest
from django.test import Client

from escrow.tests.way import published, with_credits
from marketplace.accounts.models import User
from marketplace.testing.cast import signed_in
from projects.models import Question

pytestmark = pytest.mark.django_db


def ended(user: User) -> Client:
    """A browser whose session has ended."""
    browser = signed_in(user)
    browser.logout()
    return browser


def test_form_sent_after_the_session_ended_comes_back_after_signing_in(client_user: User, provider_user: User) -> None:
    project = published(client_user)
    with_credits(provider_user, project)
    browser, address = ended(provider_user), f"/projets/{project.key}/questions/"
    typed = {"text": "Quel hébergeur <b>?", "key": str(uuid.uuid4())}
    assert browser.post(address, typed)["Location"] == f"/compte/connexion/?next={address}"
    browser.force_login(provider_user, "allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get(address).content.decode()
    assert "Votre formulaire est toujours là" in page
    assert "Quel hébergeur &lt;b&gt;?" in page
    assert typed["key"] in page
    assert not Question.objects.exists()
    assert "Votre formulaire est toujours là" not in browser.get(address).content.decode()
    assert browser.post(address, typed).status_code == 302
    assert Question.objects.get().text == typed["text"]


def test_secrets_and_floods_are_not_kept(provider_user: User) -> None:
    browser = ended(provider_user)
    browser.post("/mon-compte/iban/", {"iban": "FR7630001007941234567890185", "holder": "Atelier Mercier"})
    assert [name for name, _value in browser.session["typed"]["typed"]] == ["holder"]
    browser.session.flush()
    browser.post("/mon-compte/profil/", {"name": "x" * 70_000})
    assert "typed" not in browser.session


def test_nothing_waits_at_another_address(client_user: User) -> None:
    browser = ended(client_user)
    browser.post("/mon-compte/profil/", {"name": "Claire"})
    browser.force_login(client_user, "allauth.account.auth_backends.AuthenticationBackend")
    assert "Votre formulaire" not in browser.get("/mes-projets/").content.decode()
    assert "Votre formulaire" in browser.get("/mon-compte/profil/").content.decode()
