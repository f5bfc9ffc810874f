"""What the site's money is, in a few lines of plain Python: no query, no clock, every rule written a second time.

A deed changes the model and answers with the name of its refusal, or with "" when it is done. Amounts are cents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from marketplace.tests.proof.rows import (
    MOST_CHANGES,
    Account,
    Asked,
    Back,
    Frozen,
    Notice,
    Paid,
    Part,
    Payout,
    Tranche,
    Transfer,
)

LEAST = 50
LIVING = {"ASKED", "APPROVED", "BATCHED", "SENT", "PAID"}
REFUND_MOVES = {
    ("ASKED", "SENT"),
    ("ASKED", "SUCCEEDED"),
    ("ASKED", "FAILED"),
    ("SENT", "SUCCEEDED"),
    ("SENT", "FAILED"),
    ("SUCCEEDED", "FAILED"),
}
CASH_MOVES = {("SENT", "SUCCEEDED"), ("SENT", "FAILED"), ("SUCCEEDED", "FAILED")}
OUTCOMES = {"succeeded": "SUCCEEDED", "failed": "FAILED", "canceled": "FAILED"}
Place = str | tuple[str, int] | tuple[str, str]


class Model:
    """All of it. `balances` are those of the ledger; `told` counts events, `transfers` what was posted."""

    def __init__(self, accounts: list[Account], fees: Iterable[Paid]) -> None:
        self.accounts, self.payments = accounts, list(fees)
        self.payouts: list[Payout] = []
        self.transfers_out: list[Transfer] = []
        self.batches: list[tuple[list[Payout], list[Transfer], list[str]]] = []
        self.backs: list[tuple[int, Back]] = []
        self.freezes: list[Frozen] = []
        self.requests: list[Asked] = []
        self.notices: list[Notice] = []
        self.ibans: set[str] = set()
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

    def session(self, paid: Paid, said: str, left: int) -> None:
        """Stripe speaks of the page of a payment: it is open, a transfer is awaited, or nothing comes any more."""
        if not paid.is_payable:
            return
        if said in {"expired", "failed"}:
            paid.state = said.upper()
            self.told[f"payment.{said}"] += 1
            return
        paid.state = "OPEN"
        if said == "awaited" and (paid.left is None or left < paid.left):
            verb, paid.left = "payment.awaited" if paid.left is None else "payment.part_arrived", left
            self.told.update([verb] if not paid.warned and self.wants(paid) else [])

    def wants(self, paid: Paid) -> bool:
        """Whether its money would find a place now."""
        return paid.what != "deposit" or paid.cents <= self.accounts[paid.account].lacking(paid.chosen)

    def warn_off(self, paid: Paid, why: str) -> None:
        """An awaited transfer is called off."""
        if paid.left is not None and not paid.intent and not paid.warned:
            paid.warned = why
            self.told[f"payment.{why}"] += 1

    def cash_back(self, paid: Paid, said: str) -> None:
        """Stripe sends back what came too late for it; the ledger has never seen that money."""
        state = OUTCOMES.get(said, "SENT")
        if paid.cash and (paid.cash, state) not in CASH_MOVES:
            return
        self.told.update([] if paid.cash else ["payment.cash_back"])
        self.told.update(["payment.cash_stuck"] if state == "FAILED" else [])
        paid.cash = state

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
                parts.append((number, part))
                left -= part
        if left:
            return False
        for number, part in parts:
            tranche = self.accounts[paid.account].tranches[number]
            tranche.state = tranche.state if tranche.held else "FUNDED"
            tranche.funded += part
            tranche.accepting = tranche.accepting or (tranche.state == "DELIVERED" and not tranche.changing)
            tranche.keep_time()
            self.overtake_notice(paid.account, number)
        self.post(("stripe", ("held", paid.account), paid.cents))
        self.told["escrow.deposited"] += 1
        return True

    def follow_refund(self, n: int, back: Back, said: str) -> None:
        """Stripe speaks of a refund."""
        state = OUTCOMES.get(said, "SENT")
        if (back.state, state) not in REFUND_MOVES:
            return
        if state == "SUCCEEDED":
            self.post((("refunding", n), "stripe", back.cents))
        elif back.state == "SUCCEEDED":
            self.post(("stripe", ("refunding", n), back.cents))
        back.state = state
        verbs = {"SUCCEEDED": "payment.refunded", "FAILED": "payment.refund_failed"}
        self.told.update([verbs[state]] if state in verbs else [])
        if state == "FAILED":
            payer = self.payments[n].payer
            self.transfers_out.append(Transfer(n, back, payer, payer in self.ibans))
            self.told["refund_transfer.ready" if payer in self.ibans else "refund_transfer.waiting"] += 1

    def deliver(self, a: int, number: int) -> str:
        tranche = self.accounts[a].tranches[number]
        if tranche.state == "DISPUTED":
            return "InDispute"
        if not tranche.is_covered:
            return "NotFunded" if tranche.lacking else "NotDeliverable"
        tranche.state, tranche.accepting, tranche.changing = "DELIVERED", True, False
        tranche.keep_time()
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
        self.let_go(a, number, cents)
        return ""

    def let_go(self, a: int, number: int, cents: int) -> None:
        """`cents` of a tranche become the provider's; days run anew on the rest."""
        tranche = self.accounts[a].tranches[number]
        tranche.released += cents
        tranche.changing = tranche.changing and tranche.held > 0
        tranche.accepting = tranche.held > 0 and not tranche.changing
        tranche.state = "RELEASED" if tranche.released == tranche.cents else "DELIVERED"
        self.settled(a, number)
        self.post((("held", a), ("payable", a), cents))
        self.told["escrow.released"] += 1

    def settled(self, a: int, number: int) -> None:
        """Money has left a tranche: nobody asks for more than it holds."""
        tranche = self.accounts[a].tranches[number]
        tranche.keep_time()
        for asked in self.living(a, number):
            asked.state = "LAPSED" if asked.cents > tranche.held else asked.state

    def silence(self, a: int, number: int) -> None:
        """The client's days are over: their silence releases, where both wanted it, unless they want money back."""
        tranche = self.accounts[a].tranches[number]
        falls, tranche.falls = tranche.falls, False
        if not falls or self.living(a, number):
            return
        if self.accounts[a].silence:
            self.let_go(a, number, tranche.held)
        else:
            self.told["escrow.unanswered"] += 1

    def change(self, a: int, number: int) -> str:
        """The client wants changes: the clock stops until the next delivery."""
        tranche = self.accounts[a].tranches[number]
        if not tranche.awaits:
            return "NothingToChange"
        if tranche.changing:
            return "ChangesAsked"
        if tranche.changed == MOST_CHANGES:
            return "ChangesSpent"
        tranche.accepting, tranche.changing = False, True
        tranche.changed += 1
        tranche.keep_time()
        self.told["escrow.changes_asked"] += 1
        return ""

    def notice(self, a: int, number: int, by: str) -> str:
        """One side says that a tranche, or its rest, which no deposit followed will end."""
        tranche = self.accounts[a].tranches[number]
        if tranche.lacking <= 0 or tranche.held:
            return "NotUnfunded"
        if self.running(a, number):
            return "AlreadyGiven"
        self.notices.append(Notice(a, number, by))
        self.told["escrow.notice_given"] += 1
        return ""

    def running(self, a: int, number: int) -> list[Notice]:
        """The notice that runs on a tranche, if one does."""
        return [n for n in self.notices if (n.account, n.number, n.state) == (a, number, "GIVEN")]

    def overtake_notice(self, a: int, number: int) -> None:
        """A deposit or an avenant decides on the tranche."""
        for notice in self.running(a, number):
            notice.state = "OVERTAKEN"
            self.told["escrow.notice_overtaken"] += 1

    def withdraw_notice(self, n: int, by: str) -> str:
        notice = self.notices[n]
        if by != notice.by:
            return "NotYours"
        if notice.state == "WITHDRAWN":
            return ""
        if notice.state != "GIVEN":
            return "NotRunning"
        notice.state = "WITHDRAWN"
        self.told["escrow.notice_withdrawn"] += 1
        return ""

    def carry_out_notice(self, a: int, number: int) -> None:
        """The days of a notice are over, if one runs."""
        for notice in self.running(a, number):
            tranche = self.accounts[a].tranches[number]
            notice.state, tranche.given_up = "CARRIED_OUT", not tranche.released
            tranche.state = "RELEASED" if tranche.released else "CANCELLED"
            tranche.cents = tranche.released or tranche.cents
            self.told["escrow.tranche_cancelled"] += 1

    def amend_refused(self, a: int, terms: Mapping[int, int]) -> str:
        """Why an avenant to `terms` (numbers and amounts excluding VAT) cannot be."""
        account = self.accounts[a]
        if account.is_over:
            return "NotActive"
        if terms == account.agreed:
            return "NothingChanges"
        if any(terms.get(n) != account.agreed.get(n) for n, t in account.tranches.items() if not t.is_amendable):
            return "Fixed"
        lacking = 0
        for number, ht in terms.items():
            known = account.tranches.get(number)
            fixed = known and not known.is_amendable
            lacking += known.lacking if known and fixed else max(0, ht * 6 // 5 - (known.funded if known else 0))
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
            before = tranche.cents
            if tranche.is_amendable and number in terms:
                tranche.cents = terms[number] * 6 // 5
                above += tranche.drop(max(0, tranche.funded - tranche.cents))
                tranche.state = "PLANNED" if tranche.state == "CANCELLED" else tranche.state
            elif tranche.state in {"PLANNED", "FUNDED"} and number not in terms:
                tranche.state = "REFUNDED" if tranche.held else "CANCELLED"
                above += tranche.drop(tranche.held)
            else:
                continue
            if number not in terms or tranche.cents != before:
                self.overtake_notice(a, number)
            self.settled(a, number)
        account.tranches |= {n: Tranche(ht * 6 // 5) for n, ht in terms.items() if n not in account.tranches}
        account.agreed = dict(terms)
        if above:
            self.give_back(above, self.deposits(a), ("held", a))
            self.told["escrow.refunded"] += 1

    def living(self, a: int, number: int) -> list[Asked]:
        """The refund of a tranche that waits for an answer, if one does."""
        return [r for r in self.requests if (r.account, r.number, r.state) == (a, number, "ASKED")]

    def refund_refused(self, a: int, number: int, cents: int) -> str:
        """Why `cents` of a tranche cannot be asked back, nor offered."""
        tranche = self.accounts[a].tranches[number]
        if self.living(a, number):
            return "AlreadyAsked"
        if tranche.state == "DISPUTED":
            return "InDispute"
        if not tranche.is_covered:
            return "NothingHeld"
        if not 0 < cents <= tranche.held:
            return "TooMuch"
        return "TooLittle" if cents < min(tranche.held, LEAST) else ""

    def ask_refund(self, a: int, number: int, cents: int) -> str:
        """The client asks for `cents` of a tranche."""
        if refused := self.refund_refused(a, number, cents):
            return refused
        self.requests.append(Asked(a, number, cents))
        self.told["escrow.refund_asked"] += 1
        return ""

    def consent(self, a: int, number: int, cents: int) -> str:
        """The provider gives `cents` of a tranche back to the client."""
        if refused := self.refund_refused(a, number, cents):
            return refused
        self.requests.append(Asked(a, number, cents, "AGREED"))
        self.leave(a, number, cents)
        self.told["escrow.refund_offered"] += 1
        return ""

    def leave(self, a: int, number: int, cents: int) -> None:
        """`cents` of a tranche go back to the client."""
        tranche = self.accounts[a].tranches[number]
        tranche.drop(cents)
        if not tranche.held:
            tranche.state = "REFUNDED"
            tranche.stop()
        self.settled(a, number)
        self.give_back(cents, self.deposits(a), ("held", a))

    def end_request(self, n: int, end: str, shown: int) -> str:
        """The provider agrees or refuses, or the client withdraws; `shown` is what the tranche was said to hold."""
        asked = self.requests[n]
        if asked.state == end:
            return ""
        if asked.state != "ASKED":
            return "Answered"
        if end == "AGREED" and shown != self.accounts[asked.account].tranches[asked.number].held:
            return "Changed"
        asked.state = end
        if end == "AGREED":
            self.leave(asked.account, asked.number, asked.cents)
        self.told[f"escrow.refund_{end.lower()}"] += 1
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
        frozen = Frozen(a, {number: Part(t.held, t.state, t.accepting) for number, t in tranches.items()})
        self.freezes.append(frozen)
        self.post((("held", a), ("frozen", len(self.freezes) - 1), frozen.cents))
        for number, tranche in tranches.items():
            tranche.state, tranche.accepting, tranche.falls = "DISPUTED", False, False
            for asked in self.living(a, number):
                asked.state = "ESCALATED"
        return ""

    def thaw(self, n: int) -> str:
        """All goes back where it was."""
        frozen = self.freezes[n]
        if frozen.state != "FROZEN":
            return "Closed"
        frozen.state = "THAWED"
        self.post((("frozen", n), ("held", frozen.account), frozen.cents))
        for number, part in frozen.parts.items():
            tranche = self.accounts[frozen.account].tranches[number]
            tranche.state, tranche.accepting = part.state, part.accepting
            tranche.keep_time()
        return ""

    def execute(self, n: int, earned: int) -> str:
        """`earned` is the provider's, over the tranches in their order; the rest goes back to the client."""
        frozen = self.freezes[n]
        if not 0 <= earned <= frozen.cents:
            return "NotTheWhole"
        if frozen.state != "FROZEN":
            return "Closed"
        frozen.state, left = "EXECUTED", earned
        for number, part in frozen.parts.items():
            tranche, share = self.accounts[frozen.account].tranches[number], min(left, part.cents)
            left -= share
            tranche.released += share
            tranche.state = "REFUNDED" if tranche.drop(part.cents - share) else "RELEASED"
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

    def give_iban(self, payer: str) -> None:
        """A payer says where to receive what no card took: it waits for approval now."""
        self.ibans.add(payer)
        for row in self.transfers_out:
            if row.payer == payer and row.state == "WAITING" and not row.has_iban:
                row.has_iban = True
                self.told["refund_transfer.ready"] += 1

    def approve_transfer(self, row: Transfer) -> str:
        if row.state != "WAITING":
            return "NotDecidable"
        if not row.has_iban:
            return "NoBankAccount"
        row.state = "APPROVED"
        self.told["refund_transfer.approved"] += 1
        return ""

    def batch(self, payouts: list[Payout], transfers: list[Transfer], *, own: bool) -> str:
        """Approved ones go into one file, made by somebody else than who approved (`own`)."""
        if not payouts and not transfers:
            return "Empty"
        for row in both(payouts, transfers):
            if row.state != "APPROVED":
                return "NotYetApproved" if row.state in {"ASKED", "WAITING"} else "NotApproved"
            if own:
                return "FourEyes"
        for row in both(payouts, transfers):
            row.state = "BATCHED"
        self.batches.append((payouts, transfers, ["MADE"]))
        return ""

    def batch_moves(self, n: int, state: str) -> str:
        """The batch is dropped, or given to the bank."""
        payouts, transfers, now = self.batches[n]
        if now[-1] != "MADE":
            return "NotSendable"
        now.append(state)
        for row in both(payouts, transfers):
            row.state = "APPROVED" if state == "DROPPED" else "SENT"
        if state == "SENT":
            for payout in payouts:
                self.post((("claimed", payout.account), "bank_transit", payout.cents))
            for transfer in transfers:
                self.post((("refunding", transfer.n), "bank_transit", transfer.cents))
            self.told.update({"payout.sent": len(payouts), "refund_transfer.sent": len(transfers)})
        return ""

    def answer(self, n: int, state: str) -> str:
        """The bank says that every transfer of the batch was PAID or RETURNED."""
        payouts, transfers, now = self.batches[n]
        if now[-1] == "MADE":
            return "NotSentYet"
        if now[-1] == "SENT":
            for payout in payouts:
                back: Place = "bank" if state == "PAID" else ("payable", payout.account)
                self.post(("bank_transit", back, payout.cents))
            for transfer in transfers:
                self.answer_transfer(transfer, state)
            for row in both(payouts, transfers):
                row.state = state
            verb = state.lower()
            self.told.update({f"payout.{verb}": len(payouts), f"refund_transfer.{verb}": len(transfers)})
            now.append("ANSWERED")
        return ""

    def answer_transfer(self, transfer: Transfer, state: str) -> None:
        """Paid, its refund is made; returned, another one waits for another IBAN."""
        if state == "PAID":
            transfer.back.state = "REPAID"
            self.post(("bank_transit", "bank", transfer.cents))
        else:
            self.post(("bank_transit", ("refunding", transfer.n), transfer.cents))
            self.transfers_out.append(Transfer(transfer.n, transfer.back, transfer.payer, has_iban=False))

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


def both(payouts: list[Payout], transfers: list[Transfer]) -> list[Payout | Transfer]:
    """All that a batch pays."""
    return [*payouts, *transfers]
