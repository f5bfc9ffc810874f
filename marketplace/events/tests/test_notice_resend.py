from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from marketplace.accounts.models import User
from marketplace.events import tasks
from marketplace.events.models import Event, Notice
from marketplace.events.tests.conftest import Sink

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("told")]


@pytest.fixture
def failed(person: User) -> Notice:
    notice = Event.record("trial.lost", to=[person.pk]).notices.get()
    notice.fail("550 No such user")
    return notice


@pytest.fixture
def as_administrator(client: Client, db: None) -> Client:
    user = User.objects.create_superuser("admin@paraphe.example", "secret", name="A")
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    return client


def test_refused_mail_is_sent_again_once_mended(as_administrator: Client, failed: Notice, sink: Sink) -> None:
    page = as_administrator.get("/admin/events/notice/?mail_state__exact=FAILED").content.decode()
    assert "550 No such user" in page
    for _ in range(2):
        as_administrator.post("/admin/events/notice/", {"action": "resend", "_selected_action": [failed.pk]})
    failed.refresh_from_db()
    assert (failed.mail_state, failed.attempts, failed.failure) == ("PENDING", 0, "")
    assert tasks.deliver() == 1


def test_one_refused_mail_has_its_button(as_administrator: Client, failed: Notice) -> None:
    assert "Renvoyer cet e-mail" in as_administrator.get(f"/admin/events/notice/{failed.pk}/change/").content.decode()
    address = f"/admin/events/notice/{failed.pk}/resend/do/"
    form = as_administrator.get(address).context["form"]
    as_administrator.post(address, {"key": form["key"].value()})
    failed.refresh_from_db()
    assert failed.mail_state == "PENDING"


def test_only_a_refused_mail_is_sent_again(failed: Notice) -> None:
    failed.resend()
    with pytest.raises(Notice.NotFailed):
        failed.resend()
