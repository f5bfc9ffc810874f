"""The daily newsletter: one edition a day, one copy for each provider it has something for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.states import States
from marketplace.templatetags.page import day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_TRIES = 8
FIRST_WINDOW = timedelta(days=7)  # what a provider's first copy looks back on


class CopyState(models.TextChoices):
    """Where a copy is."""

    READY = "READY", _("to be sent")
    LEAVING = "LEAVING", _("handed to the mail server")
    SENT = "SENT", _("sent")
    FAILED = "FAILED", _("refused by the mail server")
    DROPPED = "DROPPED", _("not sent: nothing left to say, or not wanted any more")
    LOST = "LOST", _("interrupted while leaving: not sent again")


COPY_MOVES = (
    ("", "READY"),
    ("READY", "LEAVING"),
    ("READY", "DROPPED"),
    ("READY", "FAILED"),
    ("LEAVING", "SENT"),
    ("LEAVING", "READY"),
    ("LEAVING", "FAILED"),
    ("LEAVING", "LOST"),
)


class Edition(models.Model):
    """The newsletter of one day. `until` bounds the projects of all its copies, however often writing is resumed."""

    day = models.DateField(_("day"), unique=True)
    until = models.DateTimeField(_("projects opened until"))
    reached = models.BigIntegerField(default=0)  # the last provider whose copy was considered
    written_at = models.DateTimeField(_("written at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("edition of the newsletter"), _("editions of the newsletter")

    def __str__(self) -> str:
        return day(self.day)

    def go_on_after(self, batch: Sequence[int]) -> None:
        """The providers of `batch` (ids, ascending) have been considered; an empty one says that all have."""
        if batch:
            self.reached = batch[-1]
        else:
            self.written_at = timezone.now()
        self.save(update_fields=["reached", "written_at"])


class CopyQuerySet(models.QuerySet["NewsletterCopy"]):
    def due(self, now: datetime) -> CopyQuerySet:
        """Copies that may be tried now and that no worker has claimed, oldest first."""
        unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(unclaimed, state=CopyState.READY, next_try_at__lte=now).order_by("next_try_at", "pk")

    def give_up_interrupted(self, now: datetime) -> int:
        """Mark LOST what a killed worker had handed over: it may have left, and nobody gets a copy twice."""
        gone = self.filter(state=CopyState.LEAVING, claimed_until__lt=now)
        return gone.update(state=CopyState.LOST, claimed_until=None)


class NewsletterCopy(models.Model):
    """One provider's newsletter of one day, with the keys of its projects, best first. Never sent twice."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="copies", verbose_name=_("edition"))
    provider = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="newsletter_copies", verbose_name=_("provider")
    )
    day = models.DateField()
    project_keys = ArrayField(models.CharField(max_length=16), size=10)
    state = models.CharField(_("state"), max_length=8, choices=CopyState, default=CopyState.READY)
    until = models.DateTimeField()  # the provider's next copy begins here
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    failure = models.CharField(_("failure"), max_length=300, blank=True)

    objects = CopyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("copy of the newsletter"), _("copies of the newsletter")
        triggers = [States(field="state", edges=COPY_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["provider", "day"], name="one_newsletter_copy_a_day"),
            models.CheckConstraint(condition=~Q(project_keys=[]), name="newsletter_copy_not_empty"),
            models.CheckConstraint(
                condition=Q(state="SENT", sent_at__isnull=False) | (~Q(state="SENT") & Q(sent_at=None)),
                name="newsletter_copy_sent_with_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state="READY"), name="newsletter_copy_ready"),
            models.Index(fields=["claimed_until"], condition=Q(state="LEAVING"), name="newsletter_copy_leaving"),
            models.Index(fields=["provider", "-until"], name="newsletter_copy_latest"),
            models.Index(fields=["edition", "state", "sent_at"], name="newsletter_copy_figures"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}, {self.day}"

    def leave(self) -> bool:
        """Note, before the mail server gets it, that this copy leaves; False when it is no longer ours to send."""
        mine = NewsletterCopy.objects.filter(pk=self.pk, state=CopyState.READY, claimed_until=self.claimed_until)
        return bool(mine.update(state=CopyState.LEAVING))

    def mark_sent(self) -> None:
        """The mail server has taken it."""
        self._settle(CopyState.LEAVING, state=CopyState.SENT, sent_at=timezone.now(), failure="")

    def fail(self, reason: str) -> None:
        """The mail server will never take it (5xx)."""
        self._settle(CopyState.LEAVING, state=CopyState.FAILED, failure=reason)

    def lose(self, reason: str) -> None:
        """The line broke while the mail server was taking it, which may have it: nobody gets a copy twice."""
        self._settle(CopyState.LEAVING, state=CopyState.LOST, failure=reason)

    def postpone(self, reason: str) -> None:
        """The mail server has not taken it now: later and later, then it has failed."""
        if self.attempts + 1 >= MOST_TRIES:
            self.fail(reason)
            return
        pause = timedelta(minutes=min(2**self.attempts, 60))
        again = timezone.now() + pause
        changes = {"failure": reason, "next_try_at": again, "attempts": F("attempts") + 1}
        self._settle(CopyState.LEAVING, state=CopyState.READY, **changes)

    def wait(self, reason: str) -> None:
        """The mail server is not there: in a minute, however often."""
        again = timezone.now() + timedelta(minutes=1)
        self._settle(CopyState.LEAVING, state=CopyState.READY, failure=reason, next_try_at=again)

    def drop(self) -> None:
        """Its reader no longer wants it, or all its projects have closed meanwhile."""
        self._settle(CopyState.READY, state=CopyState.DROPPED)

    def spoil(self, reason: str) -> None:
        """It cannot be written: flagged, and no obstacle to the others."""
        self._settle(CopyState.READY, state=CopyState.FAILED, failure=reason)

    def _settle(self, before: CopyState, **changes: object) -> None:
        NewsletterCopy.objects.filter(pk=self.pk, state=before).update(claimed_until=None, **changes)
