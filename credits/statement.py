"""A wallet's movements, read from the ledger: what came, what went, why, and for which project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from django.utils.translation import gettext as _

from credits.models import Kind, Spending
from marketplace.ledger.models import Move
from marketplace.payments.models import Payment
from marketplace.templatetags.page import number, paris_short

if TYPE_CHECKING:
    from credits.models import Wallet
    from marketplace.accounts.models import User
    from marketplace.ledger.models import Transfer

PAGE = 30
WHOLE = 500  # movements read together for the file
Named = dict[str, tuple[str, str]]
Namer = Callable[[Collection[str], "User"], Named]
namers: list[Namer] = []


def names_projects(namer: Namer) -> Namer:
    """Declare, from a higher app, what gives the title of each project (by its key) and its page, if `user` has one."""
    namers.append(namer)
    return namer


class Movement(NamedTuple):
    """One line: when, which credit, how many (negative when spent), why, the project's title and its page if any."""

    at: datetime
    kind: str
    units: int
    why: str
    title: str
    url: str

    @property
    def signed(self) -> str:
        """The number with its sign, a true minus."""
        return f"{'+' if self.units > 0 else '−'}{number(abs(self.units))}"


@dataclass(frozen=True)
class Statement:
    """A page of a wallet's movements, the newest first; `older` is where the next page starts, None on the last."""

    lines: list[Movement]
    older: int | None

    @classmethod
    def of(cls, wallet: Wallet, kinds: Sequence[Kind], *, before: int | None = None, size: int = PAGE) -> Self:
        """The `size` movements of credits of `kinds` that precede the move `before`, or the latest."""
        accounts = {wallet.account(kind).pk: kind for kind in kinds}
        moves = latest(accounts, before, size + 1)
        shown = moves[:size]
        reasons, titles = Reasons(wallet.provider, [move.transfer for move in shown]), titles_of(wallet.provider, shown)
        lines = []
        for move in shown:
            came = move.credit_id in accounts
            kind = accounts[move.credit_id if came else move.debit_id]
            named = titles.get(move.transfer.project, ("", ""))
            why, units = reasons.of(move.transfer), move.amount if came else -move.amount
            lines.append(Movement(move.transfer.at, str(kind.label), units, why, *named))
        return cls(lines, shown[-1].pk if len(moves) > size else None)


def latest(accounts: Collection[int], before: int | None, count: int) -> list[Move]:
    """The last `count` moves of these accounts before the move `before`: each side is read from its own index."""
    sides = [(side, account) for account in accounts for side in ("debit", "credit")]
    rows = [Move.objects.filter(**{side: account}) for side, account in sides]
    heads = [(found.filter(pk__lt=before) if before else found).order_by("-pk")[:count] for found in rows]
    first, *others = [head.values("pk") for head in heads]
    keys = first.union(*others, all=True)
    return list(Move.objects.filter(pk__in=keys).select_related("transfer").order_by("-pk")[:count])


class Reasons:
    """Why each of `transfers` happened, in words: two queries for all of them."""

    def __init__(self, provider: User, transfers: Sequence[Transfer]) -> None:
        undone = [transfer.reverses_id for transfer in transfers if transfer.reverses_id]
        spendings = Spending.objects.filter(provider=provider, transfer__in=undone)
        self.returns = {spending.transfer_id: spending.get_return_reason_display() for spending in spendings}
        intents = [transfer.key.split(":")[1] for transfer in transfers if transfer.event == "payment.paid"]
        payments = Payment.objects.filter(payer=provider, intent_id__in=intents)
        self.packs = {f"stripe:{payment.intent_id}:paid": payment.description for payment in payments}

    def of(self, transfer: Transfer) -> str:
        """The words of one of them; those that are not known yet are called by their event."""
        match transfer.event:
            case "payment.paid":
                return _("Pack bought: %(name)s") % {"name": self.packs.get(transfer.key, "–")}
            case "credit.spent":
                return _("Spent on a project")
            case "credit.returned":
                return _("Came back by itself: %(reason)s") % {
                    "reason": self.returns.get(transfer.reverses_id or 0, "–")
                }
            case "credit.granted":
                return _("Offered for your first steps")
        return transfer.event


def titles_of(user: User, moves: Sequence[Move]) -> Named:
    """The projects that `moves` are about."""
    keys = {move.transfer.project for move in moves} - {""}
    found: Named = {}
    for namer in namers if keys else ():
        found |= namer(keys, user)
    return found


def rows(wallet: Wallet, kinds: Sequence[Kind]) -> Iterator[list[str | int]]:
    """Every movement for a spreadsheet, heads first, read page by page: what came and what went in a column each."""
    yield [_("Date"), _("Credit"), _("Came"), _("Went"), _("Why"), _("Project")]
    before, more = None, True
    while more:
        page = Statement.of(wallet, kinds, before=before, size=WHOLE)
        for line in page.lines:
            came, went = max(line.units, 0), max(-line.units, 0)
            yield [paris_short(line.at), line.kind, came or "", went or "", line.why, line.title]
        before, more = page.older, page.older is not None
