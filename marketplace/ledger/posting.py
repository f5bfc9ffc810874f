"""The only door of the ledger: `post` a transfer, `open_account` for whoever will own it.

    from marketplace.ledger import posting as ledger
    ledger.post(f"release:{release.pk}", "escrow.released", [ledger.Move(account.held, account.payable, cents)], by=by)

A balance is read again (`refresh_from_db`) after a post: the database has written it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self, cast

from django.db import DataError, IntegrityError, connections, router, transaction
from django.db.backends.postgresql.base import ServerBindingCursor
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Keyed, project_key
from marketplace.ledger.models import Account, Transfer
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    import psycopg
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

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


# The ledger answers with a transfer's id; the rest of the row is what was said, but its moment and hash, read if asked.
SAID = ["id", "key", "event", "project", "by_id", "reverses_id"]
POST = (
    "SELECT (ledger_post(key => %s, event => %s, project => %s, by_id => %s, reverses_id => %s, moves => %s::jsonb)).id"
)
OPENED = [field.attname for field in Account._meta.concrete_fields]
OPEN = f"SELECT {', '.join(OPENED)} FROM ledger_open(%s, %s)"  # noqa: S608


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
    content = (key, event, project_key(project), by.pk if by else None, reverses.pk if reverses else None)
    with refused_by_name():
        (written,) = asked(POST, (*content, sides))
    return Transfer.from_db(database(), SAID, (written, *content))


def open_account(kind: str, asset: str = "EUR") -> Account:
    """A new guarded account at zero (held, frozen, payable, claimed, refunding, wallet, receivable).

    The caller keeps it: the ledger knows no owner. Another kind, or an asset that does not fit, is Malformed.
    """
    with refused_by_name():
        return Account.from_db(database(), OPENED, asked(OPEN, (str(kind), str(asset))))


class Planned(ServerBindingCursor):
    """A cursor whose statements PostgreSQL plans once for each connection (PREPARED_STATEMENTS in the settings)."""

    def execute(self, query: Any, params: Any = None) -> Self:
        return cast("Self", super().execute(query, params, prepare=True))  # type: ignore[misc]


def asked(door: str, arguments: tuple[str | int | None, ...]) -> tuple[Any, ...]:
    """The row that a function of the database gives; a raw query would cost as much as the call."""
    with door_cursor(connections[database()]) as cursor:
        cursor.execute(door, arguments)
        return cast("tuple[Any, ...]", cursor.fetchone())


def door_cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """As `connection.cursor()`, with its statement planned once; where queries are logged, they show their values."""
    if connection.queries_logged:
        return connection.cursor()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    return connection.make_cursor(cast("Any", Planned)(connection.connection))


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
