"""Freezes: money of tranches set aside while a dispute lasts, then given back to the account or shared out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from escrow.states import FREEZE_MOVES, FreezeState, TrancheState
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros

from .clock import keep_moving
from .refunds import Refund

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .accounts import EscrowAccount
    from .tranches import Tranche


class Shares(NamedTuple):
    """What an award makes of the frozen money of one tranche, in cents."""

    provider_cents: int
    client_cents: int


Split = Mapping["Tranche", Shares]


class Freeze(models.Model):
    """What some tranches held when they came into dispute, held → frozen: the most that anyone is awarded.

    Money deposited later on other tranches is outside (product, section 6). It ends once: THAWED, back on the account,
    or EXECUTED, every cent of it to the provider or to the client. `by` is nobody when a date caused it.
    """

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="freezes")
    frozen = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=FreezeState, default=FreezeState.FROZEN, editable=False)
    key = models.UUIDField(unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    closing_key = models.UUIDField(unique=True, null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("freeze"), _("freezes")
        default_permissions = ("view",)
        ordering = ["pk"]
        triggers = [States(field="state", edges=FREEZE_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="FROZEN", closed_at=None, closing_key=None)
                | (~Q(state="FROZEN") & Q(closed_at__isnull=False, closing_key__isnull=False)),
                name="closed_freeze_has_its_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.cents}"

    @classmethod
    def begin(cls, account: EscrowAccount, tranches: Iterable[Tranche], *, by: User | None, key: UUID) -> Freeze:
        """Move all that `tranches` hold now, held → frozen: they are in dispute, the client's time to accept stops.

        The same `key` with the same tranches gives the first freeze. Refused: NotOfTheAccount, AlreadyDisputed,
        NothingHeld (on one of them, or no tranche at all), KeyReused.
        """
        chosen = sorted(set(tranches), key=lambda tranche: tranche.pk)
        with locked(account.project, account, *chosen):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(chosen)
            must_be_freezable(account, chosen)
            freeze = cls.objects.create(account=account, frozen=ledger.open_account("frozen"), by=by, key=key)
            FreezePart.objects.bulk_create(FreezePart.of(freeze, tranche) for tranche in chosen)
            freeze._post("freeze", "escrow.frozen", [ledger.Move(account.held, freeze.frozen, freeze.cents)], by)
            for part in freeze.rows:
                part.tranche.mark_frozen()
            keep_moving(account)
            freeze._tell("escrow.frozen", by)
            return freeze

    @cached_property
    def rows(self) -> list[FreezePart]:
        """Its parts with their tranches, in the order of these; they never change in number nor in `cents`."""
        return list(self.parts.select_related("tranche").order_by("tranche__position"))

    @property
    def cents(self) -> int:
        """What was frozen."""
        return sum(part.cents for part in self.rows)

    def spread(self, provider_cents: int, client_cents: int) -> Split:
        """Two totals over the tranches in their order: the provider's share fills the first ones.

        Refused: NotTheWhole.
        """
        if min(provider_cents, client_cents) < 0 or provider_cents + client_cents != self.cents:
            raise self.NotTheWhole(frozen=euros(self.cents))
        split, left = {}, provider_cents
        for part in self.rows:
            share = min(left, part.cents)
            split[part.tranche] = Shares(share, part.cents - share)
            left -= share
        return split

    def thaw(self, *, by: User | None, key: UUID) -> Freeze:
        """The dispute ends without an award: frozen → held; the tranches are as before, with the time that was left.

        The same `key` changes nothing. Refused: Closed, KeyReused.
        """
        with self._to_close():
            if self.closing_key == key:
                return self.same_closing({})
            self._must_be_frozen()
            self._post("thaw", "escrow.thawed", [ledger.Move(self.frozen, self.account.held, self.cents)], by)
            for part in self.rows:
                part.tranche.mark_thawed(part)
            self._close(FreezeState.THAWED, by, key)
            keep_moving(self.account)
            self._tell("escrow.thawed", by)
            return self

    def execute(self, split: Split, *, by: User | None, key: UUID) -> Freeze:
        """Share out what is frozen, in one transfer: frozen → payable, and frozen → refunding by payment.

        `split` says it for each tranche, to the cent. The tranches are over; with the last one, the account is
        finished. The same `key` with the same split changes nothing. Refused: Closed, NotTheWhole, KeyReused.
        """
        with self._to_close():
            if self.closing_key == key:
                return self.same_closing(split)
            self._must_be_frozen()
            self._must_be_whole(split)
            self._share_out(split, by)
            self._close(FreezeState.EXECUTED, by, key)
            keep_moving(self.account)
            self._tell("escrow.awarded", by)
            self.account.tell_end(by=by)
            return self

    def facts_of_parts(self) -> list[dict[str, Any]]:
        """What events say of each tranche, as it is now."""
        return [part.facts() for part in self.rows]

    def same_as(self, tranches: list[Tranche]) -> Freeze:
        """This freeze, if the repeated request names the same tranches; refused (KeyReused) otherwise."""
        if {part.tranche for part in self.rows} != set(tranches):
            raise self.KeyReused
        return self

    def same_closing(self, split: Split) -> Freeze:
        """This freeze, if it was closed by the same split (none: thawed); refused (KeyReused) otherwise."""
        shares = {part.tranche: part.shares for part in self.rows if part.shares}
        if shares != {tranche: Shares(*share) for tranche, share in split.items()}:
            raise self.KeyReused
        return self

    @contextmanager
    def _to_close(self) -> Iterator[None]:
        """The locks of a deed that ends it; its parts are read again inside."""
        tranches = sorted((part.tranche for part in self.rows), key=lambda tranche: tranche.pk)
        with locked(self.account.project, self.account, *tranches, self):
            del self.rows
            yield

    def _must_be_frozen(self) -> None:
        if self.state != FreezeState.FROZEN:
            raise self.Closed

    def _must_be_whole(self, split: Split) -> None:
        """Refuse (NotTheWhole) shares that are not exactly what each tranche has frozen."""
        if set(split) != {part.tranche for part in self.rows}:
            raise self.NotTheWhole(frozen=euros(self.cents))
        for part in self.rows:
            shares = split[part.tranche]
            if min(shares) < 0 or sum(shares) != part.cents:
                raise self.NotTheWhole(frozen=euros(self.cents))

    def _share_out(self, split: Split, by: User | None) -> None:
        """Post the shares and bring parts and tranches to them."""
        for part in self.rows:
            part.mark_awarded(Shares(*split[part.tranche]))
        earned = sum(split[part.tranche][0] for part in self.rows)
        back = [(part.tranche, split[part.tranche][1]) for part in self.rows if split[part.tranche][1]]
        moves = [ledger.Move(self.frozen, self.account.payable, earned)] if earned else []
        if back:
            _refund, refunding = Refund.order(self.account, back, source=self.frozen, freeze=self)
            moves += refunding
        self._post("award", "escrow.awarded", moves, by)

    def _post(self, act: str, event: str, moves: list[ledger.Move], by: User | None) -> None:
        ledger.post(f"freeze:{self.pk}:{act}", event, moves, by=by, project=self.account.project)

    def _close(self, state: FreezeState, by: User | None, key: UUID) -> None:
        self.state, self.closed_by, self.closing_key, self.closed_at = state, by, key, timezone.now()
        self.save(update_fields=["state", "closed_by", "closing_key", "closed_at"])

    def _tell(self, verb: str, by: User | None) -> None:
        """Record what became of it, with the tranches as they are now."""
        shares = [part.shares or Shares(0, 0) for part in self.rows]
        facts = {
            "freeze": self.pk,
            "cents": self.cents,
            "provider_cents": sum(share.provider_cents for share in shares),
            "client_cents": sum(share.client_cents for share in shares),
            "parts": self.facts_of_parts(),
        }
        Event.record(verb, project=self.account.project, by=by, **facts, **self.account.facts())

    class NothingHeld(Refusal):
        sentence = _("Nothing is held for this tranche: there is no money to freeze. Nothing was moved.")

    class AlreadyDisputed(Refusal):
        sentence = _("This tranche is already in dispute: its money is frozen until the case ends. Nothing was moved.")

    class NotOfTheAccount(Refusal):
        sentence = _("This tranche belongs to another project. Nothing was moved.")

    class NotTheWhole(Refusal):
        sentence = _("%(frozen)s are frozen: the shares must come to exactly that, tranche by tranche. Nothing moved.")

    class Closed(Refusal):
        sentence = _("This dispute’s money is no longer frozen: it has been shared out or given back to the account.")

    class KeyReused(Refusal):
        sentence = _("This was already done with other amounts or tranches: nothing was moved. Reload the page.")


class FreezePart(models.Model):
    """What one tranche had frozen, the state it goes back to, and the time that the client had left to accept it.

    The two shares are written when it is executed, and are all of it.
    """

    freeze = models.ForeignKey(Freeze, models.PROTECT, related_name="parts")
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="freeze_parts")
    cents = models.BigIntegerField()
    before = models.CharField(max_length=10, choices=TrancheState)
    time_left = models.DurationField(null=True)
    provider_cents = models.BigIntegerField(null=True)
    client_cents = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["freeze", "tranche"], name="one_part_per_freeze_and_tranche"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="freeze_part_of_something"),
            models.CheckConstraint(condition=Q(before__in=["FUNDED", "DELIVERED"]), name="freeze_part_was_living"),
            models.CheckConstraint(
                condition=Q(provider_cents=None, client_cents=None)
                | Q(provider_cents__gte=0, client_cents__gte=0, cents=F("provider_cents") + F("client_cents")),
                name="freeze_part_shared_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.cents}"

    @classmethod
    def of(cls, freeze: Freeze, tranche: Tranche) -> FreezePart:
        """What `tranche` holds now; not saved."""
        return cls(
            freeze=freeze,
            tranche=tranche,
            cents=tranche.held_cents,
            before=tranche.state,
            time_left=tranche.time_left,
        )

    @property
    def shares(self) -> Shares | None:
        """What became of it; None unless it was shared out."""
        if self.provider_cents is None or self.client_cents is None:
            return None
        return Shares(self.provider_cents, self.client_cents)

    def mark_awarded(self, shares: Shares) -> None:
        """Write its two shares, and end its tranche by them. Called by Freeze.execute under the locks."""
        self.provider_cents, self.client_cents = shares
        self.save(update_fields=["provider_cents", "client_cents"])
        self.tranche.mark_awarded(*shares)

    def facts(self) -> dict[str, Any]:
        """The tranche as it is now, and what it had frozen."""
        return {**self.tranche.facts(), "part_cents": self.cents}


def must_be_freezable(account: EscrowAccount, tranches: list[Tranche]) -> None:
    """Refuse (NotOfTheAccount, AlreadyDisputed, NothingHeld) tranches that have no money to dispute here."""
    if not tranches:
        raise Freeze.NothingHeld
    for tranche in tranches:
        if tranche.account_id != account.pk:
            raise Freeze.NotOfTheAccount
        if tranche.state == TrancheState.DISPUTED:
            raise Freeze.AlreadyDisputed
        if not tranche.is_deliverable:
            raise Freeze.NothingHeld
