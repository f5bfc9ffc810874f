from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.mail import Unsubscription
from marketplace.events.models import Preference
from marketplace.events.tellings import Kind
from marketplace.events.tests.conftest import Sink, sink
from marketplace.testing.cast import professional
from marketplace.testing.processes import Process
from projects import newsletter
from projects.models import Category, Edition, Interest, NewsletterCopy, Project
from projects.tasks import go_on_with_newsletter, send_newsletter

from .calls import drafted, opened

__all__ = ["sink"]


def run() -> str:
    out = StringIO()
    call_command("send_newsletter", stdout=out)
    return out.getvalue()


def yesterday() -> None:
    """As if all that has happened had happened a day ago."""
    day = timedelta(days=1)
    for edition in Edition.objects.order_by("day"):
        Edition.objects.filter(pk=edition.pk).update(day=edition.day - day, until=edition.until - day)
    for copy in NewsletterCopy.objects.order_by("day"):
        NewsletterCopy.objects.filter(pk=copy.pk).update(day=copy.day - day, until=copy.until - day)
    for project in Project.objects.exclude(opened_at=None):
        Project.objects.filter(pk=project.pk).update(opened_at=project.opened_at - day)  # type: ignore[operator]


def keys_of(user: User) -> list[str]:
    return NewsletterCopy.objects.latest("pk").project_keys if user.newsletter_copies.exists() else []


def test_provider_gets_the_new_projects_once(client_user: User, provider_user: User) -> None:
    project = opened(client_user, title="Tournées laitières")
    drafted(client_user, title="Brouillon")
    assert run().endswith("1 copies written, 1 sent.\n")
    assert run().endswith("0 copies written, 0 sent.\n")
    (letter,) = mail.outbox
    assert letter.to == [provider_user.email]
    assert letter.subject == "1 nouveau projet pour vous\xa0: Tournées laitières"
    html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    for text in (str(letter.body), html):
        assert "2\u202f000 à 5\u202f000\xa0€ HT" in text
        assert "0 offre pour l’instant" in text
        assert f"/projets/{project.key}/" in text
        assert "Brouillon" not in text
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    yesterday()
    run()
    assert len(mail.outbox) == 1
    yesterday()
    opened(client_user, title="Le lendemain")
    run()
    assert mail.outbox[1].subject == "1 nouveau projet pour vous\xa0: Le lendemain"
    assert "Tournées" not in str(mail.outbox[1].body)


def test_mail_is_in_its_readers_language(client_user: User, provider_user: User) -> None:
    User.objects.filter(pk=provider_user.pk).update(language="en")
    opened(client_user)
    opened(client_user)
    run()
    (letter,) = mail.outbox
    assert letter.subject.startswith("2 new projects for you, among them: ")
    assert "€2,000 to €5,000 excl. VAT" in str(letter.body)
    assert letter.extra_headers["Content-Language"] == "en"


def test_one_click_unsubscribes(client: Client, client_user: User, provider_user: User) -> None:
    opened(client_user)
    run()
    address = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>")
    assert address == Unsubscription(provider_user.pk, Kind.NEWSLETTER).url
    assert (
        client.post(address.partition("/desabonnement")[1] + address.partition("/desabonnement")[2]).status_code == 200
    )
    yesterday()
    opened(client_user)
    run()
    assert len(mail.outbox) == 1


def test_copy_follows_interests_and_leaves_out_ones_own(
    client_user: User, provider_user: User, rival_user: User
) -> None:
    design = Category.objects.get(slug="design")
    Interest.objects.choose(provider_user, [design])
    logo = opened(client_user, title="Logo", category=design)
    opened(client_user, title="Site")
    User.objects.filter(pk=rival_user.pk).update(is_client=True)
    opened(rival_user, title="À moi")
    colleague = professional("c@studio-lemoine.example", "Chloé", "provider", "Studio Lemoine", "870152279")
    run()
    sent = {letter.to[0]: str(letter.body) for letter in mail.outbox}
    assert NewsletterCopy.objects.get(provider=provider_user).project_keys == [logo.key]
    assert "À moi" not in sent[rival_user.email]
    assert "À moi" not in sent[colleague.email]
    assert "Site" in sent[rival_user.email]


def test_copy_has_ten_projects_at_most_best_first(client_user: User, provider_user: User) -> None:
    projects = [opened(client_user, budget_max_cents=500_000 + n) for n in range(12)]
    Project.objects.filter(pk=projects[11].pk).update(offers_count=4)
    run()
    best = [project.key for project in reversed(projects[1:11])]
    assert NewsletterCopy.objects.get().project_keys == best


@pytest.mark.parametrize("lack", [{"is_active": False}, {"email_verified_at": None}, {"is_provider": False}])
def test_only_verified_active_providers_are_written_to(client_user: User, provider_user: User, lack: Any) -> None:
    User.objects.filter(pk=provider_user.pk).update(**lack)
    opened(client_user)
    run()
    assert not mail.outbox
    assert not NewsletterCopy.objects.exists()


def test_what_left_meanwhile_is_not_announced(client_user: User, provider_user: User) -> None:
    gone, here = opened(client_user, title="Parti"), opened(client_user, title="Encore là")
    newsletter.write(newsletter.edition_of(newsletter.today()))
    gone.withdraw(by=client_user)
    newsletter.send()
    assert "Parti" not in str(mail.outbox[0].body)
    assert here.title in str(mail.outbox[0].body)


def test_copy_with_nothing_left_or_not_wanted_any_more_is_dropped(
    client_user: User, provider_user: User, rival_user: User
) -> None:
    project = opened(client_user)
    newsletter.write(newsletter.edition_of(newsletter.today()))
    Preference.objects.choose(rival_user.pk, {Kind.NEWSLETTER: False})
    newsletter.send()
    assert [letter.to for letter in mail.outbox] == [[provider_user.email]]
    assert NewsletterCopy.objects.get(provider=rival_user).state == "DROPPED"
    yesterday()
    NewsletterCopy.objects.all().delete()
    other = opened(client_user)
    newsletter.write(newsletter.edition_of(newsletter.today()))
    for one in (project, other):
        one.withdraw(by=client_user)
    assert newsletter.send() == 0
    assert NewsletterCopy.objects.get().state == "DROPPED"


def test_rehearsal_says_who_gets_what_and_keeps_nothing(client_user: User, provider_user: User) -> None:
    project, out = opened(client_user), StringIO()
    call_command("send_newsletter", "--dry-run", stdout=out)
    assert f"{provider_user.email}: {project.key}" in out.getvalue()
    assert not Edition.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("day", ["hier", "2199-01-01"])
def test_odd_days_are_refused(db: None, day: str) -> None:
    with pytest.raises(CommandError):
        call_command("send_newsletter", "--date", day)


def test_interrupted_writing_goes_on_where_it_was(
    client_user: User, provider_user: User, rival_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsletter, "READERS", 1)
    opened(client_user)
    edition = newsletter.edition_of(newsletter.today(), timezone.now() - timedelta(minutes=10))
    Project.objects.update(opened_at=timezone.now() - timedelta(minutes=20))
    edition.reached = provider_user.pk
    edition.save(update_fields=["reached"])
    opened(client_user, title="Trop tard pour cette édition")
    assert go_on_with_newsletter() == 1
    assert mail.outbox[0].to == [rival_user.email]
    assert "Trop tard" not in str(mail.outbox[0].body)
    assert go_on_with_newsletter() == 0


def test_copy_that_was_leaving_when_its_worker_died_is_not_sent_again(
    client_user: User, provider_user: User, rival_user: User
) -> None:
    opened(client_user)
    newsletter.write(newsletter.edition_of(newsletter.today()))
    first = newsletter.claim(timezone.now())[0]
    assert first.leave()
    assert not first.leave()
    assert newsletter.send() == 0
    NewsletterCopy.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert newsletter.send() == 1
    assert mail.outbox[0].to == [rival_user.email]
    first.mark_sent()
    first.refresh_from_db()
    assert first.state == "LOST"


def test_one_refused_address_stops_nobody(sink: Sink, client_user: User, provider_user: User, rival_user: User) -> None:
    opened(client_user)
    sink.answers[provider_user.email] = "550 No such user"
    third = professional("t@x.example", "Théo", "provider", "Théo", "732829320")
    sink.answers[rival_user.email] = "451 Later"
    assert send_newsletter() == 1
    assert sink.received() == [third.email]
    assert sink.connections == 2  # one more after the 451
    states = {copy.provider: copy.state for copy in NewsletterCopy.objects.all()}
    assert states == {provider_user: "FAILED", rival_user: "READY", third: "SENT"}
    sink.answers.clear()
    NewsletterCopy.objects.update(next_try_at=timezone.now())
    assert send_newsletter() == 1
    assert sink.received() == [third.email, rival_user.email]


def test_copy_refused_again_and_again_fails(sink: Sink, client_user: User, provider_user: User) -> None:
    opened(client_user)
    sink.answers[provider_user.email] = "451 Later"
    for _time in range(8):
        send_newsletter()
        NewsletterCopy.objects.update(next_try_at=timezone.now())
    assert NewsletterCopy.objects.get().state == "FAILED"


def test_dead_mail_server_only_delays(sink: Sink, client_user: User, provider_user: User) -> None:
    opened(client_user)
    sink.down()
    assert send_newsletter() == 0
    copy = NewsletterCopy.objects.get()
    assert (copy.state, copy.attempts) == ("READY", 0)
    sink.up()
    NewsletterCopy.objects.update(next_try_at=timezone.now())
    assert go_on_with_newsletter() == 1


def test_copy_that_cannot_be_written_stops_nobody(
    client_user: User, provider_user: User, rival_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(client_user)
    User.objects.filter(pk=provider_user.pk).update(email="broken\n@x.example")
    assert send_newsletter() == 1
    assert mail.outbox[0].to == [rival_user.email]
    assert NewsletterCopy.objects.get(provider=provider_user).state in {"FAILED", "READY"}


def test_run_out_of_time_leaves_the_rest(client_user: User, provider_user: User, rival_user: User) -> None:
    opened(client_user)
    newsletter.write(newsletter.edition_of(newsletter.today()))
    assert newsletter.send(budget=0.0) == 0
    batch = newsletter.claim(timezone.now())
    assert len(newsletter.post(batch, stop=0.0)) == 1
    assert len(mail.outbox) == 1


def test_nobody_has_two_copies_of_a_day(client_user: User, provider_user: User) -> None:
    opened(client_user)
    run()
    copy = NewsletterCopy.objects.get()
    with pytest.raises(IntegrityError, match="one_newsletter_copy_a_day"), transaction.atomic():
        NewsletterCopy.objects.create(
            edition=copy.edition, provider=copy.provider, day=copy.day, project_keys=["x"], until=copy.until
        )


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_copy_once(client_user: User) -> None:
    people = [professional(f"p{n}@x.example", f"P {n}", "provider", f"P {n}", SIRENS[n % 2]) for n in range(12)]
    opened(client_user)
    gate = threading.Barrier(4)

    def work() -> None:
        gate.wait()
        send_newsletter()
        connection.close()

    threads = [threading.Thread(target=work) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newsletter.send()
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted(user.email for user in people)
    assert set(NewsletterCopy.objects.values_list("state", flat=True)) == {"SENT"}


SIRENS = ["732829320", "552100554"]


class SlowSink(Sink):
    """Takes `quick` mails, then keeps the next one waiting for its answer."""

    def __init__(self, quick: int) -> None:
        super().__init__()
        self.quick = quick
        self.is_waiting = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.quick and len(self.mails) > self.quick:
            self.is_waiting = True
            await asyncio.sleep(60)
        return answer


@pytest.mark.django_db(transaction=True)
def test_killed_sender_is_replaced_and_nobody_gets_two(client_user: User, settings: Any) -> None:
    people = [professional(f"p{n}@x.example", f"P {n}", "provider", f"P {n}", SIRENS[n % 2]) for n in range(8)]
    opened(client_user)
    slow = SlowSink(3)
    slow.up()
    server = os.environ["TEST_APP_URL"].rpartition("/")[0]
    env = {
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "EMAIL_URL": f"smtp://127.0.0.1:{slow.port}",
    }
    sender = Process("newsletter", [sys.executable, "manage.py", "send_newsletter"], env)
    sender.start(lambda: slow.is_waiting)
    sender.stop(signal.SIGKILL)
    slow.quick = 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", slow.port
    assert newsletter.send() == 0
    NewsletterCopy.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    run()
    slow.down()
    assert sorted(slow.received()) == sorted(user.email for user in people)
    states = list(NewsletterCopy.objects.values_list("state", flat=True))
    assert (states.count("SENT"), states.count("LOST")) == (7, 1)
