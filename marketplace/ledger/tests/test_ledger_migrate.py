from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from marketplace.ledger.models import Account
from marketplace.ledger.tests.crowd import as_owner, balance, funded

pytestmark = pytest.mark.django_db
rights = importlib.import_module("marketplace.ledger.migrations.0004_rights")


@pytest.fixture
def owner() -> Iterator[None]:
    with as_owner():
        yield


def test_a_missing_role_is_named_with_the_command_that_makes_it(owner: None, settings: Any) -> None:
    settings.APP_ROLE = "nobody"
    with connection.schema_editor() as editor, pytest.raises(ImproperlyConfigured, match='CREATE ROLE "nobody" LOGIN'):
        rights.restrict(None, editor)


def test_the_ledger_s_rules_are_taken_back_and_put_again(owner: None) -> None:
    graph = MigrationLoader(connection)
    names = [("ledger", name) for name in ("0001_initial", "0002_rules", "0003_recorded_accounts", "0004_rights")]
    for before, name in reversed(list(pairwise(names))):
        with connection.schema_editor() as editor:
            graph.graph.nodes[name].unapply(graph.project_state([before]), editor)
    assert not Account.objects.exists()
    for before, name in pairwise(names):
        with connection.schema_editor() as editor:
            graph.graph.nodes[name].apply(graph.project_state([before]), editor)
    assert Account.objects.count() == 16
    with connection.cursor() as cursor:
        cursor.execute("set role app")
    assert balance(funded("held", 100)) == 100
