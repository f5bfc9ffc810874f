"""The internal account of an R0 project: what is deposited, held, delivered and released (product, section 5)."""

from escrow.states import TrancheState

from .accounts import EscrowAccount
from .cases import CaseRequest, CaseState, Cause
from .deliveries import Delivery, DeliveryFile
from .deposits import Deposit, DepositPart, DepositRequest
from .freezes import Freeze, FreezePart, Shares
from .refunds import Refund, RefundPart
from .releases import Release
from .tranches import Tranche

__all__ = [
    "CaseRequest",
    "CaseState",
    "Cause",
    "Delivery",
    "DeliveryFile",
    "Deposit",
    "DepositPart",
    "DepositRequest",
    "EscrowAccount",
    "Freeze",
    "FreezePart",
    "Refund",
    "RefundPart",
    "Release",
    "Shares",
    "Tranche",
    "TrancheState",
]
