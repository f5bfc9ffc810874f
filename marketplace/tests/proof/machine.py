"""The machine: any deed of the money, in any order, by the site's own methods; after each the model says the same.

Every deed done is kept and done again at any later moment: by its key it has its effect once, with another content it
is refused; and whatever Stripe, the bank or a date said is said again, in any order.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from credits.models import Kind, ReturnReason, Spending
from marketplace.accounts.models import User
from marketplace.tests.proof.base import ACCOUNTS, ANY, CENTS, NUMBERS, Deed, step
from marketplace.tests.proof.model import LEAST, LIVING
from marketplace.tests.proof.working import Working
from marketplace.tests.proof.world import IBANS, World
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest, RefundTransfer
from payouts.tests import way

PICKED = st.sets(st.integers(0, 5), max_size=3)
FEW = st.lists(st.integers(0, 999), min_size=1, max_size=3)
UNDER_WAY = {"ASKED", "SENT"}
BACKING = {*UNDER_WAY, "SUCCEEDED"}


class Machine(Working):
    """All of it, with what goes through the bank, and credits; and the way of things that go well."""

    @classmethod
    def begun(cls, world: World) -> type[Machine]:
        """A machine that begins in the middle: released, delivered and funded tranches, transfers at the bank."""
        first = type("First", (cls,), {"world": world})()
        first.prepare()
        return type("Run", (cls,), {"world": world, "before": first, "posted": set()})

    def prepare(self) -> None:
        """The deeds that every run finds done."""
        for a, number in ((0, 1), (0, 2), (0, 3), (1, 1)):
            self.deposit(a, "all", number)
            self.settle(len(self.payments) - 1, "a", self.model.payments[-1].cents, 25)
        for a, number in ((0, 1), (0, 2), (1, 1)):
            self.deliver(a, number)
        self.release(0, None, 1, "all", reason=True)
        self.buy(0)
        for turn in "ab":
            self.settle(len(self.payments) - 1, turn, self.model.payments[-1].cents)
        self.settle(len(self.world.fees), "b", self.model.payments[len(self.world.fees)].cents)
        self.prepare_the_bank()
        self.both_say_the_same()

    def prepare_the_bank(self) -> None:
        """A payout and a refund are with it, others wait."""
        for n in range(2):
            self.refund(n, "failed")
            self.ask(0, 1, "half")
        self.give_iban(self.model.transfers_out[0].payer)
        self.approve(0)
        self.decide(0, "APPROVED")
        self.batch({0}, {0})
        self.end_batch(0, "SENT")

    @step(picks=FEW)
    def advance(self, picks: list[int]) -> None:
        """Nothing else: things take their course."""
        self.go_on(picks)

    def ways(self, turn: int) -> Iterator[Iterator[Deed]]:
        return self.mishaps() if turn == 3 else self.sensible()

    def sensible(self) -> Iterator[Iterator[Deed]]:
        """The deeds that make sense now, by the way that they belong to."""
        model = self.model
        for a, account in enumerate(model.accounts):
            yield (deed for number in account.tranches for deed in self.sensible_on(a, number))
        yield (partial(self.settle, n, "a", p.cents, 25) for n, p in enumerate(model.payments) if p.is_payable)
        yield (partial(self.refund, n, "succeeded") for n, (_n, b) in enumerate(model.backs) if b.state in UNDER_WAY)
        yield (partial(self.end_request, n, "AGREED") for n, r in enumerate(model.requests) if r.state == "ASKED")
        yield self.sensible_payouts()
        yield self.sensible_transfers()
        yield self.sensible_batches()
        yield iter([partial(self.spend, 0, Kind.CONSULTATION), partial(self.spend, 0, Kind.OFFER)])

    def sensible_on(self, a: int, number: int) -> Iterator[Deed]:
        """The deeds that make sense on one tranche."""
        tranche = self.model.accounts[a].tranches[number]
        if tranche.lacking >= LEAST:
            yield partial(self.deposit, a, "all", number)
        if tranche.state == "FUNDED" or tranche.changing:
            yield partial(self.deliver, a, number)
        if tranche.awaits:
            yield partial(self.release, a, None, number, "all", reason=True)
            yield partial(self.release, a, None, number, "half", reason=True)
        if tranche.falls:
            yield partial(self.be_silent, a, number)
        if self.claimable(a, number):
            yield partial(self.ask, a, number, "all")

    def sensible_payouts(self) -> Iterator[Deed]:
        """Finance approves, then makes a batch."""
        for n, payout in enumerate(self.model.payouts):
            if payout.state == "ASKED":
                yield partial(self.decide, n, "APPROVED")
            elif payout.state == "APPROVED":
                yield partial(self.batch, {n}, set())

    def sensible_transfers(self) -> Iterator[Deed]:
        """The payer gives an IBAN, Finance approves, then makes a batch."""
        for n, transfer in enumerate(self.model.transfers_out):
            if transfer.state == "WAITING":
                yield partial(self.approve, n) if transfer.has_iban else partial(self.give_iban, transfer.payer)
            elif transfer.state == "APPROVED":
                yield partial(self.batch, set(), {n})

    def sensible_batches(self) -> Iterator[Deed]:
        """A batch goes to the bank, which answers."""
        for n, (_payouts, _transfers, states) in enumerate(self.model.batches):
            if states[-1] == "MADE":
                yield partial(self.end_batch, n, "SENT")
            elif states[-1] == "SENT":
                yield from (partial(self.answer, n, state) for state in ("PAID", "RETURNED"))

    def mishaps(self) -> Iterator[Iterator[Deed]]:
        """The deeds that somebody regrets, by what they are about."""
        model = self.model
        yield (partial(self.refund, n, "failed") for n, (_n, b) in enumerate(model.backs) if b.state in BACKING)
        yield (partial(self.thaw, n) for n, freeze in enumerate(model.freezes) if freeze.state == "FROZEN")
        yield (partial(self.execute, n, "half") for n, freeze in enumerate(model.freezes) if freeze.state == "FROZEN")
        yield (partial(self.settle, n, "b", p.cents) for n, p in enumerate(model.payments) if p.state == "PAID")
        yield self.awaited()
        every = (self.mishaps_on(a, n) for a, known in enumerate(model.accounts) for n in known.tranches)
        for deeds in zip(*every, strict=True):
            yield (deed for deed in deeds if deed)

    def awaited(self) -> Iterator[Deed]:
        """Transfers are awaited, come in parts, or are called off."""
        for n, paid in enumerate(self.model.payments):
            if paid.is_payable and paid.means == "TRANSFER":
                yield partial(self.session, n, "awaited", 1 if paid.left else 0)
                yield partial(self.call_off, n, "given_up")

    def mishaps_on(self, a: int, number: int) -> Iterator[Deed | None]:
        """What goes wrong with one tranche: the same kinds for each, none where it cannot."""
        model, tranche = self.model, self.model.accounts[a].tranches[number]
        changes = tranche.is_amendable and not model.accounts[a].is_over
        yield partial(self.freeze, a, {number}) if tranche.is_covered else None
        yield partial(self.ask_back, a, number, "half") if tranche.is_covered else None
        yield partial(self.consent, a, number, "half") if tranche.is_covered else None
        yield partial(self.change, a, number) if tranche.awaits and not tranche.changing else None
        yield partial(self.amend, a, number, 5_000, None, "p") if changes else None
        yield partial(self.amend, a, number, None, None, "p") if changes else None
        yield partial(self.give_notice, a, number, "client") if tranche.state == "PLANNED" else None
        yield partial(self.let_notice_end, a, number) if model.running(a, number) else None
        yield partial(self.deposit, a, "all", number, "TRANSFER") if tranche.lacking >= LEAST else None
        yield partial(self.ask, a, number, tranche.released) if tranche.released else None

    @step(a=ACCOUNTS, number=NUMBERS, cents=CENTS)
    def ask(self, a: int, number: int, cents: int | str) -> None:
        if not self.knows(a, number):
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
    @step(n=ANY, verdict=st.sampled_from(["APPROVED", "APPROVED", "REFUSED"]))
    def decide(self, n: int, verdict: str) -> None:
        n %= len(self.payouts)
        by, refused = self.world.finance, self.model.decide(self.model.payouts[n], verdict)
        request = way.fresh(self.payouts[n])
        if verdict == "APPROVED":
            self.attempt(lambda: request.approve(by=by), refused)
        else:
            self.attempt(lambda: request.refuse(by=by, reason="Il manque le SIREN."), refused)

    @step(payer=st.sampled_from(["client", "client", "buyer"]))
    def give_iban(self, payer: str) -> None:
        """Who paid says where to receive what no card took; the same one again is good for what the bank returned."""
        by = self.world.person(payer)
        self.attempt(lambda: PayoutBatch.give_account(by, holder=by.company.name, iban=IBANS[payer]), "")
        self.model.give_iban(payer)

    @precondition(lambda self: self.model.transfers_out)
    @step(n=ANY)
    def approve(self, n: int) -> None:
        """Finance agrees to a refund by transfer."""
        n %= len(self.model.transfers_out)
        row = way.anew(RefundTransfer.objects.order_by("pk")[n])
        refused = self.model.approve_transfer(self.model.transfers_out[n])
        self.attempt(lambda: row.approve(by=self.world.finance), refused)

    @step(payouts=PICKED, transfers=PICKED, own=st.sampled_from([False, False, False, True]))
    def batch(self, payouts: set[int], transfers: set[int], *, own: bool = False) -> None:
        """A file for the bank, made by another one of Finance than who approved, or by the same (`own`)."""
        chosen = [n for n in sorted(payouts) if n < len(self.payouts)]
        owed = [n for n in sorted(transfers) if n < len(self.model.transfers_out)]
        known = [self.model.payouts[n] for n in chosen], [self.model.transfers_out[n] for n in owed]
        refused, every = self.model.batch(*known, own=own), list(RefundTransfer.objects.order_by("pk"))
        rows, refunds = [way.fresh(self.payouts[n]) for n in chosen], [way.anew(every[n]) for n in owed]
        by = self.world.finance if own else self.world.second
        batch = self.attempt(lambda: PayoutBatch.make(rows, refunds=refunds, by=by), refused)
        self.batches += [batch] if batch else []

    @precondition(lambda self: self.batches)
    @step(n=ANY, state=st.sampled_from(["SENT", "SENT", "DROPPED"]))
    def end_batch(self, n: int, state: str) -> None:
        n %= len(self.batches)
        batch = PayoutBatch.objects.get(pk=self.batches[n].pk)
        by, refused = self.world.second, self.model.batch_moves(n, state)
        if state == "DROPPED":
            self.attempt(lambda: batch.drop(by=by), refused)
        else:
            self.attempt(partial(given_to_the_bank, batch, by), refused)

    @precondition(lambda self: self.batches)
    @step(n=ANY, state=st.sampled_from(["PAID", "RETURNED"]))
    def answer(self, n: int, state: str) -> None:
        """The bank answers for a batch; its file is read again later."""
        n %= len(self.batches)
        status = {"PAID": "ACSC", "RETURNED": "RJCT"}[state]
        file = way.report(self.batches[n], whole=status)
        refused = self.model.answer(n, state) if self.model.batches[n][2][-1] != "DROPPED" else ""

        def read() -> BankAnswer:
            return BankAnswer.read(file, by=self.world.finance)

        answer = self.attempt(read, refused)
        if answer:
            self.done.append((read, answer.pk))

    @step(project=st.integers(0, 1), kind=st.sampled_from(list(Kind)))
    def spend(self, project: int, kind: Kind) -> None:
        known = (project, str(kind)) in self.model.spent
        refused = self.model.spend(project, str(kind))
        row = self.world.projects[project]
        spending = self.attempt(lambda: type(row).objects.get(pk=row.pk).spend(kind, by=self.world.buyer), refused)
        if spending:
            assert self.spendings.get((project, str(kind))) == (spending.pk if known else None)
            self.spendings[project, str(kind)] = spending.pk

    @precondition(lambda self: self.spendings)
    @step(n=ANY)
    def return_credit(self, n: int) -> None:
        """A credit comes back; a second time it changes nothing."""
        (project, kind), pk = sorted(self.spendings.items())[n % len(self.spendings)]
        del self.spendings[project, kind]
        self.model.unspend(project, kind)

        def come_back() -> None:
            Spending.objects.select_related("wallet").get(pk=pk).give_back(ReturnReason.CHANGED, title="X")

        self.told(come_back)

    def claimable(self, a: int, number: int) -> int:
        """What was released on a tranche and is not asked for."""
        same = (p for p in self.model.payouts if (p.account, p.number) == (a, number) and p.state in LIVING)
        return self.model.accounts[a].tranches[number].released - sum(p.cents for p in same)


def given_to_the_bank(batch: PayoutBatch, by: User) -> None:
    """Its file is taken, unless it must not be, and marked as sent."""
    if batch.state == "MADE":
        batch.hand_out()
    batch.mark_sent(by=by)
