"""The stage that fixtures are played on once: what is played, in which order, and that it goes when a test commits."""

from __future__ import annotations

import pytest

from escrow.models import EscrowAccount
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.testing.stage import levels_of, stage


@pytest.fixture
def account(client_user: User, provider_user: User) -> EscrowAccount:
    return way.opened(client_user, provider_user)


@pytest.fixture
def watched(account: EscrowAccount, monkeypatch: pytest.MonkeyPatch) -> EscrowAccount:
    """Asks for what is put back after each test, so that it is made for each."""
    return account


def test_fixtures_are_played_in_the_order_asked_for(
    request: pytest.FixtureRequest, stranger_user: User, watched: EscrowAccount
) -> None:
    played = [fixture.argname for fixture in levels_of(request.node)]
    assert played == ["stranger_user", "client_user", "provider_user", "account"]
    assert [level.make.__name__ for level in stage.levels] == played


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_finds_it_as_it_was_made(_turn: int, account: EscrowAccount, client_user: User) -> None:
    assert client_user.name == "Claire Caron"
    assert account.held.balance == 0
    client_user.name = "Une autre"
    client_user.save(update_fields=["name"])
    way.funded(account)


@pytest.mark.django_db(transaction=True)
def test_nothing_of_it_is_left_where_a_test_commits() -> None:
    assert stage.levels == []
    assert not User.objects.exists()
