"""What is said and produced in a case: answers, messages, evidence, notes, withdrawals."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from escrow.models import EscrowAccount
from escrow.tests.way import png
from marketplace.accounts.models import User
from mediation.exhibits import Exhibit, ExhibitField, ExhibitsField
from mediation.models import Dispute, Entry, Evidence, Note, evidence
from mediation.tests import way
from mediation.turns import awaited

pytestmark = pytest.mark.django_db


def test_answer_begins_the_mediation_once(account: EscrowAccount) -> None:
    dispute, key = way.opened(account), uuid.uuid4()
    with pytest.raises(Dispute.NotYours):
        dispute.answer("Moi-même.", by=dispute.client, key=uuid.uuid4())
    first = dispute.answer("Non.", by=dispute.provider, key=key, exhibits=[way.exhibit()])
    assert dispute.answer("Non.", by=dispute.provider, key=key, exhibits=[way.exhibit()]) == first
    assert (dispute.state, awaited(dispute)) == ("MEDIATION", dispute.parties)
    with pytest.raises(Entry.KeyReused):
        dispute.answer("Oui.", by=dispute.provider, key=key)
    with pytest.raises(Dispute.NotInMediation):
        dispute.answer("Encore.", by=dispute.provider, key=uuid.uuid4())


def test_answer_without_a_word_or_by_a_stranger_is_refused(account: EscrowAccount, stranger_user: User) -> None:
    dispute = way.opened(account)
    with pytest.raises(Dispute.NeedsText):
        dispute.answer(" ", by=dispute.provider, key=uuid.uuid4())
    with pytest.raises(Dispute.NotParty):
        dispute.answer("Moi.", by=stranger_user, key=uuid.uuid4())
    assert way.fresh(dispute).state == "OPENED"


def test_suspended_side_still_answers(account: EscrowAccount, moderator_user: User) -> None:
    dispute = way.opened(account)
    dispute.provider.suspend(by=moderator_user, reason="Fraude.")
    dispute = way.fresh(dispute)
    dispute.answer("Je réponds.", by=dispute.provider, key=uuid.uuid4())
    assert way.fresh(dispute).state == "MEDIATION"


def test_evidence_is_hashed_as_sent_and_read_as_an_inert_copy(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    for by in (dispute.provider, dispute.client, dispute.client):
        dispute.say("", by=by, key=uuid.uuid4(), exhibits=[way.exhibit("Capture")])
    pieces = list(dispute.evidence.all())
    assert [str(piece) for piece in pieces] == ["B1. Capture", "A1. Capture", "A2. Capture"]
    sent = png().read()
    assert pieces[0].sha256 == hashlib.sha256(sent).hexdigest()
    with pieces[0].original.file.open("rb") as kept:
        assert kept.read() == sent
    assert (pieces[0].original.content_type, pieces[0].document.content_type) == (
        "application/octet-stream",
        "image/png",
    )
    assert [entry.kind for entry in dispute.entries.all()[1:]] == ["PRODUCED"] * 3


def test_evidence_after_the_mediation_is_late(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    dispute.say("Voici.", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit()])
    dispute = way.let_fall(dispute, "sma.mediate")
    dispute.say("Encore.", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit()])
    assert [piece.late for piece in dispute.evidence.all()] == [False, True]


def test_evidence_has_a_bound(account: EscrowAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST", 1)
    dispute = way.opened(account)
    with pytest.raises(Evidence.TooMuch):
        dispute.say("", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit(), way.exhibit()])
    assert not dispute.evidence.exists()


@pytest.mark.parametrize(
    "sent",
    [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff<?php system(1) ?>", b"\x89PNG\r\n\x1a\n" + bytes(11 * 2**20)],
)
def test_evidence_that_is_empty_active_or_too_large_is_refused(sent: bytes) -> None:
    with pytest.raises(ValidationError):
        ExhibitField().clean(SimpleUploadedFile("piece.png", sent))


def test_fields_give_what_was_sent_and_its_copy() -> None:
    assert ExhibitField(required=False).clean(None) is None
    assert isinstance(ExhibitField().clean(png()), Exhibit)
    assert len(ExhibitsField().clean([png(), png()])) == 2
    assert ExhibitsField(required=False).to_python(None) is None


def test_message_is_sent_once_and_never_into_a_closed_case(account: EscrowAccount, stranger_user: User) -> None:
    dispute, key = way.opened(account), uuid.uuid4()
    first = dispute.say("Bonjour.", by=dispute.client, key=key)
    assert dispute.say("Bonjour.", by=dispute.client, key=key) == first
    with pytest.raises(Entry.KeyReused):
        dispute.say("Autre.", by=dispute.client, key=key)
    with pytest.raises(Dispute.NotParty):
        dispute.say("Bonjour.", by=stranger_user, key=uuid.uuid4())
    with pytest.raises(Dispute.NeedsText):
        dispute.say(" ", by=dispute.client, key=uuid.uuid4())
    dispute.withdraw(by=dispute.client)
    with pytest.raises(Dispute.Closed):
        dispute.say("Trop tard.", by=dispute.client, key=uuid.uuid4())


def test_note_is_for_the_sma_alone(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    note = dispute.note("Le client exagère.", by=mediator_user)
    assert list(Note.objects.visible_to(mediator_user)) == [note]
    for outsider in (*dispute.parties, arbitrator_user):
        assert not Note.objects.visible_to(outsider).exists()
        with pytest.raises(Dispute.NotSeated):
            dispute.note("Moi.", by=outsider)
    with pytest.raises(Dispute.NeedsText):
        dispute.note(" ", by=mediator_user)
    assert str(note) == "Le client exagère."


def test_case_with_two_claims_ends_with_the_second_withdrawal(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    dispute.join(way.Plea("Moi aussi.", 50_000), by=dispute.provider, key=uuid.uuid4())
    for _again in range(2):
        dispute.withdraw("Je renonce.", by=dispute.client)
    assert way.fresh(dispute).state == "MEDIATION"
    dispute.withdraw("Moi aussi.", by=dispute.provider)
    assert way.fresh(dispute).state == "WITHDRAWN"
    dispute.withdraw(by=dispute.provider)
    assert [entry.kind for entry in dispute.entries.all()][-2:] == ["RENOUNCED", "WITHDRAWN"]


def test_who_claims_nothing_withdraws_nothing(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    with pytest.raises(Dispute.NotYours):
        dispute.withdraw(by=dispute.provider)
    way.proposed(dispute, 1, dispute.client).accept(by=dispute.provider)
    with pytest.raises(Dispute.Closed):
        dispute.withdraw(by=dispute.client)


def test_rows_have_their_words(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    assert str(dispute.claims.get()) == f"{dispute.number}: 100000"
    assert str(dispute.entries.get()) == f"{dispute.number}: litige ouvert"
