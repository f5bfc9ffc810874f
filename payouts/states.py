"""The states of a payment request and of a batch, at module level so that `Meta` sees them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PayoutState(models.TextChoices):
    ASKED = "ASKED", _("waiting for approval")
    APPROVED = "APPROVED", _("approved")
    BATCHED = "BATCHED", _("in a batch")
    SENT = "SENT", _("sent to the bank")
    PAID = "PAID", _("paid")
    REFUSED = "REFUSED", _("refused")
    RETURNED = "RETURNED", _("returned by the bank")


PAYOUT_MOVES = (
    ("", "ASKED"),
    ("ASKED", "APPROVED"),
    ("ASKED", "REFUSED"),
    ("APPROVED", "ASKED"),  # the bank account changed before the transfer
    ("APPROVED", "REFUSED"),
    ("APPROVED", "BATCHED"),
    ("BATCHED", "APPROVED"),  # the batch was dropped before it was sent
    ("BATCHED", "SENT"),
    ("SENT", "PAID"),
    ("SENT", "RETURNED"),
)
ENDED = (PayoutState.REFUSED, PayoutState.RETURNED)
UNSENT = (PayoutState.ASKED, PayoutState.APPROVED, PayoutState.BATCHED)


class RefundTransferState(models.TextChoices):
    WAITING = "WAITING", _("waiting for an IBAN or for approval")
    APPROVED = "APPROVED", _("to be put into a batch")
    BATCHED = "BATCHED", _("in a batch")
    SENT = "SENT", _("with the bank")
    PAID = "PAID", _("paid by the bank")
    RETURNED = "RETURNED", _("sent back by the bank")


REFUND_TRANSFER_MOVES = (
    ("", "WAITING"),
    ("WAITING", "APPROVED"),
    ("APPROVED", "WAITING"),  # the bank account changed before the transfer
    ("APPROVED", "BATCHED"),
    ("BATCHED", "APPROVED"),  # the batch was dropped before it was sent
    ("BATCHED", "SENT"),
    ("SENT", "PAID"),
    ("SENT", "RETURNED"),
)
NOT_AT_THE_BANK = (RefundTransferState.WAITING, RefundTransferState.APPROVED, RefundTransferState.BATCHED)


class BatchState(models.TextChoices):
    MADE = "MADE", _("to be sent")
    SENT = "SENT", _("sent to the bank")
    ANSWERED = "ANSWERED", _("answered by the bank")
    DROPPED = "DROPPED", _("dropped")


BATCH_MOVES = (("", "MADE"), ("MADE", "SENT"), ("MADE", "DROPPED"), ("SENT", "ANSWERED"))
