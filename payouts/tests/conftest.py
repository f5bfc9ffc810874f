from __future__ import annotations

import pytest

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from payouts.bills import Bill
from payouts.models import PayoutRequest
from payouts.tests import way


@pytest.fixture
def account(client_user: User, provider_user: User) -> EscrowAccount:
    """The account of a project of three tranches: 1 200, 1 440 and 960 € including VAT; the provider gave an IBAN."""
    way.banked(provider_user)
    return escrow_way.opened(client_user, provider_user)


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The first tranche, 1 200 €, released."""
    return way.released(account)


@pytest.fixture
def asked(tranche: Tranche) -> PayoutRequest:
    """A request for the whole of it."""
    return way.asked(tranche)


@pytest.fixture
def approved(asked: PayoutRequest, finance_user: User) -> PayoutRequest:
    """Approved by the first one of Finance."""
    return way.approved(asked, finance_user)


@pytest.fixture
def two(account: EscrowAccount, finance_user: User) -> list[PayoutRequest]:
    """Two approved requests of one project, of 1 200 and 1 440 €."""
    bills = [way.BILL, Bill("AC-2", way.ISSUED, 120_000, 24_000)]
    asked = [way.asked(way.released(account, n), bill) for n, bill in enumerate(bills)]
    return [way.approved(request, finance_user) for request in asked]
