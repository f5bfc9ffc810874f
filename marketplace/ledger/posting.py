"""The only door of the ledger: `post` a transfer, `open_account` for whoever will own it.

    from marketplace.ledger import posting as ledger
    ledger.post(f"release:{release.pk}", "escrow.released", [ledger.Move(account.held, account.payable, cents)], by=by)

A balance is read again (`refresh_from_db`) after a post: the database has written it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar, cast

from django.db import DataError, IntegrityError, connections, router, transaction
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Keyed, project_key
from marketplace.ledger.models import Account, Transfer
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    import psycopg

    from marketplace.accounts.models import User

__all__ = [
    "Account",
    "AlreadyReversed",
    "BooksRefuse",
    "CrossAsset",
    "KeyReused",
    "Malformed",
    "Move",
    "NotEnoughFunds",
    "Transfer",
    "UnknownAccount",
    "open_account",
    "post",
]


Row = TypeVar("Row", Account, Transfer)


class BooksRefuse(Refusal):
    """The ledger itself refuses: the user's page was old, or a deed of ours was wrong."""


class NotEnoughFunds(BooksRefuse):
    """A guarded account would have crossed zero."""

    sentence = _("There is not enough left for this. Nothing was moved: reload the page to see the balance.")


class KeyReused(BooksRefuse):
    """The same key came before with another content."""

    sentence = _("This was already done with another content. Nothing was moved: reload the page before trying again.")


class AlreadyReversed(BooksRefuse):
    """The transfer to reverse has been reversed by another one."""

    sentence = _("This was already undone. Nothing was moved: reload the page to see where things stand.")


class Malformed(ValueError):
    """A mistake of ours in what is asked of the ledger, never of the user's: nothing was written."""


class UnknownAccount(Malformed):
    """A side of a move is no account: neither a row nor the name of a recorded one."""


class CrossAsset(Malformed):
    """A move between accounts of different assets."""


REFUSED: dict[str, type[Exception]] = {
    "ledger_account_no_overdraft": NotEnoughFunds,
    "ledger_transfer_key": KeyReused,
    "ledger_transfer_reversed_once": AlreadyReversed,
    "ledger_move_known_accounts": UnknownAccount,
    "ledger_move_credit_of_asset": CrossAsset,
}


class Move(NamedTuple):
    """`amount` (cents or units) out of `debit` into `credit`: each an account or the name of a recorded one."""

    debit: Account | str
    credit: Account | str
    amount: int


def post(
    key: str,
    event: str,
    moves: Sequence[Move],
    *,
    by: User | None = None,
    project: str | Keyed = "",
    reverses: Transfer | None = None,
) -> Transfer:
    """Write the transfer `key` with all its moves, or nothing, in the caller's transaction; no savepoint is taken.

    The same `key` with the same content returns the first transfer and moves nothing; with another content it is
    refused (KeyReused). Refused too: crossing zero on a guarded account (NotEnoughFunds), a second reversal
    (AlreadyReversed). A refusal has ended the transaction: let it leave. UnknownAccount, CrossAsset and Malformed
    are mistakes of the caller.
    """
    sides = json.dumps([[side_of(move.debit), side_of(move.credit), whole(move.amount)] for move in moves])
    body = (key, event, sides, by.pk if by else None, project_key(project), reverses.pk if reverses else None)
    with refused_by_name():
        return called(Transfer, "ledger_post(%s, %s, %s::jsonb, %s, %s, %s)", *body)


def open_account(kind: str, asset: str = "EUR") -> Account:
    """A new guarded account at zero (held, frozen, payable, claimed, refunding, wallet, receivable).

    The caller keeps it: the ledger knows no owner. Another kind, or an asset that does not fit, is Malformed.
    """
    with refused_by_name():
        return called(Account, "ledger_open(%s, %s)", str(kind), str(asset))


def called(model: type[Row], door: str, *arguments: str | int | None) -> Row:
    """The row that a function of the database gives; a cursor by itself, for a raw query costs as much as the call."""
    names = [field.attname for field in model._meta.concrete_fields]
    with connections[database()].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM {door}", arguments)  # noqa: S608
        return model.from_db(database(), names, cursor.fetchone())


def database() -> str:
    """The database that is written, when lists are read from another."""
    return router.db_for_write(Transfer)


def side_of(account: Account | str) -> int | str | None:
    """An account as the database function takes it."""
    return account if isinstance(account, str) else account.pk


def whole(amount: int) -> int:
    """`amount` if it is a true integer: a float or a Decimal is a mistake even when it is round."""
    if type(amount) is not int:
        raise Malformed(f"{amount!r} is not a whole number of cents or units")
    return amount


@contextmanager
def refused_by_name() -> Iterator[None]:
    """Turn the database's refusal into ours by the name of the constraint that it gives."""
    try:
        # Whoever swallows the refusal inside a transaction can then neither query nor commit.
        with transaction.mark_for_rollback_on_error(database()):
            yield
    except (IntegrityError, DataError) as error:
        translate(error)


def translate(error: IntegrityError | DataError) -> NoReturn:
    """Raise what the refusing constraint means."""
    constraint = cast("psycopg.Error", error.__cause__).diag.constraint_name or ""
    meaning = REFUSED.get(constraint, Malformed)
    if issubclass(meaning, Refusal):
        raise meaning from error
    raise meaning(str(error)) from error
