"""The client sends a delivery back: twice at most, the clock stops, and the next delivery starts it anew."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.models import CaseRequest, ChangeRequest, Delivery, EscrowAccount, Tranche, TrancheState
from escrow.models.acceptance import Acceptance
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Notice
from projects.models.content import days_after


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The first tranche, 1 200 €, delivered; the others are funded."""
    return way.delivered(way.funded(account)[0])


def test_changes_stop_the_client_s_clock_and_move_no_money(tranche: Tranche) -> None:
    way.changed(tranche)
    again = way.reread(tranche)
    assert (again.state, again.accept_by, again.held_cents) == (TrancheState.DELIVERED, None, 120_000)
    assert (again.stage, again.changes_left) == ("CHANGES", 1)
    assert way.waiting("tranche.accept") == way.waiting("tranche.remind") == []


def test_the_next_delivery_starts_fourteen_days_anew(tranche: Tranche) -> None:
    way.changed(tranche)
    later = timezone.now() + timedelta(days=30)
    with time_machine.travel(later, tick=False):
        again = way.delivered(way.reread(tranche))
    assert (again.accept_by, again.changes_at) == (days_after(later, 14), None)
    assert way.waiting("tranche.accept") == [again.accept_by]


def test_a_deposit_after_all_was_released_pays_for_another_delivery(account: EscrowAccount) -> None:
    first = account.tranches.all()[0]
    way.deposited(account, 60_000, first)
    tranche = way.delivered(way.reread(first))
    way.changed(tranche)
    way.released(way.reread(tranche), 60_000)
    way.deposited(account, 60_000, way.reread(tranche))
    tranche = way.reread(tranche)
    assert (tranche.state, tranche.accept_by, tranche.is_deliverable) == (TrancheState.FUNDED, None, True)
    with pytest.raises(Acceptance.NothingToChange):
        way.changed(tranche)
    with pytest.raises(Tranche.NotReleasable):
        way.released(way.reread(tranche))
    assert way.delivered(way.reread(tranche)).accept_by


def test_a_third_request_is_refused_with_what_remains(tranche: Tranche) -> None:
    for _n in range(2):
        way.changed(way.reread(tranche))
        way.delivered(way.reread(tranche))
    with pytest.raises(Acceptance.ChangesSpent, match="saisissez le SMA"):
        way.changed(way.reread(tranche))


def test_before_the_next_delivery_no_other_request_is_taken(tranche: Tranche) -> None:
    way.changed(tranche)
    with pytest.raises(Acceptance.ChangesAsked):
        way.changed(tranche)


def test_a_delivery_that_was_followed_by_another_is_not_sent_back(tranche: Tranche) -> None:
    old = tranche.deliveries.get()
    way.delivered(way.reread(tranche))
    with pytest.raises(Delivery.Overtaken):
        old.ask_changes("Non.", by=tranche.account.agreement.client, key=uuid.uuid4())


def test_what_is_released_is_not_sent_back(tranche: Tranche) -> None:
    way.released(tranche)
    with pytest.raises(Acceptance.NothingToChange):
        way.changed(tranche)


def test_the_client_may_release_all_while_changes_are_awaited(tranche: Tranche) -> None:
    way.changed(tranche)
    again = way.released(way.reread(tranche))
    assert (again.state, again.changes_at) == (TrancheState.RELEASED, None)


def test_a_part_released_leaves_the_provider_s_turn(tranche: Tranche) -> None:
    way.changed(tranche)
    again = way.released(way.reread(tranche), 50_000, "Le début est bon.")
    assert (again.stage, again.accept_by) == ("CHANGES", None)


def test_a_deposit_while_changes_are_awaited_starts_no_clock(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.delivered(account.tranches.all()[0])
    way.changed(tranche)
    way.deposited(account, 10_000)
    assert way.reread(tranche).accept_by is None


def test_the_same_key_sends_one_request_and_another_content_is_refused(tranche: Tranche) -> None:
    key, by, picture = uuid.uuid4(), tranche.account.agreement.client, intake.clean(way.png())
    delivery = tranche.deliveries.get()
    first = delivery.ask_changes("Le logo.", [picture], by=by, key=key)
    assert delivery.ask_changes("Le logo.", [picture], by=by, key=key) == first
    for message, files in (("Autre.", [picture]), ("Le logo.", [])):
        with pytest.raises(ChangeRequest.KeyReused):
            delivery.ask_changes(message, files, by=by, key=key)


def test_the_files_of_a_request_are_read_by_the_two_parties_only(tranche: Tranche, stranger_user: User) -> None:
    agreement = tranche.account.agreement
    request = tranche.deliveries.get().ask_changes(
        "Le logo.", [intake.clean(way.png())], by=agreement.client, key=uuid.uuid4()
    )
    document = request.documents[0]
    assert (str(request), str(request.files.get())) == ("Le logo.", "maquette.png")
    assert document.readable_by(agreement.client)
    assert document.readable_by(agreement.provider)
    assert not document.readable_by(stranger_user)


def test_a_tranche_with_the_sma_is_not_sent_back(tranche: Tranche) -> None:
    way.unopened(tranche)
    with pytest.raises(CaseRequest.AlreadyOpen):
        way.changed(tranche)


def test_a_late_answer_is_still_taken_when_silence_releases_nothing(tranche: Tranche) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=20)):
        way.changed(tranche)
    assert way.reread(tranche).stage == "CHANGES"


def test_after_the_date_silence_has_answered_where_both_agreed_it(client_user: User, provider_user: User) -> None:
    tranche = way.delivered(way.funded(way.opened(client_user, provider_user, silence=True))[0])
    with time_machine.travel(timezone.now() + timedelta(days=20)), pytest.raises(Acceptance.TooLate):
        way.changed(tranche)


def test_both_are_told_and_the_words_are_the_client_s_own(tranche: Tranche) -> None:
    way.changed(tranche)
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.changes_asked")}
    agreement = tranche.account.agreement
    assert {letter.quote for letter in letters.values()} == {"Le logo est flou."}
    assert "1\u202f200,00\xa0€ restent bloqués." in letters[agreement.provider].paragraphs[1]
    assert letters[agreement.provider].action == (
        "Livrer de nouveau la tranche\xa01",
        f"/projets/{tranche.account.project.key}/paiements/tranches/{tranche.pk}/livraison/",
    )
    assert letters[agreement.provider].items == [
        "Tranche\xa01, «\xa0Étape 1\xa0»\xa0: modifications demandées\xa0: 1\u202f200,00\xa0€ bloqués, modifiez et "
        "livrez de nouveau."
    ]


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ({"changes_count": 3}, "escrow_tranche_changes_asked_twice"),
        ({"changes_at": timezone.now()}, "escrow_tranche_clock_stops_for_changes"),
        ({"given_up_at": timezone.now()}, "escrow_tranche_given_up_is_cancelled"),
    ],
)
def test_the_database_holds_the_rules_of_changes(tranche: Tranche, change: dict[str, object], guard: str) -> None:
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        Tranche.objects.filter(pk=tranche.pk).update(**change)


def test_letters_offer_no_changes_that_are_used_up(tranche: Tranche) -> None:
    for _n in range(2):
        way.changed(way.reread(tranche))
        way.delivered(way.reread(tranche))
    first, *_others, last = [n.letter for n in Notice.objects.filter(name="escrow.delivered.client").order_by("pk")]
    assert "ou demandez des modifications" in first.paragraphs[1]
    assert "Vous avez déjà demandé deux fois des modifications." in last.paragraphs[1]
