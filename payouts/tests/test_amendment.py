"""R0 → base once everything released is with the provider's bank."""

from __future__ import annotations

import pytest

from escrow.amendments import Revision
from escrow.models import EscrowAccount
from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from payouts.bills import Bill
from payouts.tests import way
from projects.models import Agreement
from projects.tests.avenants import in_force, proposed

pytestmark = pytest.mark.django_db


def test_account_closes_on_a_delivery_whose_money_is_all_at_the_bank(
    account: EscrowAccount, finance_user: User, second_finance_user: User
) -> None:
    agreement, tranche = Agreement.objects.get(), account.tranches.all()[0]
    escrow_way.deposited(account, 60_000, tranche)
    tranche.refresh_from_db()
    tranche = escrow_way.released(escrow_way.delivered(tranche))
    request = way.asked(tranche, Bill("AC-1", way.ISSUED, 50_000, 10_000))
    with pytest.raises(Revision.NotAtZero):
        proposed(agreement, formula="BASE")
    way.sent([way.approved(request, finance_user)], second_finance_user)
    in_force(proposed(agreement, formula="BASE"))
    states = [(row.state, row.cents) for row in account.tranches.all()]
    assert states == [("RELEASED", 60_000), ("CANCELLED", 144_000), ("CANCELLED", 96_000)]
