"""What every part of the machine stands on: a deed done in both worlds, what may be done again, and the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from copy import deepcopy
from itertools import count
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from credits.models import Kind
from escrow.figures import Figures
from escrow.models import CancellationNotice, Freeze, RefundRequest
from marketplace.ledger import checks
from marketplace.payments.models import Payment
from marketplace.refusals import Refusal
from marketplace.tests.proof.world import World, thrown_away
from payouts.models import PayoutBatch, PayoutRequest

EVERY = 25  # steps between two looks at all the books
ANY = st.integers(0, 99)
ACCOUNTS, NUMBERS = st.integers(0, 1), st.integers(1, 4)
CENTS = st.one_of(st.just("all"), st.just("half"), st.integers(-1, 15_000))
LISTS = ("payments", "payouts", "batches", "freezes", "requests", "notices", "done", "others", "facts", "last")
BACK = {"SUCCEEDED", "REPAID"}
Deed = Callable[[], Any]
ON = st.lists(st.integers(0, 999), max_size=1)


def step(**draws: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A rule of the machine, after which things may take their course: without that a walk rarely goes far."""

    def declare(deed: Callable[..., None]) -> Callable[..., None]:
        def and_on(self: Base, *given: Any, on: Sequence[int] = (), **drawn: Any) -> None:
            deed(self, *given, **drawn)
            self.go_on(on)

        and_on.__name__, and_on.__doc__ = deed.__name__, deed.__doc__
        found: Callable[..., None] = rule(**draws, on=ON)(and_on)
        return found

    return declare


class Base(RuleBasedStateMachine):
    """Both sides of one world; a subclass says which. What was done `before` stays; each run goes on from there."""

    world: ClassVar[World]
    before: ClassVar[Base | None] = None
    steps: ClassVar[int] = 0
    examples: ClassVar[int] = 0
    posted: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.model, self.taken, self.numbers = self.world.model(), -1, count(1)
        self.payments: list[Payment] = list(self.world.fees)
        self.payouts: list[PayoutRequest] = []
        self.batches: list[PayoutBatch] = []
        self.freezes: list[Freeze] = []
        self.requests: list[RefundRequest] = []
        self.notices: list[CancellationNotice] = []
        self.spendings: dict[tuple[int, str], int] = {}
        self.done: list[tuple[Deed, object]] = []
        self.others: list[Deed] = []
        self.facts: list[Deed] = []
        self.last = [len(account.tranches) for account in self.model.accounts]
        self.stack = ExitStack()
        if self.before:
            self.go_on_from(self.before)
            self.stack.enter_context(thrown_away())

    def go_on_from(self, before: Base) -> None:
        """Take over what was done before, and may be done again; nobody changes it there."""
        type(self).examples += 1
        self.model, self.numbers = deepcopy(before.model), count(1_000)
        for name in LISTS:
            setattr(self, name, list(getattr(before, name)))

    def teardown(self) -> None:
        with self.stack:
            self.posted.update(self.world.events())
            if self.taken % EVERY:
                self.books_are_right()

    def go_on(self, picks: Sequence[int]) -> None:
        """One of the ways on, whatever the number of deeds on each, then one of its deeds."""
        for n in picks:
            if ways := [deeds for way in self.ways(n % 4) if (deeds := list(way))]:
                way = ways[n // 4 % len(ways)]
                way[n // 4 // len(ways) % len(way)]()

    def ways(self, turn: int) -> Iterator[Iterator[Deed]]:
        """The deeds that may come now, by what they belong to; every fourth `turn`, something goes wrong."""
        raise NotImplementedError

    def attempt(self, deed: Deed, refused: str) -> Any:
        """Do it; it must be refused just as the model says, or be done."""
        try:
            with transaction.atomic():
                answer, said = deed(), ""
        except Refusal as refusal:
            answer, said = None, type(refusal).__name__
        assert said == refused
        return answer

    def keyed(self, deed: Deed, refused: str, other: Deed) -> Any:
        """A deed with a key: done, and kept with another one of the same key."""
        answer = self.attempt(deed, refused)
        if not refused:
            self.done.append((deed, answer.pk))
            self.others.append(other)
        return answer

    def told(self, deed: Deed, refused: str = "") -> None:
        """A deed without a key, which changes nothing when it is done again."""
        self.attempt(deed, refused)
        if not refused:
            self.facts.append(deed)

    @step(n=ANY)
    def again(self, n: int) -> None:
        """The same key with the same content: the first result, and no second effect."""
        if self.done:
            deed, first = self.done[n % len(self.done)]
            assert self.attempt(deed, "").pk == first

    @step(n=ANY)
    def reuse(self, n: int) -> None:
        """The same key with another content: refused."""
        if self.others:
            self.attempt(self.others[n % len(self.others)], "KeyReused")

    @step(n=ANY)
    def hear_again(self, n: int) -> None:
        """Whatever was said may be said again, in any order."""
        if self.facts:
            self.attempt(self.facts[n % len(self.facts)], "")

    def knows(self, a: int, number: int) -> bool:
        """Whether account `a` has such a tranche."""
        return number in self.model.accounts[a].tranches

    def amount(self, cents: int | str, there: int) -> int:
        """The cents that a draw means, of what is there."""
        return cents if isinstance(cents, int) else there if cents == "all" else there // 2

    @invariant()
    def both_say_the_same(self) -> None:
        said, known = self.world.look(), self.expected()
        assert said == known, {name: (said[name], known[name]) for name in known if said[name] != known[name]}
        self.taken += 1
        type(self).steps += self.taken > 0
        if self.taken % EVERY == 0:
            self.books_are_right()

    def books_are_right(self) -> None:
        """All the checks of the books, and the figures that people read."""
        assert [row for check in checks.registry.values() for row in check()] == []
        for n, known in enumerate(self.model.accounts):
            account = self.world.account(n)
            figures = Figures.of(account, list(account.tranches.all()))
            assert figures.adds_up
            assert figures.lacking == known.lacking()
            own = [p for p in self.model.payments if (p.what, p.account, p.state) == ("deposit", n, "PAID")]
            assert figures.deposited == sum(p.cents for p in own)
            backs = [back for p in own for back in p.backs if back.intent == p.intent]
            back = sum(b.cents for b in backs if b.state in BACK)
            assert (figures.refunded, figures.refunding) == (back, sum(b.cents for b in backs) - back)

    def expected(self) -> dict[str, Any]:
        """What the database must say."""
        model, world = self.model, self.world
        sums, numbers = model.balances, [payment.pk for payment in self.payments]
        paid = list(zip(numbers, model.payments, strict=True))
        said = {
            "tranches": self.tranches(),
            "kept": [
                [account.pk, *(sums[kind, n] for kind in ("held", "payable", "claimed"))]
                for n, account in enumerate(world.accounts)
            ],
            "frozen": [[f.state, sums["frozen", n]] for n, f in enumerate(model.freezes)],
            "refunding": {str(pk): sums["refunding", n] for n, (pk, row) in enumerate(paid) if row.backs},
            "wallet": {kind: sums["wallet", kind] for kind in Kind.values},
            "recorded": {name: cents for name, cents in sums.items() if isinstance(name, str) and cents},
            "payments": [[pk, p.state, p.cents, p.left, p.warned] for pk, p in paid[len(world.fees) :]],
            "cash": {str(pk): row.cash for pk, row in paid if row.cash},
            "refunds": [[numbers[n], back.state, back.cents] for n, back in model.backs],
            "transfers_out": [[numbers[t.n], t.state, t.cents, t.has_iban] for t in model.transfers_out],
            "requests": [[r.state, r.cents] for r in model.requests],
            "notices": [notice.state for notice in model.notices],
            "payouts": [[p.state, p.cents] for p in model.payouts],
            "told": dict(+model.told),
            "transfers": model.transfers,
        }
        return {name: value or {} for name, value in said.items()}

    def tranches(self) -> list[list[Any]]:
        """What the database must say of each tranche."""
        return [
            [
                *(self.world.accounts[n].pk, number, t.state, t.cents, t.funded, t.released),
                *(t.accepting, t.falls, t.changing, t.changed, t.given_up),
            ]
            for n, account in enumerate(self.model.accounts)
            for number, t in sorted(account.tranches.items())
        ]
