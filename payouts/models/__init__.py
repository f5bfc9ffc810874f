"""Getting paid: requests with their invoices, batches for the bank, and the bank's answers (product, section 7)."""

from payouts.states import BatchState, PayoutState, RefundTransferState

from .answers import BankAnswer
from .batches import PayoutBatch
from .requests import PayoutRequest
from .transfers import RefundTransfer

__all__ = [
    "BankAnswer",
    "BatchState",
    "PayoutBatch",
    "PayoutRequest",
    "PayoutState",
    "RefundTransfer",
    "RefundTransferState",
]
