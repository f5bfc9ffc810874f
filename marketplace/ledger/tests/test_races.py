"""Real threads on real connections: what two people do at once counts as if one had come after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction

from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Move, Transfer
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, balance, funded, planted, slowed, tally

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
MANY = 50


def spending(wallet: Account, turn: int) -> Callable[[], Transfer]:
    move = ledger.Move(wallet, "consumed:OFFER", 1)
    return lambda: ledger.post(f"spend:{wallet.pk}:{turn}", "test.spent", [move], project=f"2026-{turn}")


def one_credit_is_spent_once(crowd: Crowd) -> None:
    wallet = funded("wallet", 1, asset="OFFER")
    answers = crowd.race([spending(wallet, turn) for turn in range(MANY)])
    assert tally(answers) == {"Transfer": 1, "NotEnoughFunds": MANY - 1}
    assert (balance(wallet), Move.objects.filter(debit=wallet).count()) == (0, 1)
    assert Transfer.objects.filter(key__startswith=f"spend:{wallet.pk}:").count() == 1


def one_key_is_one_transfer(crowd: Crowd) -> None:
    held, payable = funded("held", 1000), ledger.open_account("payable")

    def release() -> int:
        return ledger.post(f"release:{held.pk}", "escrow.released", [ledger.Move(held, payable, 10)]).pk

    assert len(set(crowd.race([release] * MANY))) == 1
    assert (balance(held), balance(payable), Transfer.objects.filter(key=f"release:{held.pk}").count()) == (990, 10, 1)


def releases_share_what_is_held(crowd: Crowd) -> None:
    """Each takes 30 of 100 in a transaction of its own with a second post: three succeed, whoever they are."""
    held, payable, claimed = funded("held", 100), ledger.open_account("payable"), ledger.open_account("claimed")

    def release(turn: int) -> Transfer:
        with transaction.atomic():
            ledger.post(f"release:{held.pk}:{turn}", "escrow.released", [ledger.Move(held, payable, 30)])
            return ledger.post(f"claim:{held.pk}:{turn}", "payout.asked", [ledger.Move(payable, claimed, 30)])

    answers = crowd.race([partial(release, turn) for turn in range(8)])
    assert tally(answers) == {"Transfer": 3, "NotEnoughFunds": 5}
    assert (balance(held), balance(payable), balance(claimed)) == (10, 0, 90)


def opposite_moves_do_not_block(crowd: Crowd) -> None:
    """Accounts are locked by id, whichever side they are on: no deadlock, and nothing is lost."""
    one, two = funded("held", 1000), funded("frozen", 1000)

    def move(turn: int) -> Transfer:
        sides = (one, two) if turn % 2 else (two, one)
        return ledger.post(f"swap:{one.pk}:{turn}", "test.swap", [ledger.Move(*sides, 1 + turn % 2)])

    answers = crowd.race([partial(move, turn) for turn in range(16)])
    assert tally(answers) == {"Transfer": 16}
    assert (balance(one), balance(two)) == (1000 - 16 + 8, 1000 + 16 - 8)


def the_last_of_several_keys_wins_nothing(crowd: Crowd) -> None:
    """The same key with two contents at once: one content is written, the other is refused."""
    held, payable = funded("held", 1000), ledger.open_account("payable")

    def release(cents: int) -> Transfer:
        return ledger.post(f"release:{held.pk}", "escrow.released", [ledger.Move(held, payable, cents)])

    answers = crowd.race([partial(release, cents) for cents in (10, 20) * 4])
    assert tally(answers) == {"Transfer": 4, "KeyReused": 4}
    assert balance(payable) in (10, 20)


RACES = [
    one_credit_is_spent_once,
    one_key_is_one_transfer,
    releases_share_what_is_held,
    opposite_moves_do_not_block,
    the_last_of_several_keys_wins_nothing,
]


def run(race: Callable[[Crowd], None], crowd: Crowd) -> None:
    """One round in four looks clean where a lock is missing; many do not."""
    for _round in range(ROUNDS):
        race(crowd)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Callable[[Crowd], None]) -> None:
    with Crowd(MANY) as crowd:
        run(race, crowd)


@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_move", "ledger_account"])
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Callable[[Crowd], None], table: str) -> None:
    with Crowd(MANY) as crowd, slowed(table, seconds=0.02):
        race(crowd)


NAIVE = {
    "a balance is read before the lock": (
        one_credit_is_spent_once,
        "ledger_apply",
        "a.balance + net.amount",
        "(select balance from ledger_account b where b.id = a.id and pg_sleep(0.01) is not null) + net.amount",
    ),
    "a key is looked up before it is written": (
        one_key_is_one_transfer,
        "ledger_post",
        "on conflict (key) do nothing",
        "",
    ),
}


@pytest.mark.crooked_books
@pytest.mark.parametrize("fault", NAIVE)
def test_a_race_finds_a_naive_ledger(fault: str) -> None:
    race, function, old, new = NAIVE[fault]
    unlocked = planted("ledger_post", "for no key update", "")
    with unlocked, planted(function, old, new), Crowd(MANY) as crowd, pytest.raises(AssertionError):
        run(race, crowd)
