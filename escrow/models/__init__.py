"""The internal account of an R0 project: what is deposited, held, delivered and released (product, section 5)."""

from escrow.states import TrancheState

from .accounts import EscrowAccount
from .cancellations import CancellationNotice, NoticeState
from .cases import CaseRequest, CaseState, Cause, Obstacle
from .deliveries import ChangeFile, ChangeRequest, Delivery, DeliveryFile
from .deposits import Deposit, DepositPart, DepositRequest
from .freezes import Freeze, FreezePart, Shares
from .refunds import Refund, RefundPart
from .releases import Release
from .requests import RefundRequest
from .tranches import Tranche

__all__ = [
    "CancellationNotice",
    "CaseRequest",
    "CaseState",
    "Cause",
    "ChangeFile",
    "ChangeRequest",
    "Delivery",
    "DeliveryFile",
    "Deposit",
    "DepositPart",
    "DepositRequest",
    "EscrowAccount",
    "Freeze",
    "FreezePart",
    "NoticeState",
    "Obstacle",
    "Refund",
    "RefundPart",
    "RefundRequest",
    "Release",
    "Shares",
    "Tranche",
    "TrancheState",
]
