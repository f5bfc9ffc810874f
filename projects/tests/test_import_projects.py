from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from projects.imports import Unreadable, budget_of, plain, shortened
from projects.models import Project

BOILER = "Read our contributing guidelines first, and join the channel."
NASTY = (
    "\ufeffid,title,description,budget_usd,date,source_url\r\n"
    f'a1,"[HOLD] [$4000] ""Copy"" tooltip 🙂 stuck","{BOILER}\r\n\r\n## Steps\r\n\r\n1. Open, then **scroll**.\r\n'
    '___\r\nSee [the page](https://app.acme.fr/x), <b>quickly</b> &amp; mail jean@acme.fr\r\n",4000.0,2023-01-25,'
    "https://www.example.com/jobs/~01ca\r\n"
    f'a2,"{"Long words " * 15}","{BOILER}\n\nAnother need, line one\nline two","$1,250.50",2023-02-06,'
    "javascript:alert(1)\r\n"
    f'a3,Third,"{BOILER}\n\nThird need, only here",500 - 900,,\r\n'
)


@pytest.fixture
def nasty(tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_bytes(NASTY.encode())
    return path


def imported(path: Path, client: User, *more: str) -> str:
    out = StringIO()
    call_command("import_projects", str(path), "--client", client.email, *more, stdout=out, stderr=StringIO())
    return out.getvalue()


def refusal(path: Path, client: User, *more: str) -> str:
    with pytest.raises(CommandError) as caught:
        imported(path, client, *more)
    assert not Project.objects.exists()
    return str(caught.value)


def test_nasty_file_becomes_open_projects(nasty: Path, client_user: User, moderator_user: User) -> None:
    said = imported(nasty, client_user, "--category", "web", "--rate", "0.92", "--open", "--by", moderator_user.email)
    assert said == "3 projects imported; 0 were there already.\n"
    first, second, third = Project.objects.order_by("pk")
    assert first.title == '[HOLD] [$4000] "Copy" tooltip 🙂 stuck'
    assert (first.budget_min_cents, first.budget_max_cents) == (368_000, 368_000)
    assert first.opened_at == datetime(2023, 1, 25, 8, tzinfo=UTC)
    assert first.source_url == "https://www.example.com/jobs/~01ca"
    assert first.is_available
    assert "## " not in first.description
    assert "**" not in first.description
    assert "the page (https://app.acme.fr/x), quickly & mail […]" in first.description
    assert first.teaser == "Steps 1. Open, then scroll. See the page, quickly & mail […]"
    assert second.title.endswith("words Long…")
    assert len(second.title) <= 120
    assert (second.budget_min_cents, second.source_url) == (115_046, "")
    assert second.teaser == "Another need, line one line two"
    assert (third.budget_min_cents, third.budget_max_cents) == (46_000, 82_800)
    assert third.opened_at
    assert timezone.now() - third.opened_at < timedelta(minutes=1)
    assert not Notice.objects.exists()


def test_same_file_again_adds_nothing(nasty: Path, client_user: User) -> None:
    imported(nasty, client_user, "--category", "web", "--rate", "1")
    assert (
        imported(nasty, client_user, "--category", "web", "--rate", "1")
        == "0 projects imported; 3 were there already.\n"
    )
    assert set(Project.objects.values_list("state", flat=True)) == {"DRAFT"}
    assert Project.objects.count() == 3


def test_without_moderation_imported_projects_open_at_once(nasty: Path, client_user: User, settings: Any) -> None:
    settings.PRE_MODERATION = False
    imported(nasty, client_user, "--category", "web", "--rate", "1", "--open")
    assert {project.is_available for project in Project.objects.all()} == {True}


def test_dry_run_keeps_nothing(nasty: Path, client_user: User) -> None:
    said = imported(nasty, client_user, "--category", "web", "--rate", "1", "--open", "--dry-run")
    assert said.startswith("3 projects would be imported, nothing was kept")
    assert not Project.objects.exists()


def test_columns_are_named_and_left_out(tmp_path: Path, client_user: User) -> None:
    path = tmp_path / "appels.csv"
    path.write_text("Objet;Besoin;Montant;date;Catégorie\nUn site;Dix pages;1 200,50 €;2023-01-25;données et ia\n")
    columns = "description=Besoin,budget=Montant,published_on="
    imported(path, client_user, "--columns", columns, "--open")
    project = Project.objects.get()
    assert (project.budget_max_cents, project.category.slug) == (120_050, "donnees-ia")
    assert project.opened_at
    assert project.opened_at.year == timezone.now().year


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("title,description,budget\nA,B,100\n,B,100\nC,,1\nD,E,zero\nF,G,0\nH,I,-5\nJ,K,9-3\n", ["--category", "web"],
         ["correct 6 rows", "line 3: the title is empty", "line 4: the description is", "line 5", "line 6", "line 8"]),
        ("title,text,price\nA,B,-5\n", ["--category", "web"], ["line 2: the budget '-5' is no amount above zero"]),
        ("title,description,budget\n,,x\n", [], ["line 2: the title is empty. the description is empty. the budget"]),
        ("title,text,budget_usd\nA,B,1\n", ["--category", "web"], ["is not in euros: give --rate"]),
        ("title,description,budget\nA,B,100\n", [], ["line 2: no category"]),
        ("title,description,budget,category\nA,B,100,rien\n", [], ["line 2: there is no category 'rien'"]),
        ("title,text,price,date\nA,B,100,2199-01-01\n", ["--category", "web"], ["line 2: published_on", "future"]),
        ("title,text,price,date\nA,B,100,hier\n", ["--category", "web"], ["line 2: published_on 'hier' is no date"]),
        ("title,text,price\nA,B,1\nA,B,1\n", ["--category", "web"], ["line 3: the same row as line 2"]),
        ("titre,prix\nA,1\n", ["--category", "web"], ["No column for description"]),
        ('title,text,price\nA,"B,1\n', ["--category", "web"], ["line 2: not CSV"]),
        ("title,text,price\nA,B,1,2\n", ["--category", "web"], ["line 2: more fields"]),
        ("title,text,price\n", ["--category", "web"], ["no row under its heading"]),
        ("title,text,price\nA,B,1\n", ["--category", "rien"], ["no category 'rien'", "web"]),
        ("title,text,price\nA,B,1\n", ["--columns", "titre=x"], ["write NAME=HEADING"]),
        ("title,text,price\nA,B,1\n", ["--columns", "title=x"], ["There is no column 'x'"]),
        ("title,text,price\nA,B,1\n", ["--rate", "0"], ["above zero"]),
        ("title,text,price\nA,B,1\n", ["--rate", "x"], ["no number"]),
        ("title,text,price\nA,B,1\n", ["--days", "91"], ["1 to 90 days"]),
        ("title,text,price\nA,B,1\n", ["--by", "sam@nobody.example"], ["may not approve"]),
        (f"title,text,price\nA,{'B' * 20_001},1\n", ["--category", "web"], ["line 2: the description has 20001"]),
    ],
)  # fmt: skip
def test_faulty_file_is_refused_whole_with_its_lines(
    tmp_path: Path, client_user: User, text: str, more: list[str], words: list[str]
) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text(text)
    if "--by" in more:
        more = [*more, "--category", "web"]
    said = refusal(path, client_user, *more)
    assert all(part in said for part in words), said


def test_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path, client_user: User, provider_user: User) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("title,text,price\nÉtude,B,1\n".encode("latin-1"))
    assert "not in UTF-8" in refusal(path, client_user)
    assert "cannot be read" in refusal(tmp_path / "none.csv", client_user)
    assert "is no client here" in refusal(path, provider_user)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("4000.0", 400_000), ("$1,200", 120_000), ("1 200,50 €", 120_050), ("1.234.567,89", 123_456_789), ("5k", 500_000),
     ("0.5", 50), ("1,5", 150), ("1'200", 120_000), ("1,234.50", 123_450), ("1.200", 120_000), ("EUR 10", 1_000)],
)  # fmt: skip
def test_budgets_are_read_as_people_write_them(text: str, cents: int) -> None:
    assert budget_of(text, Decimal(1)) == (cents, cents)


@pytest.mark.parametrize("text", ["", "1-2-3", "99999999999", "1.2.3,4,5", "dix"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        budget_of(text, Decimal(1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a < b and c > d", "a < b and c > d"),
        ("<script>alert(1)</script>Bonjour<br>vous", "Bonjour\nvous"),
        ("![plan](x.png) et [x](x)", "plan et x"),
        ("```py\ncode\n```", "code"),
        ("snake_case_name et 2*3*4", "snake_case_name et 2*3*4"),
    ],
)
def test_markup_becomes_plain_words(text: str, words: str) -> None:
    assert plain(text) == words


def test_one_endless_word_is_cut_too() -> None:
    assert shortened("x" * 200, 120) == "x" * 119 + "…"
