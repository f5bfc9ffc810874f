from __future__ import annotations

import logging
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events import doorbell, post_office, tasks
from marketplace.events.models import MOST_TRIES, Event, Notice, Preference
from marketplace.events.post_office import Fate
from marketplace.events.tellings import Kind
from marketplace.events.tests.conftest import Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("told")]


def lost(*people: User) -> list[Notice]:
    return list(Event.record("trial.lost", to=[user.pk for user in people]).notices.order_by("pk"))


def now_due() -> None:
    Notice.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))


def people(count: int) -> list[User]:
    return [User.objects.create_user(f"p{number}@x.example", name=f"P{number}") for number in range(count)]


def test_mail_says_in_text_and_html_what_the_notice_says(sink: Sink, person: User) -> None:
    [notice] = lost(person)
    Notice.objects.update(request_id="abcd1234")
    assert tasks.deliver() == 1
    [mail] = sink.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for words in ("Bonjour Yann Le Goff", "dit ceci", "Et voici la suite", "5 900 €", "Un constat", "Voir mes avis"):
        assert words in text
        assert words in html
    assert "Trop <long>" in text
    assert "Trop &lt;long&gt;" in html
    address = f"{settings.BASE_URL}/mes-avis/{notice.pk}/"
    assert address in text
    assert f'href="{address}"' in html
    assert mail["Subject"] == "Votre offre n’a pas été retenue"
    assert mail["X-Request-ID"] == "abcd1234"
    assert mail["Message-ID"].startswith(f"<notice-{notice.pk}.")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].strip().startswith(f"<{settings.BASE_URL}/desabonnement/")
    notice.refresh_from_db()
    assert (notice.mail_state, notice.attempts, notice.claimed_until) == ("SENT", 1, None)
    assert notice.sent_at


def test_mail_is_in_the_reader_s_language(sink: Sink, person: User, english: User) -> None:
    lost(person, english)
    Notice.objects.update(request_id="")
    tasks.deliver()
    french, other = (mail.get_body(("plain",)).get_content() for mail in sink.mails)  # type: ignore[union-attr]
    assert "Bonjour Yann Le Goff," in french
    assert "Hello Mary Smith," in other
    assert [mail["Content-Language"] for mail in sink.mails] == ["fr", "en"]


def test_money_mail_cannot_be_left(sink: Sink, person: User) -> None:
    Event.record("trial.paid", to=[person.pk])
    tasks.deliver()
    assert sink.mails[0]["List-Unsubscribe"] is None


def test_one_connection_carries_many_mails(sink: Sink) -> None:
    lost(*people(6))
    assert tasks.deliver() == 6
    assert sink.connections == 1


def test_server_down_then_up_delivers_once(sink: Sink, person: User) -> None:
    [notice] = lost(person)
    sink.down()
    assert tasks.deliver() == 0
    notice.refresh_from_db()
    assert (notice.mail_state, notice.attempts, notice.claimed_until) == ("PENDING", 0, None)
    assert notice.next_try_at > timezone.now() + timedelta(seconds=50)
    assert "refused" in notice.failure
    sink.up()
    assert tasks.deliver() == 0
    now_due()
    assert tasks.deliver() == 1
    assert tasks.deliver() == 0
    assert sink.received() == [person.email]


@pytest.mark.parametrize("where", ["answers", "at_data"])
def test_one_recipient_refused_for_good_stops_nobody(sink: Sink, where: str) -> None:
    users = people(5)
    getattr(sink, where)[users[2].email] = "550 No such user"
    notices = lost(*users)
    assert tasks.deliver() == 4
    notices[2].refresh_from_db()
    assert notices[2].mail_state == "FAILED"
    assert "No such user" in notices[2].failure
    assert sink.received() == [user.email for user in users if user != users[2]]


@pytest.mark.parametrize("where", ["answers", "at_data"])
def test_one_recipient_put_off_is_tried_later_and_later(sink: Sink, where: str) -> None:
    users = people(3)
    getattr(sink, where)[users[0].email] = "450 Come back later"
    notices = lost(*users)
    assert tasks.deliver() == 2
    first = Notice.objects.get(pk=notices[0].pk)
    now_due()
    tasks.deliver()
    second = Notice.objects.get(pk=notices[0].pk)
    assert (first.mail_state, first.attempts, second.attempts) == ("PENDING", 1, 2)
    assert second.next_try_at - timezone.now() > timedelta(seconds=50)
    getattr(sink, where).clear()
    now_due()
    assert tasks.deliver() == 1


def test_put_off_for_a_day_has_failed(sink: Sink, person: User) -> None:
    sink.answers[person.email] = "450 Come back later"
    [notice] = lost(person)
    Notice.objects.update(attempts=MOST_TRIES - 1)
    tasks.deliver()
    notice.refresh_from_db()
    assert notice.mail_state == "FAILED"


def test_refused_sender_is_our_fault_and_fails_nobody(sink: Sink, person: User) -> None:
    sink.at_sender = "550 Who are you"
    [notice] = lost(person)
    tasks.deliver()
    notice.refresh_from_db()
    assert notice.mail_state == "PENDING"


def test_notice_that_cannot_be_written_stops_nobody(sink: Sink, person: User) -> None:
    broken = Event.record("trial.broken", to=[person.pk]).notices.get()
    gone = Notice.objects.create(user=person, name="trial.gone")
    lost(person)
    assert tasks.deliver() == 1
    for notice in (broken, gone):
        notice.refresh_from_db()
        assert (notice.mail_state, notice.attempts) == ("PENDING", 1)
        assert "KeyError" in notice.failure


def test_kill_between_claim_and_send_is_made_good_later(sink: Sink, person: User) -> None:
    lost(person)
    tasks.claim(timezone.now())
    assert tasks.deliver() == 0
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert tasks.deliver() == 1


def test_kill_between_send_and_mark_repeats_the_same_message_id(sink: Sink, person: User) -> None:
    lost(person)
    [notice] = tasks.claim(timezone.now())
    list(post_office.send_many([tasks.written(notice)]))  # type: ignore[list-item]
    Notice.objects.update(claimed_until=None)
    tasks.deliver()
    assert len({mail["Message-ID"] for mail in sink.mails}) == 1


def test_switched_off_after_it_was_written_is_not_sent(sink: Sink, person: User) -> None:
    [notice] = lost(person)
    Preference.objects.choose(person.pk, {Kind.SELECTION: False})
    assert tasks.deliver() == 0
    notice.refresh_from_db()
    assert notice.mail_state == "OFF"


def test_time_budget_leaves_the_rest_for_the_next_sweep(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    lost(*people(4))
    batch = tasks.claim(timezone.now())
    assert tasks.post(batch, time.monotonic() - 1) == [Fate.SENT]
    monkeypatch.setattr(tasks, "BUDGET", -1.0)
    assert tasks.deliver() == 0


@pytest.mark.races
def test_two_sweeps_at_once_send_each_mail_once(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 3)
    users = people(24)
    lost(*users)
    gate = threading.Barrier(4)

    def sweep() -> None:
        gate.wait()
        tasks.deliver()
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sink.received()) == sorted(user.email for user in users)
    assert not Notice.objects.exclude(mail_state="SENT").exists()


@pytest.fixture(params=["refusing", "silent"])
def dead_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port where nobody is, or where somebody takes the call and never says a word."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        if request.param == "silent":
            somebody.listen(50)
        yield somebody.getsockname()[1]


def test_dead_broker_costs_a_page_a_second_once(
    person: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, dead_port: int
) -> None:
    dead = Celery("dead", broker=f"redis://127.0.0.1:{dead_port}/0")
    dead.conf.update(
        broker_transport_options={"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 0},
        task_publish_retry=False,
    )
    monkeypatch.setattr(doorbell, "app", dead)
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            lost(person)
    assert time.monotonic() - started < 2.0
    assert len([record for record in caplog.records if "The broker does not answer" in record.message]) == 1
    assert Notice.objects.filter(mail_state="PENDING").count() == 5


def test_doorbell_rings_after_the_commit_only(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Celery("memory", broker="memory://")
    monkeypatch.setattr(doorbell, "app", memory)
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)

    def waiting() -> int:
        with memory.connection_for_read() as link:
            return int(link.SimpleQueue("celery").qsize())

    with memory.connection_for_read() as link:  # all such brokers of one process share their queues
        link.SimpleQueue("celery").clear()
    with transaction.atomic():
        lost(person)
        assert waiting() == 0
    assert waiting() == 1
    with transaction.atomic():
        lost(person)
        transaction.set_rollback(True)
    assert waiting() == 1


def test_send_many_opens_again_after_the_server_hung_up(sink: Sink, person: User) -> None:
    mails = [EmailMessage("a", "b", None, [address]) for address in ("a@x.example", "cut@x.example", "c@x.example")]
    sink.answers["cut@x.example"] = "421 Closing"
    fates = [outcome.fate for outcome in post_office.send_many(mails)]
    assert fates == [Fate.SENT, Fate.LATER, Fate.SENT]
    assert sink.connections == 2


def test_unreachable_server_is_tried_once_for_all(sink: Sink) -> None:
    sink.down()
    mails = [EmailMessage("a", "b", None, ["a@x.example"])] * 3
    assert {outcome.fate for outcome in post_office.send_many(mails)} == {Fate.UNREACHABLE}


def test_goodbye_to_a_server_that_left_is_no_matter() -> None:
    class Gone(BaseEmailBackend):
        def close(self) -> None:
            raise smtplib.SMTPServerDisconnected

    post_office.close(Gone())
