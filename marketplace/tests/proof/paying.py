"""The client's side of the machine: money comes by card or transfer, and goes back; Stripe speaks in any order."""

from __future__ import annotations

import uuid

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from marketplace.payments.gateway import Cost, Instructions, Intent, Repayment, Session
from marketplace.payments.models import CashReturn, Payment, Refund
from marketplace.tests.proof.base import ACCOUNTS, ANY, CENTS, NUMBERS, Base, step
from marketplace.tests.proof.rows import Paid

SAID = st.sampled_from(["pending", "succeeded", "failed", "canceled"])


class Paying(Base):
    """Deposits, packs, and what Stripe says of them."""

    @step(a=ACCOUNTS, cents=CENTS, chosen=st.none() | NUMBERS, means=st.sampled_from(["CARD", "CARD", "TRANSFER"]))
    def deposit(self, a: int, cents: int | str, chosen: int | None, means: str = "CARD") -> None:
        if chosen and not self.knows(a, chosen):
            return
        asked, key = self.amount(cents, self.model.accounts[a].lacking(chosen)), uuid.uuid4()

        def start(more: int = 0) -> Payment:
            tranche = self.world.tranche(a, chosen) if chosen else None
            account, by = self.world.account(a), self.world.client
            return account.deposit(asked + more, by=by, key=key, tranche=tranche, means=means)

        payment = self.keyed(start, self.model.deposit_refused(a, asked, chosen), lambda: start(7))
        if payment:
            self.began(payment, Paid("deposit", asked, account=a, chosen=chosen, means=means))

    @step(pack=ANY)
    def buy(self, pack: int) -> None:
        one, other = (self.world.packs[(pack + n) % len(self.world.packs)] for n in (0, 1))
        key, by = uuid.uuid4(), self.world.buyer
        payment = self.keyed(lambda: one.buy(by=by, key=key), "", lambda: other.buy(by=by, key=key))
        units = {str(kind): n for kind, n in one.units.items()}
        self.began(payment, Paid("pack", one.price_cents * 6 // 5, units=units))

    def began(self, payment: Payment, paid: Paid) -> None:
        self.payments.append(payment)
        self.model.payments.append(paid)

    @step(n=ANY, turn=st.sampled_from("aaab"), more=st.sampled_from([0, 0, 0, 1]), cost=st.sampled_from([0, 0, 25]))
    def pay(self, n: int, turn: str, more: int, cost: int) -> None:
        """Stripe says that money came: for the first time, again, by a second checkout, or another sum."""
        n %= len(self.payments)
        self.settle(n, turn, self.model.payments[n].cents + more, cost)

    def settle(self, n: int, turn: str, cents: int, cost: int = 0) -> None:
        known = self.payments[n].intent_id if n < len(self.world.fees) else ""
        intent = known if known and turn == "a" else f"pi_{n}{turn}"
        told = Intent(intent, "succeeded", cents, "eur", cost=Cost(f"txn_{intent}", cost) if cost else None)
        self.told(lambda: self.payment(n).settle(told))
        self.model.settle(self.model.payments[n], intent, cents, cost)

    @step(n=ANY, said=st.sampled_from(["open", "awaited", "awaited", "expired", "failed"]), part=st.integers(0, 3))
    def session(self, n: int, said: str, part: int) -> None:
        """Stripe says where a payment's page is: a transfer is awaited, a `part` of it has come, or nothing will."""
        n %= len(self.payments)
        paid = self.model.payments[n]
        left = paid.cents - paid.cents * part // 4
        if said == "awaited" and paid.means != "TRANSFER":
            return
        told = Session(f"cs_{n}", said, "", str(self.payments[n].key), intent_of(n, said, paid.cents - left, left))
        self.told(lambda: self.payment(n).follow(told))
        self.model.session(paid, said, left)

    @step(n=ANY, why=st.sampled_from(["unneeded", "given_up"]))
    def call_off(self, n: int, why: str) -> None:
        """An awaited transfer is called off, and closed at Stripe; money sent all the same is another fact."""
        n %= len(self.payments)
        if self.model.payments[n].left is not None:
            self.told(lambda: self.payment(n).warn_off(why))
            self.model.warn_off(self.model.payments[n], why)
            self.session(n, "failed", 0)

    @step(n=ANY, said=SAID)
    def send_cash_back(self, n: int, said: str) -> None:
        """Stripe sends back what came for a transfer that is over: it never was on our balance."""
        n %= len(self.payments)
        paid = self.model.payments[n]
        if paid.left is None or paid.is_payable:
            return
        told = Repayment(f"re_cash_{n}", said, paid.cents, "", payment=str(self.payments[n].key))
        self.told(lambda: CashReturn.follow(self.payment(n), told))
        self.model.cash_back(paid, said)

    @precondition(lambda self: self.model.backs)
    @step(n=ANY, said=SAID)
    def refund(self, n: int, said: str) -> None:
        """Stripe says how far a refund is."""
        n %= len(self.model.backs)
        pk = Refund.objects.order_by("pk").values_list("pk", flat=True)[n]

        def say() -> None:
            row = Refund.objects.select_related("payment__refunding").get(pk=pk)
            row.follow(Repayment(f"re_{pk}", said, row.cents, str(row.key)))

        self.told(say)
        self.model.follow_refund(*self.model.backs[n], said)

    def payment(self, n: int) -> Payment:
        """As a worker would read it."""
        return Payment.objects.get(pk=self.payments[n].pk)


def intent_of(n: int, said: str, cents: int, left: int) -> Intent | None:
    """What Stripe says of the money of an open or a closed page."""
    if said == "awaited":
        where = Instructions("Paraphe", "FR7630001007941234567890185", "BDFEFRPP", f"R{n}", left, "https://stripe.test")
        return Intent(f"pi_{n}a", "requires_action", cents, "eur", instructions=where)
    return Intent(f"pi_{n}a", "canceled", 0, "eur") if said == "failed" else None
