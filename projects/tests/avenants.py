"""Avenants as parties propose and accept them, through the real transitions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from marketplace.accounts.models import User
from projects.models import Agreement, Amendment, Terms, TrancheTerms
from projects.tests.bids import changed, paid


def amended(
    agreement: Agreement, hts: Mapping[int, int | None] | None = None, new: Sequence[int] = (), **changes: Any
) -> tuple[Terms, list[int | None]]:
    """The terms in force with tranches `hts` at other amounts (None: left out) and `new` ones; and their numbers."""
    before = {part.position: part.terms for part in agreement.version.tranches.all()}
    amounts = {number: part.cents for number, part in before.items()} | dict(hts or {})
    kept = [(number, replace(before[number], cents=cents)) for number, cents in amounts.items() if cents]
    added = [TrancheTerms(f"Ajout {n}", "", cents) for n, cents in enumerate(new, 1)]
    tranches = [*(part for _number, part in kept), *added]
    price = sum(part.cents for part in tranches)
    terms = changed(agreement, **{"price_cents": price, "tranches": tranches, **changes})
    return terms, [*(number for number, _part in kept), *(None for _part in added)]


def proposed(agreement: Agreement, *args: Any, by: User | None = None, **changes: Any) -> Amendment:
    """An avenant proposed by the client, or `by` somebody."""
    terms, numbers = amended(agreement, *args, **changes)
    last = agreement.amendments.order_by("number").last()
    by = by or agreement.client
    return Amendment.propose(agreement, terms, numbers=numbers, by=by, instead_of=last.number if last else 0)


def accepted(amendment: Amendment) -> Amendment:
    """Both accept it, with all that it asks them to tick."""
    for party in (amendment.agreement.provider, amendment.agreement.client):
        amendment.accept(by=party, consents=amendment.version.consents_of(party))
    amendment.refresh_from_db()
    return amendment


def in_force(amendment: Amendment) -> Amendment:
    """Both accept it, and its fees are paid if it has any."""
    if accepted(amendment).state == "AGREED":
        paid(amendment.pay(by=amendment.payer, key=uuid.uuid4()))
    amendment.refresh_from_db()
    return amendment
