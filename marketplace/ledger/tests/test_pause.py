"""A red row of the books pauses what it concerns, and a person lifts it once all is right again."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError
from django.test import Client

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger import checks
from marketplace.ledger.checks import RedRow
from marketplace.ledger.models import Pause
from marketplace.ledger.tasks import check_books
from marketplace.ledger.tests.test_ledger_pages import words

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]
PAUSES = "/admin/ledger/pause/"


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows that the only check finds: a test fills and empties it."""
    rows: list[str] = []
    monkeypatch.setattr(checks, "registry", {"test.sums": lambda: list(rows)})
    return rows


def standing() -> list[tuple[str, str]]:
    return list(Pause.objects.standing().order_by("project").values_list("project", "sentence"))


def test_red_rows_pause_the_projects_that_they_name_and_others_all(wrong: list[str]) -> None:
    wrong[:] = [
        RedRow("3 too much", "p-1"),
        RedRow("5 too much", "p-1"),
        RedRow("1 too little", "p-2"),
        "nothing adds up",
    ]
    check_books()
    assert standing() == [("", "nothing adds up"), ("p-1", "3 too much\n5 too much"), ("p-2", "1 too little")]
    assert {event.project_key for event in Event.objects.filter(verb="books.red")} == {"", "p-1", "p-2"}
    wrong.clear()
    check_books()
    assert len(standing()) == 3


def test_a_pause_follows_what_is_wrong_and_tells_finance_once(
    wrong: list[str], finance_user: User, mediator_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    for n in (1, 2):
        wrong[:] = [RedRow(f"{n} too much", "p-1")]
        check_books()
    assert standing() == [("p-1", "2 too much")]
    pause = Pause.objects.get()
    assert pause.since < pause.seen_at
    assert [notice.user for notice in Notice.objects.filter(name="books.red")] == [finance_user]
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert errors == [f"The books are wrong: test.sums: {n} too much" for n in (1, 2)]


def test_a_pause_keeps_the_first_rows_and_counts_all(wrong: list[str]) -> None:
    wrong[:] = [f"row {n}" for n in range(50)]
    check_books()
    pause = Pause.objects.get()
    assert (pause.rows, pause.sentence.splitlines()[-1]) == (50, "row 19")


@pytest.mark.parametrize("row", [RedRow("3 too much", "p-1"), "nothing adds up"])
def test_the_letter_says_what_stands_still(wrong: list[str], row: str, finance_user: User) -> None:
    wrong[:] = [row]
    check_books()
    letter = Notice.objects.get(user=finance_user).letter
    own = isinstance(row, RedRow)
    assert ("projet p-1" in letter.subject) is own
    assert ("tous les versements" in letter.subject) is not own
    assert (letter.quote, letter.path) == (row, f"{PAUSES}{Pause.objects.get().pk}/change/")
    assert mail.outbox == []  # it leaves by the worker


def test_nobody_lifts_what_is_still_wrong(wrong: list[str], finance_user: User) -> None:
    wrong[:] = [RedRow("3 too much", "p-1"), RedRow("1 too much", "p-2")]
    check_books()
    one, two = Pause.objects.order_by("project")
    with pytest.raises(Pause.StillRed, match="3 too much"):
        one.lift(by=finance_user, reason="Je passe.")
    wrong.pop(0)
    one.lift(by=finance_user, reason=" Écriture 12 reprise. ")
    assert (one.lifted_by, one.reason) == (finance_user, "Écriture 12 reprise.")
    assert standing() == [("p-2", "1 too much")]
    with pytest.raises(Pause.AlreadyLifted):
        one.lift(by=finance_user, reason="Encore.")
    with pytest.raises(Pause.NeedsReason):
        two.lift(by=finance_user, reason=" ")


def test_a_check_that_cannot_be_run_keeps_every_pause(
    wrong: list[str], finance_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong[:] = [RedRow("3 too much", "p-1")]
    check_books()
    monkeypatch.setitem(checks.registry, "test.sums", lambda: checks.red_rows("select 1/0"))
    with pytest.raises(Pause.StillRed, match="cannot be run"):
        Pause.objects.get().lift(by=finance_user, reason="Je passe.")
    monkeypatch.setattr(checks, "registry", {})
    Pause.objects.get().lift(by=finance_user, reason="Ce contrôle n’existe plus.")


def test_a_pause_that_comes_again_is_another_one(wrong: list[str], finance_user: User) -> None:
    for _turn in range(2):
        wrong[:] = [RedRow("3 too much", "p-1")]
        check_books()
        wrong.clear()
        Pause.objects.standing().get().lift(by=finance_user, reason="Reprise.")
    assert Pause.objects.count() == Event.objects.filter(verb="books.lifted").count() == 2


def test_the_database_keeps_one_standing_pause_and_who_lifted_it(wrong: list[str]) -> None:
    wrong[:] = ["nothing adds up"]
    check_books()
    pause = Pause.objects.get()
    pause.pk = None
    with pytest.raises(IntegrityError, match="one_standing_pause_per_check"):
        pause.save(force_insert=True)


def do(client: Client, pause: Pause, **data: Any) -> Any:
    return client.post(f"{PAUSES}{pause.pk}/lift/do/", {"key": "0" * 32, **data})


def test_finance_reads_what_is_wrong_and_lifts_it(wrong: list[str], as_finance: Client, as_moderator: Client) -> None:
    wrong[:] = [RedRow("3 too much", "p-1"), "nothing adds up"]
    check_books()
    every, one = Pause.objects.order_by("project")
    assert "2 suspensions des versements" in words(as_finance, "/admin/")
    assert "p-1" in words(as_finance, PAUSES)
    text = words(as_finance, f"{PAUSES}{one.pk}/change/")
    assert "3 too much" in text
    assert "Voir les mouvements" in text
    assert "toujours faux" in words_of(do(as_finance, one, reason="Je passe."))
    wrong.clear()
    assert "obligatoire" in words_of(do(as_finance, one, reason=""))
    assert do(as_finance, one, reason="Reprise.").status_code == 302
    assert "1 suspension des versements" in words(as_finance, "/admin/")
    assert "Lever cette suspension" not in words(as_finance, f"{PAUSES}{one.pk}/change/")
    assert as_moderator.get(f"{PAUSES}{every.pk}/change/").status_code == 403
    assert "suspension" not in words(as_moderator, "/admin/")


def words_of(answer: Any) -> str:
    assert answer.status_code == 200
    content: str = answer.content.decode()
    return content
