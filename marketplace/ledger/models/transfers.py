"""Accounts, and the transfers between them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _


class Asset(models.TextChoices):
    """What is counted: euros in cents, and the three kinds of credits in units."""

    EUR = "EUR", _("euros")
    CONSULTATION = "CONSULTATION", _("consultation credits")
    OFFER = "OFFER", _("offer credits")
    CONTACT = "CONTACT", _("direct contact credits")


class Kind(models.TextChoices):
    """What an account is for. Guarded accounts have one owner and a balance; the others only record."""

    HELD = "held", _("held for the project")
    FROZEN = "frozen", _("frozen by a dispute")
    PAYABLE = "payable", _("payable to the provider")
    CLAIMED = "claimed", _("payment asked")
    REFUNDING = "refunding", _("being refunded")
    WALLET = "wallet", _("credits of a provider")
    RECEIVABLE = "receivable", _("owed by a client")
    STRIPE = "stripe", _("Stripe")
    BANK = "bank", _("bank")
    BANK_TRANSIT = "bank_transit", _("on its way to the bank")
    REVENUE = "revenue", _("revenue")
    VAT = "vat", _("VAT collected")
    STRIPE_FEE = "stripe_fee", _("Stripe’s fees")
    LOSS = "loss", _("losses")
    CHARGEBACK = "chargeback", _("chargebacks")
    ISSUED = "issued", _("credits issued")
    CONSUMED = "consumed", _("credits consumed")


class Guard(models.IntegerChoices):
    """Which side of zero the database keeps a balance on."""

    DEBIT = -1, _("never above zero")
    NONE = 0, _("recorded only")
    CREDIT = 1, _("never below zero")


# As texts: migrations freeze them, and `Meta` cannot see the names of its own class.
CREDIT_GUARDED = ["held", "frozen", "payable", "claimed", "refunding", "wallet"]
DEBIT_GUARDED = ["receivable"]
HIGHEST_AMOUNT = 10**14


class AccountQuerySet(models.QuerySet["Account"]):
    def guarded(self) -> Self:
        """Accounts with one owner, whose balance the database keeps."""
        return self.exclude(guard=Guard.NONE)

    def recorded(self) -> Self:
        """The platform's accounts, known by name."""
        return self.filter(guard=Guard.NONE)

    def with_total(self) -> Self:
        """With `total`: the kept balance of a guarded account, the sum of its moves for a recorded one."""

        bigint = models.BigIntegerField()

        def moved(side: str) -> Coalesce:
            sums = Move.objects.filter(**{side: OuterRef("pk")}).values(side).values(total=Sum("amount"))
            return Coalesce(Cast(Subquery(sums), bigint), Value(0, bigint))

        recorded = When(guard=Guard.NONE, then=moved("credit") - moved("debit"))
        return self.annotate(total=Case(recorded, default=F("balance"), output_field=bigint))


class Account(models.Model):
    """A place where euros or credits are: balance = credits − debits, in cents or units.

    A guarded account belongs to the one row of another app that points to it; the database refuses to let its balance
    cross zero. A recorded account has a name, keeps no balance and is never locked, so that no row is hot. Which kinds
    there are, with which asset and with a name or none, is checked when an account is opened: they never change.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    asset = models.CharField(_("asset"), max_length=12, choices=Asset, default=Asset.EUR)
    name = models.CharField(_("name"), max_length=40, blank=True)
    guard = models.GeneratedField(
        verbose_name=_("guard"),
        choices=Guard,
        expression=Case(
            When(kind__in=CREDIT_GUARDED, then=Value(1)),
            When(kind__in=DEBIT_GUARDED, then=Value(-1)),
            default=Value(0),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    balance = models.BigIntegerField(_("balance"), default=0)
    opened_at = models.DateTimeField(_("opened at"))

    objects = AccountQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name, verbose_name_plural = _("ledger account"), _("ledger accounts")
        indexes = [models.Index(fields=["kind", "-id"], name="ledger_account_by_kind")]
        constraints = [
            models.CheckConstraint(
                condition=Q(guard=0, balance=0) | Q(guard=1, balance__gte=0) | Q(guard=-1, balance__lte=0),
                name="ledger_account_no_overdraft",
            ),
            models.UniqueConstraint(fields=["name"], condition=~Q(name=""), name="ledger_account_name"),
            # What the moves' foreign keys point to: an account with its asset.
            models.UniqueConstraint(fields=["id", "asset"], name="ledger_account_with_asset"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"

    @property
    def is_guarded(self) -> bool:
        """Whether the database keeps its balance on one side of zero."""
        return bool(self.guard != Guard.NONE)

    @property
    def in_euros(self) -> bool:
        """Whether it counts cents, not credits."""
        return self.asset == Asset.EUR


class Transfer(models.Model):
    """One event of the books: all its moves or none, once per `key`, never changed. A correction `reverses` it.

    `event` names what happened, `project` the project's key, `by` who did it (nobody for a fact of Stripe or the bank);
    `body` is the digest by which the same key with another content is refused.
    """

    key = models.CharField(_("key"), max_length=200, db_collation="C")
    event = models.CharField(_("event"), max_length=80, db_collation="C")
    project = models.CharField(_("project"), max_length=40, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
        db_index=False,
        db_constraint=False,
    )
    reverses = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="reversals",
        verbose_name=_("reverses"),
        db_index=False,
        db_constraint=False,
    )
    body = models.BinaryField(max_length=32)
    at = models.DateTimeField(_("at"))

    class Meta:
        default_permissions = ("view",)
        verbose_name, verbose_name_plural = _("transfer"), _("transfers")
        indexes = [
            models.Index(fields=["project", "id"], name="ledger_transfer_of_project", condition=~Q(project="")),
            models.Index(fields=["event", "id"], name="ledger_transfer_by_event"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="ledger_transfer_key"),
            models.UniqueConstraint(fields=["reverses"], name="ledger_transfer_reversed_once"),
            models.CheckConstraint(condition=Q(key__regex=r"^.{3}"), name="ledger_transfer_key_length"),
            models.CheckConstraint(condition=~Q(event=""), name="ledger_transfer_event"),
        ]

    def __str__(self) -> str:
        return self.key


class MoveQuerySet(models.QuerySet["Move"]):
    def of_project(self, key: str) -> Self:
        """The moves of the project `key`, oldest first."""
        return self.filter(transfer__project=key).order_by("pk")


class Move(models.Model):
    """`amount` (cents or units, above zero) out of the account `debit` into the account `credit`, of the same asset."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="moves", db_constraint=False)
    asset = models.CharField(_("asset"), max_length=12, choices=Asset)
    debit = models.ForeignKey(
        Account, models.PROTECT, related_name="debits", verbose_name=_("from"), db_index=False, db_constraint=False
    )
    credit = models.ForeignKey(
        Account, models.PROTECT, related_name="credits", verbose_name=_("to"), db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField(_("amount"))

    objects = MoveQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name, verbose_name_plural = _("move"), _("moves")
        # They cover the sums: the total of a recorded account is read from the index alone.
        indexes = [
            models.Index(fields=["debit", "id"], include=["amount"], name="ledger_move_debit"),
            models.Index(fields=["credit", "id"], include=["amount"], name="ledger_move_credit"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=HIGHEST_AMOUNT), name="ledger_move_amount"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="ledger_move_two_accounts"),
        ]

    def __str__(self) -> str:
        return f"{self.debit_id} → {self.credit_id} {self.amount} {self.asset}"
