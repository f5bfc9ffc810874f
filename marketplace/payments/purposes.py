"""What a payment is for: higher apps say where its money goes, without payments knowing them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from django.db.models import Model
    from django.utils.functional import _StrPromise

    from marketplace.ledger.posting import Move
    from marketplace.payments.models import Payment


class Purpose(ABC):
    """One thing that people pay for; declared in `<app>/reactions.py` with `@purpose("credits.pack")`."""

    words: ClassVar[str | _StrPromise] = ""  # what the staff reads for it
    tells_itself: ClassVar[bool] = False  # whether its own app writes to the payer when the money has come

    @abstractmethod
    def rows(self, payment: Payment) -> Sequence[Model]:
        """The rows to lock before the payment, in order: the project first."""

    @abstractmethod
    def place(self, payment: Payment) -> Sequence[Move] | None:
        """The moves that give the money its place, or None when it has none any more: it goes back by itself.

        Called once, under the locks, when the money has come: it may also change the states of its rows. A Refusal
        is taken as None, and what it had written is undone. The moves take exactly `payment.cents` from "stripe".
        """

    def still_wanted(self, payment: Payment) -> bool:
        """Whether this money would find its place if it came now: read without locks, before the payer is sent to pay.

        Two may be sent at once all the same: `place` decides when the money has come.
        """
        return True

    @abstractmethod
    def back(self, payment: Payment) -> str:
        """The path of the page where the payer goes on, paid or not."""


T = TypeVar("T", bound=type[Purpose])
registry: dict[str, Purpose] = {}


def purpose(name: str) -> Callable[[T], T]:
    """Declare a Purpose under the name that its payments carry."""

    def declare(cls: T) -> T:
        if name in registry:
            raise ValueError(f"Two purposes are called {name}.")
        registry[name] = cls()
        return cls

    return declare
