"""Cases asked for: the SMA is to look at a tranche, because somebody or a date says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
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

from .clock import asks_again_at, keep_asking, keep_moving

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .accounts import EscrowAccount
    from .tranches import Tranche


class Cause(models.TextChoices):
    """Why the SMA is asked, in the words that all concerned read."""

    NO_ANSWER_TO_DELIVERY = "NO_ANSWER_TO_DELIVERY", _("the client has not answered a delivery in time")
    OVERDUE = "OVERDUE", _("the delivery is late, and the refund asked for has had no answer")
    REFUSED = "REFUSED", _("the refund asked for was refused")
    IDLE = "IDLE", _("the money held has not moved for a long time")


class Obstacle(models.TextChoices):
    """Why no case is opened of what was asked, in the words that all concerned read."""

    NOTHING_HELD = "NOTHING_HELD", _("nothing is held on this tranche any more")
    IN_DISPUTE = "IN_DISPUTE", _("another case decides on this money already")


class CaseState(models.TextChoices):
    OPEN = "OPEN", _("with the SMA")
    CLOSED = "CLOSED", _("closed")


CASE_MOVES = (("", "OPEN"), ("OPEN", "CLOSED"))


class CaseRequestQuerySet(models.QuerySet["CaseRequest"]):
    def open(self) -> CaseRequestQuerySet:
        """Those that the SMA has to take up; one at most per tranche."""
        return self.filter(state=CaseState.OPEN)

    def of_account(self, account: EscrowAccount) -> CaseRequestQuerySet:
        """Those of the tranches of `account`."""
        return self.filter(tranche__account=account).order_by("tranche_id")

    def with_parties(self) -> CaseRequestQuerySet:
        """With the tranche, the account, the project and the parties, in one query."""
        agreement = "tranche__account__agreement"
        return self.select_related("tranche__account__project", f"{agreement}__client", f"{agreement}__provider", "by")

    def close(self, obstacle: Obstacle | str = "") -> int:
        """These are without object: their money is gone from the account, or in dispute. How many were open."""
        return self.open().update(state=CaseState.CLOSED, closed_at=timezone.now(), obstacle=obstacle)


class CaseRequest(models.Model):
    """The SMA is asked to look at the money that one tranche holds; `by` is nobody when a date caused it.

    It moves no money and stops nobody: only a dispute freezes. A case is opened of it at once; one that could not be is
    asked for again each working day. Closed when a case is opened, when nothing is held, or for its `obstacle`.
    """

    tranche = models.ForeignKey(
        "escrow.Tranche", models.PROTECT, related_name="case_requests", verbose_name=_("tranche")
    )
    cause = models.CharField(_("cause"), max_length=21, choices=Cause)
    state = models.CharField(_("state"), max_length=6, choices=CaseState, default=CaseState.OPEN, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("asked by")
    )
    key = models.UUIDField(unique=True, null=True)
    at = models.DateTimeField(_("asked at"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    obstacle = models.CharField(_("no case, because"), max_length=12, choices=Obstacle, blank=True, editable=False)

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
            models.CheckConstraint(condition=Q(obstacle="") | Q(state="CLOSED"), name="case_request_barred_is_closed"),
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
    ) -> Sequence[CaseRequest]:
        """Ask for several tranches of one account in one letter. Under their locks; refused as `open` is."""
        for tranche in tranches:
            cls.must_be_possible(tranche)
        made = [cls.objects.create(tranche=tranche, cause=cause, by=by, key=key) for tranche in tranches]
        again_at = asks_again_at(timezone.now())
        cls.record("escrow.case_asked", made, by=by, again_at=again_at.isoformat())
        keep_asking(tranches[0].account)
        return made

    @classmethod
    def ask_again(cls, account: EscrowAccount, *, at: datetime) -> None:
        """What is still open on `account` at `at` is asked of the SMA again, and so on each working day until it ends.

        What has an obstacle by now ends with it. Under the lock of the project.
        """
        rows = list(cls.objects.open().of_account(account).with_parties())
        with locked(account.project, account, *(request.tranche for request in rows)):
            cls.end_barred(account)
            for group in cls.groups(account):
                cls.record("escrow.case_awaited", group, by=None)
            keep_asking(account, now=at)

    @classmethod
    def end_barred(cls, account: EscrowAccount) -> None:
        """What has an obstacle ends with it, and both parties are told; money still held may rest anew from now.

        Under the locks of project, account and tranches.
        """
        rows = [(one, cls.obstacle_of(one.tranche)) for one in cls.objects.open().of_account(account).with_parties()]
        for obstacle in Obstacle:
            if barred := [request for request, found in rows if found == obstacle]:
                cls.objects.filter(pk__in=[request.pk for request in barred]).close(obstacle)
                idle_at = keep_moving(account)
                until = idle_at.isoformat() if idle_at else None
                cls.record("escrow.case_barred", barred, by=None, obstacle=str(obstacle), until=until)

    @classmethod
    def groups(cls, account: EscrowAccount) -> list[list[CaseRequest]]:
        """Those that are open on `account`: asked for the same cause by the same person, they are one case."""
        found: dict[tuple[str, int | None], list[CaseRequest]] = {}
        for request in cls.objects.open().of_account(account).with_parties():
            found.setdefault((request.cause, request.by_id), []).append(request)
        return list(found.values())

    @staticmethod
    def record(verb: str, requests: Sequence[CaseRequest], *, by: User | None, **facts: Any) -> None:
        """Record what becomes of `requests` of one account, with their tranches as they are now."""
        tranches = [request.tranche for request in requests]
        account = tranches[0].account
        about: dict[str, Any] = {
            "cause": str(requests[0].cause),
            "cents": sum(tranche.held_cents for tranche in tranches),
            "requests": [request.pk for request in requests],
            "parts": [tranche.facts() for tranche in tranches],
        }
        Event.record(verb, project=account.project, by=by, **about, **facts, **account.facts(), **tranches[0].facts())

    @classmethod
    def must_be_possible(cls, tranche: Tranche) -> None:
        """Refuse (AlreadyOpen, NothingHeld) a case of a tranche that has one, or that holds nothing to decide on."""
        obstacle = cls.obstacle_of(tranche)
        if obstacle == Obstacle.IN_DISPUTE or tranche.case_requests.open().exists():
            raise cls.AlreadyOpen
        if obstacle:
            raise cls.NothingHeld

    @staticmethod
    def obstacle_of(tranche: Tranche) -> Obstacle | None:
        """Why no case can be opened of `tranche`; None if one can."""
        if tranche.state == TrancheState.DISPUTED:
            return Obstacle.IN_DISPUTE
        return None if tranche.is_deliverable else Obstacle.NOTHING_HELD

    def same_as(self, *, tranche: Tranche, cause: Cause) -> CaseRequest:
        """This request, if the repeated one says the same; refused (KeyReused) otherwise."""
        if (self.tranche_id, self.cause) != (tranche.pk, cause):
            raise self.KeyReused
        return self

    class NothingHeld(Refusal):
        sentence = _("The SMA decides on held money only, and this tranche holds none. Nothing was opened.")

    class AlreadyOpen(Refusal):
        sentence = _(
            "The SMA already has this tranche: the payments page says where the case is. Nothing was recorded."
        )

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another case: nothing was opened. Load it again.")
