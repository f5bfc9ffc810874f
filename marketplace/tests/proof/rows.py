"""What the model keeps: tranches, payments, freezes and requests as plain values. Amounts are cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

OPEN, OVER = {"PLANNED", "FUNDED", "DELIVERED"}, {"RELEASED", "REFUNDED", "CANCELLED"}
MOST_CHANGES = 2


@dataclass
class Tranche:
    """A part of the work, VAT included. `accepting` while the client's days count, `falls` while their end waits."""

    cents: int
    state: str = "PLANNED"
    funded: int = 0
    released: int = 0
    accepting: bool = False
    falls: bool = False
    changing: bool = False
    changed: int = 0
    given_up: bool = False

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
    def awaits(self) -> bool:
        """Whether the client has something to accept."""
        return self.state == "DELIVERED" and self.held > 0

    @property
    def is_amendable(self) -> bool:
        """Whether an avenant may change it."""
        return self.state in {"PLANNED", "FUNDED", "CANCELLED"} and not self.released and not self.given_up

    def drop(self, cents: int) -> int:
        """Take `cents` off its deposits."""
        self.funded -= cents
        return cents

    def stop(self) -> None:
        """Nobody's turn any more."""
        self.accepting = self.changing = False

    def keep_time(self) -> None:
        """After a deed the end of the client's days waits, if they run."""
        self.falls = self.awaits and self.accepting


@dataclass
class Account:
    """One project: its tranches by number, the amounts excluding VAT that are agreed, and what silence does."""

    agreed: dict[int, int]
    tranches: dict[int, Tranche]
    silence: bool = False

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
    """A payment and what Stripe has said of it; `left` is to come by transfer, `cash` was sent back by Stripe."""

    what: str
    cents: int
    account: int = 0
    chosen: int | None = None
    terms: dict[int, int] | None = None
    units: dict[str, int] = field(default_factory=dict)
    means: str = "CARD"
    state: str = "CREATED"
    intent: str = ""
    seen: set[str] = field(default_factory=set)
    backs: list[Back] = field(default_factory=list)
    left: int | None = None
    warned: str = ""
    cash: str = ""

    @property
    def returnable(self) -> int:
        return self.cents - sum(back.cents for back in self.backs if back.intent == self.intent)

    @property
    def payer(self) -> str:
        return "buyer" if self.what == "pack" else "client"

    @property
    def is_payable(self) -> bool:
        return self.state in {"CREATED", "OPEN"}


class Part(NamedTuple):
    """What a tranche had when it came into dispute."""

    cents: int
    state: str
    accepting: bool


@dataclass
class Frozen:
    """Money of some tranches in dispute: what each had, and what it goes back to."""

    account: int
    parts: dict[int, Part]
    state: str = "FROZEN"

    @property
    def cents(self) -> int:
        return sum(part.cents for part in self.parts.values())


@dataclass
class Asked:
    """A refund of a tranche that its client asks for, or that its provider offered."""

    account: int
    number: int
    cents: int
    state: str = "ASKED"


@dataclass
class Notice:
    """That an unfunded tranche will end."""

    account: int
    number: int
    by: str
    state: str = "GIVEN"


@dataclass
class Payout:
    """Released money that the provider has invoiced."""

    account: int
    number: int
    cents: int
    state: str = "ASKED"


@dataclass
class Transfer:
    """A refund that no card took, on its way to an IBAN; `n` is the payment's number."""

    n: int
    back: Back
    payer: str
    has_iban: bool
    state: str = "WAITING"

    @property
    def cents(self) -> int:
        return self.back.cents
