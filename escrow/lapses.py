"""What the dates of an internal account cause."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from escrow.models import CancellationNotice, CaseRequest, Cause, EscrowAccount, Tranche
from escrow.models.acceptance import Acceptance
from escrow.models.cancellations import CANCEL
from escrow.models.clock import ACCEPT, ASK, IDLE, OVERDUE, REMIND, keep_moving, resting_until
from marketplace.ledger.models import Transfer
from marketplace.locking import locked
from projects.models.deadlines import falling

if TYPE_CHECKING:
    from projects.models import Deadline


def tranche_of(deadline: Deadline) -> Tranche:
    """The tranche that a deadline is about."""
    return Tranche.objects.with_parties().get(pk=deadline.subject_id)


@falling(REMIND)
def remind_the_client(deadline: Deadline, at: datetime) -> None:
    Acceptance(tranche_of(deadline)).remind(at=at)


@falling(ACCEPT)
def pass_in_silence(deadline: Deadline, at: datetime) -> None:
    Acceptance(tranche_of(deadline)).pass_in_silence(at=at)


@falling(OVERDUE)
def tell_late(deadline: Deadline, at: datetime) -> None:
    tranche_of(deadline).tell_late(at=at)


@falling(CANCEL)
def carry_out_notice(deadline: Deadline, at: datetime) -> None:
    CancellationNotice.objects.filter(tranche=deadline.subject_id).latest("pk").carry_out(at=at)


@falling(IDLE)
def hand_to_the_sma(deadline: Deadline, at: datetime) -> None:
    """Money has rested too long: the SMA opens a case of all that holds some. Another movement puts it off."""
    account = EscrowAccount.objects.with_parties().get(pk=deadline.subject_id)
    last = Transfer.objects.filter(project=account.project.key).latest("pk").at
    if resting_until(account, last) >= at:
        keep_moving(account, now=last)
        return
    rows = list(account.tranches.holding().told().order_by("pk"))
    with locked(account.project, account, *rows):
        if free := [tranche for tranche in rows if not vars(tranche)["in_case"]]:
            CaseRequest.open_on(free, cause=Cause.IDLE, by=None)


@falling(ASK)
def ask_the_sma_again(deadline: Deadline, at: datetime) -> None:
    CaseRequest.ask_again(EscrowAccount.objects.with_parties().get(pk=deadline.subject_id), at=at)
