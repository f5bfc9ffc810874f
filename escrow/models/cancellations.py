"""Notices of cancellation: either side ends a tranche, or its rest, that nobody has funded, so many days later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from projects.models import Deadline
from projects.models.content import days_after

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .tranches import Tranche

CANCEL = "tranche.cancel"


class NoticeState(models.TextChoices):
    GIVEN = "GIVEN", _("running")
    CARRIED_OUT = "CARRIED_OUT", _("tranche cancelled")
    WITHDRAWN = "WITHDRAWN", _("taken back")
    OVERTAKEN = "OVERTAKEN", _("without object")


NOTICE_MOVES = (("", "GIVEN"), ("GIVEN", "CARRIED_OUT"), ("GIVEN", "WITHDRAWN"), ("GIVEN", "OVERTAKEN"))


class CancellationNoticeQuerySet(models.QuerySet["CancellationNotice"]):
    def given_by(self, user: User) -> CancellationNoticeQuerySet:
        """The notices of one person, who alone takes them back."""
        tranche = ("tranche__account__project", "tranche__account__agreement")
        return self.filter(by=user).select_related(*tranche)

    def running(self) -> CancellationNoticeQuerySet:
        """Those that will cancel their tranche; one at most per tranche."""
        return self.filter(state=NoticeState.GIVEN)


class CancellationNotice(models.Model):
    """One side's notice that an unfunded tranche ends at `ends_at`, and why, unless a deposit comes before.

    A tranche that was funded in part ends for what was released, once all of it was: nothing else would ever end it.
    Either side may give notice (terms, section R0); only its author takes it back.
    """

    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="notices")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.TextField(max_length=2000)
    key = models.UUIDField(unique=True)
    state = models.CharField(max_length=11, choices=NoticeState, default=NoticeState.GIVEN, editable=False)
    at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = CancellationNoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notice of cancellation"), _("notices of cancellation")
        default_permissions = ("view",)
        ordering = ["pk"]
        triggers = [States(field="state", edges=NOTICE_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["tranche"], condition=Q(state="GIVEN"), name="one_running_notice_per_tranche"
            ),
            models.CheckConstraint(
                condition=Q(state="GIVEN", closed_at=None) | (~Q(state="GIVEN") & Q(closed_at__isnull=False)),
                name="closed_cancellation_notice_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.get_state_display()}"

    @property
    def is_running(self) -> bool:
        """Whether it will cancel its tranche."""
        return self.state == NoticeState.GIVEN

    @property
    def was_carried_out(self) -> bool:
        """Whether it ended its tranche."""
        return self.state == NoticeState.CARRIED_OUT

    @classmethod
    def give(cls, tranche: Tranche, *, reason: str, by: User, key: UUID) -> CancellationNotice:
        """Tell the other side that `tranche`, unfunded, or its unfunded rest ends in 14 days. No money moves.

        The same `key` with the same reason gives the first notice. Refused: NotUnfunded (it holds money, or is over),
        AlreadyGiven, KeyReused.
        """
        account = tranche.account
        with locked(account.project, account, tranche):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(tranche=tranche, reason=reason)
            if not tranche.awaits_deposit:
                raise cls.NotUnfunded
            if tranche.notices.running().exists():
                raise cls.AlreadyGiven
            now = timezone.now()
            ends_at = days_after(now, settings.CANCELLATION_DAYS)
            notice = cls.objects.create(tranche=tranche, reason=reason, by=by, key=key, at=now, ends_at=ends_at)
            Deadline.objects.set(CANCEL, tranche, ends_at, project=account.project)
            notice.tell("escrow.notice_given", by=by, reason=reason)
            return notice

    def withdraw(self, *, by: User) -> None:
        """Its author takes it back: the tranche stays. A second call changes nothing. Refused: NotYours, NotRunning."""
        with locked(self.tranche.account.project, self.tranche.account, self.tranche, self):
            if by.pk != self.by_id:
                raise self.NotYours
            if self.state == NoticeState.WITHDRAWN:
                return
            if self.state != NoticeState.GIVEN:
                raise self.NotRunning
            self._close(NoticeState.WITHDRAWN)
            self.tell("escrow.notice_withdrawn", by=by)

    def carry_out(self, *, at: datetime) -> None:
        """Its days are over at `at`: the tranche is cancelled for good, and with the last one the account is finished.

        Refused (NotRunning) when a deposit came or it was taken back, or before its date.
        """
        account = self.tranche.account
        with locked(account.project, account, self.tranche, self):
            if self.state != NoticeState.GIVEN or at <= self.ends_at:
                raise self.NotRunning
            rest = self.tranche.lacking_cents
            self.tranche.mark_given_up()
            self._close(NoticeState.CARRIED_OUT)
            self.tell("escrow.tranche_cancelled", by=None, reason=self.reason, cents=rest, last=account.is_over)
            if account.is_over:
                Event.record("escrow.finished", project=account.project, **account.facts())

    def overtake(self) -> None:
        """A deposit came, or an avenant decides on the tranche: it is without object. Called under the locks."""
        self._close(NoticeState.OVERTAKEN)
        self.tell("escrow.notice_overtaken", by=None)

    def tell(self, verb: str, *, by: User | None, **facts: object) -> None:
        """Record what became of it: who gave it, until when it ran, the cents that lack and those released before."""
        account, tranche = self.tranche.account, self.tranche
        own = {"notice": self.pk, "giver": self.by_id, "ends_at": self.ends_at.isoformat()}
        sums = {"cents": tranche.lacking_cents, "released": tranche.released_cents}
        told = sums | facts | own | account.facts() | tranche.facts()
        Event.record(verb, project=account.project, by=by, **told)

    def same_as(self, *, tranche: Tranche, reason: str) -> CancellationNotice:
        """This notice, if the repeated request says the same; refused (KeyReused) otherwise."""
        if (self.tranche_id, self.reason) != (tranche.pk, reason):
            raise self.KeyReused
        return self

    def _close(self, state: NoticeState) -> None:
        self.state, self.closed_at = state, timezone.now()
        self.save(update_fields=["state", "closed_at"])
        Deadline.objects.cancel(self.tranche, CANCEL)

    class NotUnfunded(Refusal):
        sentence = _(
            "Only a tranche that holds no money is cancelled on notice: this one is funded, or already over. "
            "Nothing was sent."
        )

    class AlreadyGiven(Refusal):
        sentence = _("A notice is already running for this tranche. Nothing was sent.")

    class NotYours(Refusal):
        sentence = _("Only who gave the notice takes it back.")

    class NotRunning(Refusal):
        sentence = _("This notice is no longer running: a deposit came, or the tranche is over.")

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another notice: nothing was sent. Check it and send it again."
        )
