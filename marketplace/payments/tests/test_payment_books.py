from __future__ import annotations

import pytest

from marketplace.celery import app
from marketplace.ledger import checks
from marketplace.ledger import posting as ledger
from marketplace.payments import doorbell
from marketplace.payments.models import Payment
from marketplace.payments.models.chores import Chore
from marketplace.payments.tests import shelf
from marketplace.testing.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]


def red(name: str) -> list[str]:
    return [row for row in checks.run() if row.startswith(name)]


def test_a_paid_payment_without_its_transfer_is_red(payment: Payment, sandbox: Sandbox) -> None:
    sandbox.pay(payment)
    assert not red("payments")
    Payment.objects.update(intent_id="pi_other")
    assert f"payment {payment.key} has no transfer stripe:pi_other:paid" in red("payments.transfers")[0]
    assert red("payments.owners")


def test_a_refund_without_its_money_is_red(float_of_ours: Payment, payment: Payment, sandbox: Sandbox) -> None:
    gone = sandbox.pay(shelf.start(payment.payer, "gone"))
    assert gone.refunding
    ledger.post("test:bend", "test.bend", [ledger.Move(gone.refunding, "bank", 1)])
    assert "11999 cents in refunding, 12000 to give back" in red("payments.refunds")[0]


def test_a_chore_says_what_it_does() -> None:
    for deed in (Chore.work, Chore.park):
        with pytest.raises(NotImplementedError):
            deed(Payment())  # type: ignore[arg-type]


def test_a_dead_broker_costs_nothing(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(app, "send_task", dead)
    doorbell.send("marketplace.payments.tasks.look", payment.pk)
