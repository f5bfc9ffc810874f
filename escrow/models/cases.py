"""Cases asked for: the SMA is to look at a tranche, because somebody or a date says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.states import TrancheState
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .tranches import Tranche


class Cause(models.TextChoices):
    """Why the SMA is asked, in the words that all concerned read."""

    NO_ANSWER_TO_DELIVERY = "NO_ANSWER_TO_DELIVERY", _("the client has not answered a delivery in time")
    OVERDUE = "OVERDUE", _("the delivery is late, and the refund asked for has had no answer")
    REFUSED = "REFUSED", _("the refund asked for was refused")
    IDLE = "IDLE", _("the money held has not moved for a long time")


class CaseState(models.TextChoices):
    OPEN = "OPEN", _("with the SMA")
    CLOSED = "CLOSED", _("closed")


CASE_MOVES = (("", "OPEN"), ("OPEN", "CLOSED"))


class CaseRequestQuerySet(models.QuerySet["CaseRequest"]):
    def open(self) -> CaseRequestQuerySet:
        """Those that the SMA has to take up; one at most per tranche."""
        return self.filter(state=CaseState.OPEN)

    def close(self) -> int:
        """These are without object: their money is gone from the account, or in dispute. How many were open."""
        return self.open().update(state=CaseState.CLOSED, closed_at=timezone.now())


class CaseRequest(models.Model):
    """The SMA is asked to look at the money that one tranche holds; `by` is nobody when a date caused it.

    It moves no money and stops nobody: only a dispute freezes. Closed when one is opened, or when nothing is held.
    """

    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="case_requests")
    cause = models.CharField(max_length=21, choices=Cause)
    state = models.CharField(max_length=6, choices=CaseState, default=CaseState.OPEN, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    key = models.UUIDField(unique=True, null=True)
    at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = CaseRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("case asked for"), _("cases asked for")
        default_permissions = ("view",)
        ordering = ["pk"]
        triggers = [States(field="state", edges=CASE_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["tranche"], condition=Q(state="OPEN"), name="one_open_case_request_per_tranche"
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", closed_at=None) | Q(state="CLOSED", closed_at__isnull=False),
                name="closed_case_request_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.get_cause_display()}"

    @classmethod
    def open(cls, tranche: Tranche, *, cause: Cause, by: User | None, key: UUID | None = None) -> CaseRequest:
        """Ask the SMA to look at `tranche`; the two parties and the SMA are told. No money moves.

        The same `key` for the same tranche gives the first request. Refused: NothingHeld, AlreadyOpen (also in
        dispute), KeyReused.
        """
        with locked(tranche.account.project, tranche.account, tranche):
            if key and (done := cls.objects.filter(key=key).first()):
                return done.same_as(tranche=tranche, cause=cause)
            return cls.open_on([tranche], cause=cause, by=by, key=key)[0]

    @classmethod
    def open_on(
        cls, tranches: Sequence[Tranche], *, cause: Cause, by: User | None, key: UUID | None = None
    ) -> list[CaseRequest]:
        """Ask for several tranches of one account in one letter. Under their locks; refused as `open` is."""
        for tranche in tranches:
            cls.must_be_possible(tranche)
        made = [cls.objects.create(tranche=tranche, cause=cause, by=by, key=key) for tranche in tranches]
        account = tranches[0].account
        Event.record(
            "escrow.case_asked",
            project=account.project,
            by=by,
            cause=str(cause),
            cents=sum(tranche.held_cents for tranche in tranches),
            requests=[request.pk for request in made],
            parts=[tranche.facts() for tranche in tranches],
            **account.facts(),
            **tranches[0].facts(),
        )
        return made

    @classmethod
    def must_be_possible(cls, tranche: Tranche) -> None:
        """Refuse (AlreadyOpen, NothingHeld) a case of a tranche that has one, or that holds nothing to decide on."""
        if tranche.state == TrancheState.DISPUTED or tranche.case_requests.open().exists():
            raise cls.AlreadyOpen
        if not tranche.held_cents:
            raise cls.NothingHeld

    def same_as(self, *, tranche: Tranche, cause: Cause) -> CaseRequest:
        """This request, if the repeated one says the same; refused (KeyReused) otherwise."""
        if (self.tranche_id, self.cause) != (tranche.pk, cause):
            raise self.KeyReused
        return self

    class NothingHeld(Refusal):
        sentence = _("The SMA decides on held money only, and this tranche holds none. Nothing was opened.")

    class AlreadyOpen(Refusal):
        sentence = _("The SMA already has the case of this tranche: it writes to the two of you. Nothing was opened.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another case: nothing was opened. Load it again.")
