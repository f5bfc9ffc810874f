"""Batches: four eyes, one file with the same bytes each time, and what must never reach the bank."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import sepaxml
import time_machine
from django.utils import timezone
from lxml import etree
from xmlschema import XMLSchema

from escrow.tests import way as escrow_way
from marketplace import deadlines
from marketplace.accounts.models import Company, User
from marketplace.events.models import Event
from marketplace.ledger.tests.crowd import balance
from payouts import bankfiles
from payouts.models import PayoutBatch, PayoutRequest
from payouts.tests import way

pytestmark = pytest.mark.django_db
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


@pytest.fixture
def batch(two: list[PayoutRequest], second_finance_user: User) -> PayoutBatch:
    return way.batched(two, second_finance_user)


def texts(batch: PayoutBatch, path: str) -> list[str]:
    found = etree.fromstring(batch.file.encode()).xpath(f"//{path}/text()", namespaces=NS)
    return [str(text) for text in found]  # type: ignore[union-attr]


def test_the_file_fits_the_schema_of_the_banks(batch: PayoutBatch) -> None:
    folder = Path(sepaxml.__file__).parent / "schemas"
    XMLSchema(str(folder / "pain.001.001.09.xsd")).validate(batch.file)


def test_the_file_bears_our_references_and_sums(batch: PayoutBatch, two: list[PayoutRequest]) -> None:
    assert texts(batch, "p:GrpHdr/p:MsgId") == texts(batch, "p:PmtInfId") == [batch.message_id]
    assert texts(batch, "p:EndToEndId") == [f"PAYOUT-{request.pk}" for request in two]
    assert texts(batch, "p:InstdAmt") == ["1200.00", "1440.00"]
    assert texts(batch, "p:CtrlSum") == ["2640.00", "2640.00"]
    assert texts(batch, "p:NbOfTxs") == ["2", "2"]
    assert texts(batch, "p:CdtrAcct//p:IBAN") == [way.IBAN] * 2
    assert texts(batch, "p:DbtrAcct//p:IBAN") == ["FR7630001007941234567890185"]
    assert texts(batch, "p:Ustrd") == ["Paraphe AC-1", "Paraphe AC-2"]
    assert batch.cents == 264_000


def test_both_sides_have_structured_addresses(batch: PayoutBatch) -> None:
    assert texts(batch, "p:Dbtr/p:PstlAdr/*") == ["12 rue des Minutes", "44000", "Nantes", "FR"]
    assert texts(batch, "p:Cdtr/p:PstlAdr/*") == ["4 quai de la Fosse", "44000", "Nantes", "FR"] * 2
    assert "AdrLine" not in batch.file


def test_only_signs_that_every_bank_takes(approved: PayoutRequest, second_finance_user: User) -> None:
    Company.objects.update(street="3 bis, rue de l’Œuvre & Cie\t№ 5", city="Mûr-de-Bretagne")
    approved.provider.bank_accounts.update(holder="Élan & Fils <Nantes> 東京", bic="")
    batch = way.batched([approved], second_finance_user)
    assert texts(batch, "p:Cdtr/p:Nm") == ["Elan + Fils Nantes Dong Jing"]
    assert texts(batch, "p:Cdtr/p:PstlAdr/p:StrtNm") == ["3 bis, rue de l'OEuvre + Cie 5"]
    assert texts(batch, "p:Cdtr/p:PstlAdr/p:TwnNm") == ["Mur-de-Bretagne"]
    assert texts(batch, "p:CdtrAgt//p:BICFI") == []


def test_a_bic_is_given_where_it_is_known(approved: PayoutRequest, second_finance_user: User) -> None:
    approved.provider.bank_accounts.update(bic="AGRIFRPP")
    assert texts(way.batched([approved], second_finance_user), "p:CdtrAgt//p:BICFI") == ["AGRIFRPP"]


@pytest.mark.parametrize(("now", "day"), [("2026-11-28T23:30Z", "2026-11-30"), ("2026-12-01T23:30Z", "2026-12-02")])
def test_the_transfers_are_dated_a_working_day_of_paris(approved: PayoutRequest, now: str, day: str) -> None:
    with time_machine.travel(now, tick=False):
        file = etree.fromstring(bankfiles.transfer_file("PARAPHE-1", [approved]))
    assert file.xpath("//p:ReqdExctnDt/p:Dt/text()", namespaces=NS) == [day]
    assert str(file.xpath("string(//p:CreDtTm)", namespaces=NS)).endswith("+01:00")


def test_a_second_download_has_the_same_bytes(batch: PayoutBatch) -> None:
    first = batch.hand_out()
    taken = batch.handed_out_at
    assert PayoutBatch.objects.get(pk=batch.pk).hand_out() == first
    assert hashlib.sha256(first).hexdigest() == batch.sha256
    assert (str(batch), batch.handed_out_at) == (batch.message_id, taken)


def test_a_batch_needs_a_request(second_finance_user: User) -> None:
    with pytest.raises(PayoutBatch.Empty):
        PayoutBatch.make([], by=second_finance_user)


def test_who_approved_neither_batches_nor_sends(
    approved: PayoutRequest, finance_user: User, second_finance_user: User
) -> None:
    with pytest.raises(PayoutBatch.FourEyes, match="AC-1"):
        PayoutBatch.make([approved], by=finance_user)
    batch = way.batched([approved], second_finance_user)
    with pytest.raises(PayoutBatch.FourEyes):
        batch.mark_sent(by=finance_user)
    assert PayoutBatch.objects.get().state == "MADE"
    assert balance(approved.escrow.claimed) == way.CENTS


def test_a_request_is_in_one_batch(batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User) -> None:
    with pytest.raises(PayoutBatch.NotApproved, match="AC-1"):
        PayoutBatch.make(two, by=second_finance_user)
    assert PayoutBatch.objects.count() == 1


def test_one_request_that_may_not_be_paid_stops_the_whole_batch(
    two: list[PayoutRequest], finance_user: User, second_finance_user: User
) -> None:
    two[1].refuse(by=finance_user, reason="Illisible.")
    with pytest.raises(PayoutBatch.NotApproved, match="AC-2"):
        PayoutBatch.make(two, by=second_finance_user)
    assert {request.state for request in PayoutRequest.objects.all()} == {"APPROVED", "REFUSED"}


def test_a_file_that_nobody_took_was_not_given_to_the_bank(batch: PayoutBatch, second_finance_user: User) -> None:
    with pytest.raises(PayoutBatch.NotHandedOut):
        batch.mark_sent(by=second_finance_user)
    assert {request.state for request in PayoutRequest.objects.all()} == {"BATCHED"}


def test_sending_moves_the_money_out_of_the_account(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    assert {request.state for request in PayoutRequest.objects.all()} == {"SENT"}
    assert balance(two[0].escrow.claimed) == 0
    assert Event.objects.filter(verb="payout.sent").count() == 2
    assert Event.objects.get(verb="payout_batch.sent").facts["cents"] == 264_000
    row = way.fresh(two[0])
    assert row.due_at == deadlines.after(batch.sent_at or timezone.now(), 1)
    row.mark_sent(by=second_finance_user)
    for deed in (batch.mark_sent, batch.drop):
        with pytest.raises(PayoutBatch.NotSendable):
            deed(by=second_finance_user)


def test_a_dropped_batch_frees_its_requests_and_keeps_its_file(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    batch.drop(by=second_finance_user)
    assert {(request.state, request.batch) for request in PayoutRequest.objects.all()} == {("APPROVED", None)}
    with pytest.raises(PayoutBatch.Dropped):
        batch.hand_out()
    with pytest.raises(PayoutBatch.NotSendable):
        batch.mark_sent(by=second_finance_user)
    assert way.sent(two, second_finance_user).message_id != batch.message_id


def test_a_changed_iban_drops_a_batch_whose_file_nobody_has(
    batch: PayoutBatch, two: list[PayoutRequest], provider_user: User
) -> None:
    way.banked(provider_user, way.OTHER_IBAN)
    batch.refresh_from_db()
    assert batch.state == "DROPPED"
    assert {request.state for request in PayoutRequest.objects.all()} == {"ASKED"}


def test_others_in_a_batch_dropped_so_stay_approved(
    approved: PayoutRequest, client_user: User, rival_user: User, finance_user: User, second_finance_user: User
) -> None:
    way.banked(rival_user, "FR7630001007941234567890185")
    other = way.approved(way.asked(way.released(escrow_way.opened(client_user, rival_user))), finance_user)
    way.batched([approved, other], second_finance_user)
    way.banked(rival_user, way.OTHER_IBAN)
    assert [way.fresh(request).state for request in (approved, other)] == ["APPROVED", "ASKED"]


def test_a_changed_iban_stops_a_file_that_may_be_at_the_bank_from_being_taken_again(
    batch: PayoutBatch, provider_user: User, second_finance_user: User
) -> None:
    """The bank may have it: people decide, the page warns; once marked as sent it is history."""
    batch.hand_out()
    way.banked(provider_user, way.OTHER_IBAN)
    batch.refresh_from_db()
    assert batch.state == "MADE"
    assert str(batch.outdated) == "AC-1 (Paul Mercier)"
    with pytest.raises(PayoutBatch.Outdated, match="AC-1"):
        batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    assert str(batch.outdated) == "None"
    assert way.IBAN.encode() in batch.hand_out()


@pytest.mark.parametrize(
    "name", ["PARAPHE-", "PARAPHE-0", "PARAPHE-x", "PARAPHE-²", f"PARAPHE-{10**30}", "AUTRE-1", ""]
)
def test_another_name_is_no_batch_of_ours(batch: PayoutBatch, name: str) -> None:
    assert not PayoutBatch.objects.named(name)
    assert PayoutBatch.objects.named(batch.message_id).get() == batch
