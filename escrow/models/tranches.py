"""Tranches: what is delivered for how much, and how far its money is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from escrow.lights import CHANGES, Light, Money, light
from escrow.states import TAKE_DEPOSITS, TRANCHE_MOVES, TrancheState
from marketplace.billing.vat import Amount
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import PARIS, euros
from projects.models import Deadline
from projects.models.content import days_after

from .cancellations import CancellationNotice
from .cases import CaseRequest
from .clock import ASK, keep_time
from .deliveries import Delivery
from .deposits import DepositRequest, askable, lacking_cents

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean
    from projects.models import AgreementTranche

    from .accounts import EscrowAccount
    from .freezes import FreezePart
    from .requests import RefundRequest

AMENDED = ("title", "deliverable", "due_on", "cents", "ht_cents", "vat_cents")  # what an avenant changes of a tranche
MOST_CHANGES = 2  # asked for by the client, of one tranche
REQUEST_PAUSE = timedelta(hours=24)  # one mail a day at most, however often the button is pressed
IN_DISPUTE = _("in dispute: it takes no deposit before the case ends")
OVER = _("over: nothing more is deposited on it")


class TrancheQuerySet(models.QuerySet["Tranche"]):
    """Whose tranche it is is decided here; whether its state allows a deed, by the deed itself, with a sentence."""

    def visible_to(self, user: User) -> TrancheQuerySet:
        """The tranches of one's own agreements, as client or as provider."""
        return self.filter(Q(account__agreement__client=user) | Q(account__agreement__provider=user))

    def releasable_by(self, user: User) -> TrancheQuerySet:
        """The tranches that `user` accepts, as the client who pays them."""
        return self.filter(account__agreement__client=user)

    def deliverable_by(self, user: User) -> TrancheQuerySet:
        """The tranches that `user` delivers, as their provider."""
        return self.filter(account__agreement__provider=user)

    def holding(self) -> TrancheQuerySet:
        """Those with money that waits on the account; what is in dispute is frozen, not held."""
        return self.filter(funded_cents__gt=F("released_cents")).exclude(state=TrancheState.DISPUTED)

    def told(self) -> TrancheQuerySet:
        """With what a page says of each, whatever their number.

        `in_case`: whether the SMA has been asked, and has opened no case yet; `asked_again_at`: when it is asked again;
        `notice_ends`: until when a notice of cancellation runs, if one does.
        """
        asked = CaseRequest.objects.open().filter(tranche=OuterRef("pk"))
        notices = CancellationNotice.objects.running().filter(tranche=OuterRef("pk"))
        about = {"kind": ASK, "subject_label": "escrow.escrowaccount", "subject_id": OuterRef("account")}
        again = Subquery(Deadline.objects.waiting().filter(**about).values("due_at"))
        ends = Subquery(notices.values("ends_at"))
        return self.annotate(in_case=Exists(asked), asked_again_at=again, notice_ends=ends)

    def with_parties(self) -> TrancheQuerySet:
        """With the account, the project and the parties, in one query."""
        return self.select_related("account__project", "account__agreement__client", "account__agreement__provider")


class Tranche(models.Model):
    """A part of the work of an R0 project: agreed amount, deposits and releases in cents, VAT included.

    `funded_cents` and `released_cents` are maintained by the deeds and checked against their rows by the books.
    `changes_at` says since when it is the provider's turn again; `given_up_at`, that a notice cancelled it for good.
    """

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="tranches")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    deliverable = models.TextField(max_length=2000, blank=True)
    cents = models.BigIntegerField()
    ht_cents = models.BigIntegerField()
    vat_cents = models.BigIntegerField()
    due_on = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=TrancheState, default=TrancheState.PLANNED, editable=False)
    funded_cents = models.BigIntegerField(default=0, editable=False)
    released_cents = models.BigIntegerField(default=0, editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)
    accept_by = models.DateTimeField(null=True, editable=False)
    changes_at = models.DateTimeField(null=True, editable=False)
    changes_count = models.PositiveSmallIntegerField(default=0, editable=False)
    given_up_at = models.DateTimeField(null=True, editable=False)

    objects = TrancheQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("tranche"), _("tranches")
        default_permissions = ("view",)
        ordering = ["position"]
        triggers = [States(field="state", edges=TRANCHE_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["account", "position"], name="one_escrow_tranche_per_position"),
            models.CheckConstraint(
                condition=Q(ht_cents__gt=0, vat_cents__gte=0, cents=F("ht_cents") + F("vat_cents")),
                name="escrow_tranche_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(released_cents__gte=0, released_cents__lte=F("funded_cents"), funded_cents__lte=F("cents")),
                name="escrow_tranche_money_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["PLANNED", "CANCELLED"]) | Q(funded_cents=0), name="escrow_tranche_unfunded"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["FUNDED", "DELIVERED"]) | Q(funded_cents__gt=0), name="escrow_tranche_funded"
            ),
            models.CheckConstraint(
                condition=~Q(state="DELIVERED") | Q(delivered_at__isnull=False), name="escrow_tranche_delivered"
            ),
            models.CheckConstraint(
                condition=~Q(state="RELEASED") | Q(released_cents=F("cents")), name="escrow_tranche_released"
            ),
            models.CheckConstraint(
                condition=Q(changes_at=None) | Q(accept_by=None), name="escrow_tranche_clock_stops_for_changes"
            ),
            models.CheckConstraint(
                condition=Q(changes_count__lte=MOST_CHANGES), name="escrow_tranche_changes_asked_twice"
            ),
            models.CheckConstraint(
                condition=Q(given_up_at=None) | Q(state="CANCELLED"), name="escrow_tranche_given_up_is_cancelled"
            ),
        ]
        indexes = [models.Index(fields=["accept_by"], name="escrow_tranche_accept_by", condition=Q(state="DELIVERED"))]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"

    @classmethod
    def planned(cls, account: EscrowAccount, agreed: AgreementTranche, rate_bp: int) -> Tranche:
        """A tranche as agreed, at the provider's VAT of the agreement; not saved."""
        amount = Amount.from_ht(agreed.cents, rate_bp)
        return cls(
            account=account,
            position=agreed.position,
            title=agreed.title,
            deliverable=agreed.deliverable,
            due_on=agreed.due_on,
            ht_cents=amount.ht_cents,
            vat_cents=amount.vat_cents,
            cents=amount.cents,
        )

    @property
    def money(self) -> Money:
        """Agreed, deposited and released, in cents."""
        return Money(self.cents, self.funded_cents, self.released_cents)

    @property
    def held_cents(self) -> int:
        """What is deposited and not released."""
        return self.money.held_cents

    @property
    def lacking_cents(self) -> int:
        """What the client may still deposit; nothing once it is over or in dispute."""
        return self.money.lacking_cents if self.state in TAKE_DEPOSITS else 0

    @property
    def closed_because(self) -> _StrPromise | str:
        """Why it takes no deposit, though it is not fully covered; nothing if it takes one or is."""
        if not self.money.lacking_cents or self.state in TAKE_DEPOSITS:
            return ""
        return IN_DISPUTE if self.state == TrancheState.DISPUTED else OVER

    @property
    def askable_cents(self) -> int:
        """What the client can be asked to deposit for it: see `askable`. Reads the other tranches of the account."""
        return askable(self, lacking_cents(self.account.tranches.all()))

    @property
    def suspended_cents(self) -> int:
        """What it lacks while a dispute lasts, which takes no deposit."""
        return self.money.lacking_cents if self.state == TrancheState.DISPUTED else 0

    @property
    def time_left(self) -> timedelta | None:
        """What is left of the client's time to accept, never less than nothing; None when none runs."""
        return max(self.accept_by - timezone.now(), timedelta()) if self.accept_by else None

    @property
    def standing_cents(self) -> int:
        """What it still counts for in the amount of the project: once cancelled or given back, what was released."""
        is_off = self.state in {TrancheState.REFUNDED, TrancheState.CANCELLED}
        return self.released_cents if is_off else self.cents

    @property
    def light(self) -> Light:
        """How far the provider may work, in the words that they read."""
        return self.light_for(client=False)

    @property
    def client_light(self) -> Light:
        """The same light in the words that the client reads."""
        return self.light_for(client=True)

    @property
    def awaits_acceptance(self) -> bool:
        """Whether the client has something to accept and release."""
        return self.state == TrancheState.DELIVERED and self.held_cents > 0

    @property
    def is_deliverable(self) -> bool:
        """Whether the provider may deliver: it holds money and is neither over nor in dispute."""
        return self.state in {TrancheState.FUNDED, TrancheState.DELIVERED} and self.held_cents > 0

    @property
    def refund_asked(self) -> RefundRequest | None:
        """The refund that waits for the provider's answer, from requests that were prefetched."""
        return next((request for request in self.refund_requests.all() if request.is_living), None)

    @property
    def is_amendable(self) -> bool:
        """Whether an avenant may change it: nothing was handed in, released, disputed, given back or given up."""
        open_to_change = {TrancheState.PLANNED, TrancheState.FUNDED, TrancheState.CANCELLED}
        return self.state in open_to_change and not self.released_cents and not self.given_up_at

    @property
    def new_accept_by(self) -> datetime:
        """Until when the client would have to accept, counted from now."""
        return days_after(timezone.now(), settings.ACCEPTANCE_DAYS)

    @property
    def due_at(self) -> datetime | None:
        """The end of the day agreed for its delivery, in Paris."""
        return datetime.combine(self.due_on, time(23, 59), PARIS) if self.due_on else None

    @property
    def overdue_at(self) -> datetime | None:
        """When the work that is paid for, and not delivered, is so late that its money may be asked back."""
        if self.state != TrancheState.FUNDED or not self.due_on:
            return None
        return datetime.combine(self.due_on + timedelta(days=settings.OVERDUE_DAYS), time(23, 59), PARIS)

    @property
    def is_overdue(self) -> bool:
        """Whether it is that late now."""
        return self.overdue_at is not None and self.overdue_at < timezone.now()

    @property
    def is_unanswered(self) -> bool:
        """Whether the client's days to accept are over and what was delivered still waits for them."""
        return self.awaits_acceptance and self.accept_by is not None and self.accept_by < timezone.now()

    @property
    def takes_changes(self) -> bool:
        """Whether the client may ask for changes of what was delivered: twice at most."""
        return self.awaits_acceptance and not self.changes_at and self.changes_left > 0

    @property
    def awaits_deposit(self) -> bool:
        """Whether it lacks money and holds none: never funded, or all released and the rest never deposited."""
        return self.lacking_cents > 0 and not self.held_cents

    @property
    def running_notice(self) -> CancellationNotice | None:
        """The notice that will cancel it, if one runs; no query when its notices were fetched."""
        return next((notice for notice in self.notices.all() if notice.is_running), None)

    @property
    def is_cut_short(self) -> bool:
        """Whether a notice ended it for what was released; no query when its notices were fetched."""
        is_released = self.state == TrancheState.RELEASED
        return is_released and any(notice.was_carried_out for notice in self.notices.all())

    @property
    def takes_notice(self) -> bool:
        """Whether either side may give notice: it waits for a deposit and none runs."""
        return self.awaits_deposit and self.running_notice is None

    @property
    def changes_left(self) -> int:
        """How often the client may still ask for changes."""
        return MOST_CHANGES - self.changes_count

    @property
    def stage(self) -> str:
        """The state, or CHANGES when what was delivered is the provider's to change."""
        return CHANGES if self.state == TrancheState.DELIVERED and self.changes_at else str(self.state)

    @cached_property
    def last_delivery(self) -> Delivery | None:
        """What the client looks at."""
        return self.deliveries.prefetch_related("files__document").order_by("-pk").first()

    @property
    def as_seen(self) -> str:
        """What whoever releases it looks at: the last delivery and what is held; another value is another page."""
        delivery = self.deliveries.order_by("-pk").values_list("pk", flat=True).first() or 0
        return f"{delivery}:{self.held_cents}"

    def days_late(self, at: datetime) -> int:
        """How many days have passed in Paris, at `at`, since the day agreed for its delivery."""
        return (timezone.localdate(at, PARIS) - self.due_on).days if self.due_on else 0

    def light_for(self, *, client: bool) -> Light:
        """How far the provider may work, in the words of the client or of the provider."""
        return light(self.stage, self.money, to_client=client)

    def deliver(self, message: str, files: Sequence[Clean] = (), *, by: User, key: UUID) -> Delivery:
        """Hand the work in, with a message and files; the client has 14 days to accept, anew with each delivery.

        The same `key` with the same message and files gives the first delivery. Refused: NotFunded (nothing is held:
        ask for a deposit), InDispute, CaseRequest.AlreadyOpen, NotDeliverable (released, cancelled),
        Delivery.KeyReused.
        """
        with locked(self.account.project, self.account, self):
            if done := Delivery.objects.filter(key=key).first():
                return done.same_as(tranche=self, message=message, files=files)
            self.must_be_deliverable()
            delivery = self.deliveries.create(message=message, by=by, key=key)
            delivery.attach(files)
            self.mark_delivered()
            Event.record(
                "escrow.delivered",
                project=self.account.project,
                by=by,
                delivery=delivery.pk,
                cents=self.held_cents,
                files=len(files),
                silence=self.account.agreement.version.release_on_silence,
                **self.account.facts(),
                **self.facts(),
            )
            return delivery

    def request_deposit(self, *, by: User) -> DepositRequest:
        """Ask the client, in one click, to deposit what is lacking; again within a day, the first request stands.

        Refused: InDispute, NotLacking, TooLittleLacking (no card could pay it).
        """
        with locked(self.account.project, self.account, self):
            self.must_not_be_disputed()
            if not (asked_cents := self.askable_cents):
                raise self.TooLittleLacking if self.lacking_cents else self.NotLacking
            if done := self.deposit_requests.filter(at__gt=timezone.now() - REQUEST_PAUSE).first():
                return done
            request = self.deposit_requests.create(by=by)
            Event.record(
                "escrow.deposit_asked",
                project=self.account.project,
                by=by,
                cents=asked_cents,
                **self.account.facts(),
                **self.facts(),
            )
            return request

    def tell_late(self, *, at: datetime) -> None:
        """The work is so late that the client may ask its money back: both are told. Refused: NotLate."""
        with locked(self.account.project, self.account, self):
            if self.overdue_at is None:
                raise self.NotLate
            self.record("escrow.overdue", due_on=self.due_on and self.due_on.isoformat(), days_late=self.days_late(at))
            for request in self.refund_requests.living():
                request.await_answer(at)
                request.tell("reminded", by=None)

    def record(self, verb: str, **facts: Any) -> None:
        """Record what a date has caused: nobody's act."""
        account = self.account
        Event.record(verb, project=account.project, cents=self.held_cents, **facts, **account.facts(), **self.facts())

    def must_be_deliverable(self) -> None:
        """Refuse (InDispute, CaseRequest.AlreadyOpen, NotFunded, NotDeliverable) work that no held money covers."""
        self.must_not_be_disputed()
        if self.case_requests.open().exists():
            raise CaseRequest.AlreadyOpen
        if self.is_deliverable:
            return
        raise self.NotFunded(lacking=euros(self.lacking_cents)) if self.lacking_cents else self.NotDeliverable

    def must_be_releasable(self, cents: int, reason: str) -> None:
        """Refuse to release `cents` unless delivered and holding that much.

        The refusals: InDispute, NotReleasable, TooMuch, NeedsReason.
        """
        self.must_not_be_disputed()
        if not self.awaits_acceptance:
            raise self.NotReleasable
        if not 0 < cents <= self.held_cents:
            raise self.TooMuch(held=euros(self.held_cents))
        if cents < self.held_cents and not reason.strip():
            raise self.NeedsReason(held=euros(self.held_cents))

    def must_not_be_disputed(self) -> None:
        """Refuse (InDispute) what its money, once frozen, no longer allows."""
        if self.state == TrancheState.DISPUTED:
            raise self.InDispute

    def mark_funded(self, cents: int) -> None:
        """`cents` were deposited. Called by EscrowAccount.receive under the locks.

        Where all was released, they pay for work to come: nothing of it is delivered yet, and no silence accepts it.
        """
        held, self.funded_cents = self.held_cents, self.funded_cents + cents
        if not held:
            self.state = TrancheState.FUNDED
        if self.state == TrancheState.DELIVERED and not self.changes_at:
            self.accept_by = self.new_accept_by
        self.save(update_fields=["funded_cents", "state", "accept_by"])
        self.overtake_notice()
        keep_time(self)

    def mark_delivered(self) -> None:
        """The work is in: the client's days to accept begin. Called by `deliver` under the locks."""
        self.state, self.delivered_at = TrancheState.DELIVERED, timezone.now()
        self.accept_by, self.changes_at = self.new_accept_by, None
        self.save(update_fields=["state", "delivered_at", "accept_by", "changes_at"])
        keep_time(self)

    def mark_changes_asked(self) -> None:
        """What was delivered is the provider's again, the clock stands. Called by Delivery.ask_changes under locks."""
        self.accept_by, self.changes_at = None, timezone.now()
        self.changes_count += 1
        self.save(update_fields=["accept_by", "changes_at", "changes_count"])
        keep_time(self)

    def mark_given_up(self) -> None:
        """The notice is over and no deposit came: no avenant takes it up again. Called by CancellationNotice.

        It is cancelled, or ends for what was released of it.
        """
        if self.released_cents:
            self.mark_cut_short()
            return
        self.state, self.given_up_at = TrancheState.CANCELLED, timezone.now()
        self.save(update_fields=["state", "given_up_at"])

    def mark_released(self, cents: int) -> None:
        """`cents` are the provider's; over once all of it is. Called by EscrowAccount.release under the locks."""
        self.released_cents += cents
        self.changes_at = self.changes_at if self.held_cents else None
        self.accept_by = self.new_accept_by if self.held_cents and not self.changes_at else None
        if self.released_cents == self.cents:
            self.state = TrancheState.RELEASED
        self.save(update_fields=["released_cents", "state", "accept_by", "changes_at"])
        self.settle()

    def mark_given_back(self, cents: int) -> None:
        """`cents` go back to the client with the provider's consent: over once it holds nothing, else lacking them.

        Called by RefundRequest under the locks.
        """
        self.funded_cents -= cents
        if not self.held_cents:
            self.state, self.accept_by, self.changes_at = TrancheState.REFUNDED, None, None
        self.save(update_fields=["funded_cents", "state", "accept_by", "changes_at"])
        self.settle()
        if self.account.agreement.version.release_on_silence:
            self.leave_a_day()

    def mark_amended(self, agreed: AgreementTranche) -> int:
        """Take the terms of an avenant, one that was cancelled too; the cents held above them leave it.

        Called by Revision under the locks, which gives them back.
        """
        wanted = Tranche.planned(self.account, agreed, self.account.agreement.vat_rate_bp)
        is_changed = any(getattr(self, name) != getattr(wanted, name) for name in AMENDED)
        for name in AMENDED:
            setattr(self, name, getattr(wanted, name))
        above = max(0, self.funded_cents - self.cents)
        self.funded_cents -= above
        if self.state == TrancheState.CANCELLED:
            self.state = TrancheState.PLANNED
        self.save(update_fields=["funded_cents", "state", *AMENDED])
        if is_changed:
            self.overtake_notice()
        self.settle()
        return above

    def mark_called_off(self) -> int:
        """An avenant leaves it out: cancelled, or refunded once the cents that it held are given back by Revision."""
        above = self.held_cents
        self.funded_cents -= above
        self.state = TrancheState.REFUNDED if above else TrancheState.CANCELLED
        self.save(update_fields=["funded_cents", "state"])
        self.overtake_notice()
        self.settle()
        return above

    def mark_frozen(self) -> None:
        """All that it holds is frozen: in dispute, the client's time stops. Called by Freeze.begin under the locks."""
        self.state, self.accept_by = TrancheState.DISPUTED, None
        self.save(update_fields=["state", "accept_by"])
        self.refund_requests.escalate()
        self.case_requests.close()
        Deadline.objects.cancel(self)

    def leave_a_day(self) -> None:
        """A refund that the client asked for was answered or withdrawn: had their days ended meanwhile, a day is left.

        Called by RefundRequest under the locks.
        """
        if self.is_unanswered:
            self.accept_by = timezone.now() + timedelta(hours=settings.ACCEPTANCE_AGAIN_HOURS)
            self.save(update_fields=["accept_by"])
            keep_time(self)

    def mark_thawed(self, part: FreezePart) -> None:
        """As before the dispute, with the time that the client had left. Called by Freeze.thaw under the locks."""
        self.state = part.before
        self.accept_by = None if part.time_left is None else timezone.now() + part.time_left
        self.save(update_fields=["state", "accept_by"])
        keep_time(self)

    def mark_awarded(self, provider_cents: int, client_cents: int) -> None:
        """The award ends it: refunded if anything goes back, else released, for less than agreed if it was not full.

        Called by FreezePart.mark_awarded under the locks.
        """
        self.released_cents += provider_cents
        self.funded_cents -= client_cents
        if client_cents:
            self.state = TrancheState.REFUNDED
        self.save(update_fields=["released_cents", "funded_cents", "state"])
        if not client_cents:
            self.mark_cut_short()

    def mark_cut_short(self) -> None:
        """All that it held is the provider's and it ends there: the rest is no longer agreed."""
        if self.released_cents < self.cents:
            self.cents, rate = self.released_cents, self.account.agreement.vat_rate_bp
            self.ht_cents = (2 * self.cents * 10_000 + 10_000 + rate) // (2 * (10_000 + rate))
            self.vat_cents = self.cents - self.ht_cents
        self.state = TrancheState.RELEASED
        self.save(update_fields=["cents", "ht_cents", "vat_cents", "state"])

    def settle(self) -> None:
        """After money left it: its dates stand as they now are, nobody is asked for what is gone. Under the locks."""
        keep_time(self)
        self.refund_requests.overtake(self.held_cents)
        if not self.held_cents:
            self.case_requests.close()

    def overtake_notice(self) -> None:
        """A notice of cancellation is without object, if one runs. Called under the locks."""
        if notice := self.notices.running().first():
            notice.overtake()

    def facts(self) -> dict[str, Any]:
        """What every event of the tranche says."""
        return {
            "tranche": self.pk,
            "tranche_title": self.title,
            "position": self.position,
            "state": self.stage,
            "money": list(self.money),
            "accept_by": self.accept_by.isoformat() if self.accept_by else None,
            "changes_left": self.changes_left,
        }

    class NotFunded(Refusal):
        sentence = _(
            "No money is held for this tranche: %(lacking)s have yet to be deposited. "
            "Ask the client for the deposit in one click, and do not work until it is there."
        )

    class NotDeliverable(Refusal):
        sentence = _("This tranche takes no delivery any more: reload the page to see where it stands.")

    class NotLacking(Refusal):
        sentence = _("Nothing is lacking here any more: everything has been deposited. Nothing was charged.")

    class TooLittleLacking(Refusal):
        sentence = _("No card could pay the little that is lacking: there is nothing to ask for. Nothing was sent.")

    class InDispute(Refusal):
        sentence = _("This tranche is in dispute: its money stays frozen until the case ends. Nothing was moved.")

    class NotReleasable(Refusal):
        sentence = _(
            "There is nothing to release on this tranche now: it is not delivered, or already released. "
            "Nothing was moved."
        )

    class TooMuch(Refusal):
        sentence = _("This tranche holds %(held)s: release that much or less. Nothing was moved.")

    class NeedsReason(Refusal):
        sentence = _("The tranche holds %(held)s: to release only a part, give the reason, which the provider reads.")

    class NotLate(Refusal):
        sentence = _("This tranche is delivered, or over: it is not late.")
