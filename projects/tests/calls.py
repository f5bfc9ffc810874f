"""Calls for offers as clients write them, driven through the real transitions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from credits.models import CreditPack, Kind
from marketplace.accounts.models import User
from marketplace.payments.gateway import Intent
from projects.models import Category, Content, Jotting, Project, closing_on


def in_days(days: int) -> str:
    """A day from today in Paris, as a browser sends it."""
    return str(timezone.localdate() + timedelta(days=days))


def typed(**changes: Any) -> dict[str, Any]:
    """What a client types, complete and right but for `changes`; None leaves a field out."""
    data = {
        "key": str(uuid.uuid4()),
        "title": "Application de suivi des tournées",
        "category": Category.objects.get(slug="web").pk,
        "skills": "Python, Django , hors ligne",
        "teaser": "Remplacer trois tableurs par une application utilisable au volant d’un camion-citerne.",
        "description": "Quarante chauffeurs.\r\n\r\nConnexion intermittente.",
        "budget_min_cents": "8 000",
        "budget_max_cents": "12 000,50",
        "place": "MIXED",
        "city": "Vitré",
        "urgent": "on",
        "starts_on": in_days(40),
        "closes_on": in_days(20),
        "formula_wanted": "R0",
        "sealed": "sealed",
        "act": "suite",
    } | changes
    return {name: value for name, value in data.items() if value is not None}


def answer(browser: Client, path: str, **changes: Any) -> HttpResponse:
    """Fill in the page at `path` as it was drawn, and send it."""
    page = browser.get(path).content.decode()
    found = re.search(r'name="seen" value="(\w+)"', page)
    data = typed(**{"seen": found[1] if found else "", **changes})
    return browser.post(path, data)  # type: ignore[return-value]


def written(browser: Client, *, files: Sequence[Any] = (), **changes: Any) -> Project:
    """A draft typed from the first step to the last, with its specification `files`."""
    answer(browser, "/projets/publier/", **changes)
    project = Project.objects.latest("pk")
    answer(browser, f"/projets/{project.key}/modifier/cadre/", **changes)
    answer(browser, f"/projets/{project.key}/modifier/conditions/", specification=files, **changes)
    project.refresh_from_db()
    return project


def drafted(client: User, **changes: Any) -> Project:
    """A draft that lacks nothing."""
    fields: dict[str, Any] = {
        "title": "Refonte d’un site vitrine",
        "category": Category.objects.get(slug="web"),
        "teaser": "Un atelier de menuiserie refait son site.",
        "description": "Dix pages, un formulaire de devis, des photos.",
        "skills": ["Python", "Accessibilité"],
        "budget_min_cents": 200_000,
        "budget_max_cents": 500_000,
        "closes_at": closing_on(timezone.localdate() + timedelta(days=20)),
    }
    return Project.begin(Jotting.whole(Content(**fields | changes)), by=client, key=uuid.uuid4())


def opened(client: User, **changes: Any) -> Project:
    """A project open to offers."""
    project = drafted(client, **changes)
    project.submit(by=client)
    project.approve(by=None)
    return project


def with_credits(provider: User) -> User:
    """`provider` with a few credits of each kind, bought."""
    for pack in CreditPack.objects.filter(on_sale=True):
        payment = pack.buy(by=provider, key=uuid.uuid4())
        payment.settle(Intent(f"pi_{payment.key.hex}", "succeeded", payment.cents, "eur"))
    return provider


def consulted(project: Project, provider: User, *kinds: Kind) -> None:
    """`provider` spends a consultation credit on `project`, and those of `kinds`."""
    for kind in (Kind.CONSULTATION, *kinds):
        project.spend(kind, by=provider)
