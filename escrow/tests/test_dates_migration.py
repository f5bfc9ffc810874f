"""Tranches that were delivered before deadlines existed get theirs."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from escrow.models import EscrowAccount
from escrow.tests import way
from marketplace.accounts.models import User
from projects.models import Deadline

settle = import_module("escrow.migrations.0003_del_set_dates")


@pytest.fixture
def account(client_user: User, provider_user: User) -> EscrowAccount:
    """One tranche delivered, one funded with its day, one without a deposit."""
    account = way.opened(client_user, provider_user, due_on=timezone.localdate() + timedelta(days=60))
    way.deposited(account, 264_000)
    way.delivered(account.tranches.all()[0])
    return account


def rows() -> set[tuple[object, ...]]:
    return set(Deadline.objects.waiting().values_list("kind", "subject_label", "subject_id", "due_at__date"))


def test_the_migration_sets_what_the_deeds_set_and_takes_it_back(account: EscrowAccount) -> None:
    by_deeds = rows()
    settle.forget_dates(apps, None)
    assert {row[0] for row in rows()}.isdisjoint(settle.KINDS)
    settle.set_dates(apps, None)
    assert rows() == by_deeds
    assert len({kind for kind, *_rest in by_deeds} & set(settle.KINDS)) == 4


def test_what_is_set_already_stays_and_what_holds_nothing_has_no_date(account: EscrowAccount) -> None:
    before = rows()
    settle.set_dates(apps, None)
    assert rows() == before


def test_a_funded_tranche_without_a_day_has_none(account: EscrowAccount) -> None:
    account.tranches.filter(position=2).update(due_on=None)
    settle.forget_dates(apps, None)
    settle.set_dates(apps, None)
    assert "tranche.overdue" not in {row[0] for row in rows()}
    assert isinstance(account.tranches.get(position=1).due_on, date)
