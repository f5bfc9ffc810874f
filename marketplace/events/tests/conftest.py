"""A post office of our own for these tests: a real SMTP server that refuses what it is told to, and tellings to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.urls import reverse

from marketplace.accounts.models import User
from marketplace.events import doorbell, reactions, tellings
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.launch.cluster import free_port


class Sink:
    """What came in; `answers` are the lines given at RCPT to some addresses, `at_data` those given to the content."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.at_data: dict[str, str] = {}
        self.at_sender = ""
        self.connections = 0
        self.port = free_port()
        self.controller: Controller | None = None

    def up(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def down(self) -> None:
        if self.controller:
            self.controller.stop(no_assert=True)
            self.controller = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_sender:
            return self.at_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if answer := self.at_data.get(envelope.rcpt_tos[0]):
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"

    def received(self) -> list[str]:
        """The recipients, in order of arrival."""
        return [str(mail["To"]) for mail in self.mails]


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    sink = Sink()
    sink.up()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 2
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield sink
    sink.down()


@pytest.fixture(autouse=True)
def quiet_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker listens here; the tests that ring say so."""
    monkeypatch.setattr(doorbell, "_silent_until", float("inf"))


@pytest.fixture
def clean_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry, names in ((tellings, ("by_name", "by_verb")), (reactions, ("registry",))):
        for name in names:
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("yann@legoff.example", "secret", name="Yann Le Goff")


@pytest.fixture
def english(db: None) -> User:
    return User.objects.create_user("mary@smith.example", "secret", name="Mary Smith", language="en")


@pytest.fixture
def told(clean_registries: None) -> None:
    """`trial.lost` is told to the people whose keys it carries; `trial.paid` the same, about money."""

    class Lost(Telling):
        def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
            for pk in event.facts["to"]:
                yield User.objects.get(pk=pk), {"title": event.facts.get("title", "Salles"), "price": "5 900 €"}

        def letter(self, facts: Facts) -> Letter:
            return Letter(
                subject="Votre offre\nn’a pas été retenue",
                paragraphs=[f"Projet {facts['title']} : le client dit ceci.", "Et voici la suite."],
                figures=[("Prix HT", facts["price"])],
                items=["Un constat."],
                quote="Trop <long>",
                action=("Voir mes avis", reverse("events:notices")),
                project="Projet 2026-1",
            )

    class Bare(Telling):
        def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
            for pk in event.facts["to"]:
                yield User.objects.get(pk=pk), {}

        def letter(self, facts: Facts) -> Letter:
            return Letter("Argent reçu", ["100,00 € sont arrivés."], quote="Merci", figures=[("a", "b")], items=["c"])

    class Broken(Bare):
        def letter(self, facts: Facts) -> Letter:
            raise KeyError("price")

    tells("trial.lost", kind=Kind.SELECTION)(Lost)
    tells("trial.paid", kind=Kind.MONEY)(Bare)
    tells("trial.broken", kind=Kind.PROJECTS)(Broken)
