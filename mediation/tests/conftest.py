from __future__ import annotations

import pytest

from escrow.models import EscrowAccount
from escrow.tests import way
from marketplace.accounts.models import User


@pytest.fixture
def account(client_user: User, provider_user: User) -> EscrowAccount:
    """An account of three tranches, all deposited: 1 200, 1 440 and 960 € including VAT."""
    account = way.opened(client_user, provider_user)
    way.funded(account)
    return account
