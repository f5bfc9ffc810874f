"""Credits that come back by themselves: each case of the list, once, with a notice, whatever dies half way."""

import logging
from datetime import datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from credits.models import Kind, ReturnReason, Spending, Wallet
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.ledger import checks
from marketplace.ledger import posting as ledger
from marketplace.ledger.tests.crowd import as_owner
from projects import returns, tasks
from projects.models import Agreement, Deadline, Offer, Project, SecondChoice, Selection, projects
from projects.tests.bids import active, agreed, asked, bend, bid, bidder, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
CASES = {
    "rejected": (ReturnReason.REJECTED, "refusé par notre modération"),
    "withdrawn": (ReturnReason.WITHDRAWN, "le client a retiré le projet"),
    "expired": (ReturnReason.EXPIRED, "le projet a expiré"),
    "cancelled": (ReturnReason.CANCELLED, "le projet a été annulé"),
}


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def balances(provider: User) -> dict[Kind, int]:
    """Credits left, read anew."""
    return Wallet.objects.select_related(*Wallet.FIELDS.values()).get(provider=provider).balances


def end(project: Project, how: str, moderator: User) -> None:
    """One of the four ends before a project is active; the last two as their deeds end."""
    if how == "withdrawn":
        project.withdraw(by=project.client)
    elif how == "rejected":
        project.reject(by=moderator, reason="Doublon.")
    else:
        Project.objects.filter(pk=project.pk).update(state=how.upper(), ended_at=timezone.now())
        project.return_credits(CASES[how][0])


@pytest.mark.parametrize("how", CASES)
def test_everything_spent_comes_back_when_the_project_ends_before_it_is_active(
    project: Project, provider_user: User, moderator_user: User, how: str
) -> None:
    before = Wallet.of(stocked(provider_user)).balances
    bid(project, provider_user)
    project.spend(Kind.CONTACT, by=provider_user)
    end(project, how, moderator_user)
    assert balances(provider_user) == before
    notices = Notice.objects.filter(user=provider_user, name="credit.returned")
    assert {notice.facts["kind"] for notice in notices} == set(Kind)
    assert all(CASES[how][1] in notice.letter.paragraphs[0] for notice in notices)
    assert tasks.return_credits() == 0
    assert balances(provider_user) == before


def test_losers_and_the_chosen_one_get_theirs_back_when_an_awarded_project_is_withdrawn(
    project: Project, provider_user: User, rival_user: User
) -> None:
    before = [Wallet.of(stocked(user)).balances for user in (provider_user, rival_user)]
    chosen, _other = (bid(project, user) for user in (provider_user, rival_user))
    Selection(chosen, reason="Prix.").carry_out(by=project.client)
    project.refresh_from_db()
    project.withdraw(by=project.client)
    assert [balances(user) for user in (provider_user, rival_user)] == before


def test_winner_who_declined_gets_nothing_back(project: Project, provider_user: User, rival_user: User) -> None:
    before = Wallet.of(stocked(rival_user)).balances
    offers = [bid(project, stocked(provider_user)), bid(project, rival_user)]
    agreement = Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    left = balances(provider_user)
    Agreement.objects.filter(pk=agreement.pk).update(state="DECLINED")
    project.refresh_from_db()
    end(project, "cancelled", project.client)
    assert tasks.return_credits() == 0
    assert (balances(provider_user), balances(rival_user)) == (left, before)


def test_nothing_comes_back_once_the_project_is_active(project: Project, provider_user: User, rival_user: User) -> None:
    for user in (provider_user, rival_user):
        stocked(user)
    offers = [bid(project, user) for user in (provider_user, rival_user)]
    active(Selection(offers[0], reason="Prix.").carry_out(by=project.client))
    project.refresh_from_db()
    project.complete()
    assert (tasks.return_credits(), unread(later())) == (0, 0)
    assert not Spending.objects.exclude(returned_at=None).exists()


@pytest.mark.parametrize("kind", Kind)
def test_same_kind_may_be_spent_again_after_it_came_back(project: Project, provider_user: User, kind: Kind) -> None:
    consulted(project, stocked(provider_user), Kind.OFFER, Kind.CONTACT)
    first = Spending.objects.get(provider=provider_user, kind=kind)
    first.give_back(ReturnReason.UNREAD, title=project.title)
    again = [project.spend(kind, by=provider_user) for _twice in range(2)]
    assert again[0] == again[1] != first
    assert balances(provider_user)[kind] == 99


def test_one_poison_row_stops_nobody_and_comes_back_once_it_is_healed(
    project: Project, provider_user: User, rival_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    for user in (provider_user, rival_user):
        consulted(project, stocked(user))
    sick = Spending.objects.get(provider=provider_user)
    wallet = sick.wallet_id
    bend(f"update credits_spending set wallet_id = 0 where id = {sick.pk}")
    project.withdraw(by=project.client)
    assert balances(rival_user)[Kind.CONSULTATION] == 100
    with caplog.at_level(logging.ERROR):
        assert tasks.return_credits() == 0
    assert f"spending {sick.pk} could not" in caplog.text
    bend(f"update credits_spending set wallet_id = {wallet} where id = {sick.pk}")
    assert [tasks.return_credits() for _twice in range(2)] == [1, 0]
    assert balances(provider_user)[Kind.CONSULTATION] == 100
    assert checks.run() == []


def test_batch_that_dies_half_way_is_taken_up_where_it_stopped(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [bidder(n) for n in range(5)]
    for person in people:
        consulted(project, person)
    monkeypatch.setattr(projects, "RETURNED_AT_ONCE", 2)
    project.withdraw(by=project.client)
    assert Spending.objects.due().count() == 3
    assert Spending.objects.on(project.key).give_back(title=project.title, most=1) == 1
    assert [tasks.return_credits() for _twice in range(2)] == [2, 0]
    assert {balances(person)[Kind.CONSULTATION] for person in people} == {100}
    assert Notice.objects.filter(name="credit.returned").count() == 5


def later(days: int = 0) -> datetime:
    """A second after the client's working days to open an offer, and `days` more."""
    return deadlines.after(timezone.now(), settings.UNREAD_DAYS) + timedelta(days=days) + SECOND


def unread(at: datetime) -> int:
    """How many credits come back by a sweep at `at` because nobody opened the offer."""
    returned = Spending.objects.filter(return_reason=ReturnReason.UNREAD).exclude(returned_at=None)
    before = returned.count()
    Deadline.objects.sweep(at)
    return returned.count() - before


def test_credit_of_an_offer_never_opened_comes_back_once_and_the_offer_stays(
    project: Project, provider_user: User, as_provider: Client
) -> None:
    offer = bid(project, stocked(provider_user))
    assert [unread(later() - n * SECOND) for n in (2, 1)] == [0, 0]
    assert [unread(later()) for _twice in range(2)] == [1, 0]
    assert balances(provider_user) == {Kind.CONSULTATION: 99, Kind.OFFER: 100, Kind.CONTACT: 100}
    notice = Notice.objects.get(name="credit.returned")
    assert "Votre offre reste" in " ".join(notice.letter.paragraphs)
    offer.refresh_from_db()
    assert offer.is_placed
    assert as_provider.get(f"/projets/{project.key}/").status_code == 200
    assert as_provider.get(f"/projets/{project.key}/offre/retirer/").status_code == 200
    assert agreed(Selection(offer).carry_out(by=project.client)).state == "AGREED"


@pytest.mark.parametrize("why", ["read", "withdrawn", "chosen another", "ended"])
def test_credit_of_an_offer_stays_spent_otherwise(project: Project, provider_user: User, why: str) -> None:
    offer = bid(project, stocked(provider_user))
    match why:
        case "read":
            offer.mark_read()
        case "withdrawn":
            offer.withdraw(by=provider_user)
        case "chosen another":
            Selection(bid(project, bidder(1)), reason="Prix.").carry_out(by=project.client)
        case _:
            project.withdraw(by=project.client)
    assert unread(later()) == 0
    assert Notice.objects.filter(name="credit.returned", facts__reason="offer_unread").count() == 0


def test_credit_spent_again_gives_the_client_as_many_days_anew(project: Project, provider_user: User) -> None:
    bid(project, stocked(provider_user))
    first = later()
    assert unread(first) == 1
    with time_machine.travel(first, tick=False):
        asked_again = project.spend(Kind.OFFER, by=provider_user)
        asked(project, provider_user)
        assert unread(timezone.now() + timedelta(days=1)) == 0
        second = later()
    assert [unread(second) for _twice in range(2)] == [1, 0]
    asked_again.refresh_from_db()
    assert asked_again.return_reason == ReturnReason.UNREAD


def test_one_unread_offer_that_fails_stops_no_other(
    project: Project, provider_user: User, rival_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    for user in (provider_user, rival_user):
        bid(project, stocked(user))
    sick = Spending.objects.get(provider=provider_user, kind=Kind.OFFER)
    ledger.post(f"return:{sick.pk}", "test", [ledger.Move("stripe", "vat", 1)])  # the ledger refuses the right one
    with caplog.at_level(logging.ERROR):
        assert unread(later()) == 1
    assert f"spending {sick.pk} could not" in caplog.text
    assert (balances(provider_user)[Kind.OFFER], balances(rival_user)[Kind.OFFER]) == (99, 100)


def test_offer_opened_since_the_sweep_looked_keeps_its_credit_spent(project: Project, provider_user: User) -> None:
    offer = bid(project, stocked(provider_user))
    seen = returns.UnreadOffer(Offer.objects.select_related("project").get(pk=offer.pk))
    offer.mark_read()
    assert seen.carry_out(later()) is False


def test_days_to_open_an_offer_run_on_when_the_call_is_open_again(
    project: Project, provider_user: User, rival_user: User
) -> None:
    bid(project, stocked(rival_user))
    chosen = bid(project, stocked(provider_user))
    end = later()
    with time_machine.travel(end - timedelta(days=1)):
        agreement = Selection(chosen, reason="Prix.").carry_out(by=project.client)
        agreement.decline(by=provider_user, reason="Plus de temps.")
    assert unread(end) == 0
    with time_machine.travel(end):
        SecondChoice(Project.objects.get(pk=project.pk)).reopen(by=project.client)
    assert [unread(end + SECOND) for _twice in range(2)] == [1, 0]


def test_migration_leaves_each_unread_offer_its_days(project: Project, provider_user: User, rival_user: User) -> None:
    bid(project, stocked(provider_user))
    bid(project, stocked(rival_user)).mark_read()
    migration = import_module("projects.migrations.0039_unread_dates")
    with as_owner() as cursor:
        cursor.execute(migration.CLEAR)
        cursor.execute(migration.FILL)
    assert Deadline.objects.waiting().filter(kind="offer.unread").count() == 1
    assert [unread(at) for at in (timezone.now() + SECOND, later() - SECOND, later())] == [0, 0, 1]
