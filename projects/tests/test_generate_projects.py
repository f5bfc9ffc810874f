from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from credits.models import Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from projects.models import Category, Deadline, Project

from .calls import consulted, opened, with_credits

pytestmark = pytest.mark.django_db


def run(command: str, *words: Any) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_generated_calls_are_open_varied_and_told_to_nobody(client: Client) -> None:
    assert run("generate_projects", 60) == "60 calls for offers generated and open.\n"
    rows = list(Project.objects.available())
    assert len(rows) == 60
    assert Deadline.objects.waiting().filter(kind="call.expire").count() == 60
    for column in ("title", "category_id", "budget_min_cents", "place", "closes_at", "opened_at", "offers_count"):
        assert len({getattr(row, column) for row in rows}) > 2
    assert {row.client.email.partition("@")[2] for row in rows} == {"engendre.example"}
    assert not Event.objects.exists()
    assert not Notice.objects.exists()
    assert client.get("/projets/?q=refonte").context["cards"]


def test_same_seed_gives_the_same_words_and_another_run_adds_to_them() -> None:
    run("generate_projects", 5)
    run("generate_projects", 5)
    titles = [project.title for project in Project.objects.order_by("pk")]
    assert titles[:5] == titles[5:]
    assert User.objects.count() == 2


def test_a_category_of_our_own_is_filled_too() -> None:
    Category.objects.exclude(slug="web").delete()
    Category.objects.create(slug="autre", name_fr="Autre", name_en="Other", position=1)
    run("generate_projects", 20)
    assert Project.objects.filter(category__slug="autre").exists()


def test_generated_calls_are_removed_but_for_those_that_people_used(client_user: User, provider_user: User) -> None:
    own = opened(client_user)
    run("generate_projects", 45)
    used = Project.objects.exclude(pk=own.pk)[0]
    consulted(used, with_credits(provider_user))
    said = run("generate_projects", "--remove")
    assert said == "44 generated calls removed; 1 stay, because people have used them.\n"
    assert set(Project.objects.all()) == {own, used}
    assert User.objects.filter(email__endswith="@engendre.example").count() == 1
    assert Spending.objects.exists()


@pytest.mark.parametrize("words", [(), (0,), (-1,), (5_000_001,)])
def test_odd_numbers_of_calls_are_refused(words: tuple[int, ...]) -> None:
    with pytest.raises(CommandError, match="Say how many"):
        run("generate_projects", *words)


def test_nothing_is_generated_or_measured_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    for words in (("generate_projects", 1), ("generate_projects", "--remove"), ("measure_list",)):
        with pytest.raises(CommandError, match="production"):
            run(*words)
    assert not Project.objects.exists()


def test_list_is_measured_at_the_rows_that_are_there() -> None:
    with pytest.raises(CommandError, match="generate some first"):
        run("measure_list")
    run("generate_projects", 30)
    with pytest.raises(CommandError, match="--times"):
        run("measure_list", "--times", 3)
    lines = run("measure_list", "--times", 4).splitlines()
    assert lines[0] == "30 open projects, each page asked for 4 times"
    assert {"first page", "search, rare word", "search, phrase"} <= {line[:34].strip() for line in lines}
    assert next(line for line in lines if line.startswith("search, common word")).endswith(" 1.00")
