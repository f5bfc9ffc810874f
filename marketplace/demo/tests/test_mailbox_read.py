from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.test import Client

from marketplace.demo import urls
from marketplace.demo.models import Mail

pytestmark = pytest.mark.django_db
TO = ["a@x.example", "b@x.example"]


def send(mail: EmailMessage) -> None:
    get_connection("marketplace.demo.mailbox.Backend").send_messages([mail])


@pytest.fixture
def mail() -> Mail:
    message = EmailMultiAlternatives("Bienvenue", "Allez à https://a.example/x\x00", "nous@x.example", TO)
    message.extra_headers["X"] = "y"
    message.attach_alternative("<html><head></head><body style='color:red'>Bonjour</body></html>", "text/html")
    send(message)
    return Mail.objects.get(recipient="a@x.example")


def test_mail_of_the_trial_is_kept_per_recipient(mail: Mail) -> None:
    assert Mail.objects.count() == 2
    assert (mail.sender, mail.subject, mail.headers) == ("nous@x.example", "Bienvenue", {"X": "y"})
    assert str(mail) == "a@x.example: Bienvenue"


def test_list_is_searched_by_recipient(client: Client, mail: Mail) -> None:
    assert len(client.get("/demo/courrier/").context["mails"]) == 2
    assert client.get("/demo/courrier/", {"a": "A@X"}).context["mails"] == [mail]
    assert "Aucun e-mail" in client.get("/demo/courrier/", {"a": "personne"}).content.decode()


@pytest.mark.parametrize("query", [{"a": "\x00"}, {"a": "x" * 300}, {"avant": "x"}, {"avant": "9" * 30}])
def test_nonsense_shows_all(client: Client, mail: Mail, query: dict[str, str]) -> None:
    assert len(client.get("/demo/courrier/", query).context["mails"]) == 2


def test_list_goes_on_page_by_page(client: Client) -> None:
    Mail.objects.bulk_create(Mail(recipient="a@x.example", sender="s", subject=str(n), text="t") for n in range(35))
    first = client.get("/demo/courrier/?a=a@x.example")
    second = client.get("/demo/courrier/" + first.context["older"])
    assert [len(page.context["mails"]) for page in (first, second)] == [30, 5]
    assert not second.context["older"]


def test_mail_is_read_as_text_and_framed_as_html(client: Client, mail: Mail) -> None:
    response = client.get(f"/demo/courrier/{mail.pk}/")
    page = response.content.decode()
    assert '<a href="https://a.example/x"' in page
    assert f'<iframe src="/demo/courrier/{mail.pk}/html/"' in page
    assert "frame-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe-inline" not in response["Content-Security-Policy"]


def test_links_of_a_mail_follow_the_site_to_another_port(client: Client, settings: Any) -> None:
    settings.BASE_URL = "http://localhost:8000"
    path = "http://localhost:8000/projets/"
    message = EmailMultiAlternatives("Lisez", path, "s@x.example", ["a@x.example"])
    message.extra_headers["List-Unsubscribe"] = f"<{path}>"
    message.attach_alternative(f"<html><head></head><body><a href='{path}'>Lire</a></body></html>", "text/html")
    send(message)
    settings.BASE_URL = "http://localhost:8080"
    for address in ("", "html/"):
        text = client.get(f"/demo/courrier/{Mail.objects.get().pk}/{address}").content.decode()
        assert "http://localhost:8080/projets/" in text
        assert "localhost:8000" not in text


def test_html_of_a_mail_can_do_nothing_but_be_seen(client: Client, mail: Mail) -> None:
    response = client.get(f"/demo/courrier/{mail.pk}/html/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox " in policy
    assert "script" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<base target="_top">' in response.content


def test_mail_in_text_alone_has_no_html(client: Client) -> None:
    send(EmailMessage("", "Bonjour", "s@x.example", ["a@x.example"]))
    mail = Mail.objects.get()
    assert "(sans objet)" in client.get(f"/demo/courrier/{mail.pk}/").content.decode()
    assert client.get(f"/demo/courrier/{mail.pk}/html/").status_code == 404
    assert client.get("/demo/courrier/999999/").status_code == 404


def test_production_has_no_mailbox(settings: Any) -> None:
    settings.TRIAL = settings.TEST = False
    try:
        assert importlib.reload(urls).urlpatterns == []
    finally:
        settings.TEST = True
        importlib.reload(urls)
