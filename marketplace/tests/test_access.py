"""The rights of the site: who gets what from which route; a refusal changes nothing, nothing private leaks."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.testing import access
from marketplace.testing.access import Findings
from projects.models import Category, Project

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db, pytest.mark.access]


def test_every_route_is_tried_on_something(findings: Findings) -> None:
    """Say in marketplace/testing/world.py (World.targets) what a route with parameters is tried on."""
    assert not findings.unknown


def test_no_route_breaks_for_anybody(findings: Findings) -> None:
    assert not findings.crashes, "\n".join(findings.crashes)


def test_everybody_gets_what_the_table_says(findings: Findings, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--write-access-table"):
        access.TABLE.write_text(access.written(findings.lines))
    expected = access.read()
    assert set(findings.lines) == set(expected), "Routes without a line, or lines without a route."
    wrong = [
        f"{name}, {role}: {cell}, not {expected[name][role]}"
        for name, cells in sorted(findings.lines.items())
        for role, cell in cells.items()
        if cell != expected[name][role]
    ]
    assert not wrong, "\n".join(wrong)


def test_refused_request_changes_nothing(findings: Findings) -> None:
    assert not findings.changes, "\n".join(findings.changes)


def test_nobody_sees_what_is_not_theirs(findings: Findings) -> None:
    assert not findings.leaks, "\n".join(sorted(findings.leaks))


def test_other_methods_open_nothing(findings: Findings) -> None:
    assert not findings.other_methods, "\n".join(findings.other_methods)


def test_password_is_asked_again_before_money_or_its_destination_moves() -> None:
    again = {
        name for name, _path, pattern in access.named_routes() if getattr(pattern.callback, "reauthenticates", False)
    }
    refunds = {"escrow:agree_refund", "escrow:give_back", "payouts:refunds"}
    assert again == {"accounts:bank", "escrow:release", "mediation:accept", "payouts:ask", *refunds}


def body_for(client: Client, path: str) -> str:
    """What a page says, without what differs at each request."""
    response = client.get(path)
    assert response.status_code == 404
    return re.sub(r'(csrfmiddlewaretoken" value|name="next" value)="[^"]*"', "", response.content.decode())


def test_project_of_somebody_else_looks_like_a_missing_one(as_provider: Client, client_user: User) -> None:
    draft = Project.objects.create(
        client=client_user,
        title="Brouillon",
        teaser="Brouillon.",
        description="Brouillon.",
        category=Category.objects.all()[0],
        budget_min_cents=1,
        budget_max_cents=2,
    )
    for page in ("", "rapport/", "offre/", "paiements/"):
        theirs, missing = (body_for(as_provider, f"/projets/{key}/{page}") for key in (draft.key, "a" * 10))
        assert theirs.replace(draft.key, "") == missing.replace("a" * 10, "")
