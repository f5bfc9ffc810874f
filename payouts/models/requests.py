"""Payment requests: released money that a provider invoices and is paid."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models
from django.db.models import F, Q, Sum, Value
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from escrow.models import EscrowAccount, Tranche
from marketplace import deadlines
from marketplace.accounts.models import BankAccount
from marketplace.documents.models import Document
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import PARIS, euros, paris, percent
from payouts import reasons
from payouts.bills import Bill, bare
from payouts.models.querysets import PayoutRequestQuerySet
from payouts.states import PAYOUT_MOVES, PayoutState

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

    from .batches import PayoutBatch

__all__ = ["Bill", "PayoutRequest"]
ONE_PER_INVOICE, ONE_PER_KEY = "one_living_payout_per_invoice", "one_payout_per_key"


class PayoutRequest(models.Model):
    """A provider's request to be paid released money of one tranche, with the invoice addressed to the client.

    Amounts are cents. While it lives its money stands on the project's *claimed* ledger account.
    """

    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payouts")
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="payouts", verbose_name=_("tranche"))
    cents = models.BigIntegerField(_("amount, VAT included, in cents"))
    ht_cents = models.BigIntegerField(_("amount excluding VAT, in cents"))
    vat_cents = models.BigIntegerField(_("VAT, in cents"))
    invoice_number = models.CharField(_("invoice number"), max_length=40)
    issued_on = models.DateField(_("invoice date"))
    document = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("invoice"))
    bank_account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+", verbose_name=_("bank account"))
    batch = models.ForeignKey(
        "payouts.PayoutBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name=_("batch of transfers"),
    )
    state = models.CharField(_("state"), max_length=10, choices=PayoutState, default=PayoutState.ASKED, editable=False)
    key = models.UUIDField()
    asked_at = models.DateTimeField(_("asked on"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    refusal = models.TextField(_("reason of the refusal"), blank=True)
    ended_at = models.DateTimeField(_("paid or returned on"), null=True, blank=True)

    objects = PayoutRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("payment request"), _("payment requests")
        default_permissions = ("view",)
        permissions = [("decide_payoutrequest", "Can approve or refuse a payment request")]
        ordering = ["-pk"]
        triggers = [States(field="state", edges=PAYOUT_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(cents__gt=0, ht_cents__gt=0, vat_cents__gte=0, cents=F("ht_cents") + F("vat_cents")),
                name="payout_adds_up",
            ),
            models.UniqueConstraint(
                F("provider"),
                bare(F("invoice_number")),
                condition=~Q(state__in=["REFUSED", "RETURNED"]),
                name=ONE_PER_INVOICE,
            ),
            models.UniqueConstraint(fields=["key"], name=ONE_PER_KEY),
            models.CheckConstraint(
                condition=Q(state__in=["ASKED", "APPROVED", "REFUSED"], batch__isnull=True)
                | Q(state__in=["BATCHED", "SENT", "PAID", "RETURNED"], batch__isnull=False),
                name="payout_in_a_batch",
            ),
            models.CheckConstraint(
                condition=Q(state="ASKED", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="ASKED") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="payout_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PAID", "RETURNED"], ended_at__isnull=False)
                | (~Q(state__in=["PAID", "RETURNED"]) & Q(ended_at__isnull=True)),
                name="payout_ended_at_an_instant",
            ),
            models.CheckConstraint(condition=~Q(state="REFUSED") | ~Q(refusal=""), name="payout_refused_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_number} ({self.provider})"

    @property
    def end_to_end(self) -> str:
        """The reference that follows the transfer to the bank and back (pain.001, EndToEndId)."""
        return f"PAYOUT-{self.pk}"

    @property
    def payee(self) -> User:
        """Who is paid."""
        return self.provider

    @property
    def destination(self) -> BankAccount:
        """The account that it is paid to."""
        return self.bank_account

    @property
    def motive(self) -> str:
        """What stands on the bank statement beside our name."""
        return self.invoice_number

    @property
    def named(self) -> str:
        """What our sentences call it."""
        return _now("the request of invoice %(number)s") % {"number": self.invoice_number}

    @property
    def why(self) -> str:
        """Why it was refused or returned, in words: Finance's own, or those for the bank's code."""
        return reasons.in_words(self.refusal) if self.state == PayoutState.RETURNED else self.refusal

    @property
    def escrow(self) -> EscrowAccount:
        """The internal account that the money comes from."""
        return self.tranche.account

    @property
    def is_elsewhere(self) -> bool:
        """Whether its transfer may be at the bank already, to an account that the provider has replaced since."""
        out = self.state in {PayoutState.BATCHED, PayoutState.SENT}
        return out and self.bank_account.replaced_at is not None

    @property
    def due_at(self) -> datetime | None:
        """Until when the next step is due: Finance's decision, the transfer, its arrival; None once it has ended."""
        if self.state == PayoutState.ASKED:
            start = max(self.asked_at, self.bank_account.usable_from)
            return deadlines.after(start, settings.PAYOUT_DECISION_DAYS)
        if self.state in {PayoutState.APPROVED, PayoutState.BATCHED}:
            return deadlines.after(cast("datetime", self.decided_at), settings.PAYOUT_TRANSFER_DAYS)
        if self.state == PayoutState.SENT:
            return deadlines.after(
                cast("PayoutBatch", self.batch).sent_at or self.asked_at, settings.PAYOUT_ARRIVAL_DAYS
            )
        return None

    @classmethod
    def ask(cls, tranche: Tranche, *, by: User, bill: Bill, invoice: Clean, key: UUID) -> PayoutRequest:
        """Ask to be paid `bill` out of what `tranche` released: payable → claimed.

        The same `key` gives the same request. Less than released leaves the rest claimable. Refused: NoBankAccount,
        AccountOnHold, TooMuch (more than is released and unclaimed, with the figures), WrongVat, NotNumbered, NotDated,
        NumberTaken (in any spelling: capitals, spaces and dashes make no difference).
        """
        with refused_by_name(bill), locked(tranche.account.project, tranche.account, tranche):
            if done := cls.objects.filter(key=key).first():
                return done.same_as(tranche=tranche, bill=bill)
            account = cls.account_of(by)
            cls._must_fit(tranche, bill, by)
            request = cls.objects.create(
                provider=by,
                tranche=tranche,
                cents=bill.cents,
                ht_cents=bill.ht_cents,
                vat_cents=bill.vat_cents,
                invoice_number=bill.number,
                issued_on=bill.issued_on,
                document=Document.take_in(invoice, owner=by, purpose="payouts.invoice"),
                bank_account=account,
                key=key,
            )
            request._post("ask", tranche.account.payable, tranche.account.claimed, by)
            request._tell("payout.asked", by=by)
            return request

    @classmethod
    def account_of(cls, provider: User) -> BankAccount:
        """The bank account that money may go to now. Refused: NoBankAccount, AccountOnHold after a change."""
        account = BankAccount.objects.of(provider).current().first()
        if not account:
            raise cls.NoBankAccount
        if not account.is_usable(timezone.now()):
            raise cls.AccountOnHold(date=paris(account.usable_from))
        return account

    @classmethod
    def claimable_cents(cls, tranche: Tranche) -> int:
        """What `tranche` released and no living request claims, in cents."""
        claimed = cls.objects.living().filter(tranche=tranche).aggregate(sum=Sum("cents"))["sum"] or 0
        return tranche.released_cents - int(claimed)

    def approve(self, *, by: User) -> None:
        """Approve (Finance), to be paid to the provider's account of now. Refused: NotDecidable, OwnRequest,
        NoBankAccount, AccountOnHold.
        """
        with self._locked():
            self._must_be(PayoutState.ASKED)
            self.must_not_be_own(by)
            self.bank_account = self.account_of(self.provider)
            self.state, self.decided_by, self.decided_at = PayoutState.APPROVED, by, timezone.now()
            self.save(update_fields=["state", "decided_by", "decided_at", "bank_account"])
            self._tell("payout.approved", by=by)

    def refuse(self, *, by: User, reason: str) -> None:
        """Refuse with a reason: claimed → payable, the money is claimable again.

        Refused: NotDecidable, OwnRequest, NeedsReason.
        """
        with self._locked():
            self._must_be(PayoutState.ASKED, PayoutState.APPROVED)
            self.must_not_be_own(by)
            if not reason.strip():
                raise self.NeedsReason
            self.refusal, self.decided_by, self.decided_at = reason.strip(), by, timezone.now()
            self.state = PayoutState.REFUSED
            self.save(update_fields=["state", "decided_by", "decided_at", "refusal"])
            self._post("undo", self.escrow.claimed, self.escrow.payable, by)
            self._tell("payout.refused", by=by, reason=self.refusal)

    def send_back_to_approval(self, account: BankAccount | None) -> None:
        """The provider's bank account is now `account` (None: they have none): Finance looks again.

        Nothing changes for a request to that very account, or in a batch whose file may be at the bank: of the latter
        the provider is told where the money goes.
        """
        with self._locked():
            if self.state == PayoutState.BATCHED and account != self.bank_account:
                self._tell("payout.elsewhere", by=self.provider)
            if account == self.bank_account or self.state not in {PayoutState.ASKED, PayoutState.APPROVED}:
                return
            told = self.state == PayoutState.APPROVED
            self.bank_account = account or self.bank_account
            self.state, self.decided_by, self.decided_at = PayoutState.ASKED, None, None
            self.save(update_fields=["state", "decided_by", "decided_at", "bank_account"])
            if told:
                self._tell("payout.reopened", by=self.provider)

    def join(self, batch: PayoutBatch) -> None:
        """Enter `batch`. Called by PayoutBatch.make under its locks."""
        self.state, self.batch = PayoutState.BATCHED, batch
        self.save(update_fields=["state", "batch"])

    def leave(self) -> None:
        """The batch was dropped before it was sent."""
        with self._locked():
            self.state, self.batch = PayoutState.APPROVED, None
            self.save(update_fields=["state", "batch"])

    def mark_sent(self, *, by: User) -> None:
        """The batch has gone to the bank: claimed → bank_transit. A second call changes nothing."""
        with self._locked():
            if self.state == PayoutState.BATCHED:
                self.state = PayoutState.SENT
                self.save(update_fields=["state"])
                self._post("sent", self.escrow.claimed, "bank_transit", by)
                self._tell("payout.sent", by=by)

    def mark_paid(self, *, by: User) -> None:
        """The bank says that it is paid: bank_transit → bank. A second answer changes nothing."""
        with self._locked():
            if self.state == PayoutState.SENT:
                self._end(PayoutState.PAID)
                self._answer("ok", "bank", by)
                self._tell("payout.paid", by=by)

    def mark_returned(self, *, by: User, reason: str) -> None:
        """The bank returned or rejected it: bank_transit → payable, claimable again with the same invoice."""
        with self._locked():
            if self.state == PayoutState.SENT:
                self.refusal = reason
                self._end(PayoutState.RETURNED, "refusal")
                self._answer("ret", self.escrow.payable, by)
                self._tell("payout.returned", by=by, reason=reason)

    def same_as(self, *, tranche: Tranche, bill: Bill) -> PayoutRequest:
        """This request, if the repeated page says the same; refused (KeyReused) otherwise."""
        same = (self.tranche_id, self.invoice_number, self.cents) == (tranche.pk, bill.number, bill.cents)
        if not same:
            raise self.KeyReused
        return self

    def must_not_be_own(self, by: User) -> None:
        """Refuse (OwnRequest) a member of Finance who is the provider, or of the same business."""
        if by.is_tied_to(self.provider):
            raise self.OwnRequest

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.tranche.account.project, self.tranche.account, self.tranche, self)

    def _end(self, state: PayoutState, *fields: str) -> None:
        self.state, self.ended_at = state, timezone.now()
        self.save(update_fields=["state", "ended_at", *fields])

    def _post(self, act: str, debit: ledger.Account, credit: ledger.Account | str, by: User) -> None:
        moves = [ledger.Move(debit, credit, self.cents)]
        ledger.post(f"payout:{self.pk}:{act}", f"payout.{act}", moves, by=by, project=self.escrow.project)

    def _answer(self, act: str, credit: ledger.Account | str, by: User) -> None:
        moves = [ledger.Move("bank_transit", credit, self.cents)]
        ledger.post(f"sepa:{self.end_to_end}:{act}", f"payout.{act}", moves, by=by, project=self.escrow.project)

    def _tell(self, verb: str, *, by: User, **facts: Any) -> None:
        Event.record(
            verb,
            project=self.escrow.project,
            by=by,
            payout=self.pk,
            cents=self.cents,
            number=self.invoice_number,
            title=self.escrow.project.title,
            tranche_title=self.tranche.title,
            due_at=self.due_at.isoformat() if self.due_at else "",
            parties=[self.provider_id, self.escrow.agreement.client_id],
            **facts,
        )

    def _must_be(self, *states: PayoutState) -> None:
        if self.state not in states:
            raise self.NotDecidable

    @classmethod
    def _must_fit(cls, tranche: Tranche, bill: Bill, by: User) -> None:
        claimable, rate = cls.claimable_cents(tranche), tranche.account.agreement.vat_rate_bp
        if not 0 < bill.cents <= claimable:
            raise cls.TooMuch(billed=euros(bill.cents), claimable=euros(claimable))
        if not bill.is_at(rate):
            raise cls.WrongVat(vat=euros(bill.vat_cents), ht=euros(bill.ht_cents), rate=percent(rate))
        if not bill.is_numbered:
            raise cls.NotNumbered
        if not bill.is_dated(timezone.localdate(timezone=PARIS)):
            raise cls.NotDated
        own = cls.objects.living().filter(provider=by).alias(bare=bare(F("invoice_number")))
        if own.filter(bare=bare(Value(bill.number))).exists():
            raise cls.NumberTaken(number=bill.number)

    class NoBankAccount(Refusal):
        sentence = _("No IBAN is in use to pay this to: the provider has to give one first. Nothing was sent.")

    class AccountOnHold(Refusal):
        sentence = _("This IBAN has just changed: for safety nothing can be paid to it before %(date)s.")

    class TooMuch(Refusal):
        sentence = _(
            "The invoice says %(billed)s; %(claimable)s are released and not yet claimed. Correct the invoice."
        )

    class WrongVat(Refusal):
        sentence = _("VAT of %(vat)s on %(ht)s is not the agreed rate, %(rate)s. Correct the invoice.")

    class NumberTaken(Refusal):
        sentence = _("Invoice %(number)s is already in a request of yours: each number serves once.")

    class NotNumbered(Refusal):
        sentence = _("This number cannot be read: it needs a letter or a digit, and no invisible sign. Type it again.")

    class NotDated(Refusal):
        sentence = _("An invoice is at most two years old, and never dated in the future. Check its date.")

    class NotDecidable(Refusal):
        sentence = _("This request has moved on meanwhile: reload the page.")

    class OwnRequest(Refusal):
        sentence = _("You cannot decide on a request of your own or of your own company.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the provider will read it, word for word.")

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another request: nothing was sent. Check it and send it again."
        )


@contextmanager
def refused_by_name(bill: Bill) -> Iterator[None]:
    """Requests on different projects share no lock: of a number or key used for both at once one stays."""
    try:
        yield
    except IntegrityError as error:
        name = cast("psycopg.Error", error.__cause__).diag.constraint_name
        if name == ONE_PER_INVOICE:
            raise PayoutRequest.NumberTaken(number=bill.number) from error
        if name == ONE_PER_KEY:
            raise PayoutRequest.KeyReused from error
        raise
