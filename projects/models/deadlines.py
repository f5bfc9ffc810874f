"""Deadlines: what happens by itself at a date, unless somebody has acted before. The one mechanism for all of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States

from .content import days_after

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import Model

    from .projects import Project

log = logging.getLogger(__name__)
AGAIN = timedelta(hours=1)  # after a failure
AT_ONCE = 1000  # read by one query
BUDGET = 50.0  # seconds of one sweep; what is left waits for the next
Fall = Callable[["Deadline", datetime], None]
falls: dict[str, Fall] = {}


def falling(kind: str) -> Callable[[Fall], Fall]:
    """Declare what the deadlines of `kind` cause: called under the project's lock with the deadline and the time."""

    def declare(fall: Fall) -> Fall:
        if kind in falls:
            raise ValueError(f"Two deadlines are called {kind}.")
        falls[kind] = fall
        return fall

    return declare


class DeadlineState(models.TextChoices):
    WAITING = "WAITING", _("to come")
    FALLEN = "FALLEN", _("passed")
    CANCELLED = "CANCELLED", _("without object")


DEADLINE_MOVES = (("", "WAITING"), ("WAITING", "FALLEN"), ("WAITING", "CANCELLED"))


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def waiting(self) -> DeadlineQuerySet:
        """Those still to come."""
        return self.filter(state=DeadlineState.WAITING)

    def due(self, now: datetime) -> DeadlineQuerySet:
        """Those whose date has passed at `now`, the oldest first; one that failed is left alone for AGAIN."""
        untried = Q(tried_at=None) | Q(tried_at__lte=now - AGAIN)
        return self.waiting().filter(untried, due_at__lt=now).order_by("due_at", "pk")

    def about(self, subject: Model, *kinds: str) -> DeadlineQuerySet:
        """Those of `kinds` (all, without any) about one row."""
        rows = self.filter(subject_label=subject._meta.label_lower, subject_id=subject.pk)
        return rows.filter(kind__in=kinds) if kinds else rows

    def set(self, kind: str, subject: Model, at: datetime, *, project: Project) -> Deadline:
        """Let `kind` fall on `subject` at `at`; one that waits already moves there. Under the project's lock."""
        if kind not in falls:
            raise ValueError(f"No deadline is called {kind}.")
        about = {"subject_label": subject._meta.label_lower, "subject_id": subject.pk}
        moved, _made = self.update_or_create(
            kind=kind, project=project, state=DeadlineState.WAITING, **about, defaults={"due_at": at, "tried_at": None}
        )
        return moved

    def set_many(self, kind: str, dates: Mapping[Project, datetime]) -> None:
        """Let `kind` fall on each project itself at its date, in bulk; none waits on them already."""
        self.bulk_create(
            Deadline(kind=kind, project=row, subject_label=row._meta.label_lower, subject_id=row.pk, due_at=at)
            for row, at in dates.items()
        )

    def remind(
        self, kind: str, subject: Model, end: datetime, days: Sequence[int], *, project: Project, now: datetime
    ) -> Deadline | None:
        """Let the reminder `kind` fall at the next of so many `days` before `end` that is still to come at `now`."""
        coming = sorted(at for at in (days_after(end, -n) for n in days) if at > now)
        return self.set(kind, subject, coming[0], project=project) if coming else None

    def cancel(self, subject: Model, *kinds: str) -> int:
        """The state of `subject` has moved on: nothing falls on it any more, or none of `kinds`; how many."""
        rows = self.about(subject, *kinds).waiting()
        return rows.update(state=DeadlineState.CANCELLED, closed_at=timezone.now())

    def sweep(self, now: datetime) -> int:
        """Let fall what is due at `now`, each in a transaction of its own; how many fell.

        It goes on until nothing is, as one may set the next, or until its time is up. Begun again after a death, it
        finds what is left. One that fails is logged, tried again later, and stops no
        other. One whose deed is refused has lost its object: it is cancelled.
        """
        stop, fell = time.monotonic() + BUDGET, 0
        while rows := list(self.due(now).select_related("project")[:AT_ONCE]):
            for deadline in rows:
                if time.monotonic() > stop:
                    return fell
                fell += deadline.try_to_fall(now)
        return fell


class Deadline(models.Model):
    """A date of a project, about one row (`subject_label`, `subject_id`), after which something happens by itself.

    It falls once, when the date is past: until that instant, included, people may still act.
    """

    project = models.ForeignKey("projects.Project", models.PROTECT, related_name="deadlines")
    kind = models.CharField(max_length=40)
    subject_label = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=DeadlineState, default=DeadlineState.WAITING, editable=False)
    closed_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)  # in vain

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        triggers = [States(field="state", edges=DEADLINE_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_label", "subject_id"],
                condition=Q(state="WAITING"),
                name="one_deadline_per_kind_and_subject",
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", closed_at=None) | (~Q(state="WAITING") & Q(closed_at__isnull=False)),
                name="closed_deadline_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="WAITING"), name="deadline_due"),
            models.Index(fields=["project", "due_at"], condition=Q(state="WAITING"), name="deadline_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.due_at:%Y-%m-%d %H:%M}"

    def fall(self, at: datetime) -> bool:
        """Do what the date causes, once, if it has passed at `at`; whether it fell. The deed's refusals leave it."""
        with locked(self.project, self):
            if self.state != DeadlineState.WAITING or self.due_at >= at:
                return False
            self._close(DeadlineState.FALLEN)
            falls[self.kind](self, at)
            return True

    def try_to_fall(self, at: datetime) -> bool:
        """Fall, whatever happens: refused, it is without object; failed, it is logged and waits for a while.

        What the ledger refuses is a failure too: nobody asked for it, so the deed still owes that money.
        """
        try:
            return self.fall(at)
        except ledger.BooksRefuse:
            self._put_off(at)
        except Refusal:
            self.call_off()
        except Exception:
            self._put_off(at)
        return False

    def _put_off(self, at: datetime) -> None:
        log.exception("Deadline %s (%s) could not fall.", self.pk, self.kind)
        Deadline.objects.filter(pk=self.pk, state=DeadlineState.WAITING).update(tried_at=at)

    def call_off(self) -> None:
        """What it would cause is no longer possible. A second call changes nothing."""
        with locked(self.project, self):
            if self.state == DeadlineState.WAITING:
                self._close(DeadlineState.CANCELLED)

    def _close(self, state: DeadlineState) -> None:
        self.state, self.closed_at = state, timezone.now()
        self.save(update_fields=["state", "closed_at"])
