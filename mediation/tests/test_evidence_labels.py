"""How evidence is labelled that came too late for the mediation, for the arbitrator, or for the decision."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Event, Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.desk import case_page
from mediation.tests.pages import address, page, plain, send
from mediation.words import label_of

pytestmark = pytest.mark.django_db
label = import_module("mediation.migrations.0006_late_evidence_d")


@pytest.fixture
def straight(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """Withdrawn, opened again and answered: before an arbitrator, without a mediation."""
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.opened(account)
    dispute.answer("Toujours non.", by=dispute.provider, key=uuid.uuid4())
    return way.fresh(dispute)


def sent(dispute: Dispute, at: datetime | None = None, title: str = "Devis") -> bool:
    """The provider sends a piece at that time; whether it is late."""
    with time_machine.travel(at or timezone.now(), tick=False):
        entry = dispute.say("", by=dispute.provider, key=uuid.uuid4(), exhibits=[way.exhibit(title)])
    return entry.evidence.get().late


def test_without_a_mediation_evidence_has_days_of_the_arbitration(straight: Dispute, as_client: Client) -> None:
    last = straight.evidence_by
    assert straight.arbitrated_at
    assert last == deadlines.after(straight.arbitrated_at, 5)
    told = plain(paris(last))
    text = page(as_client, address(straight))
    assert f"Vous pouvez verser des pièces jusqu’au {told}" in text
    assert f"versée après le {told}, dernier jour pour les pièces" in text
    assert "Tardive</" not in text
    assert (sent(straight), sent(straight, last)) == (False, False)
    assert sent(straight, last + timedelta(seconds=1))


def ruled(dispute: Dispute) -> Dispute:
    """Decided as soon as evidence is no longer in time, a few days ago."""
    long_ago = timezone.now() - timedelta(days=30)
    Dispute.objects.filter(pk=dispute.pk).update(arbitrated_at=long_ago)
    way.drafted(way.fresh(dispute), 80_000)
    return way.fresh(dispute)


def desk(dispute: Dispute) -> str:
    """The case as its arbitrator reads it in the administration."""
    assert dispute.arbitrator
    return case_page(signed_in(dispute.arbitrator), dispute)


def test_label_is_on_the_page_from_the_last_day_on(straight: Dispute, as_client: Client) -> None:
    assert straight.evidence_by
    sent(straight, straight.evidence_by + timedelta(hours=1))
    text = page(as_client, address(straight))
    assert "Tardive</" in text
    assert "B1. Devis – tardive" in desk(straight)
    with time_machine.travel(straight.evidence_by + timedelta(hours=2), tick=False):
        assert "signalées comme tardives" in page(as_client, address(straight))


def test_letter_of_the_arbitration_gives_the_last_day(straight: Dispute) -> None:
    notices = Notice.objects.filter(name="mediation.arbitration.both")
    told = [plain(" ".join(notice.letter.paragraphs)) for notice in notices]
    assert len(told) == 2
    assert all(f"des pièces jusqu’au {plain(paris(straight.evidence_by))}" in each for each in told)


def test_after_a_whole_mediation_evidence_is_late_at_once(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    assert dispute.evidence_by == dispute.mediate_by
    assert not sent(dispute)
    assert sent(way.let_fall(dispute, "sma.mediate"))
    notices = Notice.objects.filter(name="mediation.arbitration.both")
    assert all("signalées comme tardives" in " ".join(notice.letter.paragraphs) for notice in notices)


def test_what_comes_after_the_decision_says_so(straight: Dispute, as_client: Client) -> None:
    sent(straight, title="Avant")
    decided = ruled(straight)
    assert not sent(decided, title="Assignation")
    decided.say("Je vais au tribunal.", by=decided.client, key=uuid.uuid4())
    text = page(as_client, address(decided))
    assert text.count("Après la décision</") == 1
    assert text.index("B2. Assignation") < text.index("Après la décision</")
    assert "Message, après la décision" in text
    assert "ne change rien à la décision" in text
    for words in ("B2. Assignation – après la décision", "Message, après la décision"):
        assert words in desk(decided)


def test_form_says_what_is_sent_after_the_decision_is_worth(straight: Dispute, as_client: Client) -> None:
    _status, text = send(as_client, address(ruled(straight), "messages/"))
    assert "est signalé « après la décision »" in text


def test_label_of_what_came_in_time() -> None:
    now = timezone.now()
    assert (label_of(now, None), label_of(now, now)) == ("", "")


def test_case_without_an_arbitration_has_its_rule(account: EscrowAccount, as_client: Client) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    text = page(as_client, address(way.opened(account)))
    assert "faute de médiation" in text


def test_the_migration_takes_wrong_labels_off(straight: Dispute) -> None:
    assert straight.evidence_by
    for at in (None, straight.evidence_by + timedelta(hours=1)):
        sent(straight, at)
    straight.evidence.update(late=True)
    label.label_anew(apps, None)
    assert [piece.late for piece in straight.evidence.all()] == [False, True]


def test_arbitrator_who_comes_later_promises_no_day_that_has_passed(straight: Dispute, superuser: User) -> None:
    assert straight.evidence_by
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    straight.appoint(zoe, by=superuser, reason="Absence.", at=straight.evidence_by + timedelta(hours=1))
    for notice in Notice.objects.filter(event=Event.objects.filter(verb="mediation.appointed").latest("pk")):
        assert "jusqu’au" not in plain(" ".join(notice.letter.paragraphs))
