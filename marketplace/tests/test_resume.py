from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from escrow.models import Delivery
from escrow.tests import way
from escrow.tests.way import published, with_credits
from marketplace.accounts.models import User
from marketplace.testing.cast import signed_in
from projects.models import Question

pytestmark = pytest.mark.django_db
BACK = "Votre formulaire est toujours là"


def ended(user: User) -> Client:
    """A browser that `user` has looked at the site with, and whose session has ended."""
    browser = signed_in(user)
    browser.get("/mon-compte/")
    del browser.cookies[settings.SESSION_COOKIE_NAME]
    return browser


def enter(browser: Client, user: User) -> None:
    browser.force_login(user, settings.AUTHENTICATION_BACKENDS[0])


def test_form_sent_after_the_session_ended_comes_back_after_signing_in(client_user: User, provider_user: User) -> None:
    project = published(client_user)
    with_credits(provider_user, project)
    browser, address = ended(provider_user), f"/projets/{project.key}/questions/"
    typed = {"text": "Quel hébergeur <b>?", "key": str(uuid.uuid4())}
    assert browser.post(address, typed)["Location"] == f"/compte/connexion/?next={address}"
    enter(browser, provider_user)
    page = browser.get(address).content.decode()
    assert BACK in page
    assert "Quel hébergeur &lt;b&gt;?" in page
    assert typed["key"] in page
    assert not Question.objects.exists()
    assert BACK not in browser.get(address).content.decode()
    assert browser.post(address, typed).status_code == 302
    assert Question.objects.get().text == typed["text"]


def test_secrets_and_floods_are_not_kept(provider_user: User) -> None:
    browser = ended(provider_user)
    browser.post("/mon-compte/iban/", {"iban": "FR7630001007941234567890185", "holder": "Atelier Mercier"})
    assert [name for name, _value in browser.session["typed"]["typed"]] == ["holder"]
    browser.session.flush()
    browser.post("/mon-compte/profil/", {"name": "x" * 130_000})
    assert "typed" not in browser.session


def test_the_longest_terms_are_kept(client_user: User) -> None:
    browser = ended(client_user)
    rows = {f"tranches-{n}-deliverable": "x" * 2_000 for n in range(12)}
    browser.post("/accords/cle/version/", {"scope": "x" * 40_000, **rows})
    assert len(browser.session["typed"]["typed"]) == 13


def test_nothing_waits_at_another_address(client_user: User) -> None:
    browser = ended(client_user)
    browser.post("/mon-compte/profil/", {"name": "Claire"})
    enter(browser, client_user)
    assert "Votre formulaire" not in browser.get("/mes-projets/").content.decode()
    assert "Votre formulaire" in browser.get("/mon-compte/profil/").content.decode()


def test_another_person_never_sees_what_was_typed(client_user: User, stranger_user: User) -> None:
    browser = ended(client_user)
    browser.post("/mon-compte/profil/", {"name": "Claire et son secret"})
    enter(browser, stranger_user)
    page = browser.get("/mon-compte/profil/").content.decode()
    assert BACK not in page
    assert "secret" not in page
    enter(browser, client_user)
    assert BACK not in browser.get("/mon-compte/profil/").content.decode()


@pytest.mark.parametrize("cookie", [None, "1:forged"])
def test_a_browser_that_names_nobody_keeps_nothing(client_user: User, cookie: str | None) -> None:
    browser = ended(client_user)
    del browser.cookies["author"]
    if cookie:
        browser.cookies["author"] = cookie
    browser.post("/mon-compte/profil/", {"name": "Claire"})
    assert "typed" not in browser.session


def test_leaving_does_not_erase_the_author(client_user: User) -> None:
    browser = signed_in(client_user)
    browser.get("/mon-compte/")
    browser.post("/compte/deconnexion/")
    browser.post("/mon-compte/profil/", {"name": "Claire"})
    enter(browser, client_user)
    assert BACK in browser.get("/mon-compte/profil/").content.decode()


def test_a_delivery_with_a_file_comes_back_filled_in_to_choose_it_again(client_user: User, provider_user: User) -> None:
    tranche = way.funded(way.opened(client_user, provider_user))[0]
    browser, address = ended(provider_user), f"{tranche.account.get_absolute_url()}tranches/{tranche.pk}/livraison/"
    typed: dict[str, Any] = {"message": "Voici les maquettes.", "key": str(uuid.uuid4())}
    browser.post(address, {**typed, "documents": [way.png()]})
    enter(browser, provider_user)
    page = browser.get(address).content.decode()
    assert "Choisir de nouveau les fichiers" in page
    assert '<input type="hidden" name="resumed" value="1">' in page
    filled = browser.post(address, {**typed, "resumed": "1"}).content.decode()
    assert "Rien n’est encore envoyé" in filled
    assert 'name="documents"' in filled
    assert "Voici les maquettes.</textarea>" in filled
    assert 'name="resumed"' not in filled
    assert not Delivery.objects.exists()


def test_a_deed_of_the_staff_keeps_its_reason(client_user: User, moderator_user: User) -> None:
    project = published(client_user)
    browser, address = signed_in(moderator_user), f"/admin/projects/project/{project.pk}/reject/do/"
    browser.get(address)
    del browser.cookies[settings.SESSION_COOKIE_NAME]
    assert browser.post(address, {"reason": "Le budget manque.", "key": str(uuid.uuid4())}).status_code == 302
    enter(browser, moderator_user)
    page = browser.get(address).content.decode()
    assert BACK in page
    assert "Le budget manque." in page
    assert BACK not in browser.get(address).content.decode()


def test_a_deed_whose_address_only_takes_forms_comes_back_too(client_user: User, provider_user: User) -> None:
    agreement = way.chosen(published(client_user), provider_user)
    browser, address = ended(client_user), f"/accords/{agreement.key}/accepter/"
    browser.post(address, {"number": "1", "read": "on", "note": "Vu avec Paul."})
    enter(browser, client_user)
    page = browser.get(address).content.decode()
    assert BACK in page
    assert f'action="{address}"' in page
    assert f'href="/accords/{agreement.key}/"' in page
    assert "<li>on</li>" not in page
    assert browser.post(address, {"number": "1", "read": "on"}).status_code == 302
    assert agreement.version.accepted_by(client_user)


def test_a_deed_in_which_nothing_was_written_is_not_sent_unseen(client_user: User, provider_user: User) -> None:
    agreement = way.chosen(published(client_user), provider_user)
    browser, address = ended(client_user), f"/accords/{agreement.key}/accepter/"
    browser.post(address, {"number": "1", "read": "on"})
    enter(browser, client_user)
    assert browser.get(address)["Location"] == f"/accords/{agreement.key}/"
    page = browser.get(f"/accords/{agreement.key}/").content.decode()
    assert "Votre session avait pris fin\xa0: rien n’a été envoyé." in page
    assert not agreement.version.accepted_by(client_user)


def test_numbers_of_rows_are_not_shown(client_user: User, provider_user: User) -> None:
    tranche = way.funded(way.opened(client_user, provider_user))[0]
    browser, address = ended(client_user), f"/projets/{tranche.account.project.key}/litige/nouveau/"
    browser.post(address, {"tranches": "308", "grievance": "Rien n’est livré."})
    enter(browser, client_user)
    page = browser.get(address).content.decode()
    assert "<li>Rien n’est livré.</li>" in page
    assert '<input type="hidden" name="tranches" value="308">' in page
    assert "<li>308" not in page


@pytest.mark.parametrize(
    ("address", "back"),
    [
        ("/accords/cle/payer/", "/accords/cle/"),
        ("/projets/cle/offres/notes/", "/projets/cle/offres/"),
        ("/credits/packs/1/", "/credits/"),
        ("/langue/", "/"),
    ],
)
def test_an_address_that_only_takes_forms_leads_to_the_page_above(as_client: Client, address: str, back: str) -> None:
    reply = as_client.get(address)
    assert (reply.status_code, reply["Allow"]) == (405, "POST")
    assert f'<a href="{back}">' in reply.content.decode()
