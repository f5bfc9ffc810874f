from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from projects import spelling, tasks
from projects.models import Project, Word

from .calls import drafted, opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def words(client_user: User) -> None:
    opened(client_user, title="Application mobile en Python", skills=["WordPress", "Référencement"])
    opened(
        client_user,
        title="Boulangerie\xa0: site vitrine",
        teaser="Écrire à zoe@zircon.example, ou 0612345678",
        skills=[],
    )
    Word.objects.refresh()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("aplication", "application"),
        ("pyhton", "python"),
        ("WORDPRES", "wordpress"),
        ("referencment", "référencement"),
        ("boulangrie mobil", "boulangerie mobil"),
        ('"aplication mobile" -pyton', '"application mobile" -pyton'),
        ("vitirne or pyton", "vitrine or python"),
        ("applications", ""),
        ("le la les", ""),
        ("zzzzzz", ""),
        ("xy", ""),
        ("0612345679", ""),
        ("", ""),
    ],
)
def test_typing_error_is_understood(words: None, typed: str, meant: str) -> None:
    assert spelling.respelt(typed) == meant


def test_suggestion_is_a_link_and_never_takes_the_place_of_what_was_typed(client: Client, words: None) -> None:
    page = client.get("/projets/?q=pyhton&lieu=distance").content.decode()
    assert "Vouliez-vous dire" in page
    assert 'href="/projets/?q=python&amp;lieu=distance"' in page
    assert 'value="pyhton"' in page
    assert "Application mobile en Python" not in page
    assert "Vouliez-vous dire" not in client.get("/projets/?q=pyhton&lieu=sur-place").content.decode()
    assert "Vouliez-vous dire" not in client.get("/projets/?q=python").content.decode()


def test_words_are_those_of_public_columns_of_projects_open_now(client_user: User) -> None:
    opened(client_user, title="Visible", description="Souterrain", city="Guingamp")
    drafted(client_user, title="Brouillon")
    handed_in = drafted(client_user, title="Attente")
    handed_in.submit(by=client_user)
    withdrawn, closed = opened(client_user, title="Retraitable"), opened(client_user, title="Échéance")
    assert tasks.refresh_words() == Word.objects.count()
    known = set(Word.objects.values_list("text", flat=True))
    assert {"visible", "retraitable", "échéance"} <= known
    assert not known & {"souterrain", "guingamp", "brouillon", "attente"}
    withdrawn.withdraw(by=client_user)
    Project.objects.filter(pk=closed.pk).update(closes_at=timezone.now() - timedelta(seconds=1))
    Word.objects.refresh()
    assert not set(Word.objects.values_list("text", flat=True)) & {"retraitable", "échéance"}


def test_addresses_and_numbers_are_no_words(words: None) -> None:
    known = set(Word.objects.values_list("text", flat=True))
    assert {"écrire", "boulangerie"} <= known
    assert not any("zircon" in word or "zoe" in word or "06" in word for word in known)


def test_word_of_a_project_that_left_since_is_not_suggested(client: Client, client_user: User, words: None) -> None:
    Project.objects.get(title__startswith="Application").withdraw(by=client_user)
    assert "Vouliez-vous dire" not in client.get("/projets/?q=pyhton").content.decode()


def test_commoner_word_wins_among_equals(client_user: User) -> None:
    for title in ("Carte", "Carte", "Carne"):
        opened(client_user, title=title)
    Word.objects.refresh()
    assert spelling.respelt("carle") == "carte"
    assert spelling.slips("", "abc") == 3
