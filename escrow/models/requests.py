"""Requests for a refund: held money goes back to the client with the provider's consent alone (product, section 5)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.states import REQUEST_MOVES, RequestState, TrancheState
from marketplace import deadlines
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros
from projects.models import Deadline

from .cases import CaseRequest, Cause
from .deposits import LEAST_CENTS

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .tranches import Tranche

SILENCE, REMINDER = "refund.silence", "refund.remind"


class RefundRequestQuerySet(models.QuerySet["RefundRequest"]):
    def visible_to(self, user: User) -> RefundRequestQuerySet:
        """The requests of one's own agreements, as client or as provider."""
        agreement = "tranche__account__agreement"
        return self.filter(Q(**{f"{agreement}__client": user}) | Q(**{f"{agreement}__provider": user}))

    def answerable_by(self, user: User) -> RefundRequestQuerySet:
        """Those that `user` consents to or not, as the provider."""
        return self.filter(tranche__account__agreement__provider=user)

    def asked_by(self, user: User) -> RefundRequestQuerySet:
        """Those that `user` made, as the client."""
        return self.filter(tranche__account__agreement__client=user, by=user)

    def living(self) -> RefundRequestQuerySet:
        """Those that wait for an answer; a tranche has one at most."""
        return self.filter(state=RequestState.ASKED)

    def with_parties(self) -> RefundRequestQuerySet:
        """With the tranche, the account, the project and the parties, in one query."""
        agreement = "tranche__account__agreement"
        return self.select_related("tranche__account__project", f"{agreement}__client", f"{agreement}__provider")

    def overtake(self, held_cents: int) -> None:
        """A tranche holds no more than that: what asks for more has no object. Called under its locks."""
        for request in self.living().filter(cents__gt=held_cents):
            request.close(RequestState.LAPSED)

    def escalate(self) -> None:
        """A dispute decides now. Called by the freeze, under the locks of the tranche."""
        for request in self.living():
            request.close(RequestState.ESCALATED)


class RefundRequest(models.Model):
    """`cents` of what a tranche holds are to go back to the client, who asks for it, or whom the provider offers it.

    Nothing moves without the provider. On a tranche that is late, silence until `answer_by` brings it before the SMA.
    """

    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="refund_requests")
    cents = models.BigIntegerField()
    reason = models.TextField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    key = models.UUIDField(unique=True)
    state = models.CharField(max_length=9, choices=RequestState, default=RequestState.ASKED, editable=False)
    asked_at = models.DateTimeField(auto_now_add=True)
    answer_by = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    answer = models.TextField(max_length=2000, blank=True)

    objects = RefundRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("request for a refund"), _("requests for refunds")
        default_permissions = ("view",)
        ordering = ["pk"]
        triggers = [States(field="state", edges=REQUEST_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["tranche"], condition=Q(state="ASKED"), name="one_living_refund_request_per_tranche"
            ),
            models.CheckConstraint(condition=Q(cents__gt=0), name="refund_request_of_something"),
            models.CheckConstraint(
                condition=Q(state="ASKED", closed_at=None) | (~Q(state="ASKED") & Q(closed_at__isnull=False)),
                name="closed_refund_request_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="REFUSED") | ~Q(answer=""), name="refused_refund_request_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.cents}"

    def get_absolute_url(self) -> str:
        return reverse("escrow:refund", args=[self.tranche.account.project.key, self.pk])

    @classmethod
    def ask(cls, tranche: Tranche, cents: int, *, reason: str, by: User, key: UUID) -> RefundRequest:
        """The client asks for `cents` of what `tranche` holds, with the reason that the provider reads.

        Nothing moves before the provider agrees. The same `key` with the same content gives the first request.
        Refused: NeedsReason, AlreadyAsked, Tranche.InDispute, NothingHeld, TooMuch, TooLittle, KeyReused.
        """
        with locked(tranche.account.project, tranche.account, tranche):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(tranche=tranche, cents=cents, reason=reason)
            if not reason.strip():
                raise cls.NeedsReason
            cls._must_be_possible(tranche, cents)
            request = cls.objects.create(tranche=tranche, cents=cents, reason=reason, by=by, key=key)
            if tranche.is_overdue:
                request.await_answer(timezone.now())
            request.tell("asked", by=by)
            return request

    @classmethod
    def offer(cls, tranche: Tranche, cents: int, *, reason: str, by: User, key: UUID) -> RefundRequest:
        """The provider gives `cents` of what `tranche` holds back to the client, of their own accord, at once.

        The same `key` with the same content gives back once. Refused: AlreadyAsked (the client's own request is
        answered), Tranche.InDispute, NothingHeld, TooMuch, TooLittle, KeyReused.
        """
        with locked(tranche.account.project, tranche.account, tranche):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(tranche=tranche, cents=cents, reason=reason)
            cls._must_be_possible(tranche, cents)
            end = {"state": RequestState.AGREED, "closed_at": timezone.now(), "closed_by": by}
            request = cls.objects.create(tranche=tranche, cents=cents, reason=reason, by=by, key=key, **end)
            request._give_back("offered", by=by)
            return request

    @property
    def is_living(self) -> bool:
        """Whether it waits for the provider."""
        return self.state == RequestState.ASKED

    @property
    def is_offer(self) -> bool:
        """Whether the provider gave it back without being asked."""
        return self.by_id == self.tranche.account.agreement.provider_id

    @property
    def closes_tranche(self) -> bool:
        """Whether agreeing now would take all that the tranche holds, and so end it."""
        return self.cents == self.tranche.held_cents

    @property
    def silence_at(self) -> datetime | None:
        """When silence brings it before the SMA; None when no date runs, as once the work is delivered."""
        runs = self.is_living and self.tranche.state == TrancheState.FUNDED
        return self.answer_by if runs else None

    def agree(self, *, by: User, held_cents: int) -> None:
        """The provider consents: held → refunding, to the cards that deposited. `held_cents` is what they were shown.

        All that the tranche holds: it is over, and with the last one the account is finished. A part: its price
        stays, that money is lacking again. A second call changes nothing. Refused: Answered, Changed.
        """
        with self._to_answer():
            if self.state == RequestState.AGREED:
                return
            self._must_be_living()
            if self.tranche.held_cents != held_cents:
                raise self.Changed(held=euros(self.tranche.held_cents))
            self.close(RequestState.AGREED, by=by)
            self._give_back("agreed", by=by)

    def refuse(self, *, by: User, reason: str) -> None:
        """The provider does not consent; the client reads the `reason`. The money stays held; days to accept go on.

        A second call changes nothing. Refused: Answered, NeedsReason.
        """
        with self._to_answer():
            if self.state == RequestState.REFUSED:
                return
            self._must_be_living()
            if not reason.strip():
                raise self.NeedsReason
            self.answer = reason.strip()
            self.close(RequestState.REFUSED, by=by)
            self.tranche.leave_a_day()
            self.tell("refused", by=by, answer=self.answer)

    def withdraw(self, *, by: User) -> None:
        """The client takes it back. A second call changes nothing. Refused: Answered."""
        with self._to_answer():
            if self.state == RequestState.WITHDRAWN:
                return
            self._must_be_living()
            self.close(RequestState.WITHDRAWN, by=by)
            self.tranche.leave_a_day()
            self.tell("withdrawn", by=by)

    def fall_silent(self, *, at: datetime) -> None:
        """The provider has not answered in time on a late tranche: the SMA has the case.

        Refused (NotDue) unless `at` is past the date and the work still not delivered.
        """
        with self._to_answer():
            if not self.silence_at or at <= self.silence_at:
                raise self.NotDue
            self.close(RequestState.ESCALATED)
            self.tell("unanswered", by=None)
            if not self.tranche.case_requests.open().exists():
                CaseRequest.open(self.tranche, cause=Cause.OVERDUE, by=None)

    def remind(self, *, at: datetime) -> None:
        """Tell the provider that the date is near. Refused (NotDue) when no answer is waited for."""
        with self._to_answer():
            if not self.silence_at or at > self.silence_at:
                raise self.NotDue
            self._remind_before(at)
            self.tell("reminded", by=None)

    def same_as(self, *, tranche: Tranche, cents: int, reason: str) -> RefundRequest:
        """This request, if the repeated one says the same; refused (KeyReused) otherwise."""
        if (self.tranche_id, self.cents, self.reason) != (tranche.pk, cents, reason):
            raise self.KeyReused
        return self

    def close(self, state: RequestState, *, by: User | None = None) -> None:
        """It waits for nobody any more. Called by the deeds that end it, under the locks of its tranche."""
        self.state, self.closed_at, self.closed_by = state, timezone.now(), by
        self.save(update_fields=["state", "closed_at", "closed_by", "answer"])
        Deadline.objects.cancel(self)

    def tell(self, what: str, *, by: User | None, **more: Any) -> None:
        """Record what became of it, with the tranche as it is now."""
        facts = {"request": self.pk, "cents": self.cents, "reason": self.reason, **more}
        facts["answer_by"] = self.answer_by.isoformat() if self.answer_by else None
        account = self.tranche.account
        Event.record(
            f"escrow.refund_{what}", project=account.project, by=by, **facts, **account.facts(), **self.tranche.facts()
        )

    @classmethod
    def _must_be_possible(cls, tranche: Tranche, cents: int) -> None:
        """Refuse AlreadyAsked, Tranche.InDispute, NothingHeld, TooMuch, TooLittle (a card could never pay it again)."""
        if tranche.refund_requests.living().exists():
            raise cls.AlreadyAsked
        tranche.must_not_be_disputed()
        held = tranche.held_cents
        if not tranche.is_deliverable:
            raise cls.NothingHeld
        if not 0 < cents <= held:
            raise cls.TooMuch(held=euros(held))
        if cents < min(held, LEAST_CENTS):
            raise cls.TooLittle(held=euros(held), least=euros(LEAST_CENTS))

    def _to_answer(self) -> AbstractContextManager[None]:
        """The locks of a deed that ends it."""
        return locked(self.tranche.account.project, self.tranche.account, self.tranche, self)

    def _must_be_living(self) -> None:
        if not self.is_living:
            raise self.Answered

    def await_answer(self, now: datetime) -> None:
        """The work is late: the provider has so many working days to answer, and is reminded. Under the locks."""
        self.answer_by = deadlines.after(now, settings.REFUND_ANSWER_DAYS)
        self.save(update_fields=["answer_by"])
        Deadline.objects.set(SILENCE, self, self.answer_by, project=self.tranche.account.project)
        self._remind_before(now)

    def _remind_before(self, now: datetime) -> None:
        end, days = cast("datetime", self.answer_by), settings.REFUND_REMINDER_DAYS
        Deadline.objects.remind(REMINDER, self, end, days, project=self.tranche.account.project, now=now)

    def _give_back(self, what: str, *, by: User) -> None:
        """The money leaves the tranche; the account may be finished by it."""
        account = self.tranche.account
        self.tranche.mark_given_back(self.cents)
        account.send_back([(self.tranche, self.cents)], by=by, request=self)
        self.tell(what, by=by)
        account.tell_end(by=by)

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the other party reads it. Nothing was sent.")

    class AlreadyAsked(Refusal):
        sentence = _("A refund of this tranche is already asked for: it is answered or withdrawn first.")

    class NothingHeld(Refusal):
        sentence = _("This tranche holds nothing: there is nothing to give back. Nothing was moved.")

    class TooMuch(Refusal):
        sentence = _("This tranche holds %(held)s: %(held)s can go back, or less. Nothing was moved.")

    class TooLittle(Refusal):
        sentence = _("Give back %(least)s at least, or all of the %(held)s: no card pays less. Nothing was moved.")

    class Changed(Refusal):
        sentence = _("The tranche now holds %(held)s: read again what your agreement does. Nothing was moved.")

    class Answered(Refusal):
        sentence = _("This request has been answered or withdrawn already. Nothing was moved.")

    class NotDue(Refusal):
        sentence = _("The provider has answered or delivered, or still has time to.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another refund: nothing was moved. Load it again.")
