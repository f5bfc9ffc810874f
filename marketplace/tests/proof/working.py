"""The work of the machine: delivered, changed, accepted by a click or by silence, given back, disputed, agreed anew."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition

from escrow.models import CancellationNotice, Delivery, Freeze, RefundRequest
from escrow.models.cancellations import CANCEL
from escrow.models.clock import ACCEPT
from marketplace.tests.proof.base import ACCOUNTS, ANY, CENTS, NUMBERS, step
from marketplace.tests.proof.paying import Paying
from marketplace.tests.proof.rows import Paid
from projects.models import Agreement, Deadline
from projects.tests.avenants import accepted, proposed

MOST = 5  # tranches of a project
LATER = timedelta(days=40)  # all days of a tranche are over then
AMOUNTS = st.integers(5, 15).map(lambda n: n * 1_000)
SIDES = st.sampled_from(["client", "provider"])


class Working(Paying):
    """What the two parties and the SMA do with tranches, and what dates cause."""

    @step(a=ACCOUNTS, number=NUMBERS)
    def deliver(self, a: int, number: int) -> None:
        if not self.knows(a, number):
            return
        key, by = uuid.uuid4(), self.world.provider

        def hand_in(words: str = "Voici.") -> Any:
            return self.world.tranche(a, number).deliver(words, by=by, key=key)

        self.keyed(hand_in, self.model.deliver(a, number), lambda: hand_in("Autre chose."))

    @step(a=ACCOUNTS, number=NUMBERS)
    def change(self, a: int, number: int) -> None:
        """The client wants changes of the last delivery."""
        if not self.knows(a, number):
            return
        tranche, key, by = self.world.tranche(a, number), uuid.uuid4(), self.world.client
        last = tranche.deliveries.order_by("pk").last()
        if not last:
            return
        rows = Delivery.objects.select_related("tranche__account__project")

        def ask(words: str = "Le logo est flou.") -> Any:
            return rows.get(pk=last.pk).ask_changes(words, by=by, key=key)

        self.keyed(ask, self.model.change(a, number), lambda: ask("Tout est flou."))

    @step(a=ACCOUNTS, b=st.just(None) | st.just(None) | ACCOUNTS, number=NUMBERS, cents=CENTS, reason=st.booleans())
    def release(self, a: int, b: int | None, number: int, cents: int | str, *, reason: bool) -> None:
        b = a if b is None else b
        if not self.knows(b, number):
            return
        asked, key = self.amount(cents, self.model.accounts[b].tranches[number].held), uuid.uuid4()

        def let_go(more: int = 0) -> Any:
            account, tranche, words = self.world.account(a), self.world.tranche(b, number), "Une partie." * reason
            return account.release(tranche=tranche, cents=asked + more, by=self.world.client, key=key, reason=words)

        self.keyed(let_go, self.model.release(a, b, number, asked, reason=reason), lambda: let_go(1))

    @step(a=ACCOUNTS, number=NUMBERS)
    def be_silent(self, a: int, number: int) -> None:
        """The client's days to accept are over."""
        if self.fall(a, number, ACCEPT):
            self.model.silence(a, number)

    def fall(self, a: int, number: int, kind: str) -> bool:
        """The date of a tranche passes, if one waits; it may pass again later, and does nothing then."""
        if not self.knows(a, number):
            return False
        tranche, at = self.world.tranche(a, number), timezone.now() + LATER
        for row in Deadline.objects.about(tranche, kind).waiting():
            deadlines = Deadline.objects.select_related("project").filter(pk=row.pk)
            self.told(lambda: deadlines.get().try_to_fall(at))  # noqa: B023  (one waits at most)
        return True

    @step(a=ACCOUNTS, number=NUMBERS, cents=CENTS)
    def consent(self, a: int, number: int, cents: int | str) -> None:
        """The provider gives back what a tranche holds, or a part."""
        if self.knows(a, number):
            asked = self.amount(cents, self.model.accounts[a].tranches[number].held)
            self.give_back(a, number, asked, offers=True)

    @step(a=ACCOUNTS, number=NUMBERS, cents=CENTS)
    def ask_back(self, a: int, number: int, cents: int | str) -> None:
        """The client asks for what a tranche holds, or a part."""
        if self.knows(a, number):
            asked = self.amount(cents, self.model.accounts[a].tranches[number].held)
            self.give_back(a, number, asked, offers=False)

    def give_back(self, a: int, number: int, cents: int, *, offers: bool) -> None:
        key, by = uuid.uuid4(), self.world.provider if offers else self.world.client
        write = RefundRequest.offer if offers else RefundRequest.ask
        follow = self.model.consent if offers else self.model.ask_refund

        def say(more: int = 0) -> RefundRequest:
            return write(self.world.tranche(a, number), cents + more, reason="Entendu.", by=by, key=key)

        request = self.keyed(say, follow(a, number, cents), lambda: say(1))
        self.requests += [request] if request else []

    @precondition(lambda self: self.requests)
    @step(n=ANY, end=st.sampled_from(["AGREED", "AGREED", "REFUSED", "WITHDRAWN"]), more=st.sampled_from([0, 0, 1]))
    def end_request(self, n: int, end: str, more: int = 0) -> None:
        """The provider answers, having seen what the tranche holds or held; or the client takes it back."""
        n %= len(self.requests)
        known, pk, world = self.model.requests[n], self.requests[n].pk, self.world
        shown = self.model.accounts[known.account].tranches[known.number].held + more
        deeds = {
            "AGREED": lambda row: row.agree(by=world.provider, held_cents=shown),
            "REFUSED": lambda row: row.refuse(by=world.provider, reason="Le travail est fait."),
            "WITHDRAWN": lambda row: row.withdraw(by=world.client),
        }
        rows = RefundRequest.objects.with_parties()
        self.told(lambda: deeds[end](rows.get(pk=pk)), self.model.end_request(n, end, shown))

    @step(a=ACCOUNTS, number=NUMBERS, side=SIDES)
    def give_notice(self, a: int, number: int, side: str) -> None:
        """One side says that a tranche, or its rest, without a deposit will end."""
        if not self.knows(a, number):
            return
        key, by = uuid.uuid4(), self.world.person(side)

        def give(why: str = "Le besoin a disparu.") -> CancellationNotice:
            return CancellationNotice.give(self.world.tranche(a, number), reason=why, by=by, key=key)

        notice = self.keyed(give, self.model.notice(a, number, side), lambda: give("Autre chose."))
        self.notices += [notice] if notice else []

    @precondition(lambda self: self.notices)
    @step(n=ANY, side=SIDES)
    def take_notice_back(self, n: int, side: str) -> None:
        n %= len(self.notices)
        pk, by = self.notices[n].pk, self.world.person(side)
        rows = CancellationNotice.objects.select_related("tranche__account__project", "tranche__account__agreement")
        self.told(lambda: rows.get(pk=pk).withdraw(by=by), self.model.withdraw_notice(n, side))

    @step(a=ACCOUNTS, number=NUMBERS)
    def let_notice_end(self, a: int, number: int) -> None:
        """The days of a notice are over."""
        if self.fall(a, number, CANCEL):
            self.model.carry_out_notice(a, number)

    @step(a=ACCOUNTS, numbers=st.sets(NUMBERS, min_size=1, max_size=2))
    def freeze(self, a: int, numbers: set[int]) -> None:
        chosen, key = [n for n in sorted(numbers) if self.knows(a, n)], uuid.uuid4()

        def set_aside(which: list[int]) -> Freeze:
            tranches = [self.world.tranche(a, number) for number in which]
            return self.world.account(a).freeze(tranches, by=self.world.client, key=key)

        refused = self.model.freeze(a, chosen)
        freeze = self.keyed(partial(set_aside, chosen), refused, partial(set_aside, chosen[1:]))
        self.freezes += [freeze] if freeze else []

    @precondition(lambda self: self.freezes)
    @step(n=ANY)
    def thaw(self, n: int) -> None:
        n, key, by = n % len(self.freezes), uuid.uuid4(), self.world.client
        self.keyed(
            lambda: self.frozen(n).thaw(by=by, key=key),
            self.model.thaw(n),
            lambda: self.awarded(n, 0, key),
        )

    @precondition(lambda self: self.freezes)
    @step(n=ANY, cents=CENTS)
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

    @step(a=ACCOUNTS, number=NUMBERS, ht=st.none() | AMOUNTS, add=st.none() | AMOUNTS, end=st.sampled_from("ppwl"))
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
