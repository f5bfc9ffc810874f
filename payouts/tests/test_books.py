"""The equations of requests: clean along the whole way, red as soon as a row is bent."""

from __future__ import annotations

import pytest
from django.db import connection

from marketplace.accounts.models import User
from payouts import books
from payouts.models import PayoutRequest
from payouts.tests import way

pytestmark = pytest.mark.django_db
ALL = [
    books.claimed_is_asked_for,
    books.payable_is_released_and_not_asked_for,
    books.transit_is_sent,
    books.requests_are_posted,
    books.batches_are_their_requests,
]


def red() -> list[str]:
    """The checks that find something."""
    return [check.__name__ for check in ALL if check()]


def test_the_books_are_clean_at_every_step(asked: PayoutRequest, finance_user: User, second_finance_user: User) -> None:
    assert red() == []
    asked.refuse(by=finance_user, reason="Illisible.")
    assert red() == []
    request = way.approved(way.asked(asked.tranche), finance_user)
    batch = way.batched([request], second_finance_user)
    assert red() == []
    batch.drop(by=second_finance_user)
    assert red() == []
    batch = way.sent([request], second_finance_user)
    assert red() == []
    way.answered(batch, second_finance_user, "RJCT")
    assert red() == []
    request = way.approved(way.asked(way.fresh(asked).tranche), finance_user)
    way.answered(way.sent([request], second_finance_user), second_finance_user)
    assert red() == []


def bend(query: str) -> None:
    """Bend rows as the owner, triggers asleep: no deed of the site could."""
    with connection.cursor() as cursor:
        cursor.execute(f"reset role; set local session_replication_role = replica; {query}")
        cursor.execute("set local session_replication_role = origin; set role app")


@pytest.fixture
def sent(two: list[PayoutRequest], second_finance_user: User) -> list[PayoutRequest]:
    """The first of two requests with the bank, the second approved."""
    way.sent(two[:1], second_finance_user)
    return two


@pytest.mark.crooked_books
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "update payouts_payoutrequest set cents = cents + 1, ht_cents = ht_cents + 1 where state = 'APPROVED'",
            {
                "claimed_is_asked_for",
                "payable_is_released_and_not_asked_for",
                "requests_are_posted",
            },
        ),
        (
            "update payouts_payoutrequest set state = 'PAID', ended_at = now() where state = 'SENT'",
            {"transit_is_sent", "requests_are_posted", "batches_are_their_requests"},
        ),
        ("update payouts_payoutbatch set file = file || ' '", {"batches_are_their_requests"}),
        ("update payouts_payoutbatch set state = 'ANSWERED'", {"batches_are_their_requests"}),
        (
            "update ledger_account set balance = balance + 1 where kind = 'payable'",
            {"payable_is_released_and_not_asked_for"},
        ),
        ("update ledger_transfer set key = key || '0' where key like 'payout:%:sent'", {"requests_are_posted"}),
    ],
)
def test_a_bent_row_is_red(sent: list[PayoutRequest], query: str, expected: set[str]) -> None:
    assert red() == []
    bend(query)
    assert set(red()) == expected
