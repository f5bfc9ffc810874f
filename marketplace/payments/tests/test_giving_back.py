"""Money that had its place goes back to the cards that paid it, the latest first."""

from __future__ import annotations

import uuid

import pytest

from credits.models import CreditPack
from marketplace.accounts.models import User
from marketplace.ledger import posting as ledger
from marketplace.payments.gateway import Intent
from marketplace.payments.giving_back import give_back, returnable_cents
from marketplace.payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments(provider_user: User) -> list[Payment]:
    """Two packs paid."""
    pack = CreditPack.objects.filter(on_sale=True)[0]
    made = [pack.buy(by=provider_user, key=uuid.uuid4()) for _n in range(2)]
    for payment in made:
        payment.settle(Intent(f"pi_{payment.key.hex}", "succeeded", payment.cents, "eur"))
    return made


def test_never_more_than_was_paid(payments: list[Payment]) -> None:
    first, last = payments
    shares = give_back(last.cents + 10, Payment.objects.all())
    ledger.post("test:back", "test.back", [ledger.Move("vat", account, cents) for account, cents in shares])
    assert [cents for _account, cents in shares] == [last.cents, 10]
    assert (returnable_cents(first), returnable_cents(last)) == (first.cents - 10, 0)
    assert give_back(0, Payment.objects.all()) == []


def test_more_than_was_paid_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="5 of 5 cents"):
        give_back(5, Payment.objects.all())
