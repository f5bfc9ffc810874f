from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts import home
from marketplace.accounts.home import Step, steps_of
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.accounts.tests.conftest import DETAILS, IBAN
from marketplace.testing.cast import signed_in


def titles(user: User) -> list[str]:
    return [step.title for step in steps_of(User.objects.get(pk=user.pk))]


def test_home_says_what_a_newcomer_does_next(newcomer: User) -> None:
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=None)
    assert titles(newcomer) == ["Confirmez votre adresse e-mail"]
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=timezone.now())
    factor = "Protégez votre compte par un second facteur"
    assert titles(newcomer) == ["Renseignez votre entreprise", factor]
    Company.declare(user=newcomer, hats=["provider"], details=DETAILS)
    assert titles(newcomer) == ["Indiquez où vous payer", factor]
    BankAccount.change(user=User.objects.get(pk=newcomer.pk), holder="Atelier Morvan", iban=IBAN)
    assert titles(newcomer) == [factor]


def test_home_puts_the_nearest_deadline_first(provider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(home, "registry", [*home.registry])
    home.steps(lambda user: [Step("Tard", "", "", "/", now + timedelta(days=2)), Step("Tôt", "", "", "/", now)])
    assert titles(provider)[:2] == ["Tôt", "Tard"]
    page = signed_in(provider).get("/mon-compte/").content.decode()
    assert page.index("Tôt") < page.index("Tard")
    assert "Avant le" in page


def test_home_without_anything_to_do_says_so(moderator_user: User) -> None:
    Company.declare(user=moderator_user, hats=["client"], details=DETAILS)
    page = signed_in(moderator_user).get("/mon-compte/").content.decode()
    assert "Rien ne vous attend" in page
    assert "FR44732829320" in page


def test_profile_changes_name_phone_and_language(as_newcomer: Client, newcomer: User) -> None:
    typed = {"name": "Nadia C.", "phone": "+33 (0)6 12 34 56 78", "language": "en"}
    answer = as_newcomer.post("/mon-compte/profil/", typed, follow=True)
    newcomer.refresh_from_db()
    assert (newcomer.name, newcomer.phone, newcomer.language) == ("Nadia C.", "+33 (0)6 12 34 56 78", "en")
    assert "My details" in answer.content.decode()


def test_profile_refuses_words_for_a_phone(as_newcomer: Client, newcomer: User) -> None:
    answer = as_newcomer.post("/mon-compte/profil/", {"name": "N", "phone": "le matin", "language": "fr"})
    assert "des chiffres, des espaces" in answer.content.decode()
    newcomer.refresh_from_db()
    assert newcomer.name == "Nadia Corbin"
