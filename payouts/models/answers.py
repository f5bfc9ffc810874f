"""The bank's answers: which transfers of a batch were paid, and which came back."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.refusals import Refusal
from payouts import bankfiles
from payouts.models.batches import PayoutBatch
from payouts.models.requests import PayoutRequest
from payouts.models.transfers import RefundTransfer
from payouts.states import BatchState, PayoutState

if TYPE_CHECKING:
    from marketplace.accounts.models import User

log = logging.getLogger(__name__)


class BankAnswer(models.Model):
    """A file that the bank gave back (pain.002), read once: the same bytes again change nothing.

    `paid` and `returned` count what this file changed, `pending` what it says to be still under way. `unknown` keeps
    what needs a person: references that are not ours, statuses that no standard
    knows, and answers that contradict an earlier one.
    """

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    file = models.BinaryField(_("file"))
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("imported by")
    )
    imported_at = models.DateTimeField(_("imported on"), auto_now_add=True)
    paid = models.PositiveIntegerField(_("paid"), default=0)
    returned = models.PositiveIntegerField(_("returned"), default=0)
    pending = models.PositiveIntegerField(_("still under way"), default=0)
    unknown = models.JSONField(_("unknown references"), default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("answer of the bank"), _("answers of the bank")
        default_permissions = ("view",)
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(file=b""), name="bank_answer_is_kept")]

    repeated = False

    def __str__(self) -> str:
        return f"{self.imported_at:%Y-%m-%d %H:%M}"

    @classmethod
    def read(cls, content: bytes, *, by: User) -> BankAnswer:
        """Import a pain.002: each transfer it answers for is paid or returned, all or nothing; what is unknown is kept.

        The same file again gives the first answer, marked `repeated`, and changes nothing. Refused: NotReadable (no
        such answer, or cut short), NotSentYet (its batch is not marked as sent: the file can be imported later).
        """
        try:
            report = bankfiles.read_answer(content)
        except bankfiles.Unreadable as error:
            raise cls.NotReadable(why=str(error)) from error
        with locked(*PayoutBatch.objects.named(report.message_id)):
            answer, new = cls.objects.get_or_create(
                sha256=hashlib.sha256(content).hexdigest(), defaults={"file": content, "imported_by": by}
            )
            answer.repeated = not new
            if new:
                answer._carry_out(report, by=by)
            return answer

    def _carry_out(self, report: bankfiles.Report, *, by: User) -> None:
        batch = PayoutBatch.objects.named(report.message_id).first()
        if batch and batch.state == BatchState.MADE:
            raise self.NotSentYet(batch=batch.message_id)
        rows = {row.end_to_end: row for row in batch.under_locks()} if batch else {}
        found = report.answers(rows)
        for answer in found.answers:
            self._apply(rows[answer.reference], answer, by=by)
        self.unknown += found.unknown
        self.save(update_fields=["paid", "returned", "pending", "unknown"])
        if batch:
            batch.settle()
        if self.unknown:
            log.error("Answer %s of the bank needs a person: %s", self.pk, ", ".join(self.unknown))

    def _apply(self, row: PayoutRequest | RefundTransfer, answer: bankfiles.Answer, *, by: User) -> None:
        said = PayoutState.PAID if answer.is_paid else PayoutState.RETURNED if answer.is_rejected else None
        if not answer.is_known:
            self.unknown += [f"{answer.reference} {answer.status}"]
        elif not said:
            self.pending += row.state == PayoutState.SENT
        elif row.state != PayoutState.SENT:
            self.unknown += [f"{answer.reference} {answer.status}"] if row.state != said else []
        elif said == PayoutState.PAID:
            row.mark_paid(by=by)
            self.paid += 1
        else:
            row.mark_returned(by=by, reason=answer.reason)
            self.returned += 1

    class NotReadable(Refusal):
        sentence = _("This file is not an answer of the bank that can be read: %(why)s. Nothing was changed.")

    class NotSentYet(Refusal):
        sentence = _("The batch %(batch)s is not marked as sent. Mark it first, then import this file again.")
