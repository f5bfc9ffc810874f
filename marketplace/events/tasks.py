from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from celery import shared_task
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from marketplace.events import mail, post_office
from marketplace.events.models import Notice, Preference
from marketplace.events.post_office import Fate, Outcome
from marketplace.tracing import request_id

log = logging.getLogger(__name__)
BATCH = 50
BUDGET = 120.0  # seconds of sending in one run; what is left waits for the next sweep
CLAIM = timedelta(minutes=5)  # longer than any run, so that no other worker sends the same mail


@shared_task  # type: ignore[untyped-decorator]
def deliver() -> int:
    """Send the mails that wait, batch by batch, until none is due or the time is up; how many left."""
    stop, sent = time.monotonic() + BUDGET, 0
    while time.monotonic() < stop and (batch := claim(timezone.now())):
        fates = post(batch, stop)
        sent += fates.count(Fate.SENT)
        if Fate.UNREACHABLE in fates:
            break
    return sent


def claim(now: datetime) -> list[Notice]:
    """Take a batch that nobody else will touch before CLAIM has passed; committed before anything is sent."""
    with transaction.atomic():
        due = Notice.objects.due(now).select_for_update(skip_locked=True, no_key=True)
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        Notice.objects.filter(pk__in=keys).update(claimed_until=now + CLAIM)
    return list(Notice.objects.filter(pk__in=keys).select_related("user").order_by("next_try_at", "pk"))


def post(batch: list[Notice], stop: float) -> list[Fate]:
    """Send a claimed batch over one connection, with no lock held; write down the fate of each as it is known."""
    ready = [(notice, message) for notice in wanted(batch) if (message := written(notice))]
    fates: list[Fate] = []
    outcomes = post_office.send_many(message for _notice, message in ready)
    for (notice, _message), outcome in zip(ready, outcomes, strict=True):
        token = request_id.set(notice.request_id or "-")
        record(notice, outcome)
        request_id.reset(token)
        fates.append(outcome.fate)
        if time.monotonic() > stop:
            outcomes.close()
            break
    return fates


def wanted(batch: list[Notice]) -> list[Notice]:
    """Those of `batch` that their readers have not switched off since they were written; the others are put aside."""
    unwanted = Preference.objects.unwanted(notice.user_id for notice in batch)
    kept = []
    for notice in batch:
        if notice.is_known and (notice.user_id, notice.kind) in unwanted:
            notice.put_aside()
        else:
            kept.append(notice)
    return kept


def written(notice: Notice) -> EmailMultiAlternatives | None:
    """The mail of `notice`; one that cannot even be written is postponed, flagged and stops nobody."""
    try:
        return mail.of_notice(notice)
    except Exception as error:
        log.exception("Notice %s (%s) cannot be written.", notice.pk, notice.name)
        notice.postpone(post_office.in_short(error))
        return None


def record(notice: Notice, outcome: Outcome) -> None:
    """Write down what became of the mail of `notice`."""
    match outcome.fate:
        case Fate.SENT:
            notice.mark_sent()
        case Fate.REFUSED:
            notice.fail(outcome.reason)
        case Fate.UNREACHABLE:
            notice.wait(outcome.reason)
        case _:
            notice.postpone(outcome.reason)
