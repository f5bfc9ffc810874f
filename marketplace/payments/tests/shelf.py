"""Things to buy in these tests: the `reference` of a payment says what becomes of its money."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db.models import Model

from marketplace.accounts.models import User
from marketplace.ledger.posting import Move
from marketplace.payments.models import Means, Payment
from marketplace.payments.purposes import Purpose, purpose
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from marketplace.payments.models import PaymentState

KILL = "KILL_WORKER_IN_PLACE"


@purpose("tests.shelf")
class Shelf(Purpose):
    """Revenue and VAT; but "gone" and "refused" have no place, "unique" has one once, "wrong" and "poison" are bugs.

    "single" is as "unique" is, and says so before.
    """

    def rows(self, payment: Payment) -> Sequence[Model]:
        return [payment.payer]

    def place(self, payment: Payment) -> list[Move] | None:
        if os.environ.get(KILL):
            os.kill(os.getpid(), signal.SIGKILL)
        if payment.reference == "refused":
            User.objects.filter(pk=payment.payer_id).update(name="Never written")
            raise Refusal
        if payment.reference == "poison":
            raise RuntimeError("This row is poison.")
        if payment.reference == "gone" or (payment.reference in {"unique", "single"} and paid_before(payment)):
            return None
        sides = [("revenue:credits", payment.ht_cents), ("vat", payment.vat_cents)]
        extra = payment.reference == "wrong"
        return [Move("stripe", side, cents + extra) for side, cents in sides if cents]

    def still_wanted(self, payment: Payment) -> bool:
        return payment.reference != "single" or not paid_before(payment)

    def back(self, payment: Payment) -> str:
        return "/"


def paid_before(payment: Payment) -> bool:
    return Payment.objects.filter(reference=payment.reference, state="PAID").exclude(pk=payment.pk).exists()


def start(
    payer: User,
    reference: str = "",
    *,
    key: UUID | None = None,
    ht: int = 10_000,
    vat: int = 2_000,
    means: str = Means.CARD,
) -> Payment:
    """A payment of 120,00 €, unless said otherwise."""
    return Payment.start(
        key=key or uuid4(),
        payer=payer,
        purpose="tests.shelf",
        reference=reference,
        ht_cents=ht,
        vat_cents=vat,
        cents=ht + vat,
        description="Pack Essentiel",
        means=means,
    )


def state_of(payment: Payment) -> PaymentState | str:
    payment.refresh_from_db()
    return payment.state
