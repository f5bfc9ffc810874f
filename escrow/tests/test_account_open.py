from __future__ import annotations

import pytest

from escrow.models import EscrowAccount, TrancheState
from escrow.tests import way
from marketplace.accounts.models import Company, User
from marketplace.events.models import Event
from projects.models import Formula


def test_activation_in_r0_opens_an_empty_account(account: EscrowAccount) -> None:
    assert [account.held.balance, account.payable.balance, account.claimed.balance] == [0, 0, 0]
    assert {account.held.kind, account.payable.kind, account.claimed.kind} == {"held", "payable", "claimed"}
    assert Event.objects.get(verb="escrow.opened").facts["cents"] == 360_000


def test_tranches_carry_the_vat_of_the_agreement(account: EscrowAccount) -> None:
    rows = [(t.position, t.ht_cents, t.vat_cents, t.cents, t.state) for t in account.tranches.all()]
    assert rows == [
        (1, 100_000, 20_000, 120_000, TrancheState.PLANNED),
        (2, 120_000, 24_000, 144_000, TrancheState.PLANNED),
        (3, 80_000, 16_000, 96_000, TrancheState.PLANNED),
    ]


def test_under_article_293_b_an_amount_is_the_same_with_and_without_vat(client_user: User, provider_user: User) -> None:
    Company.objects.filter(user=provider_user).update(vat_status=Company.VatStatus.FRANCHISE)
    account = way.opened(client_user, User.objects.get(pk=provider_user.pk), [33_333])
    assert [(t.cents, t.vat_cents) for t in account.tranches.all()] == [(33_333, 0)]


def test_the_base_formula_has_no_account(client_user: User, provider_user: User) -> None:
    way.activated(way.chosen(way.published(client_user), provider_user), Formula.BASE)
    assert not EscrowAccount.objects.exists()


@pytest.mark.parametrize("who", ["client_user", "provider_user"])
def test_both_parties_see_the_account(account: EscrowAccount, who: str, request: pytest.FixtureRequest) -> None:
    assert EscrowAccount.objects.visible_to(request.getfixturevalue(who)).get() == account


def test_nobody_else_sees_the_account(account: EscrowAccount, stranger_user: User) -> None:
    assert not EscrowAccount.objects.visible_to(stranger_user).exists()
    assert not EscrowAccount.objects.fundable_by(account.agreement.provider).exists()
