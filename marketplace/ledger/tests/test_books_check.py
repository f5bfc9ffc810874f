from __future__ import annotations

import logging
from collections.abc import Callable
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from marketplace.celery import app
from marketplace.ledger import checks
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Transfer
from marketplace.ledger.tasks import check_books
from marketplace.ledger.tests.crowd import as_owner, funded

pytestmark = pytest.mark.usefixtures("our_checks")


def bent(statement: str) -> None:
    """What only a hand in the database can do: `statement` with the triggers asleep."""
    with as_owner() as cursor:
        cursor.execute(f"set local session_replication_role = replica; {statement}")
        cursor.execute("set local session_replication_role = origin")


def output() -> tuple[str, int]:
    """What `manage.py check_books` prints, and its exit code."""
    out = StringIO()
    try:
        call_command("check_books", stdout=out, no_color=True)
    except SystemExit as stop:
        return out.getvalue(), int(str(stop))
    return out.getvalue(), 0


@pytest.mark.django_db
def test_right_books_are_said_to_be_right() -> None:
    funded("held", 100)
    funded("wallet", 2, asset="CONTACT")
    text, code = output()
    assert code == 0
    ours = [line.split() for line in text.splitlines() if line.startswith("ledger.")]
    assert ours == [[f"ledger.{name}", "ok", "0"] for name in ("balances", "credits", "cover", "transfers", "rights")]


def a_balance_is_changed() -> str:
    held = funded("held", 100)
    bent(f"update ledger_account set balance = 90 where id = {held.pk}")
    return f"ledger.balances: account {held.pk} (held EUR) keeps 90, its moves give 100"


def a_recorded_account_keeps_something() -> str:
    bent(
        "alter table ledger_account drop constraint ledger_account_no_overdraft;"
        "update ledger_account set balance = 5 where name = 'bank'"
    )
    (row,) = checks.run()
    assert row.endswith("(bank EUR) keeps 5, its moves give ")
    return row


def a_move_is_lost() -> str:
    held = funded("held", 100)
    bent(f"delete from ledger_move where credit_id = {held.pk}")
    return f"ledger.transfers: transfer fund:{held.pk} has no move"


def credits_appear() -> str:
    wallet = funded("wallet", 3, asset="OFFER")
    bent(f"update ledger_account set balance = 4 where id = {wallet.pk}")
    return "ledger.credits: OFFER: 3 issued, but 4 in wallets and 0 consumed"


def credits_come_back_that_were_never_spent() -> str:
    wallet = ledger.open_account("wallet", "OFFER")
    ledger.post("return:1", "credit.returned", [ledger.Move("consumed:OFFER", wallet, 1)])
    return "ledger.credits: OFFER: 0 issued, but 1 in wallets and -1 consumed"


def fees_eat_what_is_held() -> str:
    funded("held", 100)
    ledger.post("stripe:txn_1:fee", "stripe.fee", [ledger.Move("stripe_fee", "stripe", 2)])
    return "ledger.cover: 100 cents are owed, only 98 are there"


def the_site_may_write() -> str:
    with as_owner() as cursor:
        cursor.execute("grant update on ledger_account to app")
    return "ledger.rights: the role app may update on ledger_account"


WRONGS = [
    a_balance_is_changed,
    a_recorded_account_keeps_something,
    a_move_is_lost,
    credits_appear,
    credits_come_back_that_were_never_spent,
    fees_eat_what_is_held,
    the_site_may_write,
]


@pytest.mark.django_db
@pytest.mark.crooked_books
@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.__name__)
def test_wrong_books_are_red(wrong: Callable[[], str], caplog: pytest.LogCaptureFixture) -> None:
    row = wrong()
    assert row in checks.run()
    text, code = output()
    assert code == 1
    assert f"    {row.partition(': ')[2]}" in text.splitlines()
    assert any(line.split()[:2] == [row.partition(": ")[0], "red"] for line in text.splitlines())
    check_books()
    assert f"The books are wrong: {row}" in [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]


@pytest.mark.django_db
def test_money_on_its_way_to_the_bank_covers_nothing_twice() -> None:
    """From Stripe to our bank, from a claim to the provider's bank: the books are right at each step."""
    claimed = funded("claimed", 100)
    for key, move in (
        ("stripe:po_1", ledger.Move("bank", "stripe", 100)),
        ("payout:1:sent", ledger.Move(claimed, "bank_transit", 100)),
        ("sepa:1:ok", ledger.Move("bank_transit", "bank", 100)),
    ):
        ledger.post(key, "test.step", [move])
        assert checks.run() == []


@pytest.mark.django_db
@pytest.mark.crooked_books
def test_a_check_that_fails_is_red_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checks.register("test.first")(lambda: checks.red_rows("select 1/0"))
    checks.register("test.then")(lambda: checks.red_rows("select %s || ' is wrong'", ["this"]))
    assert checks.run() == ["test.first: cannot be run: DataError", "test.then: this is wrong"]
    assert "test.first" in caplog.text


def test_two_checks_do_not_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "registry", {})
    checks.register("test.same")(check_books_are_right)
    checks.register("test.same")(check_books_are_right)
    with pytest.raises(ValueError, match=r"test\.same"):
        checks.register("test.same")(output_is_right)


def check_books_are_right() -> list[str]:
    return []


def output_is_right() -> list[str]:
    return []


@pytest.mark.django_db(transaction=True)
def test_a_check_sees_one_instant_while_others_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def someone_posts() -> None:
        funded("held", 1)
        connection.close()

    def count_twice() -> list[str]:
        before = Transfer.objects.count()
        thread = Thread(target=someone_posts)
        thread.start()
        thread.join()
        return [] if Transfer.objects.count() == before else ["the view moved"]

    monkeypatch.setattr(checks, "registry", {"test.twice": count_twice})
    assert checks.run() == []
    assert Transfer.objects.count() == 1


def test_the_books_are_checked_every_ten_minutes(settings: Any) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["check-books"]
    app.loader.import_default_modules()
    assert (entry["schedule"], entry["options"]["expires"]) == (600, 600)
    assert entry["task"] in app.tasks
