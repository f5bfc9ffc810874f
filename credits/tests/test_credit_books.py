"""The books say so when a spending or a welcome is not what the ledger says."""

from typing import Any

import pytest

from credits.models import ReturnReason, Spending, Welcome
from marketplace.accounts.models import User
from marketplace.ledger import checks
from marketplace.testing.cast import professional
from projects.tests.bids import bend, stocked
from projects.tests.calls import consulted, opened

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]


@pytest.fixture
def spending(client_user: User, provider_user: User) -> Spending:
    consulted(opened(client_user), stocked(provider_user))
    return Spending.objects.get()


def test_credit_that_came_back_in_the_row_alone_is_red(spending: Spending) -> None:
    assert checks.run() == []
    bend(f"update credits_spending set returned_at = now(), return_reason = 'x' where id = {spending.pk}")
    assert any("returned, but its transfer is not reversed" in row for row in checks.run())


def test_credit_that_came_back_in_the_ledger_alone_is_red(spending: Spending) -> None:
    spending.give_back(ReturnReason.CANCELLED, title="X")
    bend(f"update credits_spending set returned_at = null, return_reason = '' where id = {spending.pk}")
    assert any("spent, but its transfer is reversed" in row for row in checks.run())


def test_transfer_that_no_spending_knows_is_red(spending: Spending) -> None:
    bend(f"delete from credits_spending where id = {spending.pk}")
    assert any("is no spending" in row for row in checks.run())


def test_welcome_without_its_transfer_is_red(settings: Any) -> None:
    settings.WELCOME_CREDITS = {"CONSULTATION": 3}
    professional("a@exemple.fr", "Ana", "provider", "Ana", "852856566")
    assert checks.run() == []
    Welcome.objects.update(company_number="870152279")
    assert {row.rpartition(": ")[2] for row in checks.run()} == {"no transfer", "nobody welcomed"}
