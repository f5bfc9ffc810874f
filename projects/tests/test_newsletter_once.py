"""Each copy leaves once, whatever is killed or cut; what may be lost, and who reads of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from celery import Celery
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events import post_office
from marketplace.events.models import Preference
from marketplace.events.post_office import Fate
from marketplace.events.tellings import Kind
from marketplace.events.tests.conftest import Sink, sink
from marketplace.ledger.tests.crowd import slowed
from marketplace.testing.cast import professional
from marketplace.testing.processes import Process, python, until
from projects import newsletter
from projects.models import Edition, NewsletterCopy
from projects.tasks import go_on_with_newsletter, send_newsletter
from projects.tests.bids import stocked

from .calls import consulted, opened

__all__ = ["sink"]
SIRENS = ["732829320", "552100554"]
WORKER = "-A marketplace worker --pool threads -c 2 --without-gossip --without-mingle -l info"


class SlowSink(Sink):
    """Takes a little time over each mail."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(0.03)
        return await super().handle_DATA(server, session, envelope)


class CutSink(Sink):
    """Takes every mail; for those to `cut`, hangs up before it says so."""

    cut = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.cut in envelope.rcpt_tos:
            server.transport.abort()  # type: ignore[union-attr]
        return answer


def crowd_of(many: int) -> list[str]:
    """The addresses of `many` new providers."""
    people = [professional(f"p{n}@x.example", f"P {n}", "provider", f"P {n}", SIRENS[n % 2]) for n in range(many)]
    return [user.email for user in people]


def through(sink: Sink, settings: Any) -> None:
    """This process's own mails go to `sink`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5


def states() -> Counter[str]:
    return Counter(NewsletterCopy.objects.values_list("state", flat=True))


def claims_run_out() -> None:
    """As if the time that a claim lasts had passed."""
    past = timezone.now() - timedelta(seconds=1)
    NewsletterCopy.objects.exclude(claimed_until=None).update(claimed_until=past)


def places(sink: Sink) -> dict[str, str]:
    """Where another process finds the tests' database, and `sink`."""
    server = os.environ["TEST_APP_URL"].rpartition("/")[0]
    return {"DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}", "EMAIL_URL": url_of(sink)}


@pytest.fixture
def slow() -> Any:
    slow = SlowSink()
    slow.up()
    yield slow
    slow.down()


def working(turn: int, slow: SlowSink, env: dict[str, str]) -> Process:
    """A Celery worker that has been told what beat would tell it."""
    worker = Process(f"killed-{turn}", python("celery", *WORKER.split()), env | {"EMAIL_URL": url_of(slow)})
    worker.start(lambda: "ready." in worker.said())
    task = "go_on_with_newsletter" if turn else "send_newsletter"
    Celery(broker=env["REDIS_URL"]).send_task(f"projects.tasks.{task}")
    return worker


def killed_in_the_middle(worker: Process, slow: SlowSink) -> None:
    """kill -9 while it is sending."""
    enough = len(slow.mails) + 8
    until(lambda: len(slow.mails) >= enough, "mails")
    worker.stop(signal.SIGKILL)
    claims_run_out()


@pytest.mark.journey
@pytest.mark.django_db(transaction=True)
def test_workers_killed_again_and_again_send_nobody_two(
    slow: SlowSink, client_user: User, site_env: dict[str, str]
) -> None:
    people, kills = crowd_of(40), 2
    opened(client_user)
    for turn in range(kills):
        killed_in_the_middle(working(turn, slow, site_env), slow)
    last = working(kills, slow, site_env)
    until(lambda: not {"READY", "LEAVING"} & set(states()), "the end", 60)
    last.stop(signal.SIGKILL)
    received, sent = Counter(slow.received()), NewsletterCopy.objects.filter(state="SENT")
    assert set(received.values()) == {1}
    assert states()["LOST"] <= kills  # the one in hand, each time: taken by the server or not, nobody knows
    assert states()["SENT"] + states()["LOST"] == len(people)
    assert set(sent.values_list("provider__email", flat=True)) <= set(received)


def url_of(sink: Sink) -> str:
    return f"smtp://127.0.0.1:{sink.port}"


@pytest.mark.django_db(transaction=True)
def test_writer_killed_in_the_middle_has_written_nothing_twice(
    client_user: User, settings: Any, slow: SlowSink
) -> None:
    people = crowd_of(8)
    opened(client_user)
    writer = Process("killed-writer", [sys.executable, "manage.py", "send_newsletter"], places(slow))
    with slowed("projects_newslettercopy", seconds=0.2):
        writer.start(Edition.objects.exists)
        time.sleep(0.4)
        writer.stop(signal.SIGKILL)
    assert not NewsletterCopy.objects.exists()
    assert Edition.objects.get().written_at is None
    through(slow, settings)
    Edition.objects.update(until=timezone.now() - timedelta(minutes=6))
    client_user.projects.update(opened_at=timezone.now() - timedelta(minutes=7))
    go_on_with_newsletter()
    assert sorted(slow.received()) == sorted(people)


def test_copy_cut_off_while_it_was_taken_is_lost_not_repeated(
    client_user: User, provider_user: User, rival_user: User, settings: Any
) -> None:
    cutting = CutSink()
    cutting.up()
    cutting.cut = provider_user.email
    through(cutting, settings)
    opened(client_user)
    assert send_newsletter() == 1
    NewsletterCopy.objects.update(next_try_at=timezone.now())
    assert go_on_with_newsletter() == 0
    cutting.down()
    assert sorted(cutting.received()) == sorted([provider_user.email, rival_user.email])
    assert states() == {"LOST": 1, "SENT": 1}
    assert "SMTPServerDisconnected" in NewsletterCopy.objects.get(state="LOST").failure


def test_mail_cut_off_while_it_was_taken_is_doubtful(settings: Any) -> None:
    cutting = CutSink()
    cutting.up()
    cutting.cut = "cut@x.example"
    through(cutting, settings)
    mails = [EmailMessage("a", "b", None, [address]) for address in ("cut@x.example", "b@x.example")]
    fates = [outcome.fate for outcome in post_office.send_many(mails)]
    cutting.down()
    assert fates == [Fate.DOUBTFUL, Fate.SENT]


def test_mail_server_gets_the_headers_of_rfc_8058(sink: Sink, client_user: User, provider_user: User) -> None:
    opened(client_user)
    send_newsletter()
    (letter,) = sink.mails
    assert letter.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (address,) = letter.get_all("List-Unsubscribe", [])
    assert re.fullmatch(r"<https?://[^<>,\s]+/desabonnement/[^<>,\s]+/>", address.strip())
    raw = sink.raw[0].decode()
    assert re.search(r"^List-Unsubscribe:\s+<http\S+>\r\n\S", raw, re.MULTILINE)  # one address, not encoded
    assert max(len(line) for line in raw.split("\r\n")) <= 998
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]


def test_one_click_posted_without_a_session_unsubscribes(sink: Sink, client_user: User, provider_user: User) -> None:
    opened(client_user)
    send_newsletter()
    path = urlsplit(str(sink.mails[0]["List-Unsubscribe"]).strip(" <>")).path
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(path).status_code == 200
    assert not Preference.objects.exists()  # programs that follow every link of a mail unsubscribe nobody
    for _time in range(2):
        answer = stranger.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200
    wish = Preference.objects.get()
    assert (wish.user, wish.kind, wish.mail) == (provider_user, Kind.NEWSLETTER, False)
    assert provider_user not in newsletter.readers()
    assert stranger.post(path[:-3] + "x/").status_code == 404


def test_project_consulted_between_matching_and_sending_is_left_out(
    sink: Sink, client_user: User, provider_user: User, rival_user: User
) -> None:
    known, other = opened(client_user, title="Déjà ouvert"), opened(client_user, title="Encore neuf")
    newsletter.write(newsletter.edition_of(newsletter.today()))
    consulted(known, stocked(provider_user))
    newsletter.send()
    texts = {str(mail["To"]): mail.get_body(("plain",)).get_content() for mail in sink.mails}  # type: ignore[union-attr]
    assert known.title not in texts[provider_user.email]
    assert other.title in texts[provider_user.email]
    assert known.title in texts[rival_user.email]


def test_line_breaks_of_a_title_break_no_header(sink: Sink, client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    type(project).objects.filter(pk=project.pk).update(title="Un\r\nBcc: x@y.example\ttitre")
    send_newsletter()
    assert str(sink.mails[0]["Subject"]).endswith("Un Bcc: x@y.example titre")
