"""What the site's money is, in a few lines of plain Python: no query, no clock, every rule written a second time.

A deed changes the model and answers with the name of its refusal, or with "" when it is done. Amounts are cents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LEAST = 50
OPEN, OVER = {"PLANNED", "FUNDED", "DELIVERED"}, {"RELEASED", "REFUNDED", "CANCELLED"}
LIVING = {"ASKED", "APPROVED", "BATCHED", "SENT", "PAID"}
REFUND_MOVES = {
    ("ASKED", "SENT"),
    ("ASKED", "SUCCEEDED"),
    ("ASKED", "FAILED"),
    ("SENT", "SUCCEEDED"),
    ("SENT", "FAILED"),
    ("SUCCEEDED", "FAILED"),
}
Place = str | tuple[str, int] | tuple[str, str]


@dataclass
class Tranche:
    """A part of the work, VAT included."""

    cents: int
    state: str = "PLANNED"
    funded: int = 0
    released: int = 0

    @property
    def held(self) -> int:
        return self.funded - self.released

    @property
    def lacking(self) -> int:
        return self.cents - self.funded if self.state in OPEN else 0

    @property
    def is_covered(self) -> bool:
        """Whether work may go on, and its money be disputed or given back."""
        return self.state in {"FUNDED", "DELIVERED"} and self.held > 0

    @property
    def changes(self) -> bool:
        """Whether an avenant may change it."""
        return self.state in {"PLANNED", "FUNDED", "CANCELLED"} and not self.released

    def drop(self, cents: int) -> int:
        """Take `cents` off its deposits."""
        self.funded -= cents
        return cents


@dataclass
class Account:
    """One project: its tranches by number, and the amounts excluding VAT that are agreed."""

    agreed: dict[int, int]
    tranches: dict[int, Tranche]

    @property
    def is_over(self) -> bool:
        return all(tranche.state in OVER for tranche in self.tranches.values())

    def lacking(self, chosen: int | None = None) -> int:
        return sum(t.lacking for number, t in self.tranches.items() if chosen in {None, number})


@dataclass
class Back:
    """Money on its way back to a card."""

    intent: str
    cents: int
    state: str = "ASKED"


@dataclass
class Paid:
    """A payment and what Stripe has said of it."""

    what: str
    cents: int
    account: int = 0
    chosen: int | None = None
    terms: dict[int, int] | None = None
    units: dict[str, int] = field(default_factory=dict)
    state: str = "CREATED"
    intent: str = ""
    seen: set[str] = field(default_factory=set)
    backs: list[Back] = field(default_factory=list)

    @property
    def returnable(self) -> int:
        return self.cents - sum(back.cents for back in self.backs if back.intent == self.intent)


@dataclass
class Frozen:
    """Money of some tranches in dispute: what each had, and the state that it goes back to."""

    account: int
    parts: dict[int, tuple[int, str]]
    state: str = "FROZEN"

    @property
    def cents(self) -> int:
        return sum(cents for cents, _before in self.parts.values())


@dataclass
class Payout:
    """Released money that the provider has invoiced."""

    account: int
    number: int
    cents: int
    state: str = "ASKED"


class Model:
    """All of it. `balances` are those of the ledger; `told` counts events, `transfers` what was posted."""

    def __init__(self, accounts: list[Account], fees: Iterable[Paid]) -> None:
        self.accounts, self.payments = accounts, list(fees)
        self.payouts: list[Payout] = []
        self.batches: list[tuple[list[Payout], list[str]]] = []
        self.backs: list[tuple[int, Back]] = []
        self.freezes: list[Frozen] = []
        self.spent: dict[tuple[int, str], int] = {}
        self.balances: Counter[Place] = Counter()
        self.told: Counter[str] = Counter()
        self.costs: set[str] = set()
        self.transfers = 0

    def post(self, *moves: tuple[Place, Place, int]) -> None:
        for debit, credit, cents in moves:
            assert cents >= 0
            self.balances[debit] -= cents
            self.balances[credit] += cents
            assert isinstance(debit, str) or self.balances[debit] >= 0, debit
        self.transfers += 1

    def deposit_refused(self, a: int, cents: int, chosen: int | None) -> str:
        account = self.accounts[a]
        if chosen and account.tranches[chosen].state == "DISPUTED":
            return "InDispute"
        lacking, total = account.lacking(chosen), account.lacking()
        if not lacking:
            return "NotLacking"
        if lacking < LEAST:
            return "TooLittleLacking"
        if cents < LEAST:
            return "TooLittleDeposited"
        if cents > lacking:
            return "TooMuchDeposited"
        return "TooLittleLeft" if 0 < total - cents < LEAST else ""

    def settle(self, paid: Paid, intent: str, cents: int, cost: int) -> None:
        """The money of an intent has come; said again, it changes nothing but what Stripe says it cost."""
        if intent not in paid.seen:
            paid.seen.add(intent)
            if not paid.intent and cents == paid.cents and self.place(paid):
                paid.state, paid.intent = "PAID", intent
                self.told["payment.paid"] += 1
            else:
                self.send_back(paid, intent, cents)
        if cost and intent not in self.costs:
            self.costs.add(intent)
            self.post(("stripe_fee", "stripe", cost))

    def send_back(self, paid: Paid, intent: str, cents: int) -> None:
        self.post(("stripe", ("refunding", self.payments.index(paid)), cents))
        if not paid.intent:
            paid.state, paid.intent = "RETURNED", intent
        self.owe(paid, intent, cents)
        self.told["payment.returned"] += 1

    def owe(self, paid: Paid, intent: str, cents: int) -> None:
        """`cents` of an intent are to go back to its card."""
        paid.backs.append(Back(intent, cents))
        self.backs.append((self.payments.index(paid), paid.backs[-1]))

    def place(self, paid: Paid) -> bool:
        """Give money its place, if it has one."""
        if paid.what == "deposit":
            return self.fill(paid)
        if paid.what == "pack":
            ht = paid.cents * 5 // 6
            units = [(f"issued:{kind}", ("wallet", kind), n) for kind, n in paid.units.items()]
            self.post(("stripe", "revenue:credits", ht), ("stripe", "vat", paid.cents - ht), *units)
            return True
        if paid.terms is None:
            return False
        parts = self.fees(self.ht(paid.account, paid.terms))
        self.post(*(("stripe", name, cents) for name, cents in parts.items()))
        self.follow(paid.account, paid.terms)
        return True

    def fill(self, paid: Paid) -> bool:
        left, parts = paid.cents, []
        for number, tranche in sorted(self.accounts[paid.account].tranches.items()):
            if paid.chosen in {None, number} and (part := min(left, tranche.lacking)):
                parts.append((tranche, part))
                left -= part
        if left:
            return False
        for tranche, part in parts:
            tranche.funded += part
            tranche.state = "FUNDED" if tranche.state == "PLANNED" else tranche.state
        self.post(("stripe", ("held", paid.account), paid.cents))
        self.told["escrow.deposited"] += 1
        return True

    def follow_refund(self, n: int, back: Back, said: str) -> None:
        """Stripe speaks of a refund."""
        state = {"succeeded": "SUCCEEDED", "failed": "FAILED", "canceled": "FAILED"}.get(said, "SENT")
        if (back.state, state) not in REFUND_MOVES:
            return
        if state == "SUCCEEDED":
            self.post((("refunding", n), "stripe", back.cents))
        elif back.state == "SUCCEEDED":
            self.post(("stripe", ("refunding", n), back.cents))
        back.state = state
        verbs = {"SUCCEEDED": "payment.refunded", "FAILED": "payment.refund_failed"}
        self.told.update([verbs[state]] if state in verbs else [])

    def deliver(self, a: int, number: int) -> str:
        tranche = self.accounts[a].tranches[number]
        if tranche.state == "DISPUTED":
            return "InDispute"
        if not tranche.is_covered:
            return "NotFunded" if tranche.lacking else "NotDeliverable"
        tranche.state = "DELIVERED"
        self.told["escrow.delivered"] += 1
        return ""

    def release(self, a: int, b: int, number: int, cents: int, *, reason: bool) -> str:
        """Account `a` is asked to release tranche `number` of account `b`."""
        tranche = self.accounts[b].tranches[number]
        if a == b and tranche.state == "DISPUTED":
            return "InDispute"
        if a != b or tranche.state != "DELIVERED" or not tranche.held:
            return "NotReleasable"
        if not 0 < cents <= tranche.held:
            return "TooMuch"
        if cents < tranche.held and not reason:
            return "NeedsReason"
        tranche.released += cents
        tranche.state = "RELEASED" if tranche.released == tranche.cents else "DELIVERED"
        self.post((("held", a), ("payable", a), cents))
        self.told["escrow.released"] += 1
        return ""

    def amend_refused(self, a: int, terms: Mapping[int, int]) -> str:
        """Why an avenant to `terms` (numbers and amounts excluding VAT) cannot be."""
        account = self.accounts[a]
        if account.is_over:
            return "NotActive"
        if terms == account.agreed:
            return "NothingChanges"
        if any(terms.get(n) != account.agreed.get(n) for n, t in account.tranches.items() if not t.changes):
            return "Fixed"
        lacking = 0
        for number, ht in terms.items():
            known = account.tranches.get(number)
            cents = known.cents if known and not known.changes else ht * 6 // 5
            lacking += max(0, cents - (known.funded if known else 0))
        return "NoCardPays" if 0 < lacking < LEAST else ""

    def ht(self, a: int, terms: Mapping[int, int]) -> int:
        """What `terms` add to the price, excluding VAT."""
        return sum(terms.values()) - sum(self.accounts[a].agreed.values())

    def fees(self, ht: int) -> dict[Place, int]:
        """The platform's fees on `ht`, which is a multiple of 1 000."""
        return {"revenue:commission": ht * 15 // 100, "revenue:r0": ht * 3 // 100, "vat": ht * 18 // 500}

    def lower(self, a: int, terms: dict[int, int]) -> None:
        """An avenant that asks for no money takes effect at once, and the fees above it go back."""
        fallen = self.fees(-self.ht(a, terms))
        self.follow(a, terms)
        if total := sum(fallen.values()):
            paid = [p for p in self.payments if p.what == "fees" and p.account == a]
            self.post(*((name, "between", cents) for name, cents in fallen.items()))
            self.give_back(total, paid, "between")
            self.transfers -= 1

    def follow(self, a: int, terms: dict[int, int]) -> None:
        """The account is brought to the terms in force."""
        account, above = self.accounts[a], 0
        for number, tranche in account.tranches.items():
            if tranche.changes and number in terms:
                tranche.cents = terms[number] * 6 // 5
                above += tranche.drop(max(0, tranche.funded - tranche.cents))
                tranche.state = "PLANNED" if tranche.state == "CANCELLED" else tranche.state
            elif tranche.state in {"PLANNED", "FUNDED"} and number not in terms:
                tranche.state = "REFUNDED" if tranche.held else "CANCELLED"
                above += tranche.drop(tranche.held)
        account.tranches |= {n: Tranche(ht * 6 // 5) for n, ht in terms.items() if n not in account.tranches}
        account.agreed = dict(terms)
        if above:
            self.give_back(above, self.deposits(a), ("held", a))
            self.told["escrow.refunded"] += 1

    def consent(self, a: int, number: int, cents: int) -> str:
        """The provider gives `cents` of a tranche back to the client."""
        tranche = self.accounts[a].tranches[number]
        if tranche.state == "DISPUTED":
            return "InDispute"
        if not tranche.is_covered:
            return "NothingHeld"
        if not 0 < cents <= tranche.held:
            return "TooMuch"
        if cents < min(tranche.held, LEAST):
            return "TooLittle"
        tranche.drop(cents)
        tranche.state = tranche.state if tranche.held else "REFUNDED"
        self.give_back(cents, self.deposits(a), ("held", a))
        return ""

    def freeze(self, a: int, numbers: list[int]) -> str:
        """All that these tranches hold is in dispute."""
        tranches = {number: self.accounts[a].tranches[number] for number in numbers}
        for tranche in tranches.values():
            if tranche.state == "DISPUTED":
                return "AlreadyDisputed"
            if not tranche.is_covered:
                return "NothingHeld"
        if not numbers:
            return "NothingHeld"
        frozen = Frozen(a, {number: (tranche.held, tranche.state) for number, tranche in tranches.items()})
        self.freezes.append(frozen)
        self.post((("held", a), ("frozen", len(self.freezes) - 1), frozen.cents))
        for tranche in tranches.values():
            tranche.state = "DISPUTED"
        return ""

    def thaw(self, n: int) -> str:
        """All goes back where it was."""
        frozen = self.freezes[n]
        if frozen.state != "FROZEN":
            return "Closed"
        frozen.state = "THAWED"
        self.post((("frozen", n), ("held", frozen.account), frozen.cents))
        for number, (_cents, before) in frozen.parts.items():
            self.accounts[frozen.account].tranches[number].state = before
        return ""

    def execute(self, n: int, earned: int) -> str:
        """`earned` is the provider's, over the tranches in their order; the rest goes back to the client."""
        frozen = self.freezes[n]
        if not 0 <= earned <= frozen.cents:
            return "NotTheWhole"
        if frozen.state != "FROZEN":
            return "Closed"
        frozen.state, left = "EXECUTED", earned
        for number, (cents, _before) in frozen.parts.items():
            tranche, share = self.accounts[frozen.account].tranches[number], min(left, cents)
            left -= share
            tranche.released += share
            tranche.state = "REFUNDED" if tranche.drop(cents - share) else "RELEASED"
            tranche.cents = tranche.cents if tranche.state == "REFUNDED" else tranche.released
        if earned:
            self.post((("frozen", n), ("payable", frozen.account), earned))
        if back := frozen.cents - earned:
            self.give_back(back, self.deposits(frozen.account), ("frozen", n))
            self.transfers -= bool(earned)
        return ""

    def deposits(self, a: int) -> list[Paid]:
        """The payments that came onto an account."""
        return [paid for paid in self.payments if (paid.what, paid.account) == ("deposit", a)]

    def give_back(self, cents: int, payments: list[Paid], source: Place) -> None:
        """The newest first, none more than it brought; one transfer in all."""
        moves: list[tuple[Place, Place, int]] = []
        for paid in reversed(payments):
            if paid.state == "PAID" and (part := min(cents, paid.returnable)):
                moves.append((source, ("refunding", self.payments.index(paid)), part))
                self.owe(paid, paid.intent, part)
                cents -= part
        assert not cents
        self.post(*moves)

    def ask(self, a: int, number: int, cents: int) -> str:
        same = [p for p in self.payouts if (p.account, p.number) == (a, number) and p.state in LIVING]
        if not 0 < cents <= self.accounts[a].tranches[number].released - sum(p.cents for p in same):
            return "TooMuch"
        self.post((("payable", a), ("claimed", a), cents))
        self.payouts.append(Payout(a, number, cents))
        self.told["payout.asked"] += 1
        return ""

    def decide(self, payout: Payout, verdict: str) -> str:
        if payout.state != "ASKED" and not (verdict == "REFUSED" and payout.state == "APPROVED"):
            return "NotDecidable"
        payout.state = verdict
        if verdict == "REFUSED":
            self.post((("claimed", payout.account), ("payable", payout.account), payout.cents))
        self.told[f"payout.{verdict.lower()}"] += 1
        return ""

    def batch(self, payouts: list[Payout]) -> str:
        if not payouts:
            return "Empty"
        if wrong := [payout for payout in payouts if payout.state != "APPROVED"]:
            return "NotYetApproved" if wrong[0].state == "ASKED" else "NotApproved"
        for payout in payouts:
            payout.state = "BATCHED"
        self.batches.append((payouts, ["MADE"]))
        return ""

    def batch_moves(self, n: int, state: str) -> str:
        """The batch is dropped, or given to the bank."""
        payouts, now = self.batches[n]
        if now[-1] != "MADE":
            return "NotSendable"
        now.append(state)
        for payout in payouts:
            payout.state = "APPROVED" if state == "DROPPED" else "SENT"
            if state == "SENT":
                self.post((("claimed", payout.account), "bank_transit", payout.cents))
                self.told["payout.sent"] += 1
        return ""

    def answer(self, n: int, state: str) -> str:
        """The bank says that every transfer of the batch was PAID or RETURNED."""
        payouts, now = self.batches[n]
        if now[-1] == "MADE":
            return "NotSentYet"
        for payout in payouts if now[-1] == "SENT" else []:
            payout.state = state
            back: Place = "bank" if state == "PAID" else ("payable", payout.account)
            self.post(("bank_transit", back, payout.cents))
            self.told[f"payout.{state.lower()}"] += 1
        now.append("ANSWERED" if now[-1] == "SENT" else now[-1])
        return ""

    def spend(self, project: int, kind: str) -> str:
        if (project, kind) in self.spent:
            return ""
        if kind != "CONSULTATION" and (project, "CONSULTATION") not in self.spent:
            return "NeedsConsultation"
        if not self.balances["wallet", kind]:
            return "NoCredit"
        self.spent[project, kind] = 1
        self.post((("wallet", kind), f"consumed:{kind}", 1))
        self.told[f"credit.spent.{kind.lower()}"] += 1
        return ""

    def unspend(self, project: int, kind: str) -> None:
        del self.spent[project, kind]
        self.post((f"consumed:{kind}", ("wallet", kind), 1))
        self.told["credit.returned"] += 1
