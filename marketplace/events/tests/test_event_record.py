from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.accounts.models import User
from marketplace.events import tellings
from marketplace.events.models import Event, Notice, Preference
from marketplace.events.reactions import on
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.tracing import request_id

pytestmark = pytest.mark.django_db


class Bare(Telling):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return [(user, {"second": True}) for user in User.objects.order_by("pk")]

    def letter(self, facts: Facts) -> Letter:
        return Letter("Sujet", [])


class Thing:
    key = "2026-7"


def test_event_keeps_what_happened(person: User) -> None:
    event = Event.record("trial.done", project=Thing(), by=person, cents=12_00, names=("a", "b"))
    event.refresh_from_db()
    assert (event.verb, event.project_key, event.by) == ("trial.done", "2026-7", person)
    assert event.facts == {"cents": 1200, "names": ["a", "b"]}
    assert str(event) == "trial.done 2026-7"
    assert list(Event.objects.of(Thing())) == list(Event.objects.of("2026-7")) == [event]


@pytest.mark.parametrize("fact", [uuid.uuid4(), Decimal("1.5"), object(), float("nan")])
def test_facts_that_are_no_json_fail_at_once(fact: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Event.record("trial.done", fact=fact)
    assert not Event.objects.exists()


@pytest.mark.usefixtures("clean_registries")
def test_reactions_run_in_the_same_transaction() -> None:
    seen: list[str] = []

    @on("trial.one", "trial.two")
    def follow(event: Event) -> None:
        seen.append(event.verb)
        assert connection.in_atomic_block
        if event.facts.get("bad"):
            raise RuntimeError

    Event.record("trial.one")
    Event.record("trial.two")
    with pytest.raises(RuntimeError), transaction.atomic():
        Event.record("trial.one", bad=True)
    assert seen == ["trial.one", "trial.two", "trial.one"]
    assert Event.objects.count() == 2


@pytest.mark.usefixtures("told")
def test_each_person_is_told_once(person: User, english: User) -> None:
    tells("trial.lost", kind=Kind.MONEY, name="trial.lost.again")(Bare)
    token = request_id.set("abcd1234")
    event = Event.record("trial.lost", to=[person.pk, person.pk])
    request_id.reset(token)
    mine, theirs = event.notices.order_by("pk")
    assert (mine.user, mine.name, mine.facts["title"], mine.kind) == (person, "trial.lost", "Salles", Kind.SELECTION)
    assert (theirs.user, theirs.name, theirs.facts) == (english, "trial.lost.again", {"second": True})
    assert mine.request_id == "abcd1234"
    assert str(mine) == f"trial.lost → {person.pk}"


def test_what_an_event_is_about_is_read_once_for_all_and_then_forgotten(
    person: User, django_assert_num_queries: Any
) -> None:
    event = Event(verb="test.unheard", facts={"user": person.pk})
    with django_assert_num_queries(1):
        assert event.about(User.objects.all(), "user") == person
        assert event.about(User.objects.all(), "user") == person
    assert list(tellings.told(event)) == []
    with django_assert_num_queries(1):
        assert event.about(User.objects.all(), "user") == person


@pytest.mark.usefixtures("told")
def test_two_tellings_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"trial\.lost"):
        tells("trial.lost", kind=Kind.MONEY)(Bare)


@pytest.mark.usefixtures("told")
def test_switched_off_kind_is_told_on_the_site_only(person: User) -> None:
    Preference.objects.choose(person.pk, {Kind.SELECTION: False, Kind.MONEY: False})
    assert Event.record("trial.lost", to=[person.pk]).notices.get().mail_state == "OFF"
    assert Event.record("trial.paid", to=[person.pk]).notices.get().mail_state == "PENDING"


def test_database_keeps_money_mails_on(person: User) -> None:
    with pytest.raises(IntegrityError, match="preference_money_always_mailed"):
        Preference.objects.create(user=person, kind=Kind.MONEY, mail=False)


@pytest.mark.usefixtures("told")
def test_database_refuses_a_mail_that_comes_back_from_sent(person: User) -> None:
    notice = Event.record("trial.lost", to=[person.pk]).notices.get()
    notice.mark_sent()
    with pytest.raises(IntegrityError, match="notice may not become PENDING"), transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(mail_state="PENDING", sent_at=None)
