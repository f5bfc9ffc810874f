"""Refunds that no card took: they go by bank transfer to the IBAN that the payer gives (product, section 5)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from marketplace import deadlines
from marketplace.accounts.models import BankAccount
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.payments.models import Payment, Refund
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros, paris
from payouts import reasons
from payouts.models.querysets import standing_pause
from payouts.states import NOT_AT_THE_BANK, REFUND_TRANSFER_MOVES, RefundTransferState

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .batches import PayoutBatch


class RefundTransferQuerySet(models.QuerySet["RefundTransfer"]):
    def of(self, user: User) -> Self:
        """What is owed to `user`."""
        return self.filter(payee=user)

    def unsent(self) -> Self:
        """Transfers whose money has not left for the bank."""
        return self.filter(state__in=NOT_AT_THE_BANK)

    def living(self) -> Self:
        """Transfers that still stand for their refund: not returned."""
        return self.exclude(state=RefundTransferState.RETURNED)

    def without_account(self) -> Self:
        """Transfers whose payee has to give an IBAN, the first or another one."""
        return self.filter(state=RefundTransferState.WAITING, bank_account=None)

    def with_parts(self) -> Self:
        """With all that a page or a deed reads."""
        return self.select_related("payee__company", "refund__payment__refunding", "bank_account", "batch")

    def paused(self) -> Self:
        """Those whose transfer waits because the books are wrong."""
        stopped = standing_pause("refund__payment__project_key")
        return self.unsent().filter(stopped).with_parts().order_by("pk")

    def only_locked(self) -> Self:
        """These transfers by id, each locked alone."""
        return self.order_by("pk").select_for_update(no_key=True)

    def under_locks(self) -> list[RefundTransfer]:
        """These transfers by id, read once their payments, then their refunds, are locked in the order of *their* ids.

        The order everywhere is batch, payment, refund, transfer.
        """
        refunds = Refund.objects.filter(pk__in=set(self.values_list("refund", flat=True)))
        payments = Payment.objects.filter(pk__in=set(refunds.values_list("payment", flat=True)))
        for rows in (payments, refunds):
            list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        return list(self.with_parts().order_by("pk"))


class RefundTransfer(models.Model):
    """`cents` that a card did not take back, on their way to the payer's IBAN; they wait in the payment's `refunding`.

    One try each: what the bank returns stays as it ended, and another row waits in its place for another IBAN.
    """

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="transfers", verbose_name=_("refund"))
    payee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="refund_transfers", verbose_name=_("payer")
    )
    cents = models.BigIntegerField(_("amount, in cents"))
    bank_account = models.ForeignKey(
        BankAccount, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("bank account")
    )
    batch = models.ForeignKey(
        "payouts.PayoutBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        verbose_name=_("batch of transfers"),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=RefundTransferState, default=RefundTransferState.WAITING, editable=False
    )
    made_at = models.DateTimeField(_("waits since"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    reason = models.TextField(_("the bank’s reason"), blank=True)
    ended_at = models.DateTimeField(_("paid or returned on"), null=True, blank=True)

    objects = RefundTransferQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("refund by transfer"), _("refunds by transfer")
        default_permissions = ("view",)
        permissions = [("decide_refundtransfer", "Can approve a refund by transfer")]
        ordering = ["-pk"]
        triggers = [States(field="state", edges=REFUND_TRANSFER_MOVES)]
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="refund_transfer_of_something"),
            models.UniqueConstraint(
                fields=["refund"], condition=~Q(state="RETURNED"), name="one_living_transfer_per_refund"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["WAITING", "APPROVED"], batch__isnull=True)
                | Q(state__in=["BATCHED", "SENT", "PAID", "RETURNED"], batch__isnull=False),
                name="refund_transfer_in_a_batch",
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING") | Q(bank_account__isnull=False), name="refund_transfer_to_an_account"
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="WAITING") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="refund_transfer_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PAID", "RETURNED"], ended_at__isnull=False)
                | (~Q(state__in=["PAID", "RETURNED"]) & Q(ended_at__isnull=True)),
                name="refund_transfer_ended_at_an_instant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund.payment.description} ({self.payee})"

    @property
    def end_to_end(self) -> str:
        """The reference that follows the transfer to the bank and back (pain.001, EndToEndId)."""
        return f"REFUND-{self.pk}"

    @property
    def destination(self) -> BankAccount:
        """The account that it is paid to, once it is known."""
        return cast("BankAccount", self.bank_account)

    @property
    def motive(self) -> str:
        """What stands on the bank statement beside our name."""
        return _now("Refund: %(description)s") % {"description": self.refund.payment.description}

    @property
    def named(self) -> str:
        """What our sentences call it."""
        facts = {"amount": euros(self.cents), "name": self.payee.company.name}
        return _now("the refund of %(amount)s to %(name)s") % facts

    @property
    def why(self) -> str:
        """Why the bank returned it, in words."""
        return reasons.in_words(self.reason)

    @property
    def needs_account(self) -> bool:
        """Whether its payee has to give an IBAN, the first or another one."""
        return self.state == RefundTransferState.WAITING and self.bank_account_id is None

    @property
    def due_at(self) -> datetime | None:
        """Until when our next step is due; None while an IBAN is missing, and once it has ended."""
        if self.state == RefundTransferState.WAITING and self.bank_account:
            start = max(self.made_at, self.bank_account.usable_from)
            return deadlines.after(start, settings.PAYOUT_DECISION_DAYS)
        if self.state in {RefundTransferState.APPROVED, RefundTransferState.BATCHED}:
            return deadlines.after(cast("datetime", self.decided_at), settings.PAYOUT_TRANSFER_DAYS)
        if self.state == RefundTransferState.SENT:
            sent_at = cast("PayoutBatch", self.batch).sent_at or self.made_at
            return deadlines.after(sent_at, settings.PAYOUT_ARRIVAL_DAYS)
        return None

    @classmethod
    def owe(cls, refund: Refund) -> RefundTransfer:
        """A refund has failed: its payer is to get it by transfer, to the IBAN that they use or will give.

        Called under the locks of the payment and the refund.
        """
        account = BankAccount.objects.of(refund.payment.payer).current().first()
        transfer = cls.objects.create(
            refund=refund, payee=refund.payment.payer, cents=refund.cents, bank_account=account
        )
        transfer._tell("ready" if account else "waiting", by=None, known=True)
        return transfer

    def follow_account(self, account: BankAccount | None) -> None:
        """The payee's bank account is now `account` (None: they have none): Finance looks, or looks again.

        Nothing changes for a transfer to that very account, or in a batch whose file may be at the bank: of the latter
        the payee is told where the money goes.
        """
        with self._locked():
            if account == self.bank_account:
                return
            if self.state == RefundTransferState.BATCHED:
                self._tell("elsewhere", by=self.payee)
                return
            was_approved = self.state == RefundTransferState.APPROVED
            self.bank_account, self.state = account, RefundTransferState.WAITING
            self.decided_by, self.decided_at = None, None
            self.save(update_fields=["bank_account", "state", "decided_by", "decided_at"])
            act = "reopened" if was_approved else "ready"
            self._tell(act if account else "waiting", by=self.payee, known=False)

    def approve(self, *, by: User) -> None:
        """Finance agrees to pay it to the payee's account of now. Refused: NotDecidable, OwnRefund, NoBankAccount,
        AccountOnHold.
        """
        with self._locked():
            if self.state != RefundTransferState.WAITING:
                raise self.NotDecidable
            self.must_not_be_own(by)
            account = BankAccount.objects.of(self.payee).current().first() if self.bank_account else None
            if account is None:
                raise self.NoBankAccount
            if not account.is_usable(timezone.now()):
                raise self.AccountOnHold(date=paris(account.usable_from))
            self.bank_account, self.state = account, RefundTransferState.APPROVED
            self.decided_by, self.decided_at = by, timezone.now()
            self.save(update_fields=["bank_account", "state", "decided_by", "decided_at"])
            self._tell("approved", by=by)

    def join(self, batch: PayoutBatch) -> None:
        """Enter `batch`. Called by PayoutBatch.make under its locks."""
        self.state, self.batch = RefundTransferState.BATCHED, batch
        self.save(update_fields=["state", "batch"])

    def leave(self) -> None:
        """The batch was dropped before it was sent."""
        with self._locked():
            self.state, self.batch = RefundTransferState.APPROVED, None
            self.save(update_fields=["state", "batch"])

    def mark_sent(self, *, by: User) -> None:
        """The batch has gone to the bank: refunding → bank_transit. A second call changes nothing."""
        with self._locked():
            if self.state == RefundTransferState.BATCHED:
                self.state = RefundTransferState.SENT
                self.save(update_fields=["state"])
                move = ledger.Move(self.refund.account, "bank_transit", self.cents)
                self._post(f"refund_transfer:{self.pk}:sent", "sent", move, by)
                self._tell("sent", by=by)

    def mark_paid(self, *, by: User) -> None:
        """The bank says that it is paid: bank_transit → bank, the refund is made. A second answer changes nothing."""
        with self._locked():
            if self.state == RefundTransferState.SENT:
                self._end(RefundTransferState.PAID)
                move = ledger.Move("bank_transit", "bank", self.cents)
                self._post(f"sepa:{self.end_to_end}:ok", "ok", move, by)
                self.refund.mark_repaid()
                self._tell("paid", by=by)

    def mark_returned(self, *, by: User, reason: str) -> None:
        """The bank returned or rejected it: bank_transit → refunding; another one waits for another IBAN.

        A second answer changes nothing.
        """
        with self._locked():
            if self.state == RefundTransferState.SENT:
                self.reason = reason
                self._end(RefundTransferState.RETURNED)
                move = ledger.Move("bank_transit", self.refund.account, self.cents)
                self._post(f"sepa:{self.end_to_end}:ret", "ret", move, by)
                RefundTransfer.objects.create(refund=self.refund, payee=self.payee, cents=self.cents, reason=reason)
                self._tell("returned", by=by)

    def must_not_be_own(self, by: User) -> None:
        """Refuse (OwnRefund) a member of Finance who is the payee, or of the same business."""
        if by.is_tied_to(self.payee):
            raise self.OwnRefund

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.refund.payment, self.refund, self)

    def _end(self, state: RefundTransferState) -> None:
        self.state, self.ended_at = state, timezone.now()
        self.save(update_fields=["state", "ended_at", "reason"])

    def _post(self, key: str, act: str, move: ledger.Move, by: User) -> None:
        ledger.post(key, f"refund_transfer.{act}", [move], by=by, project=self.refund.payment.project_key)

    def _tell(self, act: str, *, by: User | None, **facts: Any) -> None:
        Event.record(
            f"refund_transfer.{act}",
            project=self.refund.payment.project_key,
            by=by,
            transfer=self.pk,
            cents=self.cents,
            description=self.refund.payment.description,
            last4=self.bank_account.last4 if self.bank_account else "",
            due_at=self.due_at.isoformat() if self.due_at else "",
            reason=self.reason,
            **facts,
        )

    class NotDecidable(Refusal):
        sentence = _("This refund has moved on meanwhile: reload the page.")

    class NoBankAccount(Refusal):
        sentence = _("The payer has not given an IBAN yet: nothing can be paid.")

    class AccountOnHold(Refusal):
        sentence = _("This IBAN has just changed: for safety nothing can be paid to it before %(date)s.")

    class OwnRefund(Refusal):
        sentence = _("You cannot decide on a refund of your own or of your own company.")
