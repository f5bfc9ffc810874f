"""The states of cases, proposals and decisions: the database lets through the moves of their tables, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from mediation import states
from mediation.models import Dispute
from mediation.tests import way
from projects.tests.bids import bend

pytestmark = pytest.mark.django_db


class Undone(Exception):
    """The end of a trial: nothing of it stays."""


def passes(row: models.Model, before: str, after: str) -> bool:
    """Whether the database lets `row` go from one state to another."""
    try:
        with transaction.atomic():
            bend(f"update {row._meta.db_table} set state = '{before}' where id = {row.pk}")
            type(row)._default_manager.filter(pk=row.pk).update(state=after)
            raise Undone
    except Undone:
        return True
    except IntegrityError as refused:
        if "may not become" not in str(refused):
            raise
        return False


def allowed(row: models.Model, choices: Any) -> set[tuple[str, str]]:
    """The moves that pass, without the conditions that only some states have."""
    named = [rule.name for rule in row._meta.constraints]
    dropped = ", ".join(f"drop constraint if exists {name}" for name in named)
    bend(f"set constraints all immediate; alter table {row._meta.db_table} {dropped}")
    pairs = [(before, after) for before in choices.values for after in choices.values if before != after]
    return {(before, after) for before, after in pairs if passes(row, before, after)}


def table(edges: Any) -> set[tuple[str, str]]:
    return {(before, after) for before, after in edges if before}


def test_database_knows_the_moves_of_a_case(account: EscrowAccount) -> None:
    assert allowed(way.opened(account), states.DisputeState) == table(states.DISPUTE_MOVES)


def test_database_knows_the_moves_of_a_proposal(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    proposal = way.proposed(dispute, 1_000, dispute.client)
    assert allowed(proposal, states.ProposalState) == table(states.PROPOSAL_MOVES)


def test_database_knows_the_moves_of_a_decision(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    decision = way.drafted(way.arbitrated(account, mediator_user), 1_000)
    assert allowed(decision, states.DecisionState) == table(states.DECISION_MOVES)


@pytest.mark.parametrize("state", [state for state in states.DisputeState.values if state != "OPENED"])
def test_case_is_born_open(account: EscrowAccount, state: str) -> None:
    dispute = way.opened(account)
    dispute.pk, dispute.state = None, state
    dispute._state.adding = True
    with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
        dispute.save()


def test_timeline_is_never_changed(account: EscrowAccount) -> None:
    entry = way.opened(account).entries.get()
    for deed in (lambda: entry.delete(), lambda: Dispute.objects.get().entries.update(text="Autre chose.")):
        with pytest.raises(Exception, match="append_only"), transaction.atomic():
            deed()
