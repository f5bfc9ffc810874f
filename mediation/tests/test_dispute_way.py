"""The main ways of a case from its opening to the last cent."""

from __future__ import annotations

from typing import Any

import pytest

from escrow.models import EscrowAccount
from escrow.tests.way import delivered, released
from mediation.tests import way

pytestmark = pytest.mark.django_db


def money(account: EscrowAccount) -> tuple[int, int]:
    """What is held, and what is released and not claimed yet."""
    for one in (account.held, account.payable):
        one.refresh_from_db()
    return account.held.balance, account.payable.balance


def test_same_split_accepted_by_both_settles_and_pays_at_once(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    assert (dispute.state, dispute.cents, money(account)) == ("MEDIATION", 120_000, (240_000, 0))
    way.proposed(dispute, 80_000, dispute.provider).accept(by=dispute.client)
    assert way.fresh(dispute).state == "EXECUTED"
    assert money(account) == (240_000, 80_000)
    assert way.tranche(account).state == "REFUNDED"


def test_decision_is_executed_ten_days_later(account: EscrowAccount, mediator_user: Any, arbitrator_user: Any) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert dispute.arbitrator == arbitrator_user
    way.drafted(dispute, 120_000)
    assert (way.fresh(dispute).state, money(account)) == ("DECIDED", (240_000, 0))
    assert way.let_fall(dispute, "sma.execute").state == "EXECUTED"
    assert money(account) == (240_000, 120_000)


def test_withdrawn_case_gives_everything_back(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    dispute.withdraw("Trouvé un accord.", by=dispute.client)
    assert (way.fresh(dispute).state, money(account)) == ("WITHDRAWN", (360_000, 0))
    released(delivered(way.tranche(account)))
    assert money(account) == (240_000, 120_000)
