"""The table of states: the database holds the same as the deeds, and refuses every other move."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.refusals import Refusal
from payouts.models import BatchState, PayoutBatch, PayoutRequest, PayoutState, RefundTransferState
from payouts.states import BATCH_MOVES, PAYOUT_MOVES, REFUND_TRANSFER_MOVES
from payouts.tests import way

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]
REQUEST = """update payouts_payoutrequest set state = %(state)s, refusal = 'x',
    batch_id = case when %(state)s in ('BATCHED', 'SENT', 'PAID', 'RETURNED') then %(batch)s end,
    decided_by_id = case when %(state)s <> 'ASKED' then %(by)s end,
    decided_at = case when %(state)s <> 'ASKED' then now() end,
    ended_at = case when %(state)s in ('PAID', 'RETURNED') then now() end"""
REFUND = """update payouts_refundtransfer set state = %(state)s, bank_account_id = %(account)s,
    batch_id = case when %(state)s in ('BATCHED', 'SENT', 'PAID', 'RETURNED') then %(batch)s end,
    decided_by_id = case when %(state)s <> 'WAITING' then %(by)s end,
    decided_at = case when %(state)s <> 'WAITING' then now() end,
    ended_at = case when %(state)s in ('PAID', 'RETURNED') then now() end"""
BATCH = """update payouts_payoutbatch set state = %(state)s,
    sent_at = case when %(state)s in ('SENT', 'ANSWERED') then now() end"""


def placed(query: str, **facts: str | int) -> None:
    """The row in a state, consistent but for how it came there: the owner, triggers asleep."""
    with connection.cursor() as cursor:
        cursor.execute("reset role; set local session_replication_role = replica")
        cursor.execute(query, facts)
        cursor.execute("set local session_replication_role = origin; set role app")


def allowed(query: str, **facts: str | int) -> bool:
    """Whether the database takes the move; it is undone either way."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query, facts)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return "may not become" not in str(error)
    return True


@pytest.fixture
def batch(approved: PayoutRequest, second_finance_user: User) -> PayoutBatch:
    return way.batched([approved], second_finance_user)


def test_refunds_by_transfer_move_as_the_table_says(batch: PayoutBatch, account: EscrowAccount) -> None:
    way.refused_by_card(account)
    facts = {"batch": batch.pk, "by": batch.made_by_id, "account": batch.requests.get().bank_account_id}
    found = set()
    for before, after in product(RefundTransferState.values, repeat=2):
        placed(REFUND, state=before, **facts)
        if before != after and allowed(REFUND, state=after, **facts):
            found.add((before, after))
    assert found == set(REFUND_TRANSFER_MOVES) - {("", "WAITING")}


def test_requests_move_as_the_table_says(batch: PayoutBatch) -> None:
    by = batch.made_by_id
    found = set()
    for before, after in product(PayoutState.values, repeat=2):
        placed(REQUEST, state=before, batch=batch.pk, by=by)
        if before != after and allowed(REQUEST, state=after, batch=batch.pk, by=by):
            found.add((before, after))
    assert found == set(PAYOUT_MOVES) - {("", "ASKED")}


def test_batches_move_as_the_table_says(batch: PayoutBatch) -> None:
    found = set()
    for before, after in product(BatchState.values, repeat=2):
        placed(BATCH, state=before)
        if before != after and allowed(BATCH, state=after):
            found.add((before, after))
    assert found == set(BATCH_MOVES) - {("", "MADE")}


@pytest.mark.parametrize("state", [state for state in PayoutState.values if state != "ASKED"])
def test_no_request_is_born_beyond_its_first_state(asked: PayoutRequest, state: str) -> None:
    asked.pk, asked.state = None, state
    with pytest.raises(IntegrityError, match="may not become"):
        asked.save(force_insert=True)


DEEDS: dict[str, Callable[[PayoutRequest, User], object]] = {
    "approve": lambda request, by: request.approve(by=by),
    "refuse": lambda request, by: request.refuse(by=by, reason="Illisible."),
    "batch": lambda request, by: PayoutBatch.make([request], by=by),
    "send": lambda request, by: request.mark_sent(by=by),
    "pay": lambda request, by: request.mark_paid(by=by),
    "return": lambda request, by: request.mark_returned(by=by, reason="AC04"),
    "look again": lambda request, by: request.send_back_to_approval(None),
}
# What each deed does in the states where it does something.
DONE = {
    ("ASKED", "approve"): "APPROVED",
    ("ASKED", "refuse"): "REFUSED",
    ("APPROVED", "refuse"): "REFUSED",
    ("APPROVED", "batch"): "BATCHED",
    ("APPROVED", "look again"): "ASKED",
    ("BATCHED", "send"): "SENT",
    ("SENT", "pay"): "PAID",
    ("SENT", "return"): "RETURNED",
}


def done(deed: Callable[[PayoutRequest, User], object], request: PayoutRequest, by: User) -> str:
    """The state after the deed, or where it was refused or did nothing; undone."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                deed(way.fresh(request), by)
        except Refusal:
            pass
        after = way.fresh(request).state
        transaction.set_rollback(True)
    return after


def test_deeds_do_what_their_state_allows_and_nothing_else(
    approved: PayoutRequest, finance_user: User, second_finance_user: User
) -> None:
    """The same way once: at each state on it every deed is tried; ends are reached both ways."""
    found: dict[tuple[str, str], str] = {}

    def try_all() -> None:
        row = way.fresh(approved)
        for name, deed in DEEDS.items():
            after = done(deed, row, second_finance_user)
            if after != row.state:
                found[row.state, name] = after

    try_all()
    with transaction.atomic():
        way.fresh(approved).send_back_to_approval(None)
        try_all()
        way.fresh(approved).refuse(by=finance_user, reason="Illisible.")
        try_all()
        transaction.set_rollback(True)
    batch = way.batched([way.fresh(approved)], second_finance_user)
    try_all()
    batch.hand_out()
    batch.mark_sent(by=second_finance_user)
    try_all()
    for end in ("pay", "return"):
        with transaction.atomic():
            DEEDS[end](way.fresh(approved), second_finance_user)
            try_all()
            transaction.set_rollback(True)
    assert found == DONE
