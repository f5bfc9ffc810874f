from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.letters import LETTERS
from marketplace.accounts.models import AccountMail, User
from marketplace.accounts.tasks import deliver
from marketplace.testing.cast import PASSWORD, TOTP_SECRET, signed_in

PAGE = "/compte/inscription/"
TYPED = {"name": "Nadia Corbin", "email": "Nadia@Exemple.fr", "password1": PASSWORD, "hats": ["provider"]}


@pytest.fixture(autouse=True)
def fresh_counters(db: None) -> None:
    """Each test starts with no failure counted."""
    cache.clear()


def the_link() -> str:
    """The address that the last mail asks to open, without its host."""
    deliver()
    match = re.search(r"http://[^/]+(/compte/\S+)", str(mail.outbox[-1].body))
    assert match
    return match[1]


def test_signup_confirms_the_address_and_keeps_name_and_hats(client: Client) -> None:
    assert client.post(PAGE, TYPED)["Location"] == "/compte/adresse/"
    user = User.objects.get(email="nadia@exemple.fr")
    assert (user.name, user.is_client, user.is_provider, user.is_verified) == ("Nadia Corbin", False, True, False)
    link = the_link()
    assert mail.outbox[-1].to == ["nadia@exemple.fr"]
    assert mail.outbox[-1].subject == "Confirmez votre adresse e-mail"
    assert "Régler mes e-mails" not in mail.outbox[-1].body
    client.post(link)
    assert User.objects.get(pk=user.pk).is_verified
    assert client.get("/mon-compte/").status_code == 200


def test_nobody_enters_before_confirming(client: Client, db: None) -> None:
    client.post(PAGE, TYPED)
    client.post("/compte/connexion/", {"login": "nadia@exemple.fr", "password": PASSWORD})
    assert client.get("/mon-compte/")["Location"].startswith("/compte/connexion/")


def test_taken_address_looks_like_a_new_one(newcomer: User) -> None:
    answers = []
    for email in (newcomer.email, "nouvelle@exemple.fr"):
        client = Client()
        response = client.post(PAGE, TYPED | {"email": email})
        page = client.get(response["Location"]).content.decode().replace(email, "…")
        tokens = r'(name="csrfmiddlewaretoken" value="|nonce=")[^"]*'
        answers.append((response.status_code, response["Location"], re.sub(tokens, "", page)))
    assert answers[0] == answers[1]
    assert User.objects.filter(email=newcomer.email).count() == 1
    deliver()
    assert mail.outbox[0].subject == "Vous avez déjà un compte"


def test_taken_address_costs_a_hash_too(newcomer: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("marketplace.accounts.adapters.make_password", hashed.append)
    client.post(PAGE, TYPED | {"email": newcomer.email})
    assert len(hashed) == 1


@pytest.mark.parametrize("email", ["nadia@exemple.fr", "inconnue@exemple.fr"])
def test_password_reset_answers_alike(newcomer: User, client: Client, email: str) -> None:
    assert (
        client.post("/compte/mot-de-passe/oubli/", {"email": email})["Location"] == "/compte/mot-de-passe/oubli/fait/"
    )


def test_new_password_by_mail(newcomer: User, client: Client) -> None:
    client.post("/compte/mot-de-passe/oubli/", {"email": newcomer.email})
    form = client.get(the_link())["Location"]
    client.post(form, {"password1": "encore une longue phrase", "password2": "encore une longue phrase"})
    assert User.objects.get(pk=newcomer.pk).check_password("encore une longue phrase")
    deliver()
    assert mail.outbox[-1].subject == "Votre mot de passe a été changé"


def test_forged_host_does_not_enter_the_mail(newcomer: User) -> None:
    Client(headers={"host": "pirate.example"}).post("/compte/mot-de-passe/oubli/", {"email": newcomer.email})
    deliver()
    message = mail.outbox[-1]
    assert isinstance(message, mail.EmailMultiAlternatives)
    assert "pirate" not in str(message.body) + str(message.alternatives)


def test_link_is_unreadable_until_sent_then_wiped(newcomer: User, client: Client) -> None:
    client.post("/compte/mot-de-passe/oubli/", {"email": newcomer.email})
    row = AccountMail.objects.get()
    assert "password" not in row.sealed
    deliver()
    row.refresh_from_db()
    assert (row.state, row.sealed) == ("SENT", "")
    assert row.sent_at
    assert deliver() == 0
    assert str(row) == f"password_reset_key → {newcomer.pk}"


class Broken:
    """A mail server that answers `error` to everything."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def open(self) -> None:
        """It can be reached."""

    def close(self) -> None:
        """It says goodbye."""

    def send_messages(self, messages: list[Any]) -> int:
        raise self.error


def posted(user: User) -> AccountMail:
    return AccountMail.post("password_reset_key", user=user, to=user.email, facts={"password_reset_url": "/x/"})


def test_mail_that_cannot_leave_is_tried_later_and_later(newcomer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken(smtplib.SMTPDataError(450, b"later"))
    monkeypatch.setattr("marketplace.events.post_office.get_connection", lambda: broken)
    row = posted(newcomer)
    for _try in range(12):
        AccountMail.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
        deliver()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.sealed) == ("FAILED", 12, "")


def test_refused_recipient_is_not_tried_again(newcomer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = smtplib.SMTPRecipientsRefused({newcomer.email: (550, b"no such user")})
    monkeypatch.setattr("marketplace.events.post_office.get_connection", lambda: Broken(refusal))
    row = posted(newcomer)
    deliver()
    row.refresh_from_db()
    assert row.state == "FAILED"


def test_mail_that_cannot_be_written_stops_nobody(newcomer: User) -> None:
    bad = AccountMail.post("unheard_of", user=newcomer, to=newcomer.email, facts={})
    posted(newcomer)
    assert deliver() == 1
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == ("PENDING", 1)


def test_database_refuses_a_sent_mail_that_keeps_its_links(newcomer: User) -> None:
    posted(newcomer)
    with pytest.raises(IntegrityError, match="account_mail_sent_is_wiped"), transaction.atomic():
        AccountMail.objects.update(state="SENT")


FACTS = {"activate_url": "/a/", "password_reset_url": "/b/", "to_email": "x@y.fr", "deleted_email": "x@y.fr", "ip": ""}


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_every_letter_can_be_written_in_both_languages(newcomer: User, name: str) -> None:
    subjects = set()
    for language in ("fr", "en"):
        newcomer.language = language
        newcomer.save(update_fields=["language"])
        row = AccountMail.post(name, user=newcomer, to=newcomer.email, facts=FACTS)
        subjects.add(AccountMail.objects.get(pk=row.pk).message().subject)
    assert len(subjects) == 2


def test_second_address_is_confirmed_at_that_address(newcomer: User) -> None:
    client = signed_in(newcomer)
    client.post("/compte/adresses/", {"action_add": "", "email": "autre@exemple.fr"})
    link = the_link()
    assert mail.outbox[-1].to == ["autre@exemple.fr"]
    client.post(link)
    assert EmailAddress.objects.get(email="autre@exemple.fr").verified
    assert User.objects.get(pk=newcomer.pk).email == "nadia@exemple.fr"
    client.post("/compte/adresses/", {"action_primary": "", "email": "autre@exemple.fr"})
    assert User.objects.get(pk=newcomer.pk).email == "autre@exemple.fr"
    deliver()
    assert mail.outbox[-1].to == ["nadia@exemple.fr"]


def test_five_failures_close_the_account_for_a_while(newcomer: User, client: Client) -> None:
    for _failure in range(5):
        client.post("/compte/connexion/", {"login": newcomer.email, "password": "faux"})
    answer = client.post("/compte/connexion/", {"login": newcomer.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_ten_failures_close_the_address_whatever_it_claims(db: None) -> None:
    for failure in range(10):
        Client(headers={"X-Forwarded-For": f"10.0.0.{failure}"}).post(
            "/compte/connexion/", {"login": f"{failure}@exemple.fr", "password": "faux"}
        )
    answer = Client(headers={"X-Forwarded-For": "10.9.9.9"}).post(
        "/compte/connexion/", {"login": "onze@exemple.fr", "password": "faux"}
    )
    assert "Trop" in answer.content.decode()


def test_second_factor_is_asked_and_its_secret_is_encrypted(moderator_user: User, client: Client) -> None:
    answer = client.post("/compte/connexion/", {"login": moderator_user.email, "password": PASSWORD})
    assert answer["Location"] == "/compte/double-authentification/code/"
    stored = Authenticator.objects.get(user=moderator_user, type="totp")
    assert TOTP_SECRET not in str(stored.data)
    client.post(
        answer["Location"], {"code": format_hotp_value(hotp_value(TOTP_SECRET, next(yield_hotp_counters_from_time())))}
    )
    assert client.session["_auth_user_id"] == str(moderator_user.pk)


def test_second_factor_is_set_up_under_the_sites_name(newcomer: User) -> None:
    page = signed_in(newcomer).get("/compte/double-authentification/application/activer/")
    assert "issuer=Paraphe" in page.context["totp_url"]


def test_passkey_carries_the_sites_name(newcomer: User) -> None:
    page = signed_in(newcomer).get("/compte/double-authentification/cles/ajouter/")
    assert page.context["js_data"]["creation_options"]["publicKey"]["rp"]["name"] == "Paraphe"
