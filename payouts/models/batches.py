"""Batches: approved requests in one file for the bank, and the bank's answers to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from payouts import bankfiles
from payouts.models.requests import PayoutRequest
from payouts.states import BATCH_MOVES, BatchState, PayoutState

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class PayoutBatch(models.Model):
    """A SEPA file (pain.001.001.09) of approved requests. Its bytes are kept: a second download is the same file."""

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made on"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent on"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=BatchState, default=BatchState.MADE, editable=False)
    file = models.TextField(_("SEPA file"), blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("batch of transfers"), _("batches of transfers")
        default_permissions = ("view",)
        permissions = [("send_payoutbatch", "Can make, send and settle a batch of transfers")]
        ordering = ["-pk"]
        triggers = [States(field="state", edges=BATCH_MOVES)]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """The file's own reference (pain.001, MsgId), which the bank's answer names."""
        return f"PARAPHE-{self.pk}"

    @property
    def cents(self) -> int:
        """What the batch pays in all, in cents."""
        return int(self.requests.aggregate(sum=Sum("cents"))["sum"] or 0)

    @classmethod
    def make(cls, requests: Iterable[PayoutRequest], *, by: User) -> PayoutBatch:
        """Put approved requests into one file. Rows are locked in order, so that two batches never share a request.

        Refused: Empty, NotApproved (one was approved no more, or taken by another batch), FourEyes (who approved one
        of them cannot batch it), PayoutRequest.AccountOnHold.
        """
        keys = sorted(request.pk for request in requests)
        with locked():
            rows = list(
                PayoutRequest.objects.filter(pk__in=keys).select_for_update(no_key=True, of=("self",)).order_by("pk")
            )
            if not rows:
                raise cls.Empty
            for row in rows:
                cls._must_be_payable(row, by)
            batch = cls.objects.create(made_by=by)
            for row in rows:
                row.join(batch)
            batch.file = bankfiles.transfer_file(batch.message_id, rows).decode()
            batch.sha256 = hashlib.sha256(batch.file.encode()).hexdigest()
            batch.save(update_fields=["file", "sha256"])
            return batch

    @classmethod
    def _must_be_payable(cls, row: PayoutRequest, by: User) -> None:
        if row.state != PayoutState.APPROVED:
            raise cls.NotApproved(number=row.invoice_number)
        if row.decided_by_id == by.pk:
            raise cls.FourEyes(number=row.invoice_number)
        if PayoutRequest.account_of(row.provider) != row.bank_account:
            raise cls.NotApproved(number=row.invoice_number)

    def mark_sent(self, *, by: User) -> None:
        """The file was given to the bank: each request's money is on its way. Refused: NotSendable, FourEyes."""
        with locked(self):
            if self.state != BatchState.MADE:
                raise self.NotSendable
            if taken := self.requests.filter(decided_by=by).first():
                raise self.FourEyes(number=taken.invoice_number)
            self.state, self.sent_at = BatchState.SENT, timezone.now()
            self.save(update_fields=["state", "sent_at"])
            for request in self.requests.with_parts().order_by("pk"):
                request.mark_sent(by=by)

    def drop(self, *, by: User) -> None:
        """Give up a batch before it is sent: its requests are approved ones again. Refused: NotSendable."""
        with locked(self):
            if self.state != BatchState.MADE:
                raise self.NotSendable
            self.state = BatchState.DROPPED
            self.save(update_fields=["state"])
            for request in self.requests.with_parts().order_by("pk"):
                request.leave()

    def settle(self) -> None:
        """Note that every transfer of the batch has its answer."""
        with locked(self):
            open_ones = self.requests.filter(state=PayoutState.SENT).exists()
            if self.state == BatchState.SENT and not open_ones:
                self.state = BatchState.ANSWERED
                self.save(update_fields=["state"])

    class Empty(Refusal):
        sentence = _("Choose at least one approved request.")

    class NotApproved(Refusal):
        sentence = _(
            "The request of invoice %(number)s is no longer approved, or is in another batch. Nothing was made."
        )

    class FourEyes(Refusal):
        sentence = _("You approved the request of invoice %(number)s: somebody else must batch and send it.")

    class NotSendable(Refusal):
        sentence = _("This batch has already been sent, or was dropped.")


class BankAnswer(models.Model):
    """A file that the bank gave back (pain.002), read once: the same bytes again change nothing."""

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    file = models.TextField(_("file"))
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("imported by")
    )
    imported_at = models.DateTimeField(_("imported on"), auto_now_add=True)
    paid = models.PositiveIntegerField(_("paid"), default=0)
    returned = models.PositiveIntegerField(_("returned"), default=0)
    unknown = models.JSONField(_("unknown references"), default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("answer of the bank"), _("answers of the bank")
        default_permissions = ("view",)
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(file=""), name="bank_answer_is_kept")]

    def __str__(self) -> str:
        return f"{self.imported_at:%Y-%m-%d %H:%M}"

    @classmethod
    def read(cls, content: bytes, *, by: User) -> BankAnswer:
        """Import a pain.002: each transfer it names is paid or returned, all or nothing; unknown references are parked.

        Refused (NotReadable) when the file is no such answer or is cut short.
        """
        sha = hashlib.sha256(content).hexdigest()
        if done := cls.objects.filter(sha256=sha).first():
            return done
        try:
            answers = bankfiles.read_answer(content)
        except bankfiles.Unreadable as error:
            raise cls.NotReadable(why=str(error)) from error
        with locked():
            answer, new = cls.objects.get_or_create(
                sha256=sha, defaults={"file": content.decode("utf-8", "replace"), "imported_by": by}
            )
            if new:
                answer._carry_out(answers, by=by)
            return answer

    def _carry_out(self, answers: list[bankfiles.Answer], *, by: User) -> None:
        rows = {
            row.end_to_end: row
            for row in PayoutRequest.objects.with_parts().filter(state__in=["SENT", "PAID", "RETURNED"])
        }
        for answer in sorted(answers, key=lambda a: a.reference):
            row = rows.get(answer.reference)
            if row is None or row.batch is None or row.batch.message_id != answer.message_id:
                self.unknown.append(answer.reference)
            elif answer.is_paid:
                row.mark_paid(by=by)
                self.paid += 1
            elif answer.is_rejected:
                row.mark_returned(by=by, reason=answer.reason)
                self.returned += 1
        self.save(update_fields=["paid", "returned", "unknown"])
        for batch in {row.batch for row in rows.values() if row.batch and row.batch.state == BatchState.SENT}:
            batch.settle()

    class NotReadable(Refusal):
        sentence = _("This file is not an answer of the bank that can be read (%(why)s). Nothing was changed.")
