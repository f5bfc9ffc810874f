"""The one way to change a state: lock every row the deed judges, in the order given, and read it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from marketplace.refusals import Refusal


class Deleted(Refusal):
    """A row was deleted between the page and the click."""

    sentence = _("This no longer exists: it has been deleted meanwhile.")


@contextmanager
def locked(*rows: Model | None) -> Iterator[None]:
    """Open a transaction, take `FOR NO KEY UPDATE` on each row in order and refresh it in place.

    Order everywhere: the project, then its agreement or account, then smaller rows; ledger accounts come last,
    inside `ledger.post`. `None` is passed over. What was read before counts for nothing. A `Refusal` must leave
    this block: it rolls back everything the deed wrote. Refused: Deleted.
    """
    with transaction.atomic():
        for row in rows:
            if row is not None:
                refresh(row)
        yield


def refresh(row: Model) -> None:
    """Lock `row` and read it again."""
    try:
        row.refresh_from_db(from_queryset=row.__class__._base_manager.select_for_update(no_key=True))
    except ObjectDoesNotExist as gone:
        raise Deleted from gone
