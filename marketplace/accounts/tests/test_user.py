from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.test import Client

from marketplace.accounts.models import AccountMail, Company, User
from marketplace.accounts.tests.conftest import DETAILS
from marketplace.events.models import Event, Notice
from marketplace.testing.cast import PASSWORD, signed_in


def test_address_is_stored_in_lower_case(db: None) -> None:
    assert User.objects.create_user(" Nadia@Exemple.FR ", name="Nadia").email == "nadia@exemple.fr"


def test_database_refuses_an_address_in_capitals(newcomer: User) -> None:
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.filter(pk=newcomer.pk).update(email="NADIA@exemple.fr")


def test_database_refuses_the_same_address_twice(newcomer: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("NADIA@EXEMPLE.FR", name="Une autre")


def test_user_without_password_cannot_log_in(db: None) -> None:
    assert not User.objects.create_user("sans@exemple.fr", name="Sans").has_usable_password()


def test_superuser_is_staff_and_verified(db: None) -> None:
    admin = User.objects.create_superuser("admin@exemple.fr", PASSWORD, name="Ada")
    assert (admin.is_staff, admin.is_superuser, admin.is_verified) == (True, True, True)
    assert User.objects.get_by_natural_key("ADMIN@exemple.fr") == admin


def test_names_never_show_the_address(db: None) -> None:
    nameless = User.objects.create_user("secret@exemple.fr")
    assert str(nameless) == nameless.get_short_name() == f"Compte n° {nameless.pk}"
    assert User(name="Nadia Corbin").public_name == "Nadia C."
    assert User(name="Nadia").public_name == "Nadia"


def test_hat_needs_a_company_and_a_verified_address(newcomer: User) -> None:
    def hats() -> tuple[bool, bool, bool]:
        return newcomer.has_company, newcomer.acts_as_client, newcomer.acts_as_provider

    newcomer.is_client = newcomer.is_provider = True
    assert hats() == (False, False, False)
    Company.declare(user=newcomer, hats=["client", "provider"], details=DETAILS)
    assert hats() == (True, True, True)
    newcomer.email_verified_at = None
    assert hats() == (True, False, False)


def test_suspended_user_is_told_why_and_what_stays_open(
    provider: User, moderator_user: User, as_provider: Client
) -> None:
    provider.suspend(by=moderator_user, reason="Coordonnées fausses")
    assert "Ouvrez le rapport d’un projet" in as_provider.get("/mon-compte/").content.decode()
    assert authenticate(None, email=provider.email, password=PASSWORD) == provider
    letter = Notice.objects.get(user=provider, name="user.suspended").letter
    assert (letter.subject, letter.quote) == ("Votre compte est suspendu", "Coordonnées fausses")
    assert "dans vos litiges vous répondez" in letter.paragraphs[2]
    assert letter.path == "/compte/connexion/"


OPEN = ["/", "/mon-compte/", "/mon-compte/profil/", "/mes-avis/", "/mes-projets/", "/demandes-de-paiement/"]
CLOSED = ["/mon-compte/iban/", "/mon-compte/entreprise/", "/projets/publier/"]


def test_suspended_account_keeps_only_what_says_so(provider: User, moderator_user: User, as_provider: Client) -> None:
    provider.suspend(by=moderator_user, reason="Coordonnées fausses")
    for path in OPEN:
        answer = as_provider.get(path)
        assert (answer.status_code, "Votre compte est suspendu" in answer.content.decode()) == (200, True), path
        assert 'href="/projets/publier/"' not in answer.content.decode().partition("<main")[0], path
    answers = [(path, answer) for path in CLOSED for answer in (as_provider.get(path), as_provider.post(path))]
    for path, answer in [*answers, *((path, as_provider.get(path)) for path in ("/projets/", "/credits/"))]:
        assert (answer.status_code, "Rien n’a été fait." in answer.content.decode()) == (403, True), path


def test_suspended_person_signs_in_and_chooses_a_new_password(
    provider: User, moderator_user: User, client: Client
) -> None:
    provider.suspend(by=moderator_user, reason="Coordonnées fausses")
    typed = {"login": provider.email, "password": PASSWORD}
    assert client.post("/compte/connexion/", typed)["Location"] == "/mon-compte/"
    assert client.get("/mes-projets/").status_code == 200
    client.logout()
    client.post("/compte/mot-de-passe/oubli/", {"email": provider.email.upper()})
    assert AccountMail.objects.filter(user=provider, name="password_reset_key").exists()


def test_suspended_member_of_the_staff_is_out_altogether(finance_user: User, superuser: User) -> None:
    browser, another = signed_in(finance_user), Client()
    finance_user.suspend(by=superuser, reason="Parti")
    assert browser.get("/mon-compte/").status_code == 302
    assert "Connectez-vous" not in " ".join(Notice.objects.get(user=finance_user).letter.paragraphs)
    typed = {"login": finance_user.email, "password": PASSWORD}
    assert another.post("/compte/connexion/", typed)["Location"] == "/compte/inactif/"
    another.post("/compte/mot-de-passe/oubli/", {"email": finance_user.email})
    assert not AccountMail.objects.filter(user=finance_user, name="password_reset_key").exists()


def test_suspension_is_refused_twice_for_oneself_and_for_administrators(provider: User, moderator_user: User) -> None:
    provider.suspend(by=moderator_user, reason="Doublon")
    with pytest.raises(User.AlreadySuspended):
        provider.suspend(by=moderator_user, reason="Encore")
    with pytest.raises(User.Untouchable):
        moderator_user.suspend(by=moderator_user, reason="Moi")
    admin = User.objects.create_superuser("admin@exemple.fr", name="Ada")
    with pytest.raises(User.Untouchable):
        admin.suspend(by=moderator_user, reason="Révolte")
    assert Event.objects.filter(verb="user.suspended").count() == 1


def test_suspended_account_can_be_opened_again(provider: User, moderator_user: User) -> None:
    with pytest.raises(User.NotSuspended):
        provider.reinstate(by=moderator_user)
    provider.suspend(by=moderator_user, reason="Erreur")
    provider.reinstate(by=moderator_user)
    assert signed_in(provider).get("/mon-compte/").status_code == 200
    assert Notice.objects.get(user=provider, name="user.reinstated").letter.path == "/compte/connexion/"
