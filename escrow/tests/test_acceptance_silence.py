"""The client's days to answer a delivery: reminders, and what silence causes, to the second."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from escrow.models import CaseRequest, Cause, EscrowAccount, Freeze, RefundRequest, Release, Tranche, TrancheState
from escrow.models.acceptance import Acceptance
from escrow.statement import statement
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from projects.models import Deadline, DeadlineState, ProjectState
from projects.models.content import days_after

SECOND = timedelta(seconds=1)
ACCEPT, REMIND = "tranche.accept", "tranche.remind"


@pytest.fixture
def loud(account: EscrowAccount) -> Tranche:
    """Delivered; silence releases nothing."""
    return way.delivered(way.funded(account)[0])


@pytest.fixture
def silent(client_user: User, provider_user: User) -> Tranche:
    """Delivered; both agreed that silence releases it."""
    return way.delivered(way.funded(way.opened(client_user, provider_user, silence=True))[0])


def end(tranche: Tranche) -> datetime:
    assert tranche.accept_by
    return tranche.accept_by


def letters(verb: str) -> dict[User, str]:
    """All the words that each person reads."""
    found = Notice.objects.filter(event__verb=verb).order_by("pk")
    return {notice.user: "\n".join([notice.letter.subject, *notice.letter.paragraphs]) for notice in found}


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_silence_releases_all_once_the_date_is_past(silent: Tranche, after: timedelta, count: int) -> None:
    assert way.swept(end(silent) + after, ACCEPT) == count
    assert way.swept(end(silent) + after, ACCEPT) == 0
    again = way.reread(silent)
    assert again.released_cents == count * 120_000
    assert again.state == (TrancheState.RELEASED if count else TrancheState.DELIVERED)


@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_without_the_tick_nothing_moves_and_both_are_told(loud: Tranche, after: timedelta, count: int) -> None:
    assert way.swept(end(loud) + after, ACCEPT) == count
    assert not Release.objects.exists()
    assert len(letters("escrow.unanswered")) == 2 * count


def test_a_release_by_silence_is_nobody_s_act_and_says_so(silent: Tranche) -> None:
    way.swept(end(silent) + SECOND, ACCEPT)
    release = Release.objects.get()
    assert (release.by, release.cents, release.reason) == (None, 120_000, "")
    assert Transfer.objects.get(key=f"release:{release.pk}").by is None
    account = EscrowAccount.objects.with_parties().get()
    assert statement(account)[-1].detail == "tranche\xa01, par silence de 14 jours"
    told, agreement = letters("escrow.released"), account.agreement
    assert "par ce silence, comme vous en étiez convenus tous deux, 1\u202f200,00\xa0€" in told[agreement.provider]
    assert "1\u202f200,00\xa0€ libérés par votre silence" in told[agreement.client]


def test_silence_on_the_last_tranche_completes_the_project(client_user: User, provider_user: User) -> None:
    account = way.opened(client_user, provider_user, [100_000], silence=True)
    tranche = way.delivered(way.funded(account)[0])
    way.swept(end(tranche) + SECOND, ACCEPT)
    account.project.refresh_from_db()
    assert account.project.state == ProjectState.COMPLETED
    assert not Deadline.objects.waiting().filter(kind__startswith="account.").exists()


@pytest.mark.parametrize("day", [7, 11, 13])
@pytest.mark.parametrize(("after", "count"), [(-SECOND, 0), (0 * SECOND, 0), (SECOND, 1)])
def test_the_client_is_reminded_on_each_of_three_days(loud: Tranche, day: int, after: timedelta, count: int) -> None:
    earlier = [one for one in (7, 11, 13) if one < day]
    for one in earlier:
        assert way.swept(days_after(end(loud), one - 14) + SECOND, REMIND) == 1
    assert way.swept(days_after(end(loud), day - 14) + after, REMIND) == count
    assert Event.objects.filter(verb="escrow.answer_awaited").count() == len(earlier) + count


def test_after_the_last_reminder_none_waits(loud: Tranche) -> None:
    for day in (7, 11, 13):
        way.swept(days_after(end(loud), day - 14) + SECOND, REMIND)
    assert way.waiting(REMIND) == []


def test_reminders_tell_the_client_alone_what_silence_will_do(loud: Tranche) -> None:
    way.swept(days_after(end(loud), -7) + SECOND, REMIND)
    told = letters("escrow.answer_awaited")
    assert list(told) == [loud.account.agreement.client]
    assert "rien ne bouge de soi-même, et le prestataire pourra alors saisir le SMA." in next(iter(told.values()))


def test_with_the_tick_reminders_name_the_sum_that_silence_releases(silent: Tranche) -> None:
    way.swept(days_after(end(silent), -7) + SECOND, REMIND)
    words = letters("escrow.answer_awaited")[silent.account.agreement.client]
    assert "votre silence libère les 1\u202f200,00\xa0€ au prestataire" in words


def test_both_letters_of_a_delivery_say_what_silence_will_do(silent: Tranche) -> None:
    told, agreement = letters("escrow.delivered"), silent.account.agreement
    assert "votre silence libère les 1\u202f200,00\xa0€" in told[agreement.client]
    assert "les 1\u202f200,00\xa0€ vous sont libérés" in told[agreement.provider]


def test_a_reminder_too_late_is_without_object(loud: Tranche) -> None:
    way.swept(end(loud) + SECOND, REMIND)
    assert Deadline.objects.get(kind=REMIND).state == DeadlineState.CANCELLED


def test_a_part_released_sets_the_dates_anew(silent: Tranche) -> None:
    later = timezone.now() + timedelta(days=10)
    with time_machine.travel(later, tick=False):
        way.released(silent, 20_000, "Le début.")
    assert way.waiting(ACCEPT) == [days_after(later, 14)]
    assert way.waiting(REMIND) == [days_after(later, 7)]


def test_a_deposit_into_a_delivered_tranche_sets_the_dates_anew(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    way.delivered(account.tranches.all()[0])
    later = timezone.now() + timedelta(days=10)
    with time_machine.travel(later, tick=False):
        way.deposited(EscrowAccount.objects.with_parties().get(), 10_000)
    assert way.waiting(ACCEPT) == [days_after(later, 14)]


def test_a_release_cancels_the_dates(silent: Tranche) -> None:
    way.released(silent)
    assert way.waiting(ACCEPT) == way.waiting(REMIND) == []


def test_silence_releases_nothing_that_the_sma_has(silent: Tranche) -> None:
    way.unopened(silent)
    assert way.swept(end(silent) + SECOND, ACCEPT) == 0
    assert Deadline.objects.get(kind=ACCEPT).state == DeadlineState.CANCELLED


@pytest.mark.parametrize("end_of", ["refused", "withdrawn"])
def test_refund_asked_for_in_vain_lets_the_days_to_accept_go_on(silent: Tranche, end_of: str) -> None:
    last, agreement = end(silent), silent.account.agreement
    request = RefundRequest.ask(silent, 120_000, reason="Non conforme.", by=agreement.client, key=uuid.uuid4())
    assert way.swept(last + SECOND, ACCEPT) == 0
    with time_machine.travel(last + timedelta(days=3), tick=False):
        if end_of == "refused":
            request.refuse(by=agreement.provider, reason="Tout est là.")
        else:
            request.withdraw(by=agreement.client)
        assert way.waiting(ACCEPT) == [timezone.now() + timedelta(hours=24)]
    assert way.swept(last + timedelta(days=4) + SECOND, ACCEPT) == 1
    assert way.reread(silent).state == TrancheState.RELEASED


def test_refund_asked_for_in_vain_in_time_changes_no_date(silent: Tranche) -> None:
    last, client = end(silent), silent.account.agreement.client
    RefundRequest.ask(silent, 120_000, reason="Non conforme.", by=client, key=uuid.uuid4()).withdraw(by=client)
    assert end(way.reread(silent)) == last


@pytest.mark.parametrize("deed", [Acceptance.pass_in_silence, Acceptance.remind])
def test_silence_of_what_is_released_is_refused(loud: Tranche, deed: object) -> None:
    way.released(loud)
    with pytest.raises(Acceptance.NotSilent):
        deed(Acceptance(loud), at=timezone.now())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("delivered", "due"),
    [
        (datetime(2026, 3, 20, 1, 30, tzinfo=UTC), datetime(2026, 4, 3, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 15, 0, 30, tzinfo=UTC), datetime(2026, 10, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 3, 15, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is skipped
    ],
)
def test_the_days_end_at_the_same_hour_of_the_clock_over_a_change_of_time(
    account: EscrowAccount, delivered: datetime, due: datetime
) -> None:
    tranche = way.funded(account)[0]
    with time_machine.travel(delivered, tick=False):
        way.delivered(tranche)
    assert way.waiting(ACCEPT) == [due]
    assert [way.swept(due + late, ACCEPT) for late in (-SECOND, 0 * SECOND, SECOND)] == [0, 0, 1]


def test_the_provider_asks_for_a_case_only_after_the_date(loud: Tranche) -> None:
    provider, key = loud.account.agreement.provider, uuid.uuid4()
    with time_machine.travel(end(loud), tick=False), pytest.raises(Acceptance.NotUnanswered):
        Acceptance(loud).ask_case(by=provider, key=key)
    with time_machine.travel(end(loud) + SECOND, tick=False):
        request = Acceptance(loud).ask_case(by=provider, key=key)
        assert Acceptance(loud).ask_case(by=provider, key=key) == request
    assert (request.cause, request.by) == (Cause.NO_ANSWER_TO_DELIVERY, provider)


def test_a_case_ends_when_nothing_is_held_any_more(loud: Tranche) -> None:
    request = way.unopened(loud)
    way.released(way.reread(loud), 20_000, "Le début.")
    assert CaseRequest.objects.open().get() == request
    way.released(way.reread(loud))
    assert not CaseRequest.objects.open().exists()


def test_the_end_of_a_dispute_brings_back_the_time_that_was_left(silent: Tranche) -> None:
    account, by = silent.account, silent.account.agreement.client
    freeze = Freeze.begin(account, [silent], by=by, key=uuid.uuid4())
    assert way.waiting(ACCEPT) == way.waiting(REMIND) == []
    later = timezone.now() + timedelta(days=40)
    with time_machine.travel(later, tick=False):
        freeze.thaw(by=None, key=uuid.uuid4())
    (until,) = way.waiting(ACCEPT)
    assert timedelta(days=13, hours=23) < until - later <= timedelta(days=14)


def test_a_part_given_back_after_the_date_leaves_the_client_a_day_for_the_rest(silent: Tranche) -> None:
    agreement, past = silent.account.agreement, end(silent) + SECOND
    request = RefundRequest.ask(silent, 20_000, reason="Trop cher.", by=agreement.client, key=uuid.uuid4())
    with time_machine.travel(past, tick=False):
        way.swept(past, ACCEPT)
        assert way.reread(silent).released_cents == 0
        request.agree(by=agreement.provider, held_cents=120_000)
    again = way.reread(silent)
    assert again.accept_by == past + timedelta(hours=24)
    with time_machine.travel(end(again) + SECOND, tick=False):
        way.swept(end(again) + SECOND, ACCEPT)
    assert way.reread(silent).released_cents == 100_000


def test_new_money_after_all_was_released_waits_for_another_delivery(client_user: User, provider_user: User) -> None:
    account = way.opened(client_user, provider_user, silence=True)
    way.deposited(account, 60_000)
    first = way.released(way.delivered(account.tranches.all()[0]))
    way.deposited(account, 60_000, way.reread(first))
    assert (way.reread(first).state, way.waiting(ACCEPT)) == (TrancheState.FUNDED, [])
    assert way.delivered(way.reread(first)).accept_by
