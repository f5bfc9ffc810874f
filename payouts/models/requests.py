"""Payment requests: released money that a provider invoices and is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Tranche
from marketplace.accounts.models import BankAccount
from marketplace.documents.models import Document
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros, paris
from payouts.states import ENDED, PAYOUT_MOVES, PayoutState

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean


@dataclass(frozen=True)
class Bill:
    """What an invoice says: its number, its date, and its amounts in cents."""

    number: str
    issued_on: date
    ht_cents: int
    vat_cents: int

    @property
    def cents(self) -> int:
        """The total, VAT included."""
        return self.ht_cents + self.vat_cents


class PayoutRequestQuerySet(models.QuerySet["PayoutRequest"]):
    def living(self) -> PayoutRequestQuerySet:
        """Requests that claim money: neither refused nor returned."""
        return self.exclude(state__in=ENDED)

    def visible_to(self, user: User) -> PayoutRequestQuerySet:
        """The provider's own requests, and for the client those whose invoice is addressed to them."""
        return self.filter(Q(provider=user) | Q(tranche__account__agreement__client=user))

    def asked_by(self, user: User) -> PayoutRequestQuerySet:
        """The provider's own requests."""
        return self.filter(provider=user)

    def with_parts(self) -> PayoutRequestQuerySet:
        """With all that a page or a deed reads."""
        return self.select_related(
            "provider__company",
            "tranche__account__project",
            "tranche__account__agreement__client__company",
            "bank_account",
            "document",
            "batch",
        )


class PayoutRequest(models.Model):
    """A provider's request to be paid released money of one tranche, with the invoice addressed to the client.

    Amounts are cents. While it lives its money stands on the project's *claimed* ledger account.
    """

    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payouts")
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="payouts")
    cents = models.BigIntegerField(_("amount, VAT included, in cents"))
    ht_cents = models.BigIntegerField(_("amount excluding VAT, in cents"))
    vat_cents = models.BigIntegerField(_("VAT, in cents"))
    invoice_number = models.CharField(_("invoice number"), max_length=40)
    issued_on = models.DateField(_("invoice date"))
    document = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("invoice"))
    bank_account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+", verbose_name=_("bank account"))
    batch = models.ForeignKey("payouts.PayoutBatch", models.PROTECT, null=True, blank=True, related_name="requests")
    state = models.CharField(_("state"), max_length=10, choices=PayoutState, default=PayoutState.ASKED, editable=False)
    key = models.UUIDField(unique=True)
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
                fields=["provider", "invoice_number"],
                condition=~Q(state__in=["REFUSED", "RETURNED"]),
                name="one_living_payout_per_invoice",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["BATCHED", "SENT", "PAID"]) | Q(batch__isnull=False), name="payout_in_a_batch"
            ),
            models.CheckConstraint(condition=~Q(state="REFUSED") | ~Q(refusal=""), name="payout_refused_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_number} ({self.provider})"

    @property
    def end_to_end(self) -> str:
        """The reference that follows the transfer to the bank and back (pain.001, EndToEndId)."""
        return f"PAYOUT-{self.pk}"

    @classmethod
    def ask(cls, tranche: Tranche, *, by: User, bill: Bill, invoice: Clean, key: UUID) -> PayoutRequest:
        """Ask to be paid `bill` out of what `tranche` released: payable → claimed.

        The same `key` gives the same request. Less than released leaves the rest claimable. Refused: NoBankAccount,
        AccountOnHold, TooMuch (more than is released and unclaimed, with the figures), WrongVat, NumberTaken.
        """
        with locked(tranche.account.project, tranche.account, tranche):
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
            request._post("ask", tranche.account.payable, tranche.account.claimed)
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
        """Approve (Finance). Refused: NotDecidable, OwnRequest, AccountOnHold."""
        with self._locked():
            self._must_be(PayoutState.ASKED)
            self._must_not_be_own(by)
            self.bank_account = self.account_of(self.provider)
            self.state, self.decided_by, self.decided_at = PayoutState.APPROVED, by, timezone.now()
            self.save(update_fields=["state", "decided_by", "decided_at", "bank_account"])
            self._tell("payout.approved", by=by)

    def refuse(self, *, by: User, reason: str) -> None:
        """Refuse with a reason: claimed → payable, the money is claimable again. Refused: NotDecidable, NeedsReason."""
        with self._locked():
            self._must_be(PayoutState.ASKED, PayoutState.APPROVED)
            self._must_not_be_own(by)
            if not reason.strip():
                raise self.NeedsReason
            self.refusal, self.decided_by, self.decided_at = reason.strip(), by, timezone.now()
            self.state = PayoutState.REFUSED
            self.save(update_fields=["state", "decided_by", "decided_at", "refusal"])
            self._post("undo", self.escrow.claimed, self.escrow.payable)
            self._tell("payout.refused", by=by, reason=self.refusal)

    def send_back_to_approval(self) -> None:
        """The provider's bank account changed before the batch: Finance looks again. Nothing if it is too late."""
        with self._locked():
            if self.state == PayoutState.APPROVED:
                self.state, self.decided_by, self.decided_at = PayoutState.ASKED, None, None
                self.save(update_fields=["state", "decided_by", "decided_at"])

    def join(self, batch: Any) -> None:
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
                self._post("sent", self.escrow.claimed, "bank_transit")
                self._tell("payout.sent", by=by)

    def mark_paid(self, *, by: User) -> None:
        """The bank says that it is paid: bank_transit → bank. A second answer changes nothing."""
        with self._locked():
            if self.state == PayoutState.SENT:
                self._end(PayoutState.PAID)
                self._answer("ok", "bank")
                self._tell("payout.paid", by=by)

    def mark_returned(self, *, by: User, reason: str) -> None:
        """The bank returned or rejected it: bank_transit → payable, claimable again with the same invoice."""
        with self._locked():
            if self.state == PayoutState.SENT:
                self.refusal = reason
                self._end(PayoutState.RETURNED, "refusal")
                self._answer("ret", self.escrow.payable)
                self._tell("payout.returned", by=by, reason=reason)

    def same_as(self, *, tranche: Tranche, bill: Bill) -> PayoutRequest:
        """This request, if the repeated page says the same; refused (KeyReused) otherwise."""
        same = (self.tranche_id, self.invoice_number, self.cents) == (tranche.pk, bill.number, bill.cents)
        if not same:
            raise self.KeyReused
        return self

    @property
    def escrow(self) -> Any:
        """The internal account that the money comes from."""
        return self.tranche.account

    def _locked(self) -> Any:
        return locked(self.tranche.account.project, self.tranche.account, self.tranche, self)

    def _end(self, state: PayoutState, *fields: str) -> None:
        self.state, self.ended_at = state, timezone.now()
        self.save(update_fields=["state", "ended_at", *fields])

    def _post(self, act: str, debit: Any, credit: Any) -> None:
        moves = [ledger.Move(debit, credit, self.cents)]
        ledger.post(f"payout:{self.pk}:{act}", f"payout.{act}", moves, project=self.escrow.project)

    def _answer(self, act: str, credit: Any) -> None:
        moves = [ledger.Move("bank_transit", credit, self.cents)]
        ledger.post(f"sepa:{self.end_to_end}:{act}", f"payout.{act}", moves, project=self.escrow.project)

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
            parties=[self.provider_id, self.escrow.agreement.client_id],
            **facts,
        )

    def _must_be(self, *states: PayoutState) -> None:
        if self.state not in states:
            raise self.NotDecidable

    def _must_not_be_own(self, by: User) -> None:
        if by.is_tied_to(self.provider):
            raise self.OwnRequest

    @classmethod
    def _must_fit(cls, tranche: Tranche, bill: Bill, by: User) -> None:
        claimable, rate = cls.claimable_cents(tranche), tranche.account.agreement.vat_rate_bp
        if not 0 < bill.cents <= claimable:
            raise cls.TooMuch(billed=euros(bill.cents), claimable=euros(claimable))
        if abs(bill.ht_cents * rate - bill.vat_cents * 10_000) > 10_000 * 5:  # five cents, for roundings line by line
            raise cls.WrongVat(vat=euros(bill.vat_cents), ht=euros(bill.ht_cents), rate=rate // 100)
        if cls.objects.living().filter(provider=by, invoice_number=bill.number).exists():
            raise cls.NumberTaken(number=bill.number)

    class NoBankAccount(Refusal):
        sentence = _("Give the IBAN that you are to be paid on first. Nothing was sent.")

    class AccountOnHold(Refusal):
        sentence = _("Your IBAN has just changed: for your safety nothing is paid to it before %(date)s.")

    class TooMuch(Refusal):
        sentence = _(
            "The invoice says %(billed)s; %(claimable)s are released and not yet claimed. Correct the invoice."
        )

    class WrongVat(Refusal):
        sentence = _("VAT of %(vat)s on %(ht)s is not the agreed rate, %(rate)s %%. Correct the invoice.")

    class NumberTaken(Refusal):
        sentence = _("Invoice %(number)s is already in a request under way: each number serves once.")

    class NotDecidable(Refusal):
        sentence = _("This request has moved on meanwhile: reload the page.")

    class OwnRequest(Refusal):
        sentence = _("You cannot decide on a request of your own or of your own company.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the provider will read it, word for word.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another request. Reload it and try again.")
