from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from marketplace.payments import facts, gateway
from marketplace.payments.checkout import call_off, follow
from marketplace.payments.models import CashReturn, Payment, Refund, RefundState, StripeEvent
from marketplace.payments.models.chores import ChoreQuerySet, M

log = logging.getLogger(__name__)
BUDGET = 20.0  # seconds of one sweep; what is left waits for the next
MISSED = timedelta(days=3)  # how far back the daily look goes: as long as Stripe itself tries to reach us
PATIENCE = timedelta(hours=1)  # how long a payment may stay open before we ask


@shared_task  # type: ignore[untyped-decorator]
def handle_event(pk: int) -> int:
    """Handle one message of Stripe, unless somebody does."""
    return attend(StripeEvent.objects.filter(pk=pk))


@shared_task  # type: ignore[untyped-decorator]
def send_refund(pk: int) -> int:
    """Send one refund, unless somebody does."""
    return attend(Refund.objects.filter(pk=pk))


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Every 30 s: what a lost ring or a dead worker left, as far as the time goes."""
    return attend(StripeEvent.objects.all()) + attend(Refund.objects.all())


def attend(rows: ChoreQuerySet[M]) -> int:
    """Work on the due ones among `rows`, each claimed in its turn; how many were tried."""
    stop, tried = time.monotonic() + BUDGET, 0
    for row in rows.claimed():
        row.attend()
        tried += 1
        if time.monotonic() > stop:
            break
    return tried


@shared_task  # type: ignore[untyped-decorator]
def look(pk: int) -> None:
    """The payer came back: ask Stripe at once, in case its message is late."""
    for payment in Payment.objects.filter(pk=pk).exclude(checkout_id=""):
        guarded(lambda: follow(payment, gateway.session(payment.checkout_id)))  # noqa: B023  (called at once)


@shared_task  # type: ignore[untyped-decorator]
def call_off_unwanted(project_key: str) -> None:
    """Close at Stripe the payments of a project whose money would find no place any more."""
    for payment in Payment.objects.payable().filter(project_key=project_key):
        if not payment.is_wanted:
            guarded(lambda: call_off(payment))  # noqa: B023  (called at once)


@shared_task  # type: ignore[untyped-decorator]
def catch_up() -> None:
    """Every day: what Stripe told while we could not hear, and what is unclear for too long."""
    now = timezone.now()
    guarded(lambda: receive_missed(since=now - MISSED))
    call_off_promised()
    for pk in list(Payment.objects.unclear(before=now - PATIENCE).values_list("pk", flat=True)):
        look(pk)
    for refund in Refund.objects.filter(state=RefundState.SENT).select_related("payment"):
        guarded(lambda: refund.follow(gateway.repayment(refund.stripe_id)))  # noqa: B023  (called at once)
    for row in CashReturn.objects.sent().select_related("payment"):
        guarded(lambda: CashReturn.follow(row.payment, gateway.repayment(row.stripe_id)))  # noqa: B023  (at once)


def call_off_promised() -> None:
    """Stop waiting for the transfers that have no place any more, or that do not come."""
    for payment in Payment.objects.promised():
        if not payment.is_wanted or payment.is_overdue:
            why = "given_up" if payment.is_wanted else "unneeded"
            guarded(lambda: call_off(payment, why))  # noqa: B023  (called at once)


def receive_missed(since: datetime) -> None:
    """Put into the inbox each event that we follow and have not received."""
    for message in gateway.messages_since(since, list(facts.followers)):
        StripeEvent.receive(message)


def guarded(deed: Callable[[], object]) -> None:
    """One row that fails never stops the others: it is logged, and looked at again."""
    try:
        deed()
    except Exception:
        log.exception("This row is left for the next time.")
