"""The database function against a small model in plain Python, and the faults that the comparison must find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from marketplace.ledger import checks
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account, Move, Transfer
from marketplace.ledger.tests.crowd import as_owner, replaced
from marketplace.refusals import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("our_checks")]
Side = int | str
GUARDS = {"held": 1, "payable": 1, "refunding": 1, "wallet": 1, "receivable": -1}
RECORDED: dict[Side, str] = {"stripe": "EUR", "revenue:r0": "EUR", "issued:OFFER": "OFFER", "consumed:OFFER": "OFFER"}


@dataclass
class Model:
    """What the ledger is: balances that may not cross zero, and keys that count once."""

    assets: dict[Side, str] = field(default_factory=lambda: dict(RECORDED))
    guards: dict[Side, int] = field(default_factory=dict)
    balances: dict[Side, int] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)
    moved: int = 0

    def open(self, account: int, kind: str, asset: str) -> None:
        self.assets[account], self.guards[account], self.balances[account] = asset, GUARDS[kind], 0

    def post(self, key: str, moves: list[tuple[Side, Side, int]], reverses: str | None) -> type[Exception] | None:
        """The refusal, or None when it is done (now or before)."""
        if any(side not in self.assets for move in moves for side in move[:2]):
            return ledger.UnknownAccount
        if key in self.bodies:
            return None if self.bodies[key] == (moves, reverses) else ledger.KeyReused
        if reverses in self.reversed:
            return ledger.AlreadyReversed
        if not moves or any(debit == credit or amount < 1 for debit, credit, amount in moves):
            return ledger.Malformed
        if any(self.assets[debit] != self.assets[credit] for debit, credit, _amount in moves):
            return ledger.CrossAsset
        return self.write(key, moves, reverses)

    def write(self, key: str, moves: list[tuple[Side, Side, int]], reverses: str | None) -> type[Exception] | None:
        after = dict(self.balances)
        for debit, credit, amount in moves:
            for side, change in ((debit, -amount), (credit, amount)):
                if side in after:
                    after[side] += change
        if any(balance * self.guards[account] < 0 for account, balance in after.items()):
            return ledger.NotEnoughFunds
        self.balances, self.bodies[key], self.moved = after, (moves, reverses), self.moved + len(moves)
        self.reversed |= {reverses} if reverses else set()
        return None


class Books(RuleBasedStateMachine):
    """Any deed in any order, on new accounts, in a transaction that is thrown away."""

    euros = Bundle("euros")
    wallets = Bundle("wallets")
    keys = Bundle("keys")
    made: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.transfers: dict[str, Transfer] = {}
        self.sides: dict[Side, Account | str] = {name: str(name) for name in RECORDED}
        self.before = Move.objects.count()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        rows = checks.run()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        assert [row for row in rows if not row.startswith(("ledger.cover", "ledger.credits"))] == []

    @initialize(target=euros)
    def begin(self) -> Any:
        opened = [self.open(kind) for kind in ("held", "payable", "refunding")]
        for account in opened[:2]:
            self.fund(account, 100)
        return multiple(*opened)

    @rule(target=euros, kind=st.sampled_from(["held", "payable", "receivable"]))
    def open(self, kind: str) -> int:
        return self.opened(kind, "EUR")

    @rule(target=wallets)
    def open_wallet(self) -> int:
        return self.opened("wallet", "OFFER")

    def opened(self, kind: str, asset: str) -> int:
        account = ledger.open_account(kind, asset)
        self.model.open(account.pk, kind, asset)
        self.sides[account.pk] = account
        return account.pk

    @rule(target=keys, account=euros | wallets, amount=st.integers(1, 100))
    def fund(self, account: int, amount: int) -> str:
        source = "stripe" if self.model.assets[account] == "EUR" else "issued:OFFER"
        debt = self.model.guards[account] < 0
        return self.post([(account, source, amount) if debt else (source, account, amount)])

    @rule(target=keys, debit=euros, credit=euros, amounts=st.lists(st.integers(1, 60), min_size=1, max_size=3))
    def move(self, debit: int, credit: int, amounts: list[int]) -> str:
        return self.post([(debit, credit, amount) for amount in amounts])

    @rule(target=keys, one=euros, two=euros, three=euros, amount=st.integers(1, 60), more=st.integers(1, 60))
    def move_on(self, one: int, two: int, three: int, amount: int, more: int) -> str:
        return self.post([(one, two, amount), (two, three, amount), (two, "revenue:r0", more)])

    @rule(target=keys, wallet=wallets, amount=st.integers(1, 60))
    def spend(self, wallet: int, amount: int) -> str:
        return self.post([(wallet, "consumed:OFFER", amount)])

    @rule(debit=euros | wallets, credit=euros | wallets | st.sampled_from([*sorted(RECORDED), 10**12, "nobody", ""]))
    def move_anywhere(self, debit: int, credit: Side) -> None:
        self.post([(debit, credit, 1)])

    @rule(key=keys)
    def repeat(self, key: str) -> None:
        if key in self.model.bodies:
            moves, reverses = self.model.bodies[key]
            self.post(moves, key=key, reverses=reverses)

    @rule(key=keys, more=st.integers(1, 60))
    def reuse(self, key: str, more: int) -> None:
        if key in self.model.bodies:
            moves, reverses = self.model.bodies[key]
            self.post([(debit, credit, amount + more) for debit, credit, amount in moves], key=key, reverses=reverses)

    @rule(target=keys, key=keys)
    def reverse(self, key: str) -> str:
        if key not in self.model.bodies:
            return key
        moves = [(credit, debit, amount) for debit, credit, amount in self.model.bodies[key][0]]
        undone = self.post(moves, reverses=key)
        if key in self.model.reversed:
            self.post(moves, reverses=key)
        return undone

    def post(self, moves: list[tuple[Side, Side, int]], *, key: str = "", reverses: str | None = None) -> str:
        """The same in the database and in the model, which must answer alike."""
        Books.made += 1
        the_key = key or f"deed:{Books.made}"
        expected = self.model.post(the_key, moves, reverses)
        given = [ledger.Move(self.side(debit), self.side(credit), amount) for debit, credit, amount in moves]
        first = self.transfers[reverses] if reverses else None
        answer: object
        try:
            with transaction.atomic():
                answer = ledger.post(the_key, "test.moved", given, reverses=first)
                self.transfers.setdefault(the_key, answer)
        except (Refusal, ledger.Malformed) as error:
            answer = type(error)
        assert answer == (expected or self.transfers.get(the_key))
        return the_key

    def side(self, side: Side) -> Account | str:
        return self.sides.get(side, Account(pk=side) if isinstance(side, int) else side)

    @invariant()
    def they_agree(self) -> None:
        kept = dict(Account.objects.filter(pk__in=self.model.balances).values_list("pk", "balance"))
        assert kept == self.model.balances
        assert Move.objects.count() - self.before == self.model.moved


def campaign(*, examples: int, phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink)) -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            derandomize=True,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.crooked_books
def test_the_ledger_does_what_its_model_does() -> None:
    campaign(examples=60)


FAULTS = {
    "balances go the other way": ("ledger_apply", "a.balance + net.amount", "a.balance - net.amount"),
    "debits are forgotten": ("ledger_apply", "union all select debit_id, -amount from moved", ""),
    "only one move of a transfer counts": ("ledger_apply", "sum(amount)", "max(amount)"),
    "the same key moves again": ("ledger_post", "return written;\n    end if", "end if"),
    "another content passes": ("ledger_post", "is distinct from body", "is null"),
    "the amounts are not in the digest": ("ledger_post", "debits, credits, amounts,", "debits, credits,"),
    "an unknown account vanishes": ("ledger_post", "inserted <> many", "false"),
    "sides are swapped": ("ledger_post", "leg.debit, leg.credit,", "leg.credit, leg.debit,"),
    "reversals are not kept": ("ledger_post", "ledger_post.project, ledger_post.by_id, ledger_post.reverses_id,",
                               "ledger_post.project, ledger_post.by_id, null,"),
}  # fmt: skip
UNGUARDED = {
    "overdrafts pass": "alter table ledger_account drop constraint ledger_account_no_overdraft",
    "assets mix": "alter table ledger_move drop constraint ledger_move_credit_of_asset",
    "a transfer is reversed twice": "alter table ledger_transfer drop constraint ledger_transfer_reversed_once",
}


@pytest.mark.crooked_books
@pytest.mark.parametrize("fault", [*FAULTS, *UNGUARDED])
def test_a_planted_fault_is_found(fault: str) -> None:
    statement = UNGUARDED.get(fault) or replaced(*FAULTS[fault])
    with as_owner() as cursor:
        cursor.execute(statement)
    with pytest.raises(AssertionError):
        campaign(examples=200, phases=(Phase.generate,))
