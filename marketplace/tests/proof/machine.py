"""The machine: any deed of the money, in any order, by the site's own methods; after each the model says the same.

Every deed done is kept and done again at any later moment: by its key it has its effect once, with another content it
is refused; and whatever Stripe or the bank said is said again, in any order.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from functools import partial
from itertools import count
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from credits.models import Kind, ReturnReason, Spending
from escrow.figures import Figures
from escrow.models import Freeze, RefundRequest
from marketplace.accounts.models import User
from marketplace.ledger import checks
from marketplace.payments.gateway import Cost, Intent, Repayment
from marketplace.payments.models import Payment, Refund
from marketplace.refusals import Refusal
from marketplace.tests.proof.model import LEAST, LIVING, Paid, Tranche
from marketplace.tests.proof.world import World, thrown_away
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.tests import way
from projects.models import Agreement
from projects.tests.avenants import accepted, proposed

MOST = 5  # tranches of a project
EVERY = 10  # steps between two looks at all the books
ANY = st.integers(0, 99)
ACCOUNTS, NUMBERS = st.integers(0, 1), st.integers(1, 4)
CENTS = st.one_of(st.just("all"), st.just("half"), st.integers(-1, 15_000))
AMOUNTS = st.integers(5, 15).map(lambda n: n * 1_000)
Deed = Callable[[], Any]


class Machine(RuleBasedStateMachine):
    """Both sides of one world; a subclass says which. What was done `before` stays; each run goes on from there."""

    world: ClassVar[World]
    before: ClassVar[Machine | None] = None
    steps: ClassVar[int] = 0
    examples: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model, self.taken, self.numbers = self.world.model(), 0, count(1)
        self.payments: list[Payment] = list(self.world.fees)
        self.payouts: list[PayoutRequest] = []
        self.batches: list[PayoutBatch] = []
        self.freezes: list[Freeze] = []
        self.spendings: dict[tuple[int, str], int] = {}
        self.done: list[tuple[Deed, object]] = []
        self.others: list[Deed] = []
        self.facts: list[Deed] = []
        self.last = [len(account.tranches) for account in self.model.accounts]
        self.stack = ExitStack()
        if self.before:
            self.go_on_from(self.before)
            self.stack.enter_context(thrown_away())

    @classmethod
    def begun(cls, world: World) -> type[Machine]:
        """A machine that begins in the middle: released, delivered and funded tranches, one on its way to the bank."""
        first = type("First", (cls,), {"world": world})()
        first.prepare()
        return type("Run", (cls,), {"world": world, "before": first})

    def prepare(self) -> None:
        """The deeds that every run finds done."""
        for number in (1, 2, 3):
            self.deposit(0, "all", number)
            self.settle(len(self.payments) - 1, "a", self.model.payments[-1].cents, 25)
        self.deliver(0, 1)
        self.deliver(0, 2)
        self.release(0, None, 1, "all", reason=True)
        self.ask(0, 1, "half")
        self.buy(0)
        self.settle(len(self.payments) - 1, "a", self.model.payments[-1].cents)
        self.both_say_the_same()

    def go_on_from(self, before: Machine) -> None:
        """Take over what was done before, and may be done again; nobody changes it there."""
        type(self).examples += 1
        self.model, self.numbers = deepcopy(before.model), count(1_000)
        for name in ("payments", "payouts", "done", "others", "facts", "last", "freezes"):
            setattr(self, name, list(getattr(before, name)))

    def teardown(self) -> None:
        with self.stack:
            self.books_are_right()

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

    @rule(picks=st.lists(ANY, min_size=1, max_size=3))
    def advance(self, picks: list[int]) -> None:
        """What would come next if all went well: without it a walk rarely goes far."""
        for n in picks:
            deeds = list(self.sensible())
            deeds[n % len(deeds)]()

    def sensible(self) -> Iterator[Deed]:
        """The deeds that make sense now."""
        for a, account in enumerate(self.model.accounts):
            for number, tranche in account.tranches.items():
                yield from self.sensible_on(a, number, tranche)
        for n, paid in enumerate(self.model.payments):
            if paid.state == "CREATED":
                yield partial(self.settle, n, "a", paid.cents, 25)
        for n, (_payment, back) in enumerate(self.model.backs):
            if back.state in {"ASKED", "SENT"}:
                yield partial(self.refund, n, "succeeded")
        yield from self.sensible_at_the_bank()
        yield partial(self.spend, 0, Kind.CONSULTATION)
        yield partial(self.spend, 0, Kind.OFFER)

    def sensible_at_the_bank(self) -> Iterator[Deed]:
        """The deeds that make sense on the way of released money to the bank."""
        for n, payout in enumerate(self.model.payouts):
            if payout.state == "ASKED":
                yield partial(self.decide, n, "APPROVED")
            elif payout.state == "APPROVED":
                yield partial(self.batch, {n})
        for n, (_payouts, states) in enumerate(self.model.batches):
            if states[-1] == "MADE":
                yield partial(self.end_batch, n, "SENT")
            elif states[-1] == "SENT":
                yield partial(self.answer, n, "PAID")

    def sensible_on(self, a: int, number: int, tranche: Tranche) -> Iterator[Deed]:
        """The deeds that make sense on one tranche."""
        if tranche.lacking >= LEAST:
            yield partial(self.deposit, a, "all", number)
        if tranche.state == "FUNDED":
            yield partial(self.deliver, a, number)
        if tranche.state == "DELIVERED" and tranche.held:
            yield partial(self.release, a, None, number, "all", reason=True)
        if self.claimable(a, number):
            yield partial(self.ask, a, number, "all")

    @rule(a=ACCOUNTS, cents=CENTS, chosen=st.none() | NUMBERS)
    def deposit(self, a: int, cents: int | str, chosen: int | None) -> None:
        if chosen and chosen not in self.model.accounts[a].tranches:
            return
        asked, key = self.amount(cents, self.model.accounts[a].lacking(chosen)), uuid.uuid4()

        def start(more: int = 0) -> Payment:
            tranche = self.world.tranche(a, chosen) if chosen else None
            return self.world.account(a).deposit(asked + more, by=self.world.client, key=key, tranche=tranche)

        payment = self.keyed(start, self.model.deposit_refused(a, asked, chosen), lambda: start(7))
        if payment:
            self.began(payment, Paid("deposit", asked, account=a, chosen=chosen))

    @rule(pack=ANY)
    def buy(self, pack: int) -> None:
        one, other = (self.world.packs[(pack + n) % len(self.world.packs)] for n in (0, 1))
        key, by = uuid.uuid4(), self.world.buyer
        payment = self.keyed(lambda: one.buy(by=by, key=key), "", lambda: other.buy(by=by, key=key))
        units = {str(kind): n for kind, n in one.units.items()}
        self.began(payment, Paid("pack", one.price_cents * 6 // 5, units=units))

    def began(self, payment: Payment, paid: Paid) -> None:
        self.payments.append(payment)
        self.model.payments.append(paid)

    @rule(n=ANY, turn=st.sampled_from("aaab"), more=st.sampled_from([0, 0, 0, 1]), cost=st.sampled_from([0, 0, 25]))
    def pay(self, n: int, turn: str, more: int, cost: int) -> None:
        """Stripe says that money came: for the first time, again, by a second checkout, or another sum."""
        n %= len(self.payments)
        self.settle(n, turn, self.model.payments[n].cents + more, cost)

    def settle(self, n: int, turn: str, cents: int, cost: int = 0) -> None:
        known = self.payments[n].intent_id if n < len(self.world.fees) else ""
        intent = known if known and turn == "a" else f"pi_{n}{turn}"
        told = Intent(intent, "succeeded", cents, "eur", cost=Cost(f"txn_{intent}", cost) if cost else None)

        def say() -> None:
            Payment.objects.get(pk=self.payments[n].pk).settle(told)

        self.attempt(say, "")
        self.model.settle(self.model.payments[n], intent, cents, cost)
        self.facts.append(say)

    @precondition(lambda self: self.model.backs)
    @rule(n=ANY, said=st.sampled_from(["pending", "succeeded", "failed", "canceled"]))
    def refund(self, n: int, said: str) -> None:
        """Stripe says how far a refund is."""
        n %= len(self.model.backs)
        pk = Refund.objects.order_by("pk").values_list("pk", flat=True)[n]

        def say() -> None:
            row = Refund.objects.select_related("payment__refunding").get(pk=pk)
            row.follow(Repayment(f"re_{pk}", said, row.cents, str(row.key)))

        self.attempt(say, "")
        self.model.follow_refund(*self.model.backs[n], said)
        self.facts.append(say)

    @rule(a=ACCOUNTS, number=NUMBERS)
    def deliver(self, a: int, number: int) -> None:
        if number not in self.model.accounts[a].tranches:
            return
        key, by = uuid.uuid4(), self.world.provider

        def hand_in(words: str = "Voici.") -> Any:
            return self.world.tranche(a, number).deliver(words, by=by, key=key)

        self.keyed(hand_in, self.model.deliver(a, number), lambda: hand_in("Autre chose."))

    @rule(a=ACCOUNTS, b=st.just(None) | st.just(None) | ACCOUNTS, number=NUMBERS, cents=CENTS, reason=st.booleans())
    def release(self, a: int, b: int | None, number: int, cents: int | str, *, reason: bool) -> None:
        b = a if b is None else b
        if number not in self.model.accounts[b].tranches:
            return
        asked, key = self.amount(cents, self.model.accounts[b].tranches[number].held), uuid.uuid4()

        def let_go(more: int = 0) -> Any:
            account, tranche, words = self.world.account(a), self.world.tranche(b, number), "Une partie." * reason
            return account.release(tranche=tranche, cents=asked + more, by=self.world.client, key=key, reason=words)

        self.keyed(let_go, self.model.release(a, b, number, asked, reason=reason), lambda: let_go(1))

    @rule(a=ACCOUNTS, number=NUMBERS, cents=CENTS)
    def consent(self, a: int, number: int, cents: int | str) -> None:
        """The provider gives back what a tranche holds, or a part."""
        if number not in self.model.accounts[a].tranches:
            return
        asked, key = self.amount(cents, self.model.accounts[a].tranches[number].held), uuid.uuid4()

        def offer(more: int = 0) -> RefundRequest:
            tranche = self.world.tranche(a, number)
            return RefundRequest.offer(tranche, asked + more, reason="Entendu.", by=self.world.provider, key=key)

        self.keyed(offer, self.model.consent(a, number, asked), lambda: offer(1))

    @rule(a=ACCOUNTS, numbers=st.sets(NUMBERS, min_size=1, max_size=2))
    def freeze(self, a: int, numbers: set[int]) -> None:
        chosen, key = [n for n in sorted(numbers) if n in self.model.accounts[a].tranches], uuid.uuid4()

        def set_aside(which: list[int]) -> Freeze:
            tranches = [self.world.tranche(a, number) for number in which]
            return self.world.account(a).freeze(tranches, by=self.world.client, key=key)

        refused = self.model.freeze(a, chosen)
        freeze = self.keyed(partial(set_aside, chosen), refused, partial(set_aside, chosen[1:]))
        self.freezes += [freeze] if freeze else []

    @precondition(lambda self: self.freezes)
    @rule(n=ANY)
    def thaw(self, n: int) -> None:
        n, key, by = n % len(self.freezes), uuid.uuid4(), self.world.client
        self.keyed(
            lambda: self.frozen(n).thaw(by=by, key=key),
            self.model.thaw(n),
            lambda: self.awarded(n, 0, key),
        )

    @precondition(lambda self: self.freezes)
    @rule(n=ANY, cents=CENTS)
    def execute(self, n: int, cents: int | str) -> None:
        """The dispute ends: so much is the provider's, the rest the client's."""
        n, key = n % len(self.freezes), uuid.uuid4()
        earned = self.amount(cents, self.model.freezes[n].cents)
        self.keyed(
            lambda: self.awarded(n, earned, key),
            self.model.execute(n, earned),
            lambda: self.frozen(n).thaw(by=self.world.client, key=key),
        )

    def frozen(self, n: int) -> Freeze:
        """As another request would read it."""
        return Freeze.objects.select_related("account__project", "frozen").get(pk=self.freezes[n].pk)

    def awarded(self, n: int, earned: int, key: uuid.UUID) -> Freeze:
        """Shared out as two sums say."""
        freeze = self.frozen(n)
        split = freeze.spread(earned, freeze.cents - earned)
        return freeze.execute(split, by=self.world.client, key=key)

    @rule(a=ACCOUNTS, number=NUMBERS, ht=st.none() | AMOUNTS, add=st.none() | AMOUNTS, end=st.sampled_from("ppwl"))
    def amend(self, a: int, number: int, ht: int | None, add: int | None, end: str) -> None:
        """An avenant: a tranche at another price or left out, one more; paid, withdrawn, or paid too late."""
        model, account = self.model, self.model.accounts[a]
        terms = {n: old for n, old in account.agreed.items() if n != number or ht} | ({number: ht} if ht else {})
        if not terms or number not in account.agreed:
            return
        new = [add] if add and self.last[a] < MOST else []
        terms |= {self.last[a] + n: part for n, part in enumerate(new, 1)}
        rows = Agreement.objects.select_related("project", "client", "provider")
        agreement = rows.get(pk=self.world.accounts[a].agreement_id)
        made = self.attempt(lambda: accepted(proposed(agreement, {number: ht}, new)), model.amend_refused(a, terms))
        self.last[a] = max(self.last[a], *terms) if made else self.last[a]
        if made and model.ht(a, terms) <= 0:
            model.lower(a, terms)
        elif made:
            self.end(a, made, terms, end)

    def end(self, a: int, amendment: Any, terms: dict[int, int], end: str) -> None:
        """What asks for money: it is paid, and in force; or withdrawn, and what is paid after that goes back."""
        payment = amendment.pay(by=self.world.client, key=uuid.uuid4())
        cents = sum(self.model.fees(self.model.ht(a, terms)).values())
        self.began(payment, Paid("fees", cents, account=a, terms=terms if end == "p" else None))
        if end != "p":
            amendment.withdraw(by=self.world.client)
        if end != "w":
            self.settle(len(self.payments) - 1, "a", cents)

    @rule(a=ACCOUNTS, number=NUMBERS, cents=CENTS)
    def ask(self, a: int, number: int, cents: int | str) -> None:
        if number not in self.model.accounts[a].tranches:
            return
        wanted = self.amount(cents, self.claimable(a, number))
        key, name = uuid.uuid4(), next(self.numbers)
        ht = (wanted * 5 + 3) // 6

        def invoice(mark: str = "F") -> PayoutRequest:
            bill = Bill(f"{mark}-{name}", way.ISSUED, ht, wanted - ht)
            tranche = self.world.tranche(a, number)
            return PayoutRequest.ask(tranche, by=self.world.provider, bill=bill, invoice=way.clean(), key=key)

        request = self.keyed(invoice, self.model.ask(a, number, wanted), lambda: invoice("G"))
        self.payouts += [request] if request else []

    @precondition(lambda self: self.payouts)
    @rule(n=ANY, verdict=st.sampled_from(["APPROVED", "APPROVED", "REFUSED"]))
    def decide(self, n: int, verdict: str) -> None:
        n %= len(self.payouts)
        by, refused = self.world.finance, self.model.decide(self.model.payouts[n], verdict)
        request = way.fresh(self.payouts[n])
        if verdict == "APPROVED":
            self.attempt(lambda: request.approve(by=by), refused)
        else:
            self.attempt(lambda: request.refuse(by=by, reason="Il manque le SIREN."), refused)

    @rule(picked=st.sets(st.integers(0, 5), max_size=3))
    def batch(self, picked: set[int]) -> None:
        chosen = [n for n in sorted(picked) if n < len(self.payouts)]
        refused = self.model.batch([self.model.payouts[n] for n in chosen])
        rows = [way.fresh(self.payouts[n]) for n in chosen]
        batch = self.attempt(lambda: PayoutBatch.make(rows, by=self.world.second), refused)
        self.batches += [batch] if batch else []

    @precondition(lambda self: self.batches)
    @rule(n=ANY, state=st.sampled_from(["SENT", "SENT", "DROPPED"]))
    def end_batch(self, n: int, state: str) -> None:
        n %= len(self.batches)
        batch = PayoutBatch.objects.get(pk=self.batches[n].pk)
        by, refused = self.world.second, self.model.batch_moves(n, state)
        if state == "DROPPED":
            self.attempt(lambda: batch.drop(by=by), refused)
        else:
            self.attempt(partial(given_to_the_bank, batch, by), refused)

    @precondition(lambda self: self.batches)
    @rule(n=ANY, state=st.sampled_from(["PAID", "RETURNED"]))
    def answer(self, n: int, state: str) -> None:
        """The bank answers for a batch; its file is read again later."""
        n %= len(self.batches)
        status = {"PAID": "ACSC", "RETURNED": "RJCT"}[state]
        file = way.report(self.batches[n], whole=status)
        refused = self.model.answer(n, state) if self.model.batches[n][1][-1] != "DROPPED" else ""

        def read() -> BankAnswer:
            return BankAnswer.read(file, by=self.world.finance)

        answer = self.attempt(read, refused)
        if answer:
            self.done.append((read, answer.pk))

    @rule(project=st.integers(0, 1), kind=st.sampled_from(list(Kind)))
    def spend(self, project: int, kind: Kind) -> None:
        known = (project, str(kind)) in self.model.spent
        refused = self.model.spend(project, str(kind))
        row = self.world.projects[project]
        spending = self.attempt(lambda: type(row).objects.get(pk=row.pk).spend(kind, by=self.world.buyer), refused)
        if spending:
            assert self.spendings.get((project, str(kind))) == (spending.pk if known else None)
            self.spendings[project, str(kind)] = spending.pk

    @precondition(lambda self: self.spendings)
    @rule(n=ANY)
    def return_credit(self, n: int) -> None:
        """A credit comes back; a second time it changes nothing."""
        (project, kind), pk = sorted(self.spendings.items())[n % len(self.spendings)]
        del self.spendings[project, kind]
        self.model.unspend(project, kind)

        def come_back() -> None:
            Spending.objects.select_related("wallet").get(pk=pk).give_back(ReturnReason.CHANGED, title="X")

        self.attempt(come_back, "")
        self.facts.append(come_back)

    @rule(n=ANY)
    def again(self, n: int) -> None:
        """The same key with the same content: the first result, and no second effect."""
        if self.done:
            deed, first = self.done[n % len(self.done)]
            assert self.attempt(deed, "").pk == first

    @rule(n=ANY)
    def reuse(self, n: int) -> None:
        """The same key with another content: refused."""
        if self.others:
            self.attempt(self.others[n % len(self.others)], "KeyReused")

    @rule(n=ANY)
    def hear_again(self, n: int) -> None:
        """Whatever Stripe said, it may say again, in any order."""
        if self.facts:
            self.attempt(self.facts[n % len(self.facts)], "")

    def claimable(self, a: int, number: int) -> int:
        """What was released on a tranche and is not asked for."""
        same = (p for p in self.model.payouts if (p.account, p.number) == (a, number) and p.state in LIVING)
        return self.model.accounts[a].tranches[number].released - sum(p.cents for p in same)

    def amount(self, cents: int | str, there: int) -> int:
        """The cents that a draw means, of what is there."""
        return cents if isinstance(cents, int) else there if cents == "all" else there // 2

    @invariant()
    def both_say_the_same(self) -> None:
        type(self).steps += 1
        assert self.world.look() == self.expected()
        self.taken += 1
        if self.taken % EVERY == 0:
            self.books_are_right()

    def books_are_right(self) -> None:
        """All the checks of the books, and the figures that people read."""
        assert checks.run() == []
        for n, known in enumerate(self.model.accounts):
            account = self.world.account(n)
            figures = Figures.of(account, list(account.tranches.all()))
            assert figures.adds_up
            assert figures.lacking == known.lacking()
            own = [p for p in self.model.payments if (p.what, p.account, p.state) == ("deposit", n, "PAID")]
            assert figures.deposited == sum(p.cents for p in own)
            backs = [back for p in own for back in p.backs if back.intent == p.intent]
            back = sum(b.cents for b in backs if b.state == "SUCCEEDED")
            assert (figures.refunded, figures.refunding) == (back, sum(b.cents for b in backs) - back)

    def expected(self) -> dict[str, Any]:
        """What the database must say."""
        model, world = self.model, self.world
        ids = [account.pk for account in world.accounts]
        sums, kept = model.balances, ("held", "payable", "claimed")
        numbers = [(pk, paid) for pk, paid in zip((p.pk for p in self.payments), model.payments, strict=True)]
        return {
            "tranches": [
                [ids[n], number, t.state, t.cents, t.funded, t.released]
                for n, account in enumerate(model.accounts)
                for number, t in sorted(account.tranches.items())
            ],
            "kept": [[pk, *(sums[kind, n] for kind in kept)] for n, pk in enumerate(ids)],
            "frozen": [[f.state, sums["frozen", n]] for n, f in enumerate(model.freezes)] or {},
            "refunding": {str(pk): sums["refunding", n] for n, (pk, paid) in enumerate(numbers) if paid.backs},
            "wallet": {kind: sums["wallet", kind] for kind in Kind.values},
            "recorded": {name: cents for name, cents in sums.items() if isinstance(name, str) and cents} or {},
            "payments": [[pk, paid.state, paid.cents] for pk, paid in numbers[len(world.fees) :]] or {},
            "refunds": [[numbers[n][0], back.state, back.cents] for n, back in model.backs] or {},
            "payouts": [[p.state, p.cents] for p in model.payouts] or {},
            "told": dict(model.told),
            "transfers": model.transfers or {},
        }


def given_to_the_bank(batch: PayoutBatch, by: User) -> None:
    """Its file is taken, unless it must not be, and marked as sent."""
    if batch.state == "MADE":
        batch.hand_out()
    batch.mark_sent(by=by)
