"""The newsletter in the administration: figures of the runs, single copies, and the preview that sends nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Preference
from marketplace.events.tellings import Kind
from projects import newsletter
from projects.models import Category, Edition, Interest, NewsletterCopy
from projects.tests.bids import queries

from .calls import opened

EDITIONS, COPIES = "/admin/projects/edition/", "/admin/projects/newslettercopy/"
PREVIEW = f"{EDITIONS}preview/"


@pytest.fixture
def edition(client_user: User, provider_user: User, rival_user: User, stranger_user: User) -> Edition:
    """One copy sent, one refused, one lost."""
    opened(client_user, title="Tournées laitières")
    edition = newsletter.edition_of(newsletter.today())
    newsletter.write(edition)
    sent, refused, lost = NewsletterCopy.objects.order_by("pk")
    newsletter.claim(timezone.now())
    for copy in (sent, refused, lost):
        copy.refresh_from_db()
        copy.leave()
    sent.mark_sent()
    refused.fail("550 No such user")
    lost.lose("SMTPServerDisconnected: cut")
    return edition


def test_editions_tell_the_figures_of_their_runs(as_moderator: Client, edition: Edition) -> None:
    page = as_moderator.get(EDITIONS).content.decode()
    cells = {name: page.partition(f'class="field-{name}">')[2].partition("</t")[0] for name in COUNTS}
    assert {name: cells[name].partition(">")[2].partition("<")[0] or cells[name] for name in COUNTS} == COUNTS
    assert f"{COPIES}?edition__id__exact={edition.pk}&amp;state=LOST" in page
    assert "0 seconde" in page
    assert "Perdu\xa0: le seul exemplaire" in page


COUNTS = {"copies": "3", "waiting": "0", "sent": "1", "refused": "1", "dropped": "0", "lost": "1"}


def test_edition_under_way_says_so(as_moderator: Client, db: None) -> None:
    edition = newsletter.edition_of(newsletter.today())
    page = as_moderator.get(f"{EDITIONS}{edition.pk}/change/").content.decode()
    assert "en cours" in page
    assert "Voir tous les exemplaires" in page


def test_figures_take_as_many_queries_for_many_editions(as_moderator: Client, edition: Edition) -> None:
    little = queries(as_moderator, EDITIONS)
    for days in range(1, 9):
        newsletter.edition_of(newsletter.today() - timedelta(days=days))
    assert queries(as_moderator, EDITIONS) == little


def test_copies_that_did_not_arrive_come_first_with_their_reason(as_moderator: Client, edition: Edition) -> None:
    page = as_moderator.get(COPIES).content.decode()
    assert "550 No such user" in page
    assert "SMTPServerDisconnected: cut" in page
    assert "2 exemplaires de la newsletter" in page
    assert "3 exemplaires" in as_moderator.get(f"{COPIES}?state=all&edition__id__exact={edition.pk}").content.decode()
    assert "1 exemplaire" in as_moderator.get(f"{COPIES}?state=SENT").content.decode()
    assert as_moderator.get(f"{COPIES}?state=MOON").status_code == 200
    copy = NewsletterCopy.objects.all()[0]
    assert "Tournées laitières" in as_moderator.get(f"{COPIES}{copy.pk}/change/").content.decode()


def test_preview_shows_both_parts_and_sends_nothing(
    as_moderator: Client, client_user: User, provider_user: User
) -> None:
    opened(client_user, title="Tournées <laitières>")
    page = as_moderator.get(PREVIEW, {"provider": provider_user.email.upper()})
    text = page.content.decode()
    assert "1 nouveau projet pour vous\xa0: Tournées &lt;laitières&gt;" in text
    assert "Bonjour Paul Mercier," in text
    assert f'src="{PREVIEW}{provider_user.pk}/html/"' in text
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "/desabonnement/" not in text
    assert not mail.outbox
    assert not NewsletterCopy.objects.exists()
    assert not Edition.objects.exists()


def test_html_of_the_preview_can_do_nothing(as_moderator: Client, client_user: User, provider_user: User) -> None:
    opened(client_user, title="Tournées <laitières>")
    page = as_moderator.get(f"{PREVIEW}{provider_user.pk}/html/")
    assert "Tournées &lt;laitières&gt;" in page.content.decode()
    assert page["Content-Security-Policy"].endswith("; sandbox")
    assert "script" not in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert "/desabonnement/" not in page.content.decode()


def test_preview_is_what_the_next_copy_holds(as_moderator: Client, client_user: User, provider_user: User) -> None:
    Interest.objects.choose(provider_user, [Category.objects.get(slug="design")])
    opened(client_user, title="Hors sujet")
    assert "Rien de nouveau" in as_moderator.get(PREVIEW, {"provider": provider_user.pk}).content.decode()
    assert as_moderator.get(f"{PREVIEW}{provider_user.pk}/html/").status_code == 404
    opened(client_user, title="Logo", category=Category.objects.get(slug="design"))
    page = as_moderator.get(PREVIEW, {"provider": provider_user.pk}).content.decode()
    newsletter.write(newsletter.edition_of(newsletter.today()))
    newsletter.send()
    assert str(mail.outbox[0].subject) in page
    assert "Rien de nouveau" in as_moderator.get(PREVIEW, {"provider": provider_user.pk}).content.decode()


def test_preview_says_who_is_sent_nothing(as_moderator: Client, client_user: User, provider_user: User) -> None:
    opened(client_user)
    Preference.objects.choose(provider_user.pk, {Kind.NEWSLETTER: False})
    page = as_moderator.get(PREVIEW, {"provider": provider_user.email}).content.decode()
    assert "Ce compte ne reçoit pas la newsletter" in page


@pytest.mark.parametrize("typed", ["", "x@y.example", "0", "9" * 40, "-1", "🦉", "a\x00b", "é" * 5000])
def test_preview_of_nobody_says_so(as_moderator: Client, client_user: User, typed: str) -> None:
    page = as_moderator.get(PREVIEW, {"provider": typed})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert as_moderator.get(f"{PREVIEW}{client_user.pk}/html/").status_code == 404
    assert "Rien n’est envoyé" in as_moderator.get(PREVIEW).content.decode()


def test_other_staff_reads_nothing_of_it(as_finance: Client, edition: Edition, provider_user: User) -> None:
    for path in (EDITIONS, COPIES, PREVIEW, f"{PREVIEW}{provider_user.pk}/html/"):
        assert as_finance.get(path).status_code == 403
