"""Credits: what a provider spends to see a project's dossier, to bid, and to call the client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.billing.vat import Amount, vat_for
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account
from marketplace.locking import locked
from marketplace.payments.models import Payment
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from marketplace.accounts.models import User

log = logging.getLogger(__name__)


class Kind(models.TextChoices):
    """The three kinds of credits; the values are the assets of the ledger."""

    CONSULTATION = "CONSULTATION", _("consultation credit")
    OFFER = "OFFER", _("offer credit")
    CONTACT = "CONTACT", _("direct contact credit")

    @property
    def price_cents(self) -> int:
        """What one credit costs alone, in cents excluding VAT."""
        return int(settings.CREDIT_PRICES_CENTS[self.value])

    def counted(self, count: int) -> str:
        """`count` credits of this kind, in words."""
        words = {
            "CONSULTATION": ngettext("%(n)s consultation credit", "%(n)s consultation credits", count),
            "OFFER": ngettext("%(n)s offer credit", "%(n)s offer credits", count),
            "CONTACT": ngettext("%(n)s direct contact credit", "%(n)s direct contact credits", count),
        }
        return words[self.value] % {"n": count}


class ReturnReason(models.TextChoices):
    """Why credits come back by themselves (product, section 4)."""

    REJECTED = "project_rejected", _("the project was rejected by our moderation after it was opened")
    WITHDRAWN = "project_withdrawn", _("the client withdrew the project")
    EXPIRED = "project_expired", _("the project expired without a choice")
    CANCELLED = "project_cancelled", _("the project was cancelled")
    CHANGED = "project_changed", _("the project changed after your offer, which you withdrew")
    UNREAD = "offer_unread", _("the client never opened your offer in the time set")
    FALSE_DETAILS = "details_false", _("the client’s details were found to be false")


class CreditPack(models.Model):
    """A pack of credits on sale, its price in cents excluding VAT. Staff change packs; purchases keep their terms."""

    name = models.CharField(_("name"), max_length=60)
    consultation = models.PositiveSmallIntegerField(_("consultation credits"), default=0)
    offer = models.PositiveSmallIntegerField(_("offer credits"), default=0)
    contact = models.PositiveSmallIntegerField(_("direct contact credits"), default=0)
    price_cents = models.PositiveIntegerField(_("price excluding VAT, in cents"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    on_sale = models.BooleanField(_("on sale"), default=True)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name, verbose_name_plural = _("credit pack"), _("credit packs")
        constraints = [
            models.CheckConstraint(condition=models.Q(price_cents__gt=0), name="pack_has_a_price"),
            models.CheckConstraint(
                condition=models.Q(consultation__gt=0) | models.Q(offer__gt=0) | models.Q(contact__gt=0),
                name="pack_has_credits",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def units(self) -> dict[Kind, int]:
        """Credits of each kind that the pack holds."""
        held = {Kind.CONSULTATION: self.consultation, Kind.OFFER: self.offer, Kind.CONTACT: self.contact}
        return {kind: count for kind, count in held.items() if count}

    @property
    def contents(self) -> list[str]:
        """What the pack holds, in words."""
        return [kind.counted(count) for kind, count in self.units.items()]

    def price_for(self, provider: User) -> Amount:
        """The pack's price with the VAT this provider owes."""
        return Amount.from_ht(self.price_cents, vat_for(provider.company))

    def buy(self, *, by: User, key: UUID, back_path: str = "", stated: str = "") -> Payment:
        """Start the payment of this pack; the same `key` gives the same payment. Credits come once it is paid.

        `back_path` is the page of ours where the provider was when credits were lacking. Refused: NotOnSale when the
        pack has been taken off sale, Changed when it is no longer as `stated` on the page, Payment.KeyReused when the
        key was for another pack or another provider.
        """
        with locked(self):
            if not self.on_sale:
                raise self.NotOnSale
            if stated and stated != self.stated_to(by):
                raise self.Changed
            price = self.price_for(by)
            terms = {name: getattr(self, name) for name in ("name", *Wallet.FIELDS.values())}
            defaults = {"provider": by, "pack": self, "back_path": back_path, **terms}
            purchase, _made = PackPurchase.objects.get_or_create(key=key, defaults=defaults)
            if (purchase.provider_id, purchase.pack_id) != (by.pk, self.pk):
                raise Payment.KeyReused
        return Payment.start(
            key=key,
            payer=by,
            purpose="credits.pack",
            reference=str(purchase.pk),
            ht_cents=price.ht_cents,
            vat_cents=price.vat_cents,
            cents=price.cents,
            description=self.name,
        )

    def stated_to(self, provider: User) -> str:
        """What a page says to `provider` of this pack, price with VAT in cents and contents, for the click to carry."""
        held = [self.price_for(provider).cents, *(getattr(self, name) for name in Wallet.FIELDS.values())]
        return "-".join(map(str, held))

    class Changed(Refusal):
        sentence = _("This pack has just changed. Look at its price and contents, then buy it; nothing was charged.")

    class NotOnSale(Refusal):
        sentence = _("This pack is no longer on sale. Choose another one; nothing was charged.")


class PackPurchase(models.Model):
    """One provider's purchase of a pack, with what it held on that day. Credits arrive with the payment's fact."""

    key = models.UUIDField(unique=True)
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="pack_purchases")
    pack = models.ForeignKey(CreditPack, models.PROTECT, related_name="purchases")
    name = models.CharField(max_length=60)
    consultation = models.PositiveSmallIntegerField()
    offer = models.PositiveSmallIntegerField()
    contact = models.PositiveSmallIntegerField()
    back_path = models.CharField(max_length=200, blank=True)
    credited_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.provider})"

    @property
    def units(self) -> dict[Kind, int]:
        """Credits of each kind bought."""
        held = {Kind.CONSULTATION: self.consultation, Kind.OFFER: self.offer, Kind.CONTACT: self.contact}
        return {kind: count for kind, count in held.items() if count}

    def credit(self, payment: Payment) -> list[ledger.Move] | None:
        """The moves that a paid pack causes, or None when it was credited before.

        Called under the lock of this row and of the payment.
        """
        if self.credited_at:
            return None
        self.credited_at = timezone.now()
        self.save(update_fields=["credited_at"])
        wallet = Wallet.of(self.provider)
        money = [("revenue:credits", payment.ht_cents), ("vat", payment.vat_cents)]
        moves = [ledger.Move("stripe", account, cents) for account, cents in money if cents]
        return moves + [ledger.Move(f"issued:{kind}", wallet.account(kind), n) for kind, n in self.units.items()]


class Wallet(models.Model):
    """A provider's three credit accounts in the ledger, which never fall below zero. Credits never expire."""

    provider = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="wallet")
    consultation = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    offer = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    contact = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Wallet of {self.provider}"

    @classmethod
    def of(cls, provider: User) -> Wallet:
        """The wallet of `provider`, opened at its first need; two openings at once give one wallet."""
        if found := cls.found(provider):
            return found
        with transaction.atomic():
            locked_user = provider.__class__._base_manager.select_for_update(no_key=True).get(pk=provider.pk)
            if found := cls.found(locked_user):
                return found
            accounts = {field: ledger.open_account("wallet", asset=kind.value) for kind, field in cls.FIELDS.items()}
            return cls.objects.create(provider=locked_user, **accounts)

    @classmethod
    def found(cls, provider: User) -> Wallet | None:
        """The wallet of `provider` with its balances, or None before its first need."""
        return cls.objects.filter(provider=provider).select_related(*cls.FIELDS.values()).first()

    @classmethod
    def left(cls, provider: User) -> int:
        """All credits left to `provider`, of whatever kind: the figure of every page's header, hence three columns."""
        balances = cls.objects.filter(provider=provider).values_list(
            *(f"{field}__balance" for field in cls.FIELDS.values())
        )
        return sum(next(iter(balances), ()))

    FIELDS: ClassVar[dict[Kind, str]] = {
        Kind.CONSULTATION: "consultation",
        Kind.OFFER: "offer",
        Kind.CONTACT: "contact",
    }

    def account(self, kind: Kind) -> Account:
        """The ledger account that holds the credits of `kind`."""
        account: Account = getattr(self, self.FIELDS[Kind(kind)])
        return account

    def balance(self, kind: Kind) -> int:
        """Credits of `kind` left, in units, as read with this row."""
        return self.account(kind).balance

    @property
    def balances(self) -> dict[Kind, int]:
        """Credits left of each kind."""
        return {kind: self.balance(kind) for kind in Kind}

    @property
    def total(self) -> int:
        """All credits left, of whatever kind, as read with this row."""
        return sum(self.balances.values())

    def spend(self, kind: Kind, project_key: str) -> Spending:
        """Spend one credit of `kind` on a project, once for good: a second call gives the first spending back.

        Called under the project's lock. Refused (NoCredit) when none is left.
        """
        if done := Spending.objects.living().filter(provider=self.provider, kind=kind, project_key=project_key).first():
            return done
        account = self.account(kind)
        turn = Spending.objects.filter(provider=self.provider, kind=kind, project_key=project_key).count()
        key = f"spend:{kind}:{self.provider.pk}:{project_key}" + (f":{turn}" if turn else "")
        try:
            transfer = ledger.post(
                key,
                "credit.spent",
                [ledger.Move(account, f"consumed:{kind}", 1)],
                by=self.provider,
                project=project_key,
            )
        except ledger.NotEnoughFunds as refusal:
            raise self.NoCredit(kind=Kind(kind).label) from refusal
        return Spending.objects.create(
            provider=self.provider, wallet=self, kind=kind, project_key=project_key, transfer=transfer
        )

    class NoCredit(Refusal):
        sentence = _("You have no %(kind)s left. Buy a pack, then come back: nothing was spent.")


# The order in which a wallet's accounts were opened: the one in which the ledger locks them.
ACCOUNT_ORDER = models.Case(*(models.When(kind=kind, then=n) for n, kind in enumerate(Kind)), default=len(Kind))


class SpendingQuerySet(models.QuerySet["Spending"]):
    def living(self) -> SpendingQuerySet:
        """Spendings whose credit has not come back."""
        return self.filter(returned_at=None)

    def on(self, project_key: str) -> SpendingQuerySet:
        """Spendings on one project."""
        return self.filter(project_key=project_key)

    def due(self) -> SpendingQuerySet:
        """Spendings whose credit is due back and has not come back yet."""
        return self.living().filter(due_at__isnull=False)

    def owe(self, reason: ReturnReason) -> int:
        """Note that the credits of these living spendings are due back, for `reason`; how many.

        Called in the transaction of the deed that causes it: whatever dies afterwards, a sweep goes on from here.
        """
        return self.living().filter(due_at=None).update(due_at=timezone.now(), return_reason=reason)

    def give_back(self, *, title: str, most: int | None = None) -> int:
        """Return what is due of these, `most` at most; how many came back. `title` is the project's.

        Each in its own savepoint: one that fails is logged, stays due and stops no other. Wallets come in one order
        everywhere, so that two projects that end at once never wait for each other.
        """
        rows = self.due().order_by("wallet_id", ACCOUNT_ORDER, "pk")[:most]
        return sum(spending.come_back(title=title) for spending in rows)


class Spending(models.Model):
    """One credit spent by a provider on a project: at most one living of each kind per project, ever."""

    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="spendings")
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="spendings")
    kind = models.CharField(max_length=12, choices=Kind)
    project_key = models.CharField(max_length=16, db_index=True)
    transfer = models.OneToOneField("ledger.Transfer", models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True)  # since when the credit is due back
    returned_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=40, blank=True, choices=ReturnReason)

    objects = SpendingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "kind", "project_key"],
                condition=models.Q(returned_at=None),
                name="one_living_spending_of_each_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(due_at=None, returned_at=None, return_reason="")
                | (~models.Q(due_at=None, returned_at=None) & ~models.Q(return_reason="")),
                name="spending_returned_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project_key"],
                condition=models.Q(due_at__isnull=False, returned_at=None),
                name="spending_due_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.project_key} by {self.provider}"

    def come_back(self, *, title: str) -> bool:
        """Return the credit that is due; whether it came back. A failure is logged, and tried again by the sweep."""
        try:
            with transaction.atomic():
                self.give_back(ReturnReason(self.return_reason), title=title)
        except Exception:
            log.exception("The credit of spending %s could not come back.", self.pk)
            return False
        return True

    def give_back(self, reason: ReturnReason, *, title: str) -> None:
        """Return the credit to the wallet, once (product: credits that come back by themselves).

        The provider is told why, and of which project (`title`). A second call changes nothing.
        """
        with locked(self):
            if self.returned_at:
                return
            account = self.wallet.account(Kind(self.kind))
            ledger.post(
                f"return:{self.pk}",
                "credit.returned",
                [ledger.Move(f"consumed:{self.kind}", account, 1)],
                project=self.project_key,
                reverses=self.transfer,
            )
            self.returned_at, self.return_reason = timezone.now(), ReturnReason(reason)
            self.save(update_fields=["returned_at", "return_reason"])
            facts: dict[str, Any] = {"kind": self.kind, "reason": self.return_reason, "title": title}
            Event.record("credit.returned", project=self.project_key, spending=self.pk, **facts)


class Welcome(models.Model):
    """The credits offered to a company when the account of a first provider of its is complete.

    Once per company (SIREN or foreign VAT number), whatever its accounts, and once per person, whatever their
    companies. How many is a setting, WELCOME_CREDITS; the ledger keeps what was given.
    """

    company_number = models.CharField(max_length=20, unique=True)
    provider = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="welcome")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.company_number}: {self.provider}"

    @classmethod
    def give(cls, provider: User) -> Welcome | None:
        """Give `provider` the welcome credits, if there are any, the account is complete, and nobody had them before.

        Issued credits go into the wallet in one transfer, and a notice says so. Two accounts of one company at once:
        the second waits for the first and gets nothing.
        """
        units = {Kind(kind): count for kind, count in settings.WELCOME_CREDITS.items() if count}
        with locked(provider):
            if not units or not provider.acts_as_provider or cls.objects.filter(provider=provider).exists():
                return None
            number = provider.company.number
            welcome, is_first = cls.objects.get_or_create(company_number=number, defaults={"provider": provider})
            if not is_first:
                return None
            wallet = Wallet.of(provider)
            moves = [ledger.Move(f"issued:{kind}", wallet.account(kind), count) for kind, count in units.items()]
            ledger.post(f"welcome:{number}", "credit.granted", moves)
            facts = {kind.value: count for kind, count in units.items()}
            Event.record("credit.granted", user=provider.pk, units=facts)
            return welcome
