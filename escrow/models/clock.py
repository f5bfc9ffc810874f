"""The dates of a tranche and of its account: each deed ends here, and they stand as the columns then say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from marketplace import deadlines
from projects.models import Deadline
from projects.models.content import days_after

if TYPE_CHECKING:
    from .accounts import EscrowAccount
    from .tranches import Tranche

ACCEPT, REMIND, OVERDUE = "tranche.accept", "tranche.remind", "tranche.overdue"
IDLE, ASK = "account.idle", "account.ask"


def keep_time(tranche: Tranche, *, now: datetime | None = None) -> None:
    """Set the dates to come of `tranche`, and cancel those without object: after each deed, under the project's lock.

    A date that has passed falls once and is never set again by itself.
    """
    now = now or timezone.now()
    wait_for_answer(tranche, now)
    project, late = tranche.account.project, tranche.overdue_at
    if late and late > now:
        Deadline.objects.set(OVERDUE, tranche, late, project=project)
    else:
        Deadline.objects.cancel(tranche, OVERDUE)


def wait_for_answer(tranche: Tranche, now: datetime) -> None:
    """The client's days to accept, with their reminders, while something waits for them."""
    project, until = tranche.account.project, tranche.accept_by
    if not (tranche.awaits_acceptance and until and until > now):
        Deadline.objects.cancel(tranche, ACCEPT, REMIND)
        return
    Deadline.objects.set(ACCEPT, tranche, until, project=project)
    remind_again(tranche, until, now)


def remind_again(tranche: Tranche, until: datetime, now: datetime) -> None:
    """The next reminder before the client's days end: so many days after they began; none when all have been sent."""
    before = [settings.ACCEPTANCE_DAYS - day for day in settings.ACCEPTANCE_REMINDER_DAYS]
    if not Deadline.objects.remind(REMIND, tranche, until, before, project=tranche.account.project, now=now):
        Deadline.objects.cancel(tranche, REMIND)


def keep_moving(account: EscrowAccount, *, now: datetime | None = None) -> datetime | None:
    """Money has moved: what is held may rest for a while from now; until when. Nothing held, no date.

    Under the project's lock.
    """
    if not account.tranches.holding().exists():
        Deadline.objects.cancel(account, IDLE)
        return None
    until = resting_until(account, now or timezone.now())
    Deadline.objects.set(IDLE, account, until, project=account.project)
    return until


def keep_asking(account: EscrowAccount, *, now: datetime | None = None) -> None:
    """What the SMA was asked and has no case yet is asked again. Nothing open, no date. Under the project's lock."""
    if account.tranches.filter(case_requests__state="OPEN").exists():
        Deadline.objects.set(ASK, account, asks_again_at(now or timezone.now()), project=account.project)
    else:
        Deadline.objects.cancel(account, ASK)


def asks_again_at(now: datetime) -> datetime:
    """When a case that could not be opened at `now` is asked for again: the end of the next working day."""
    return deadlines.after(now, settings.CASE_AGAIN_DAYS)


def resting_until(account: EscrowAccount, since: datetime) -> datetime:
    """How long what is held may rest after a movement: IDLE_DAYS, and at least until all work under way is late.

    Long work that was paid for early is no idle money before its agreed day.
    """
    late = [tranche.overdue_at for tranche in account.tranches.holding()]
    return max([days_after(since, settings.IDLE_DAYS), *filter(None, late)])
