"""The bank's answers: for each transfer, for a block, for the whole file; all or nothing, once."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from marketplace.accounts.models import User
from marketplace.ledger.models import Transfer
from marketplace.ledger.tests.crowd import balance
from payouts import bankfiles
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.tests import way
from payouts.tests.way import block, report, transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(two: list[PayoutRequest], second_finance_user: User) -> PayoutBatch:
    """Two transfers, of 1 200 and 1 440 €, with the bank."""
    return way.sent(two, second_finance_user)


def states(two: list[PayoutRequest]) -> list[str]:
    return [way.fresh(request).state for request in two]


def counts(answer: BankAnswer) -> tuple[int, int, int, list[str]]:
    return answer.paid, answer.returned, answer.pending, answer.unknown


def test_paid_transfers_end(batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User) -> None:
    answer = way.answered(batch, second_finance_user)
    batch.refresh_from_db()
    assert (states(two), batch.state, counts(answer)) == (["PAID"] * 2, "ANSWERED", (2, 0, 0, []))
    assert Transfer.objects.filter(key__endswith=":ok", key__startswith="sepa:").count() == 2
    assert way.fresh(two[0]).due_at is None
    assert str(answer) == f"{answer.imported_at:%Y-%m-%d %H:%M}"


def test_returned_money_can_be_claimed_again_with_the_same_invoice(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    assert counts(way.answered(batch, second_finance_user, "RJCT", "AC04")) == (0, 2, 0, [])
    assert states(two) == ["RETURNED"] * 2
    account = two[0].escrow
    assert (balance(account.payable), balance(account.claimed)) == (264_000, 0)
    assert way.fresh(two[0]).why == "le compte est clos (code AC04)"
    assert way.asked(way.fresh(two[0]).tranche).invoice_number == "AC-1"


def test_a_mixed_answer(batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User) -> None:
    file = report(batch, block(transfer(two[1], "ACCC")), block(transfer(two[0], "CANC", "AC01"), name="C"))
    assert counts(BankAnswer.read(file, by=second_finance_user)) == (1, 1, 0, [])
    assert states(two) == ["RETURNED", "PAID"]


def test_a_status_that_no_standard_knows_is_for_a_person(batch: PayoutBatch, second_finance_user: User) -> None:
    answer = way.answered(batch, second_finance_user, "ZZZZ")
    assert (answer.paid, answer.returned, answer.pending) == (0, 0, 0)
    assert answer.unknown == [f"{row.end_to_end} ZZZZ" for row in batch.requests.order_by("pk")]


@pytest.mark.parametrize("status", ["ACSP", "PDNG"])
def test_what_is_not_final_leaves_the_transfer_on_its_way(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, status: str
) -> None:
    file = report(batch, block(transfer(two[0], "ACSC") + transfer(two[1], status)))
    assert counts(BankAnswer.read(file, by=second_finance_user)) == (1, 0, 1, [])
    batch.refresh_from_db()
    assert (states(two), batch.state) == (["PAID", "SENT"], "SENT")
    assert counts(way.answered(batch, second_finance_user)) == (1, 0, 0, [])
    batch.refresh_from_db()
    assert batch.state == "ANSWERED"


def test_the_same_file_again_changes_nothing(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    file = report(batch, block(transfer(two[0], "ACSC")))
    first, again = (BankAnswer.read(file, by=second_finance_user) for _n in range(2))
    assert (first.repeated, again.repeated, again.pk, again.paid) == (False, True, first.pk, 1)
    assert bytes(BankAnswer.objects.get().file) == file


def test_the_same_facts_in_another_file_change_nothing(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    way.answered(batch, second_finance_user, "RJCT", "AC04")
    assert counts(way.answered(batch, second_finance_user, "RJCT", "AC04")) == (0, 0, 0, [])
    assert counts(way.answered(batch, second_finance_user, "PDNG")) == (0, 0, 0, [])
    assert states(two) == ["RETURNED"] * 2


@pytest.mark.parametrize(("first", "then", "kept"), [("ACSC", "RJCT", "PAID"), ("RJCT", "ACSC", "RETURNED")])
def test_an_answer_that_contradicts_an_earlier_one_waits_for_a_person(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, first: str, then: str, kept: str
) -> None:
    way.answered(batch, second_finance_user, first)
    answer = way.answered(batch, second_finance_user, then)
    assert counts(answer) == (0, 0, 0, [f"{request.end_to_end} {then}" for request in two])
    assert states(two) == [kept] * 2


def test_an_unknown_reference_is_kept_and_alarms(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    file = report(batch, block(transfer(two[0], "ACSC") + transfer("PAYOUT-999", "ACSC")))
    with caplog.at_level(logging.ERROR, "payouts"):
        assert counts(BankAnswer.read(file, by=second_finance_user)) == (1, 0, 0, ["PAYOUT-999"])
    assert "PAYOUT-999" in caplog.text
    assert states(two) == ["PAID", "SENT"]


def test_a_transfer_of_another_batch_is_unknown(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    file = report("PARAPHE-999", block(transfer(two[0], "ACSC"), status="ACSC", name="PARAPHE-999"))
    answer = BankAnswer.read(file, by=second_finance_user)
    assert counts(answer) == (0, 0, 0, [two[0].end_to_end, "PARAPHE-999"])
    assert states(two) == ["SENT"] * 2


def test_an_answer_to_a_whole_file_that_is_not_ours_is_kept(batch: PayoutBatch, second_finance_user: User) -> None:
    assert BankAnswer.read(report("AUTRE-1", whole="RJCT"), by=second_finance_user).unknown == ["AUTRE-1"]


@pytest.mark.parametrize(
    ("whole", "state", "expected"),
    [("ACSC", "PAID", (2, 0, 0)), ("RJCT", "RETURNED", (0, 2, 0)), ("ACSP", "SENT", (0, 0, 2))],
)
def test_one_status_for_the_whole_file(
    batch: PayoutBatch,
    two: list[PayoutRequest],
    second_finance_user: User,
    whole: str,
    state: str,
    expected: tuple[int, int, int],
) -> None:
    answer = BankAnswer.read(report(batch, whole=whole, code="AM04"), by=second_finance_user)
    assert (counts(answer), states(two)) == ((*expected, []), [state] * 2)
    assert ("notre banque" in way.fresh(two[0]).why) == (state == "RETURNED")


@pytest.mark.parametrize(("status", "state"), [("ACSC", "PAID"), ("RJCT", "RETURNED")])
def test_one_status_for_our_block(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, status: str, state: str
) -> None:
    file = report(batch, block(status=status, name=batch.message_id), whole="PART")
    BankAnswer.read(file, by=second_finance_user)
    assert states(two) == [state] * 2


def test_a_block_that_is_not_ours_is_unknown(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    answer = BankAnswer.read(report(batch, block(status="ACSC", name="AUTRE")), by=second_finance_user)
    assert (counts(answer), states(two)) == ((0, 0, 0, ["AUTRE"]), ["SENT"] * 2)


def test_what_is_nearest_to_a_transfer_holds(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    """The file is accepted, its block too, one transfer in it is not."""
    one = block(transfer(two[0], "RJCT", "AC06"), status="ACSC", name=batch.message_id)
    BankAnswer.read(report(batch, one, whole="PDNG"), by=second_finance_user)
    assert states(two) == ["RETURNED", "PAID"]


@pytest.mark.parametrize(("status", "whole"), [("RJCT", ""), ("RJCT", "PART"), ("", "RJCT")])
def test_a_transfer_named_without_a_status_has_that_around_it(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, status: str, whole: str
) -> None:
    inside = transfer(two[0], "") + transfer(two[1], "")
    BankAnswer.read(report(batch, block(inside, status=status, code="AC04"), whole=whole), by=second_finance_user)
    assert states(two) == ["RETURNED"] * 2


def test_a_batch_must_be_marked_as_sent_first(two: list[PayoutRequest], second_finance_user: User) -> None:
    """The file is not used up: it is read once the batch is marked."""
    batch = way.batched(two, second_finance_user)
    file = report(batch, whole="ACSC")
    with pytest.raises(BankAnswer.NotSentYet, match=batch.message_id):
        BankAnswer.read(file, by=second_finance_user)
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    assert BankAnswer.read(file, by=second_finance_user).paid == 2


def test_an_answer_to_a_dropped_batch_waits_for_a_person(two: list[PayoutRequest], second_finance_user: User) -> None:
    batch = way.batched(two, second_finance_user)
    batch.drop(by=second_finance_user)
    assert BankAnswer.read(report(batch, whole="ACSC"), by=second_finance_user).unknown == [batch.message_id]


@pytest.mark.parametrize("version", ["03", "12"])
def test_any_version_and_encoding_is_read(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User, version: str
) -> None:
    text = report(batch, block(transfer(two[0], "RJCT", "MS03", "<AddtlInf>Compte fermé</AddtlInf>")), version=version)
    file = text.decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert BankAnswer.read(file, by=second_finance_user).returned == 1
    assert way.fresh(two[0]).why == "la banque ne donne pas de motif (code MS03). Compte fermé"
    assert bytes(BankAnswer.objects.get().file) == file


def test_a_file_that_is_none_changes_nothing(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    with pytest.raises(BankAnswer.NotReadable, match="tronqué"):
        BankAnswer.read(report(batch, whole="ACSC")[:-40], by=second_finance_user)
    assert (states(two), BankAnswer.objects.count()) == (["SENT"] * 2, 0)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file[:-40], "tronqué"),
        (lambda file: b"", "tronqué"),
        (lambda file: b"a;b;c\n1;2;3", "tronqué"),
        (lambda file: file.replace(b"?>", b"?>" + BOMB).replace(b"ACSC", b"&c;"), "DOCTYPE"),
        (lambda file: file.replace(b"?>", b"?>" + OUTSIDE).replace(b"ACSC", b"&b;"), "DOCTYPE"),
        (lambda file: file.replace(b"CstmrPmtStsRpt", b"BkToCstmrStmt"), "pain.002"),
        (lambda file: file.replace(b"OrgnlMsgId", b"MsgId"), "OrgnlMsgId"),
        (lambda file: file.replace(b"OrgnlGrpInfAndSts", b"Grp"), "OrgnlMsgId"),
        (lambda file: file.replace(b"OrgnlEndToEndId", b"InstrId"), "TxSts"),
        (lambda file: file.replace(b"TxSts", b"Sts"), "TxSts"),
        (lambda file: file.replace(b"TxInfAndSts", b"Tx"), "aucun virement"),
        (
            lambda file: file.replace(b"</OrgnlPmtInfAndSts>", b"<!--" + b" " * 6_000_000 + b"--></OrgnlPmtInfAndSts>"),
            "5 Mo",
        ),
    ],
)
def test_a_file_that_is_no_answer_cannot_be_read(spoil: Callable[[bytes], bytes], why: str) -> None:
    file = spoil(report("PARAPHE-1", block(transfer("PAYOUT-1", "ACSC"))))
    with pytest.raises(bankfiles.Unreadable, match=why):
        bankfiles.read_answer(file)


def test_a_file_that_says_two_things_of_a_transfer_is_refused(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    twice = block(transfer(two[0], "ACSC") * 2)
    torn = block(transfer(two[0], "ACSC") + transfer(two[0], "RJCT"))
    with pytest.raises(BankAnswer.NotReadable, match=two[0].end_to_end):
        BankAnswer.read(report(batch, torn), by=second_finance_user)
    assert BankAnswer.read(report(batch, twice), by=second_finance_user).paid == 1


def test_the_same_answer_changes_no_request_by_itself(
    batch: PayoutBatch, two: list[PayoutRequest], second_finance_user: User
) -> None:
    way.answered(batch, second_finance_user)
    row = way.fresh(two[0])
    row.mark_paid(by=second_finance_user)
    row.mark_returned(by=second_finance_user, reason="AC04")
    batch.settle()
    assert (row.state, row.refusal) == ("PAID", "")
