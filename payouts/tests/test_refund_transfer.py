"""Refunds that no card took: the payer's IBAN, Finance, the bank, and what it returns."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from lxml import etree

from escrow.figures import Figures
from escrow.models import EscrowAccount
from escrow.statement import statement
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.events.models import Event, Notice
from marketplace.ledger import checks
from marketplace.ledger.models import Transfer
from marketplace.payments.models import RefundState
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest, RefundTransfer
from payouts.tests import way
from payouts.tests.test_batch import texts
from payouts.tests.test_books import bend
from payouts.tests.test_notices import told, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def transfer(account: EscrowAccount) -> RefundTransfer:
    """960 € that the client's card did not take back; no IBAN is known."""
    return way.refused_by_card(account)


@pytest.fixture
def ready(transfer: RefundTransfer) -> RefundTransfer:
    """The client has given an IBAN."""
    way.banked(transfer.payee, way.OTHER_IBAN)
    return way.anew(transfer)


@pytest.fixture
def approved(ready: RefundTransfer, finance_user: User) -> RefundTransfer:
    ready.approve(by=finance_user)
    return ready


def sent(transfer: RefundTransfer, by: User) -> PayoutBatch:
    batch = PayoutBatch.make(refunds=[transfer], by=by)
    batch.hand_out()
    batch.mark_sent(by=by)
    return batch


def waiting_cents(transfer: RefundTransfer) -> int:
    """What stands on the payment's account of refunds."""
    account = way.anew(transfer).refund.account
    account.refresh_from_db()
    return account.balance


def test_a_failed_refund_asks_its_payer_for_an_iban(transfer: RefundTransfer) -> None:
    assert (transfer.state, transfer.cents, transfer.due_at) == ("WAITING", way.OWED, None)
    assert str(transfer) == "Dépôt\xa0: Refonte de l’espace adhérent (Claire Caron)"
    letter = told(transfer.payee, "payment.refund_failed")
    assert "donnez l’IBAN de votre entreprise" in words(letter)
    assert letter.action == ("Donner l’IBAN où recevoir 960,00\xa0€", "/remboursements-par-virement/")
    assert not Notice.objects.filter(name__startswith="refund_transfer")


def test_who_has_an_iban_has_nothing_to_do(account: EscrowAccount, client_user: User, finance_user: User) -> None:
    way.banked(client_user, way.OTHER_IBAN)
    transfer = way.refused_by_card(account)
    assert transfer.bank_account
    assert transfer.bank_account.last4 == way.OTHER_IBAN[-4:]
    assert "7034. Vous n’avez rien à faire." in words(told(client_user, "payment.refund_failed"))
    assert told(finance_user, "refund_transfer.ready.finance").action
    assert not Notice.objects.filter(name="refund_transfer.ready.payee")


def test_an_iban_given_later_is_told_to_both(transfer: RefundTransfer, finance_user: User) -> None:
    way.banked(transfer.payee)
    letter = told(transfer.payee, "refund_transfer.ready.payee")
    assert "vérifie le compte qui finit par 0189 avant le" in words(letter)
    assert "960,00 €" in words(told(finance_user, "refund_transfer.ready.finance"))
    assert way.anew(transfer).due_at


def test_it_is_paid_and_the_refund_is_made(
    approved: RefundTransfer, account: EscrowAccount, second_finance_user: User
) -> None:
    assert "part avant le" in words(told(approved.payee, "refund_transfer.approved"))
    batch = sent(approved, second_finance_user)
    assert (waiting_cents(approved), batch.cents, way.anew(approved).refund.state) == (0, way.OWED, "FAILED")
    assert "devrait arriver avant le" in words(told(approved.payee, "refund_transfer.sent"))
    assert checks.run() == []
    assert way.answered(batch, second_finance_user).paid == 1
    row = way.anew(approved)
    assert (row.state, row.refund.state, row.due_at) == ("PAID", RefundState.REPAID, None)
    assert "Remboursement versé" in words(told(approved.payee, "refund_transfer.paid"))
    assert PayoutBatch.objects.get().state == "ANSWERED"
    row.mark_paid(by=second_finance_user)
    row.mark_sent(by=second_finance_user)
    row.mark_returned(by=second_finance_user, reason="AC04")
    row.refund.mark_repaid()
    assert way.anew(approved).state == "PAID"


def test_its_moves_are_those_of_the_books(approved: RefundTransfer, second_finance_user: User) -> None:
    way.answered(sent(approved, second_finance_user), second_finance_user)
    moved = Transfer.objects.filter(event__startswith="refund_transfer.").order_by("pk")
    found = [(t.key, *t.moves.values_list("debit__kind", "credit__kind", "amount")[0]) for t in moved]
    assert found == [
        (f"refund_transfer:{approved.pk}:sent", "refunding", "bank_transit", way.OWED),
        (f"sepa:REFUND-{approved.pk}:ok", "bank_transit", "bank", way.OWED),
    ]


def test_the_account_page_counts_only_its_own_money(
    approved: RefundTransfer, account: EscrowAccount, second_finance_user: User
) -> None:
    before = statement(account)
    way.answered(sent(approved, second_finance_user), second_finance_user)
    figures = Figures.of(account, list(account.tranches.all()))
    assert (figures.deposited, figures.refunding, figures.refunded, figures.paid_out) == (way.OWED, 0, 0, 0)
    assert statement(account) == before


def test_what_the_bank_returns_waits_again_with_its_reason(approved: RefundTransfer, second_finance_user: User) -> None:
    batch = sent(approved, second_finance_user)
    assert way.answered(batch, second_finance_user, "RJCT", "AC04").returned == 1
    again = RefundTransfer.objects.get(state="WAITING")
    assert way.anew(approved).state == "RETURNED"
    assert (again.refund, again.why, again.needs_account) == (
        approved.refund,
        "le compte est clos (code AC04)",
        True,
    )
    assert waiting_cents(approved) == way.OWED
    letter = told(approved.payee, "refund_transfer.returned")
    assert "le compte est clos" in words(letter)
    assert str(letter.action).startswith("('Donner l’IBAN")
    assert checks.run() == []


def test_the_same_iban_may_be_given_again(
    approved: RefundTransfer, finance_user: User, second_finance_user: User
) -> None:
    way.answered(sent(approved, second_finance_user), second_finance_user, "RJCT", "AM05")
    payee = approved.payee
    PayoutBatch.give_account(payee, holder=payee.company.name, iban=way.OTHER_IBAN)
    again = way.anew(RefundTransfer.objects.get(state="WAITING"))
    again.approve(by=finance_user)
    way.answered(sent(again, second_finance_user), second_finance_user)
    assert way.anew(again).refund.state == "REPAID"
    assert BankAccount.objects.of(payee).count() == 1


def test_approval_needs_an_iban_that_can_be_used(transfer: RefundTransfer, finance_user: User) -> None:
    with pytest.raises(RefundTransfer.NoBankAccount):
        transfer.approve(by=finance_user)
    way.banked(transfer.payee)
    way.banked(transfer.payee, way.OTHER_IBAN)
    with pytest.raises(RefundTransfer.AccountOnHold):
        way.anew(transfer).approve(by=finance_user)
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        row = way.anew(transfer)
        row.approve(by=finance_user)
        with pytest.raises(RefundTransfer.NotDecidable):
            row.approve(by=finance_user)


def test_approval_is_for_the_account_of_now(ready: RefundTransfer, finance_user: User) -> None:
    """The refund failed at the very instant when the IBAN changed, and bears the one of before."""
    old = ready.bank_account
    new = way.banked(ready.payee)
    RefundTransfer.objects.update(bank_account=old)
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        row = way.anew(ready)
        row.approve(by=finance_user)
    assert way.anew(ready).bank_account == new


def test_nobody_handles_a_refund_of_their_own(ready: RefundTransfer, finance_user: User) -> None:
    with pytest.raises(RefundTransfer.OwnRefund):
        ready.approve(by=ready.payee)
    ready.approve(by=finance_user)
    with pytest.raises(RefundTransfer.OwnRefund):
        PayoutBatch.make(refunds=[ready], by=ready.payee)


def test_a_refund_is_in_one_batch(ready: RefundTransfer, finance_user: User, second_finance_user: User) -> None:
    with pytest.raises(PayoutBatch.NotApproved):
        PayoutBatch.make(refunds=[ready], by=second_finance_user)
    ready.approve(by=finance_user)
    batch = PayoutBatch.make(refunds=[ready], by=second_finance_user)
    with pytest.raises(PayoutBatch.NotApproved):
        PayoutBatch.make(refunds=[ready], by=second_finance_user)
    batch.drop(by=second_finance_user)
    assert way.anew(ready).state == "APPROVED"


def test_four_eyes(approved: RefundTransfer, finance_user: User, second_finance_user: User) -> None:
    with pytest.raises(PayoutBatch.FourEyes, match="le remboursement de 960,00\xa0€ à Caron Architectes"):
        PayoutBatch.make(refunds=[approved], by=finance_user)
    batch = PayoutBatch.make(refunds=[approved], by=second_finance_user)
    batch.hand_out()
    with pytest.raises(PayoutBatch.FourEyes):
        batch.mark_sent(by=finance_user)


def test_one_file_may_hold_both_kinds(
    approved: RefundTransfer, two: list[PayoutRequest], second_finance_user: User
) -> None:
    batch = PayoutBatch.make(two, refunds=[approved], by=second_finance_user)
    assert texts(batch, "p:EndToEndId") == [*(row.end_to_end for row in two), f"REFUND-{approved.pk}"]
    assert texts(batch, "p:InstdAmt") == ["1200.00", "1440.00", "960.00"]
    assert texts(batch, "p:CdtrAcct//p:IBAN")[-1] == way.OTHER_IBAN
    assert texts(batch, "p:Cdtr/p:Nm")[-1] == "Caron Architectes"
    assert texts(batch, "p:Ustrd")[-1] == "Paraphe Remboursement : Depot : Refonte de l'espace adherent"
    assert etree.fromstring(batch.file.encode()) is not None
    assert (batch.cents, PayoutBatch.objects.with_sums().get().__dict__["sum_cents"]) == (360_000, 360_000)
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    file = way.report(batch, way.block(way.transfer(approved, "RJCT", "AC04")), whole="ACSC")
    answer = BankAnswer.read(file, by=second_finance_user)
    assert (answer.paid, answer.returned, answer.unknown) == (2, 1, [])
    assert BankAnswer.read(file, by=second_finance_user).repeated
    assert checks.run() == []


def test_a_changed_iban_goes_back_to_approval(approved: RefundTransfer, finance_user: User) -> None:
    way.banked(approved.payee)
    row = way.anew(approved)
    assert (row.state, row.decided_by, str(row.bank_account)) == ("WAITING", None, "•••• •••• •••• 0189")
    assert "attend de nouveau d’être approuvé" in words(told(approved.payee, "refund_transfer.reopened.payee"))
    assert told(finance_user, "refund_transfer.reopened.finance")


def test_a_changed_iban_drops_a_batch_whose_file_nobody_has(
    approved: RefundTransfer, second_finance_user: User
) -> None:
    batch = PayoutBatch.make(refunds=[approved], by=second_finance_user)
    way.banked(approved.payee)
    batch.refresh_from_db()
    assert (batch.state, way.anew(approved).state) == ("DROPPED", "WAITING")


def test_the_same_iban_again_leaves_the_batch(approved: RefundTransfer, second_finance_user: User) -> None:
    batch, payee = PayoutBatch.make(refunds=[approved], by=second_finance_user), approved.payee
    PayoutBatch.give_account(payee, holder=payee.company.name, iban=way.OTHER_IBAN)
    batch.refresh_from_db()
    assert (batch.state, way.anew(approved).state) == ("MADE", "BATCHED")


def test_a_changed_iban_leaves_a_file_that_may_be_at_the_bank(
    approved: RefundTransfer, second_finance_user: User
) -> None:
    batch = PayoutBatch.make(refunds=[approved], by=second_finance_user)
    batch.hand_out()
    way.banked(approved.payee)
    assert (way.anew(approved).state, batch.outdated) == ("BATCHED", approved)
    with pytest.raises(PayoutBatch.Outdated, match="le remboursement de"):
        batch.hand_out()
    assert "l’argent y va" in words(told(approved.payee, "refund_transfer.elsewhere"))


def test_an_account_put_out_of_use_asks_for_another(ready: RefundTransfer) -> None:
    BankAccount.objects.of(ready.payee).update(replaced_at=timezone.now())
    PayoutBatch.follow_account_of(ready.payee)
    row = way.anew(ready)
    assert (row.state, row.bank_account) == ("WAITING", None)
    assert "n’est plus utilisé" in words(told(ready.payee, "refund_transfer.waiting"))


def test_an_iban_that_changes_nothing_is_told_to_nobody(ready: RefundTransfer) -> None:
    before = Event.objects.count()
    PayoutBatch.follow_account_of(ready.payee)
    assert Event.objects.count() == before
    assert Company.objects.filter(user=ready.payee).exists()


@pytest.mark.crooked_books
@pytest.mark.parametrize(
    ("query", "red"),
    [
        (
            "update payouts_refundtransfer set cents = cents + 1",
            ["payouts.failed_refunds_wait", "payouts.refunds_are_posted"],
        ),
        (
            "update payments_refund set state = 'REPAID' where state = 'FAILED'",
            ["payouts.failed_refunds_wait"],
        ),
        (
            "update ledger_transfer set key = key || '0' where key like 'refund_transfer:%'",
            ["payouts.refunds_are_posted"],
        ),
        (
            "update payouts_refundtransfer set state = 'PAID', ended_at = now()",
            ["payouts.batches_are_their_requests", "payouts.failed_refunds_wait", "payouts.refunds_are_posted"],
        ),
        (
            "update payments_refund set cents = cents + 1 where state = 'FAILED'",
            ["payments.refunds", "payouts.failed_refunds_wait"],
        ),
    ],
)
def test_a_bent_row_is_red(approved: RefundTransfer, second_finance_user: User, query: str, red: list[str]) -> None:
    sent(approved, second_finance_user)
    assert checks.run() == []
    bend(query)
    assert sorted({row.partition(":")[0] for row in checks.run()}) == red
