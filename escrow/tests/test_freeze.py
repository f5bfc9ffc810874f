"""Money of a dispute: frozen as it stands, then back on the account or shared out to the cent."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from escrow.figures import Figures
from escrow.models import EscrowAccount, Freeze, Refund, Release, Shares, Tranche
from escrow.statement import statement
from escrow.tests import way
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Refund as CardRefund
from marketplace.refusals import Refusal
from projects.models import Project
from projects.tests.avenants import proposed

pytestmark = pytest.mark.django_db


def figures(account: EscrowAccount) -> Figures:
    fresh = EscrowAccount.objects.with_parties().get(pk=account.pk)
    found = Figures.of(fresh, list(fresh.tranches.all()))
    assert found.adds_up
    for lines in found.sums():
        *parts, total = lines
        assert total["cents"] == sum(-part["cents"] if part.get("minus") else part["cents"] for part in parts)
    return found


def rows(account: EscrowAccount) -> list[tuple[str, int, int, int]]:
    """Each tranche: state, amount, deposited, released."""
    return [(t.state, t.cents, t.funded_cents, t.released_cents) for t in account.tranches.all()]


def frozen(account: EscrowAccount, *numbers: int) -> Freeze:
    chosen = Tranche.objects.with_parties().filter(account=account, position__in=numbers)
    return account.freeze(chosen, by=account.agreement.client, key=uuid.uuid4())


def executed(freeze: Freeze, provider_cents: int, client_cents: int) -> Freeze:
    return freeze.execute(freeze.spread(provider_cents, client_cents), by=None, key=uuid.uuid4())


def test_what_tranches_hold_is_frozen_and_the_rest_goes_on(account: EscrowAccount) -> None:
    way.deposited(account, 170_000)
    way.delivered(account.tranches.all()[0])
    freeze = frozen(account, 1)
    assert rows(account)[0] == ("DISPUTED", 120_000, 120_000, 0)
    assert (figures(account).frozen, figures(account).held) == (120_000, 50_000)
    moves = Transfer.objects.get(key=f"freeze:{freeze.pk}:freeze").moves.all()
    assert [(m.debit_id, m.credit_id, m.amount) for m in moves] == [(account.held_id, freeze.frozen_id, 120_000)]
    assert account.tranches.all()[0].accept_by is None
    way.deposited(account, 50_000)
    assert rows(account)[1] == ("FUNDED", 144_000, 100_000, 0)


def test_deposit_without_a_choice_passes_over_a_disputed_tranche(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    frozen(account, 1)
    assert (figures(account).lacking, figures(account).suspended) == (240_000, 70_000)
    way.deposited(account, 240_000)
    assert [row[2] for row in rows(account)] == [50_000, 144_000, 96_000]
    with pytest.raises(Tranche.InDispute):
        way.deposited(account, 70_000, account.tranches.all()[0])


def test_deposit_on_its_way_to_a_tranche_that_comes_into_dispute_goes_back(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    first = account.tranches.all()[0]
    late = account.deposit(70_000, by=account.agreement.client, key=uuid.uuid4(), tranche=first)
    frozen(account, 1)
    assert way.paid(late).state == "RETURNED"
    assert figures(account).deposited == 50_000


def test_disputed_tranche_can_neither_be_released_delivered_nor_funded(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.delivered(account.tranches.all()[0])
    freeze = frozen(account, 1)
    deeds: list[Any] = [
        lambda: way.released(tranche, 50_000),
        lambda: way.delivered(tranche),
        lambda: tranche.request_deposit(by=account.agreement.provider),
        lambda: account.deposit(70_000, by=account.agreement.client, key=uuid.uuid4(), tranche=tranche),
    ]
    for deed in deeds:
        with pytest.raises(Tranche.InDispute):
            deed()
    with pytest.raises(Freeze.AlreadyDisputed):
        frozen(account, 1)
    assert Freeze.objects.get() == freeze


def test_avenant_on_a_disputed_tranche_is_refused(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    frozen(account, 1)
    agreement = account.agreement
    for changes in ({1: 50_000}, {1: None}):
        with pytest.raises(Refusal, match="litige"):
            proposed(agreement, changes)
    with pytest.raises(Refusal, match="litige"):
        proposed(agreement, formula="BASE")
    assert proposed(agreement, {2: 100_000}).state == "PROPOSED"


def test_tranche_without_money_or_of_another_account_cannot_be_frozen(
    account: EscrowAccount, provider_user: Any, client_user: Any
) -> None:
    way.deposited(account, 60_000)
    way.released(way.delivered(account.tranches.all()[0]))
    assert account.tranches.all()[0].state == "DELIVERED"
    for numbers in ((1,), (2,), ()):
        with pytest.raises(Freeze.NothingHeld):
            frozen(account, *numbers)
    other = way.opened(client_user, provider_user)
    way.deposited(other, 120_000)
    with pytest.raises(Freeze.NotOfTheAccount):
        account.freeze(other.tranches.all()[:1], by=client_user, key=uuid.uuid4())


def test_same_key_freezes_once_and_another_content_is_refused(account: EscrowAccount) -> None:
    tranches, key, by = way.funded(account), uuid.uuid4(), account.agreement.client
    first = account.freeze(tranches[:2], by=by, key=key)
    assert account.freeze(tranches[1::-1], by=by, key=key) == first
    with pytest.raises(Freeze.KeyReused):
        account.freeze(tranches[:1], by=by, key=key)
    assert figures(account).frozen == 264_000
    assert str(first) == "Refonte de l’espace adhérent: 264000"
    assert str(first.rows[0]) == "1. Étape 1: 120000"


def test_thaw_gives_back_state_and_time_to_accept(account: EscrowAccount) -> None:
    tranches = way.funded(account)
    first = way.delivered(tranches[0])
    assert first.accept_by
    with time_machine.travel(first.accept_by - timedelta(days=5), tick=False):
        freeze = frozen(account, 1, 2)
    thawed_at = first.accept_by + timedelta(days=30)
    with time_machine.travel(thawed_at, tick=False):
        freeze.thaw(by=account.agreement.client, key=uuid.uuid4())
    assert [row[0] for row in rows(account)] == ["DELIVERED", "FUNDED", "FUNDED"]
    assert [t.accept_by for t in account.tranches.all()] == [thawed_at + timedelta(days=5), None, None]
    assert (figures(account).frozen, figures(account).held) == (0, 360_000)
    assert way.released(account.tranches.all()[0]).state == "RELEASED"


def test_award_splits_to_the_cent_and_ends_the_tranches(account: EscrowAccount) -> None:
    way.deposited(account, 100_000)
    way.deposited(account, 260_000)
    freeze = executed(frozen(account, 1, 2, 3), 150_001, 209_999)
    assert rows(account) == [
        ("RELEASED", 120_000, 120_000, 120_000),
        ("REFUNDED", 144_000, 30_001, 30_001),
        ("REFUNDED", 96_000, 0, 0),
    ]
    back = CardRefund.objects.filter(payment__deposit__account=account)
    assert [row.cents for row in back] == [209_999]
    found = figures(account)
    assert (found.frozen, found.payable, found.refunding, found.amount) == (0, 150_001, 209_999, 150_001)
    assert Refund.objects.get(freeze=freeze).cents == 209_999
    assert Transfer.objects.filter(key=f"freeze:{freeze.pk}:award").count() == 1
    assert Project.objects.get(pk=account.project_id).state == "COMPLETED"


def test_award_gives_back_by_payment_the_newest_first(account: EscrowAccount) -> None:
    for cents in (50_000, 40_000, 30_000):
        way.deposited(account, cents)
    executed(frozen(account, 1), 0, 120_000)
    back = CardRefund.objects.filter(payment__deposit__account=account).order_by("pk")
    assert [row.cents for row in back] == [30_000, 40_000, 50_000]
    assert rows(account)[0] == ("REFUNDED", 120_000, 0, 0)
    assert figures(account).amount == 240_000
    assert Project.objects.get(pk=account.project_id).state == "ACTIVE"


def test_half_funded_tranche_that_all_goes_to_the_provider_is_cut_short(account: EscrowAccount) -> None:
    way.deposited(account, 60_001)
    executed(frozen(account, 1), 60_001, 0)
    tranche = account.tranches.all()[0]
    assert (tranche.state, tranche.cents, tranche.ht_cents, tranche.vat_cents) == ("RELEASED", 60_001, 50_001, 10_000)
    assert figures(account).amount == 60_001 + 240_000
    assert Release.objects.count() == 0


def test_award_after_a_part_release_counts_both(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    way.released(way.delivered(account.tranches.all()[0]), 30_000, "Une partie.")
    executed(frozen(account, 1), 50_000, 40_000)
    assert rows(account)[0] == ("REFUNDED", 120_000, 80_000, 80_000)
    assert (figures(account).payable, figures(account).given_back) == (80_000, 40_000)


@pytest.mark.parametrize("shares", [(60_000, 59_999), (120_001, -1), (60_000, 60_001), (0, 0)])
def test_shares_that_are_not_the_whole_are_refused(account: EscrowAccount, shares: tuple[int, int]) -> None:
    way.deposited(account, 120_000)
    freeze = frozen(account, 1)
    with pytest.raises(Freeze.NotTheWhole, match="1\u202f200,00\xa0€"):
        executed(freeze, *shares)
    with pytest.raises(Freeze.NotTheWhole):
        freeze.execute({freeze.rows[0].tranche: Shares(*shares)}, by=None, key=uuid.uuid4())
    with pytest.raises(Freeze.NotTheWhole):
        freeze.execute({}, by=None, key=uuid.uuid4())
    assert (figures(account).frozen, rows(account)[0][0]) == (120_000, "DISPUTED")


def test_freeze_is_closed_once(account: EscrowAccount) -> None:
    way.funded(account)
    freeze, key = frozen(account, 1), uuid.uuid4()
    split = freeze.spread(100_000, 20_000)
    freeze.execute(split, by=None, key=key)
    assert freeze.execute(split, by=None, key=key) == freeze
    for deed in (lambda: freeze.execute(freeze.spread(0, 120_000), by=None, key=key), lambda: thaw(freeze, key)):
        with pytest.raises(Freeze.KeyReused):
            deed()
    for closing in (lambda: executed(freeze, 100_000, 20_000), lambda: thaw(freeze)):
        with pytest.raises(Freeze.Closed):
            closing()
    assert figures(account).payable == 100_000


def thaw(freeze: Freeze, key: uuid.UUID | None = None) -> Freeze:
    return freeze.thaw(by=freeze.by, key=key or uuid.uuid4())


def test_thawed_twice_by_one_key_moves_once_and_may_be_frozen_again(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    freeze, key = frozen(account, 1), uuid.uuid4()
    thaw(freeze, key)
    assert thaw(freeze, key).state == "THAWED"
    way.deposited(account, 10_000)
    again = frozen(account, 1)
    assert (again.cents, figures(account).frozen, figures(account).held) == (120_000, 120_000, 10_000)
    executed(again, 120_000, 0)
    assert rows(account)[0] == ("RELEASED", 120_000, 120_000, 120_000)


def test_database_refuses_a_closed_freeze_without_its_time(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    freeze = frozen(account, 1)
    for change in ({"state": "EXECUTED"}, {"closed_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Freeze.objects.filter(pk=freeze.pk).update(**change)
    thaw(freeze)
    with pytest.raises(IntegrityError), transaction.atomic():
        Freeze.objects.filter(pk=freeze.pk).update(state="EXECUTED")


def test_pages_of_both_say_what_became_of_it(account: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    way.delivered(way.funded(account)[0])
    executed(frozen(account, 1), 70_000, 50_000)
    thaw(frozen(account, 2))
    verbs = ["escrow.frozen", "escrow.awarded", "escrow.thawed"]
    assert Event.objects.filter(verb__in=verbs).count() == 4
    assert not Notice.objects.filter(event__verb__in=verbs).exists()  # both are told with the case
    for browser in (as_client, as_provider):
        report = browser.get(f"/projets/{account.project.key}/rapport/").content.decode()
        assert "Partagée, 700,00\xa0€" in report
        assert "Rendue" not in report


def test_what_came_back_is_deducted_in_words(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 264_000)
    executed(frozen(account, 1, 2), 200_000, 64_000)
    page = as_client.get(f"/projets/{account.project.key}/paiements/").content.decode()
    assert "2\u202f000,00\xa0€ couverts sur" in page
    assert "2\u202f640,00\xa0€ déposés, moins 640,00\xa0€ rendus" in page
    assert "640,00\xa0€ rendus sont déduits" in page


def test_deposit_page_says_why_a_tranche_takes_no_deposit(account: EscrowAccount, as_client: Client) -> None:
    address = f"/projets/{account.project.key}/paiements/depot/"
    disputed, over = "en litige\xa0: elle ne reçoit aucun dépôt", "plus rien n’y est à déposer"
    way.deposited(account, 100_000)
    freeze = frozen(account, 1)
    assert [as_client.get(address).content.decode().count(words) for words in (disputed, over)] == [1, 0]
    way.deposited(account, 240_000)
    assert "Aucun dépôt n’est attendu" in as_client.get(address).content.decode()
    executed(freeze, 50_000, 50_000)
    assert [as_client.get(address).content.decode().count(words) for words in (disputed, over)] == [0, 1]


def test_statement_names_the_movements_of_a_dispute(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 264_000)
    thaw(frozen(account, 2))
    executed(frozen(account, 1, 2), 200_000, 64_000)
    found = [(line.title, line.detail, line.cents, line.held_after) for line in statement(account)[1:]]
    two = "tranche\xa01, tranche\xa02"
    assert found == [
        ("Gel par un litige", "tranche\xa02", 144_000, 120_000),
        ("Litige retiré", "tranche\xa02", 144_000, 264_000),
        ("Gel par un litige", two, 264_000, 0),
        ("Attribué au prestataire", two, 200_000, 0),
        ("Attribué au client", "tranche\xa02", 64_000, 0),
    ]
    page = as_client.get(f"/projets/{account.project.key}/paiements/").content.decode()
    assert "Attribué au prestataire" in page
