"""Batches: approved requests in one file for the bank."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import BankAccount
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from payouts import bankfiles
from payouts.models.requests import PayoutRequest
from payouts.models.transfers import RefundTransfer
from payouts.states import BATCH_MOVES, BatchState, PayoutState, RefundTransferState

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from payouts.models.querysets import PayoutRequestQuerySet
    from payouts.models.transfers import RefundTransferQuerySet

PREFIX = "PARAPHE-"


class PayoutBatchQuerySet(models.QuerySet["PayoutBatch"]):
    def with_sums(self) -> PayoutBatchQuerySet:
        """With what each pays in all, as `sum_cents`."""
        bigint = models.BigIntegerField()

        def total(rows: models.QuerySet[Any]) -> Coalesce:
            sums = rows.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(sum=Sum("cents")).values("sum")
            return Coalesce(Subquery(sums, output_field=bigint), 0, output_field=bigint)

        return self.annotate(sum_cents=total(PayoutRequest.objects.all()) + total(RefundTransfer.objects.all()))

    def named(self, message_id: str) -> PayoutBatchQuerySet:
        """The batch whose file bears this reference, if it is one of ours."""
        number = message_id.removeprefix(PREFIX)
        known = message_id.startswith(PREFIX) and number.isascii() and number.isdecimal() and len(number) < 19
        return self.filter(pk=int(number)) if known else self.none()

    def still_here(self) -> PayoutBatchQuerySet:
        """Batches whose file nobody has taken yet: they can be dropped without asking anyone."""
        return self.filter(state=BatchState.MADE, handed_out_at=None)


class PayoutBatch(models.Model):
    """A SEPA file (pain.001.001.09) of approved requests, and of refunds that no card took.

    Its bytes are kept: a second download is the same file.
    """

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made on"), auto_now_add=True)
    handed_out_at = models.DateTimeField(_("file first taken on"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent on"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=BatchState, default=BatchState.MADE, editable=False)
    file = models.TextField(_("SEPA file"), blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    objects = PayoutBatchQuerySet.as_manager()

    left_out: Sequence[PayoutRequest | RefundTransfer] = ()

    class Meta:
        verbose_name, verbose_name_plural = _("batch of transfers"), _("batches of transfers")
        default_permissions = ("view",)
        permissions = [("send_payoutbatch", "Can make, send and settle a batch of transfers")]
        ordering = ["-pk"]
        triggers = [States(field="state", edges=BATCH_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["MADE", "DROPPED"], sent_at__isnull=True)
                | Q(state__in=["SENT", "ANSWERED"], sent_at__isnull=False),
                name="payout_batch_sent_at_an_instant",
            ),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """The file's own reference (pain.001, MsgId), which the bank's answer names."""
        return f"{PREFIX}{self.pk}"

    @property
    def cents(self) -> int:
        """What the batch pays in all, in cents."""
        return sum(int(rows.aggregate(sum=Sum("cents"))["sum"] or 0) for rows in (self.requests, self.refunds))

    @property
    def outdated(self) -> PayoutRequest | RefundTransfer | None:
        """A transfer whose payee has changed the bank account since; None when the file still says the truth."""
        if self.state != BatchState.MADE:
            return None
        changed = {"bank_account__replaced_at__isnull": False}
        request = self.requests.filter(**changed).order_by("pk").first()
        return request or self.refunds.filter(**changed).order_by("pk").first()

    def under_locks(self) -> list[PayoutRequest | RefundTransfer]:
        """All its transfers, locked in the order that every deed keeps."""
        return [*self.requests.all().under_locks(), *self.refunds.all().under_locks()]

    @classmethod
    def make(
        cls, requests: Iterable[PayoutRequest] = (), *, refunds: Iterable[RefundTransfer] = (), by: User
    ) -> PayoutBatch:
        """Put approved requests and refunds into one file. Rows are locked in order: two batches never share one.

        Those of a project whose payouts are paused stay behind, as `left_out`. Refused: Empty, NotYetApproved,
        NotApproved (one is in another batch, or its IBAN is in use no more), FourEyes (who approved one of them cannot
        batch it), Paused (all of them are), PayoutRequest.OwnRequest; the same of a RefundTransfer.
        """
        chosen, owed = list(requests), list(refunds)
        with locked():
            accounts = cls._accounts_of({row.provider_id for row in chosen} | {row.payee_id for row in owed})
            asked = PayoutRequest.objects.filter(pk__in=[row.pk for row in chosen])
            returned = RefundTransfer.objects.filter(pk__in=[row.pk for row in owed])
            rows: list[PayoutRequest | RefundTransfer] = [*asked.only_locked(), *returned.only_locked()]
            if not rows:
                raise cls.Empty
            for row in rows:
                cls._must_be_payable(row, accounts, by)
            paused = held_back(asked, returned)
            if len(paused) == len(rows):
                raise cls.Paused(which=named(paused))
            rows = [row for row in rows if row not in paused]
            batch = cls.objects.create(made_by=by)
            batch.left_out = paused
            for row in rows:
                row.join(batch)
            batch.file = bankfiles.transfer_file(batch.message_id, rows).decode()
            batch.sha256 = hashlib.sha256(batch.file.encode()).hexdigest()
            batch.save(update_fields=["file", "sha256"])
            batch._note("made", by=by)
            return batch

    @classmethod
    def _accounts_of(cls, payees: set[int]) -> set[int]:
        """The bank accounts in use of `payees`, locked: a change of IBAN comes wholly before or wholly after."""
        rows = BankAccount.objects.current().filter(user__in=payees).order_by("pk").select_for_update(no_key=True)
        return {account.pk for account in rows}

    @classmethod
    def _must_be_payable(cls, row: PayoutRequest | RefundTransfer, accounts: set[int], by: User) -> None:
        if row.state != PayoutState.APPROVED or row.bank_account_id not in accounts:
            never = row.state in {PayoutState.ASKED, RefundTransferState.WAITING}
            raise (cls.NotYetApproved if never else cls.NotApproved)(what=row.named)
        if row.decided_by_id == by.pk:
            raise cls.FourEyes(what=row.named)
        row.must_not_be_own(by)

    def hand_out(self) -> bytes:
        """The file, to be given to the bank: the same bytes each time; the first time is noted.

        Refused: Dropped (it must never reach the bank), Outdated (an IBAN has changed: not while it can be dropped),
        HeldBack (payouts in it are paused since, and nobody has taken the file yet).
        """
        with locked(self):
            if self.state == BatchState.DROPPED:
                raise self.Dropped
            if row := self.outdated:
                raise self.Outdated(what=row.named)
            if not self.handed_out_at:
                if paused := held_back(self.requests.all(), self.refunds.all()):
                    raise self.HeldBack(which=named(paused))
                self.handed_out_at = timezone.now()
                self.save(update_fields=["handed_out_at"])
            return self.file.encode()

    def mark_sent(self, *, by: User) -> None:
        """The file was given to the bank: each request's money is on its way.

        Refused: NotSendable, FourEyes, NotHandedOut (nobody has taken the file yet).
        """
        with locked(self):
            if self.state != BatchState.MADE:
                raise self.NotSendable
            for rows in (self.requests, self.refunds):
                for taken in rows.filter(decided_by=by)[:1]:
                    raise self.FourEyes(what=taken.named)
            if not self.handed_out_at:
                raise self.NotHandedOut
            self.state, self.sent_at = BatchState.SENT, timezone.now()
            self.save(update_fields=["state", "sent_at"])
            for row in self.under_locks():
                row.mark_sent(by=by)
            self._note("sent", by=by)

    def drop(self, *, by: User) -> None:
        """Give up a batch before it is sent: its transfers are approved ones again. Refused: NotSendable."""
        with locked(self):
            if self.state != BatchState.MADE:
                raise self.NotSendable
            self.state = BatchState.DROPPED
            self.save(update_fields=["state"])
            for row in self.under_locks():
                row.leave()
            self._note("dropped", by=by)

    def settle(self) -> None:
        """Note that every transfer of the batch has its answer."""
        with locked(self):
            requests = self.requests.filter(state=PayoutState.SENT)
            refunds = self.refunds.filter(state=RefundTransferState.SENT)
            if self.state == BatchState.SENT and not (requests.exists() or refunds.exists()):
                self.state = BatchState.ANSWERED
                self.save(update_fields=["state"])

    @classmethod
    def follow_account_of(cls, payee: User) -> None:
        """The bank account of `payee` has changed: their unsent transfers wait for approval again (product, 7).

        A batch with one of them is dropped if nobody has taken its file yet; one that pays to the account of now stays.
        Called under the lock of `payee`.
        """
        account = BankAccount.objects.of(payee).current().first()
        elsewhere = ~Q(bank_account=account)
        unsent = PayoutRequest.objects.asked_by(payee).unsent().filter(elsewhere)
        owed = RefundTransfer.objects.of(payee).unsent().filter(elsewhere)
        if not (unsent.exists() or owed.exists()):
            return
        of_batch = [Exists(rows.filter(batch=OuterRef("pk"))) for rows in (unsent, owed)]
        mine = cls.objects.filter(of_batch[0] | of_batch[1]).still_here()
        with locked(*mine.order_by("pk")):
            batches = list(mine.order_by("pk"))
            PayoutRequest.objects.filter(Q(pk__in=unsent) | Q(batch__in=batches)).under_locks()
            RefundTransfer.objects.filter(Q(pk__in=owed) | Q(batch__in=batches)).under_locks()
            for batch in batches:
                batch.drop(by=payee)
            for request in unsent.with_parts().order_by("pk"):
                request.send_back_to_approval(account)
            for transfer in owed.with_parts().order_by("pk"):
                transfer.follow_account(account)

    @classmethod
    def give_account(cls, payee: User, *, holder: str, iban: str, bic: str = "") -> BankAccount:
        """`payee` says where to receive what no card took back: a new IBAN, or the one in use once more.

        Refused as BankAccount.change is.
        """
        with locked(payee):
            account = BankAccount.change(user=payee, holder=holder, iban=iban, bic=bic)
            cls.follow_account_of(payee)
            return account

    def _note(self, act: str, *, by: User) -> None:
        Event.record(f"payout_batch.{act}", by=by, batch=self.pk, name=self.message_id, cents=self.cents)

    class Empty(Refusal):
        sentence = _("Choose at least one approved request.")

    class Paused(Refusal):
        sentence = _(
            "The books of these projects are wrong, and their payouts are paused until that is put right: %(which)s. "
            "Nothing was made."
        )

    class HeldBack(Refusal):
        sentence = _(
            "Payouts of this batch are paused since it was made, for the books are wrong: %(which)s. "
            "Drop the batch and make one of the others, or wait until the pause is lifted."
        )

    class NotApproved(Refusal):
        sentence = _("No longer approved, or in another batch: %(what)s. Nothing was made.")

    class NotYetApproved(NotApproved):
        sentence = _("Waits for an IBAN or for approval: %(what)s. Approve it first. Nothing was made.")

    class FourEyes(Refusal):
        sentence = _("You approved %(what)s: somebody else must batch and send.")

    class NotSendable(Refusal):
        sentence = _("This batch has already been sent, or was dropped.")

    class NotHandedOut(Refusal):
        sentence = _("Download the file first: nobody has taken it yet, so it cannot have been given to the bank.")

    class Dropped(Refusal):
        sentence = _("This batch was dropped: its file must not reach the bank, so it is no longer given out.")

    class Outdated(Refusal):
        sentence = _(
            "The IBAN for %(what)s has changed since this file was made. "
            "Drop the batch and make another, unless the bank already has the file."
        )


def held_back(requests: PayoutRequestQuerySet, refunds: RefundTransferQuerySet) -> list[PayoutRequest | RefundTransfer]:
    """Those among them whose transfer waits because the books are wrong."""
    return [*requests.paused(), *refunds.paused()]


def named(rows: Iterable[PayoutRequest | RefundTransfer]) -> str:
    """Transfers as a sentence names them: each invoice with its project."""
    words = _("invoice %(number)s of project %(project)s")
    return ", ".join(
        words % {"number": row.invoice_number, "project": row.escrow.project.number}
        if isinstance(row, PayoutRequest)
        else row.named
        for row in rows
    )
