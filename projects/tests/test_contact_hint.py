"""No reply for 48 hours, 24 when it is urgent: the provider is told once that the direct contact credit is next."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.events.models import Event, MailState, Notice, Preference
from marketplace.events.tellings import Kind as NoticeKind
from marketplace.ledger.tests.crowd import as_owner
from marketplace.templatetags.page import PARIS
from projects.models import Deadline, Detail, DetailsClaim, Hint, Offer, Project, Question, Selection
from projects.models.hints import HINT_MOVES, HintState

from .bids import asked, bend, bid, bidder, stocked, terms
from .calls import consulted, opened

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 12, 7, 12, tzinfo=PARIS)  # a Monday
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    stocked(provider_user)
    return opened(client_user)


@pytest.fixture
def offer(project: Project, provider_user: User) -> Offer:
    return bid(project, provider_user)


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def sweep(at: datetime) -> int:
    """How many are told by a sweep a second after `at`."""
    told = Event.objects.filter(verb="hint.told")
    before = told.count()
    Deadline.objects.sweep(at + SECOND)
    return told.count() - before


def hints(user: User) -> int:
    return Notice.objects.filter(user=user, name="hint.told").count()


def page_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("urgent", "hours"), [(False, 48), (True, 24)])
def test_provider_is_told_at_the_hour_and_not_a_second_before(
    client_user: User, provider_user: User, urgent: bool, hours: int
) -> None:
    bid(opened(client_user, urgent=urgent), stocked(provider_user))
    for second, told in ((-1, 0), (0, 0), (1, 1), (2, 0)):
        assert sweep(after(hours) + (second - 1) * SECOND) == told
    assert hints(provider_user) == 1


@pytest.mark.parametrize(
    ("placed", "due"),
    [
        (datetime(2026, 10, 24, 12, tzinfo=PARIS), datetime(2026, 10, 26, 11, tzinfo=PARIS)),  # 25 hours in a day
        (datetime(2027, 3, 27, 12, tzinfo=PARIS), datetime(2027, 3, 29, 13, tzinfo=PARIS)),  # 23
    ],
)
def test_hours_are_those_really_elapsed(
    client_user: User, provider_user: User, clock: Any, placed: datetime, due: datetime
) -> None:
    clock.move_to(placed)
    bid(opened(client_user), stocked(provider_user))
    assert sweep(due - SECOND) == 0
    assert sweep(due) == 1


def test_letter_says_what_waits_and_leads_to_the_page_before_spending(
    offer: Offer, project: Project, provider_user: User
) -> None:
    sweep(after(48))
    letter = Notice.objects.get(name="hint.told").letter
    assert letter.path == f"/projets/{project.key}/credit/contact/"
    assert "lundi 7\xa0décembre\xa02026, 12\xa0h\xa000" in letter.paragraphs[0]
    assert "ne l’a pas encore ouverte" in letter.paragraphs[0]
    assert letter.figures == [("Crédit contact direct, HT", "15,00\xa0€")]


def test_question_without_an_answer_has_its_own_hint(project: Project, provider_user: User) -> None:
    consulted(project, provider_user, Kind.OFFER)
    first, second = asked(project, provider_user), asked(project, provider_user, "Et l’accès ?")
    first.answer_with("OVH.", by=project.client)
    assert sweep(after(48)) == 1
    assert Hint.objects.get(question=first).state == "DROPPED"
    assert str(Hint.objects.get(question=second)) == "Et l’accès ?: Paul Mercier"
    assert "n’y a pas encore répondu" in Notice.objects.get(name="hint.told").letter.paragraphs[0]


def reply(offer: Offer) -> None:
    offer.mark_read()


def reply_then_revise(offer: Offer) -> None:
    offer.mark_read()
    offer.revise(by=offer.provider, terms=terms(999))


def take_back(offer: Offer) -> None:
    offer.withdraw(by=offer.provider)


def choose(offer: Offer) -> None:
    Selection(offer, reason="Prix.").carry_out(by=offer.project.client)


def close(offer: Offer) -> None:
    offer.project.withdraw(by=offer.project.client)


def run_out(offer: Offer) -> None:
    bend(f"update projects_project set closes_at = timestamptz '{after(48)}' where id = {offer.project_id}")


def call(offer: Offer) -> None:
    offer.project.spend(Kind.CONTACT, by=offer.provider)


def call_in_vain(offer: Offer) -> None:
    said: dict[str, Any] = {"wrong": [Detail.PHONE], "text": "Faux.", "key": uuid.uuid4()}
    DetailsClaim.file(offer.project, offer.project.spend(Kind.CONTACT, by=offer.provider), **said).confirm(by=bidder(9))
    client = offer.project.client
    client.phone = "+33 6 99 99 99 99"
    client.save(update_fields=["phone"])
    DetailsClaim.settle(by=client)


def suspend(offer: Offer) -> None:
    offer.provider.suspend(by=offer.project.client, reason="Faux SIREN.")


@pytest.mark.parametrize(
    "meanwhile", [reply, reply_then_revise, take_back, choose, close, run_out, call, call_in_vain, suspend]
)
def test_hint_is_dropped_when_it_has_lost_its_object(offer: Offer, meanwhile: Any, provider_user: User) -> None:
    meanwhile(offer)
    assert sweep(after(48)) == 0
    assert (hints(provider_user), Hint.objects.get().state) == (0, "DROPPED")
    assert Event.objects.filter(verb="hint.dropped").count() == 1


def test_details_in_doubt_are_not_advertised(offer: Offer, project: Project, rival_user: User) -> None:
    consulted(project, stocked(rival_user))
    spending = project.spend(Kind.CONTACT, by=rival_user)
    said: dict[str, Any] = {"wrong": [Detail.PHONE], "text": "Faux.", "key": uuid.uuid4()}
    DetailsClaim.file(project, spending, **said).confirm(by=bidder(9))
    assert sweep(after(48)) == 0


def test_offer_placed_again_waits_again_but_is_told_once(
    offer: Offer, project: Project, provider_user: User, clock: Any
) -> None:
    offer.withdraw(by=provider_user)
    assert sweep(after(48)) == 0
    for start, told in ((100, 1), (200, 0)):
        clock.move_to(after(start))
        Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4())
        assert sweep(after(start + 47)) == 0
        assert sweep(after(start + 48)) == told
        Offer.objects.get().withdraw(by=provider_user)
    assert hints(provider_user) == 1


def test_mail_follows_the_preferences_and_the_site_always_tells(offer: Offer, provider_user: User) -> None:
    Preference.objects.choose(provider_user.pk, {NoticeKind.PROJECTS: False})
    sweep(after(48))
    assert Notice.objects.get(name="hint.told").mail_state == MailState.OFF


def test_pages_show_the_step_until_the_client_replies(
    as_provider: Client, offer: Offer, project: Project, clock: Any
) -> None:
    pages = [f"/projets/{project.key}/{page}" for page in ("", "offre/", "rapport/")]
    words = "Voir ce qu’ouvre le crédit contact direct"
    assert not any(words in page_of(as_provider, path) for path in pages)
    clock.move_to(after(48))
    sweep(after(48))
    assert all(words in page_of(as_provider, path) for path in pages)
    offer.mark_read()
    assert not any(words in page_of(as_provider, path) for path in pages)


def test_panel_of_the_dossier_tells_of_the_silence_beside_the_credit(
    as_provider: Client, offer: Offer, project: Project
) -> None:
    words = "Pas de réponse depuis"
    assert words not in page_of(as_provider, f"/projets/{project.key}/")
    sweep(after(48))
    page = page_of(as_provider, f"/projets/{project.key}/")
    panel = page[page.index('id="contact"') :]
    assert words in panel


def test_pages_stop_showing_the_step_once_it_is_taken(
    as_provider: Client, as_client: Client, offer: Offer, project: Project, provider_user: User
) -> None:
    sweep(after(48))
    path, words = f"/projets/{project.key}/rapport/", "Vous\xa0: appelez le client"
    assert words in page_of(as_provider, path)
    assert words not in page_of(as_client, path)
    project.spend(Kind.CONTACT, by=provider_user)
    assert words not in page_of(as_provider, path)


def many(client_user: User, number: int) -> list[Hint]:
    project = opened(client_user)
    for n in range(number):
        bid(project, bidder(20 + n))
    return list(Hint.objects.order_by("pk"))


def test_one_poison_row_does_not_stop_the_others(client_user: User, caplog: pytest.LogCaptureFixture) -> None:
    poison = many(client_user, 4)[1]
    with as_owner() as cursor:
        cursor.execute(f"""
            create function test_poison() returns trigger language plpgsql as $$ begin raise 'poison'; end $$;
            create trigger test_poison before update on projects_hint for each row
                when (new.id = {poison.pk} and new.state <> 'WAITING') execute function test_poison();
        """)
    with caplog.at_level(logging.CRITICAL, "projects.models.deadlines"):
        assert sweep(after(48)) == 3
        assert sweep(after(48) + SECOND) == 0
    with as_owner() as cursor:
        cursor.execute("drop function test_poison() cascade")
    assert sweep(after(49) + SECOND) == 1


def test_hint_told_twice_tells_once(offer: Offer, provider_user: User) -> None:
    mine, other = Hint.objects.get(), Hint.objects.get()
    assert (mine.tell(after(48)), other.tell(after(48))) == (True, False)
    assert hints(provider_user) == 1


@pytest.mark.parametrize(("before", "after_it"), [(a, b) for a in HintState for b in HintState if a != b])
def test_database_holds_the_moves_of_a_hint(offer: Offer, before: HintState, after_it: HintState) -> None:
    bend(f"update projects_hint set state = '{before}', closed_at = {'null' if before == 'WAITING' else 'now()'}")
    change = {"state": after_it, "closed_at": None if after_it == "WAITING" else timezone.now()}
    if (before, after_it) in HINT_MOVES:
        assert Hint.objects.update(**change)
    else:
        with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
            Hint.objects.update(**change)


def test_hint_is_on_one_thing(offer: Offer, project: Project, provider_user: User) -> None:
    question: Question = asked(project, provider_user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hint.objects.filter(question=question).update(offer=None, question=None)


def test_migration_makes_a_deadline_of_each_date(offer: Offer) -> None:
    migration = import_module("projects.migrations.0037_hint_dates")
    with as_owner() as cursor:
        cursor.execute("set constraints all immediate; alter table projects_hint add due_at timestamptz")
        cursor.execute(migration.CLEAR)
        cursor.execute(migration.FILL)
    assert sweep(after(48) - SECOND) == 0
    assert sweep(after(48)) == 1
