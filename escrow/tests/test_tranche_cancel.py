"""Either side ends an unfunded tranche on fourteen days' notice, unless a deposit comes before."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.models import CancellationNotice, EscrowAccount, NoticeState, Tranche, TrancheState
from escrow.tests import way
from marketplace.events.models import Event, Notice
from marketplace.templatetags.page import euros
from projects.models import Deadline, DeadlineState, ProjectState
from projects.models.content import days_after

SECOND = timedelta(seconds=1)
CANCEL = "tranche.cancel"


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The third tranche, 960 €; nothing is deposited."""
    return account.tranches.get(position=3)


@pytest.fixture
def notice(tranche: Tranche) -> CancellationNotice:
    return way.noticed(tranche, tranche.account.agreement.client)


def told(verb: str) -> dict[Any, Any]:
    return {notice.user: notice.letter for notice in Notice.objects.filter(event__verb=verb)}


@pytest.mark.parametrize("party", ["client", "provider"])
def test_either_side_gives_notice_and_both_read_date_and_reason(tranche: Tranche, party: str) -> None:
    giver = getattr(tranche.account.agreement, party)
    notice = way.noticed(tranche, giver)
    letters = told("escrow.notice_given")
    assert set(letters) == {tranche.account.agreement.client, tranche.account.agreement.provider}
    assert letters.pop(giver).paragraphs[0].startswith("Vous avez donné un préavis pour la tranche\xa03")
    (other,) = letters.values()
    assert "L’autre partie donne un préavis" in other.paragraphs[0]
    assert ("960,00\xa0€" in other.paragraphs[0], other.quote) == (True, "Le besoin a disparu.")
    assert str(notice).endswith("Étape 3: en cours")


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_the_tranche_is_cancelled_once_the_notice_is_over(
    notice: CancellationNotice, tranche: Tranche, after: timedelta, count: int
) -> None:
    assert way.swept(notice.ends_at + after, CANCEL) == count
    tranche.refresh_from_db()
    assert tranche.state == (TrancheState.CANCELLED if count else TrancheState.PLANNED)
    assert len(told("escrow.tranche_cancelled")) == 2 * count


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (datetime(2026, 3, 15, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is skipped
        (datetime(2026, 10, 15, 0, 30, tzinfo=UTC), datetime(2026, 10, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_notice_ends_at_the_same_hour_over_a_change_of_time(tranche: Tranche, given: datetime, due: datetime) -> None:
    with time_machine.travel(given, tick=False):
        notice = way.noticed(tranche, tranche.account.agreement.client)
    assert (notice.ends_at, days_after(given, 14)) == (due, due)
    assert [way.swept(due + late, CANCEL) for late in (-SECOND, 0 * SECOND, SECOND)] == [0, 0, 1]


def test_a_deposit_ends_the_notice_and_both_are_told(notice: CancellationNotice, tranche: Tranche) -> None:
    way.deposited(tranche.account, 10_000, tranche)
    notice.refresh_from_db()
    assert notice.state == NoticeState.OVERTAKEN
    assert way.waiting(CANCEL) == []
    letters = told("escrow.notice_overtaken")
    assert "a pris fin\xa0: un dépôt est arrivé" in letters[tranche.account.agreement.client].paragraphs[0]
    assert letters[tranche.account.agreement.provider].paragraphs[0].startswith("Le préavis de l’autre partie")


def test_its_author_takes_it_back_once_and_the_other_side_never(notice: CancellationNotice) -> None:
    agreement = notice.tranche.account.agreement
    with pytest.raises(CancellationNotice.NotYours):
        notice.withdraw(by=agreement.provider)
    for _again in range(2):
        notice.withdraw(by=agreement.client)
    assert notice.state == NoticeState.WITHDRAWN
    assert Event.objects.filter(verb="escrow.notice_withdrawn").count() == 1
    assert way.waiting(CANCEL) == []


def test_a_notice_that_a_deposit_has_ended_is_not_taken_back(notice: CancellationNotice, tranche: Tranche) -> None:
    way.deposited(tranche.account, 10_000, tranche)
    with pytest.raises(CancellationNotice.NotRunning):
        notice.withdraw(by=tranche.account.agreement.client)


def test_a_notice_before_its_date_cancels_nothing(notice: CancellationNotice) -> None:
    with pytest.raises(CancellationNotice.NotRunning):
        notice.carry_out(at=notice.ends_at)


def test_a_funded_tranche_is_not_cancelled_on_notice(tranche: Tranche) -> None:
    way.deposited(tranche.account, 10_000, tranche)
    with pytest.raises(CancellationNotice.NotUnfunded):
        way.noticed(tranche, tranche.account.agreement.client)


def test_a_second_notice_beside_a_running_one_is_refused(notice: CancellationNotice, tranche: Tranche) -> None:
    with pytest.raises(CancellationNotice.AlreadyGiven):
        way.noticed(tranche, tranche.account.agreement.provider)
    notice.withdraw(by=tranche.account.agreement.client)
    assert way.noticed(tranche, tranche.account.agreement.provider) != notice


def test_the_same_key_gives_one_notice_and_another_reason_is_refused(tranche: Tranche) -> None:
    asked: dict[str, Any] = {"by": tranche.account.agreement.client, "key": uuid.uuid4()}
    first = CancellationNotice.give(tranche, reason="Fini.", **asked)
    assert CancellationNotice.give(tranche, reason="Fini.", **asked) == first
    with pytest.raises(CancellationNotice.KeyReused):
        CancellationNotice.give(tranche, reason="Autre.", **asked)


def test_the_last_tranche_cancelled_completes_the_project(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    first, *others = account.tranches.all()
    way.released(way.delivered(first))
    for tranche in others:
        way.noticed(tranche, account.agreement.provider)
    way.swept(timezone.now() + timedelta(days=15), CANCEL)
    account.project.refresh_from_db()
    assert account.project.state == ProjectState.COMPLETED
    assert Event.objects.filter(verb="escrow.finished").count() == 1
    assert (
        "Le projet est terminé\xa0: plus aucune tranche n’est ouverte."
        in told("escrow.tranche_cancelled").popitem()[1].paragraphs
    )


def test_a_tranche_given_up_takes_no_deposit_and_no_avenant(notice: CancellationNotice, tranche: Tranche) -> None:
    way.swept(notice.ends_at + SECOND, CANCEL)
    tranche.refresh_from_db()
    assert (tranche.lacking_cents, tranche.is_amendable, tranche.standing_cents) == (0, False, 0)
    with pytest.raises(CancellationNotice.NotUnfunded):
        way.noticed(tranche, tranche.account.agreement.client)


def test_a_date_whose_notice_is_gone_is_without_object(notice: CancellationNotice) -> None:
    CancellationNotice.objects.filter(pk=notice.pk).update(state="WITHDRAWN", closed_at=timezone.now())
    assert way.swept(notice.ends_at + SECOND, CANCEL) == 0
    assert Deadline.objects.get(kind=CANCEL).state == DeadlineState.CANCELLED


def test_the_database_keeps_a_closed_notice_closed(notice: CancellationNotice) -> None:
    notice.withdraw(by=notice.by)
    with pytest.raises(IntegrityError, match="may not become GIVEN"), transaction.atomic():
        CancellationNotice.objects.filter(pk=notice.pk).update(state="GIVEN", closed_at=None)


@pytest.fixture
def rest(account: EscrowAccount) -> Tranche:
    """The first tranche: 100 € deposited, delivered and released; the rest never came."""
    tranche = account.tranches.get(position=1)
    way.deposited(account, 10_000, tranche)
    return way.released(way.delivered(way.reread(tranche)))


def test_the_rest_that_never_came_ends_on_notice_for_what_was_released(rest: Tranche) -> None:
    lacking, agreement = rest.lacking_cents, rest.account.agreement
    notice = way.noticed(rest, agreement.provider)
    assert way.swept(notice.ends_at + SECOND, CANCEL) == 1
    rest.refresh_from_db()
    assert (rest.state, rest.cents, rest.ht_cents + rest.vat_cents) == (TrancheState.RELEASED, 10_000, 10_000)
    for person, letter in told("escrow.tranche_cancelled").items():
        assert "prend fin pour ce qui a été libéré" in letter.paragraphs[0]
        assert (euros(lacking) in letter.paragraphs[0], letter.quote) == (True, "Le besoin a disparu.")
        assert ("votre préavis" in letter.paragraphs[0]) == (person == agreement.provider)


def test_the_notice_of_a_rest_says_what_it_is_about(rest: Tranche) -> None:
    way.noticed(rest, rest.account.agreement.client)
    for letter in told("escrow.notice_given").values():
        assert letter.subject.startswith("Préavis sur un solde")
        assert euros(rest.lacking_cents) in letter.paragraphs[0]


def test_a_deposit_keeps_the_rest(rest: Tranche) -> None:
    notice = way.noticed(rest, rest.account.agreement.client)
    way.deposited(rest.account, rest.lacking_cents, rest)
    notice.refresh_from_db()
    assert notice.state == NoticeState.OVERTAKEN


def test_a_project_whose_only_open_rest_ends_is_finished(rest: Tranche) -> None:
    for other in rest.account.tranches.exclude(pk=rest.pk):
        way.swept(way.noticed(other, rest.account.agreement.client).ends_at + SECOND, CANCEL)
    way.swept(way.noticed(rest, rest.account.agreement.client).ends_at + SECOND, CANCEL)
    rest.account.project.refresh_from_db()
    assert rest.account.project.state == ProjectState.COMPLETED


def test_a_rest_that_waits_to_be_accepted_is_not_cancelled(rest: Tranche) -> None:
    way.deposited(rest.account, 10_000, rest)
    with pytest.raises(CancellationNotice.NotUnfunded):
        way.noticed(rest, rest.account.agreement.client)
