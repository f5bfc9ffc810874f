"""The equations of cases: clean along the way, red as soon as a row is bent."""

from __future__ import annotations

import pytest

from escrow.models import EscrowAccount
from mediation import books
from mediation.tests import way
from projects.tests.bids import bend

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]
ALL = [books.frozen_while_it_lives, books.award_is_as_agreed_or_decided, books.shares_are_the_whole]


def red() -> list[str]:
    return [check.__name__ for check in ALL if check()]


def test_books_are_clean_along_the_way(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    assert red() == []
    way.proposed(dispute, 1_000, dispute.client).accept(by=dispute.provider)
    way.opened(account, 2).withdraw(by=dispute.client)
    assert red() == []


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        ("mediation_dispute", "state = 'WITHDRAWN', ended_at = now()", "frozen_while_it_lives"),
        ("mediation_splitproposal", "client_cents = client_cents - 1", "shares_are_the_whole"),
        ("mediation_claim", "cents = 120001", "shares_are_the_whole"),
    ],
)
def test_bent_row_turns_its_equation_red(account: EscrowAccount, table: str, change: str, expected: str) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 1_000, dispute.client)
    bend(f"update {table} set {change}")
    assert red() == [expected]


def test_award_other_than_agreed_is_red(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 1_000, dispute.client).accept(by=dispute.provider)
    bend("update mediation_splitproposal set provider_cents = 2000, client_cents = 118000")
    assert red() == ["award_is_as_agreed_or_decided"]
