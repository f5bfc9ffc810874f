"""Rows that a worker takes care of by asking Stripe: claimed, tried, put off, tried again, at last parked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.payments import doorbell, gateway

log = logging.getLogger(__name__)
M = TypeVar("M", bound="Chore")
CLAIM = timedelta(seconds=25)  # longer than a call with its retry, and with the sweep of 30 s still under a minute
LONGEST_PAUSE = timedelta(hours=1)
TRIES = 8


class ChoreQuerySet(models.QuerySet[M]):
    """Which rows wait, and taking one of them."""

    def waiting(self) -> Self:
        """Rows whose work is not done."""
        return self.filter(state__in=self.model.WAITING)

    def due(self, now: datetime) -> Self:
        """Rows to work on now that nobody works on."""
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return self.waiting().filter(free, next_try_at__lte=now).order_by("next_try_at", "pk")

    def claimed(self) -> Iterator[M]:
        """Take due rows one after the other, each in a short transaction of its own; nobody else gets them meanwhile.

        A worker that dies loses its claim by the clock alone.
        """
        while row := self.claim_one(timezone.now()):
            yield row

    def claim_one(self, now: datetime) -> M | None:
        """Take the first due row that nobody holds."""
        with transaction.atomic():
            row = self.due(now).select_for_update(skip_locked=True, no_key=True).first()
            if row is not None:
                row.claimed_until, row.attempts = now + CLAIM, row.attempts + 1
                row.save(update_fields=["claimed_until", "attempts"])
        return row


class Chore(models.Model):
    """A row with work to do outside: `work()` may be repeated at any point and has its effect once."""

    WAITING: tuple[str, ...] = ()
    DOORBELL = ""

    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try at"), default=timezone.now)
    failure = models.CharField(_("failure"), max_length=300, blank=True)

    class Meta:
        abstract = True

    def work(self) -> None:
        """Ask Stripe, and bring the result in by the transitions."""
        raise NotImplementedError

    def park(self) -> None:
        """Leave it to a person."""
        raise NotImplementedError

    def ring(self) -> None:
        """After the commit, tell a worker that this row waits."""
        doorbell.ring(self.DOORBELL, self.pk)

    def attend(self) -> None:
        """Work on a claimed row. A failure puts it off; Stripe's silence never parks it, our own errors do at last."""
        try:
            self.work()
        except gateway.Unreachable as error:
            self.put_off(error)
        except Exception as error:
            log.exception("%s %s failed", type(self).__name__, self.pk)
            self.put_off(error)
            if self.attempts >= TRIES:
                log.critical("%s %s is parked: somebody must look at it", type(self).__name__, self.pk)
                self.park()

    def put_off(self, error: Exception) -> None:
        """Try again later, twice as late each time."""
        pause = min(timedelta(seconds=5) * 2 ** min(self.attempts, 16), LONGEST_PAUSE)
        self.note(next_try_at=timezone.now() + pause, failure=f"{type(error).__name__}: {error}"[:300])

    def note(self, **facts: Any) -> None:
        """Free the claim and write how the try went, unless the work was done by somebody else meanwhile."""
        rows = type(self)._base_manager.filter(Q(("state__in", self.WAITING)), pk=self.pk, attempts=self.attempts)
        rows.update(claimed_until=None, **facts)
