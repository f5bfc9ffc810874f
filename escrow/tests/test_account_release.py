from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.models import EscrowAccount, Release, Tranche, TrancheState
from escrow.tests import way
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from projects.models import ProjectState


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The first tranche, 1 200 €, delivered; the others are funded."""
    return way.delivered(way.funded(account)[0])


def let_go(tranche: Tranche, cents: int, reason: str = "", **others: Any) -> Release:
    account = tranche.account
    asked: dict[str, Any] = {
        "tranche": tranche,
        "cents": cents,
        "by": account.agreement.client,
        "key": uuid.uuid4(),
        "reason": reason,
    }
    return account.release(**asked | others)


def balances(account: EscrowAccount) -> tuple[int, int]:
    account.held.refresh_from_db()
    account.payable.refresh_from_db()
    return account.held.balance, account.payable.balance


def test_a_release_moves_held_money_to_the_provider(tranche: Tranche, account: EscrowAccount) -> None:
    release = let_go(tranche, 120_000)
    assert balances(account) == (240_000, 120_000)
    assert (tranche.state, tranche.released_cents, tranche.accept_by) == (TrancheState.RELEASED, 120_000, None)
    assert Transfer.objects.get(key=f"release:{release.pk}").by == account.agreement.client


def test_a_part_with_its_reason_leaves_the_rest_held(tranche: Tranche, account: EscrowAccount) -> None:
    later = timezone.now() + timedelta(days=3)
    with time_machine.travel(later, tick=False):
        let_go(tranche, 80_000, "Il manque la page d’accueil.")
    assert balances(account) == (280_000, 80_000)
    assert (tranche.state, tranche.released_cents) == (TrancheState.DELIVERED, 80_000)
    assert tranche.accept_by == later + timedelta(days=14)


def test_the_rest_can_be_released_after_a_part(tranche: Tranche, account: EscrowAccount) -> None:
    let_go(tranche, 80_000, "Il manque la page d’accueil.")
    let_go(tranche, 40_000)
    assert tranche.state == TrancheState.RELEASED
    assert balances(account) == (240_000, 120_000)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_part_without_a_reason_is_refused(tranche: Tranche, reason: str) -> None:
    with pytest.raises(Tranche.NeedsReason, match="1\u202f200,00\xa0€"):
        let_go(tranche, 80_000, reason)


@pytest.mark.parametrize("cents", [0, -1, 120_001, 10**15])
def test_more_or_less_than_is_held_is_refused_with_the_figure(
    tranche: Tranche, account: EscrowAccount, cents: int
) -> None:
    with pytest.raises(Tranche.TooMuch, match="1\u202f200,00\xa0€"):
        let_go(tranche, cents, "Parce que.")
    assert balances(account) == (360_000, 0)


def test_what_is_not_delivered_cannot_be_released(tranche: Tranche, account: EscrowAccount) -> None:
    with pytest.raises(Tranche.NotReleasable):
        let_go(account.tranches.get(position=2), 144_000)


def test_a_second_release_moves_no_money(tranche: Tranche, account: EscrowAccount) -> None:
    let_go(tranche, 120_000)
    with pytest.raises(Tranche.NotReleasable):
        let_go(tranche, 120_000)
    assert balances(account) == (240_000, 120_000)


def test_a_tranche_of_another_project_is_refused(tranche: Tranche, account: EscrowAccount) -> None:
    other = way.opened(account.agreement.client, account.agreement.provider)
    foreign = way.delivered(way.funded(other)[0])
    with pytest.raises(Tranche.NotReleasable):
        account.release(tranche=foreign, cents=100, by=account.agreement.client, key=uuid.uuid4(), reason="Non.")
    assert balances(account) == (360_000, 0)


def test_the_same_key_with_the_same_content_returns_the_first_release(tranche: Tranche, account: EscrowAccount) -> None:
    key = uuid.uuid4()
    assert let_go(tranche, 120_000, key=key) == let_go(tranche, 120_000, key=key)
    assert balances(account) == (240_000, 120_000)


@pytest.mark.parametrize("change", [{"cents": 70_000}, {"reason": "Autre."}])
def test_the_same_key_with_another_content_is_refused(
    tranche: Tranche, account: EscrowAccount, change: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"cents": 60_000, "reason": "Moitié.", "key": uuid.uuid4()}
    let_go(tranche, **asked)
    with pytest.raises(Release.KeyReused):
        let_go(tranche, **asked | change)
    assert balances(account) == (300_000, 60_000)


def test_only_what_is_deposited_can_be_released_without_a_reason(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.delivered(account.tranches.all()[0])
    let_go(tranche, 50_000)
    assert (tranche.state, tranche.accept_by, tranche.held_cents) == (TrancheState.DELIVERED, None, 0)


def test_the_last_release_completes_the_project(account: EscrowAccount) -> None:
    first, *others = way.funded(account)
    for tranche in others:
        way.released(way.delivered(tranche))
    account.project.refresh_from_db()
    assert account.project.state == ProjectState.ACTIVE
    way.released(way.delivered(first))
    account.project.refresh_from_db()
    assert account.project.state == ProjectState.COMPLETED
    assert Event.objects.filter(verb="escrow.finished").count() == 1


def test_both_parties_are_told_and_the_reason_word_for_word(tranche: Tranche, account: EscrowAccount) -> None:
    let_go(tranche, 80_000, "Il manque la page d’accueil.")
    letters = {n.user: n.letter for n in Notice.objects.filter(event__verb="escrow.released")}
    to_provider, to_client = letters[account.agreement.provider], letters[account.agreement.client]
    assert to_provider.subject == "800,00\xa0€ libérés\xa0: Refonte de l’espace adhérent"
    assert to_provider.quote == "Il manque la page d’accueil."
    assert to_provider.paragraphs[0] == (
        "Le client a accepté une partie de la tranche\xa01, «\xa0Étape 1\xa0»\xa0: 800,00\xa0€ vous sont acquis. "
        "Il en donne le motif."
    )
    assert not [words for words in to_provider.paragraphs[1:] if "motif" in words]
    assert "400,00\xa0€ de cette tranche restent bloqués." in to_provider.paragraphs
    assert "800,00\xa0€" in to_client.subject


def test_the_letter_of_a_whole_release_speaks_of_no_reason_and_leads_to_the_invoice(tranche: Tranche) -> None:
    let_go(tranche, 120_000)
    letter = Notice.objects.get(event__verb="escrow.released", user=tranche.account.agreement.provider).letter
    assert letter.quote == ""
    assert not [words for words in letter.paragraphs if "motif" in words]
    assert letter.action == ("Envoyer ma facture", "/demandes-de-paiement/")


def test_the_letter_of_the_last_release_says_that_the_project_is_completed(account: EscrowAccount) -> None:
    way.finished(account)
    last = Notice.objects.filter(event__verb="escrow.released", user=account.agreement.provider).latest("pk")
    assert "Toutes les tranches sont libérées\xa0: le projet est terminé." in last.letter.paragraphs


def test_a_whole_release_of_one_tranche_says_nothing_of_a_rest(tranche: Tranche, account: EscrowAccount) -> None:
    let_go(tranche, 120_000)
    letter = Notice.objects.get(event__verb="escrow.released", user=account.agreement.client).letter
    assert len(letter.paragraphs) == 1


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ({"released_cents": 130_000}, "escrow_tranche_money_in_order"),
        ({"funded_cents": 130_000}, "escrow_tranche_money_in_order"),
        ({"state": "RELEASED"}, "escrow_tranche_released"),
        ({"state": "PLANNED"}, "may not become PLANNED"),
    ],
)
def test_the_database_refuses_a_tranche_whose_money_is_out_of_order(
    tranche: Tranche, change: dict[str, Any], guard: str
) -> None:
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        Tranche.objects.filter(pk=tranche.pk).update(**change)
