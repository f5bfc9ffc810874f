"""The statement of an account: its moves, the latest first, each with the balance that it left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from django.db.models import Sum

from marketplace.ledger.models import Account, Move

PAGE = 50


class Line(NamedTuple):
    """One move as the account sees it: what it changed and the balance after it, in cents or units."""

    move: Move
    other: Account
    change: int
    balance: int


@dataclass(frozen=True)
class Statement:
    """A page of an account's moves; `older` is where the next page starts, None on the last."""

    account: Account
    lines: list[Line]
    older: int | None

    @classmethod
    def of(cls, account: Account, *, before: int | None = None, size: int = PAGE) -> Self:
        """The `size` moves of `account` that precede the move `before`, or its latest."""
        moves = latest_moves(account, before, size + 1)
        balance = balance_after(account, moves[0]) if moves else 0
        lines = []
        for move in moves[:size]:
            entered = move.credit_id == account.pk
            change = move.amount if entered else -move.amount
            lines.append(Line(move, move.debit if entered else move.credit, change, balance))
            balance -= change
        return cls(account, lines, moves[size - 1].pk if len(moves) > size else None)


def latest_moves(account: Account, before: int | None, count: int) -> list[Move]:
    """The last `count` moves of `account`, the latest first; each side is read from its own index."""
    found: list[Move] = []
    for side in ("debit", "credit"):
        moves = Move.objects.filter(**{side: account}).select_related("transfer", "debit", "credit")
        found += moves.filter(**({"pk__lt": before} if before else {})).order_by("-pk")[:count]
    return sorted(found, key=lambda move: move.pk, reverse=True)[:count]


def balance_after(account: Account, move: Move) -> int:
    """What `account` held once `move` was made: credits − debits up to it."""

    def moved(side: str) -> int:
        total = Move.objects.filter(**{side: account, "pk__lte": move.pk}).aggregate(total=Sum("amount"))["total"]
        return int(total or 0)

    return moved("credit") - moved("debit")
