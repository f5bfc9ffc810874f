from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Asset, Guard, Kind, Transfer
from marketplace.ledger.tests.crowd import as_owner, funded

pytestmark = pytest.mark.django_db
RECORDED = {
    *("stripe", "bank", "bank_transit", "vat", "stripe_fee", "loss", "chargeback"),
    *("revenue:credits", "revenue:commission", "revenue:r0"),
    *("issued:CONSULTATION", "issued:OFFER", "issued:CONTACT"),
    *("consumed:CONSULTATION", "consumed:OFFER", "consumed:CONTACT"),
}


@pytest.mark.parametrize("kind", ["held", "frozen", "payable", "claimed", "refunding", "receivable"])
def test_a_guarded_account_opens_at_zero(kind: str) -> None:
    account = ledger.open_account(kind)
    assert account == Account.objects.guarded().get(pk=account.pk)
    assert (account.kind, account.asset, account.balance, account.name) == (kind, "EUR", 0, "")
    assert (account.guard, account.is_guarded) == (Guard.DEBIT if kind == "receivable" else Guard.CREDIT, True)
    assert (str(account), account.in_euros) == (f"{kind} {account.pk}", True)


@pytest.mark.parametrize("asset", ["CONSULTATION", "OFFER", "CONTACT"])
def test_a_wallet_counts_one_kind_of_credits(asset: str) -> None:
    account = ledger.open_account(Kind.WALLET, Asset(asset))
    assert (account.asset, account.guard, account.in_euros) == (asset, Guard.CREDIT, False)


@pytest.mark.parametrize(
    ("kind", "asset"),
    [("stripe", "EUR"), ("issued", "OFFER"), ("wallet", "EUR"), ("held", "OFFER"), ("nothing", "EUR"), ("held", "BTC")],
)
def test_no_other_account_is_opened(kind: str, asset: str) -> None:
    before = Account.objects.count()
    with pytest.raises(ledger.Malformed), transaction.atomic():
        ledger.open_account(kind, asset)
    assert Account.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "asset", "name", "constraint"),
    [
        ("nothing", "EUR", "", "ledger_account_kind"),
        ("held", "BTC", "", "ledger_account_asset"),
        ("wallet", "EUR", "", "ledger_account_credits_or_euros"),
        ("held", "OFFER", "", "ledger_account_credits_or_euros"),
        ("held", "EUR", "ours", "ledger_account_named"),
        ("stripe", "EUR", "", "ledger_account_named"),
    ],
)
def test_the_database_names_what_an_account_cannot_be(kind: str, asset: str, name: str, constraint: str) -> None:
    words = "insert into ledger_account (kind, asset, name, opened_at) values (%s, %s, %s, now())"
    with as_owner() as cursor, pytest.raises(IntegrityError) as refused, transaction.atomic():
        cursor.execute(words, [kind, asset, name])
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_the_platform_s_accounts_are_there_and_keep_no_balance() -> None:
    funded("held", 100)
    assert set(Account.objects.recorded().values_list("name", flat=True)) == RECORDED
    assert set(Account.objects.recorded().values_list("balance", "guard")) == {(0, Guard.NONE)}
    stripe = Account.objects.get(name="stripe")
    assert (str(stripe), stripe.is_guarded) == ("stripe", False)


def test_a_total_is_kept_or_summed() -> None:
    held = funded("held", 100)
    ledger.post("fee:1", "stripe.fee", [ledger.Move("stripe", "revenue:r0", 5), ledger.Move(held, "stripe", 30)])
    accounts: Any = Account.objects.with_total()
    totals = {account.pk: account.total for account in accounts}
    assert totals[held.pk] == 70
    assert totals[Account.objects.get(name="stripe").pk] == -75
    assert totals[Account.objects.get(name="bank").pk] == 0
    assert str(Transfer.objects.get(key="fee:1")) == "fee:1"
