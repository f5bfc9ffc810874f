"""A wallet's movements, read from the ledger: what came, what went, and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from credits.models import Kind
from marketplace.ledger.models import Move

if TYPE_CHECKING:
    from credits.models import Wallet


class Movement(NamedTuple):
    """One line: when, which credit, how many (negative when spent), why, and the project's key if any."""

    at: datetime
    kind: str
    units: int
    why: str
    project_key: str


REASONS = {
    "payment.paid": lambda: _("Pack bought"),
    "credit.spent": lambda: _("Spent on a project"),
    "credit.returned": lambda: _("Came back by itself"),
    "credit.granted": lambda: _("Offered"),
}


def statement(wallet: Wallet, *, most: int = 200) -> list[Movement]:
    """The latest movements of the three accounts, the newest first."""
    accounts = {wallet.account(kind).pk: kind for kind in Kind}
    rows = Move.objects.filter(Q(debit__in=accounts) | Q(credit__in=accounts))
    return [movement(move, accounts) for move in rows.select_related("transfer").order_by("-pk")[:most]]


def movement(move: Move, accounts: dict[int, Kind]) -> Movement:
    """A move of the ledger as a line of the wallet."""
    came = move.credit_id in accounts
    kind = accounts[move.credit_id if came else move.debit_id]
    why = REASONS.get(move.transfer.event, lambda: move.transfer.event)()
    return Movement(
        move.transfer.at, str(kind.label), move.amount if came else -move.amount, why, move.transfer.project
    )
