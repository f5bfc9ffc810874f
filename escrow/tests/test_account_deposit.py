from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from escrow.models import Deposit, EscrowAccount, Tranche, TrancheState
from escrow.tests import way
from marketplace.events.models import Event, Notice
from marketplace.payments.models import Means, Payment, PaymentState
from marketplace.refusals import Refusal


def start(account: EscrowAccount, cents: int, tranche: Tranche | None = None, key: uuid.UUID | None = None) -> Payment:
    return account.deposit(cents, by=account.agreement.client, key=key or uuid.uuid4(), tranche=tranche)


def funding(account: EscrowAccount) -> list[tuple[int, str]]:
    return [(tranche.funded_cents, tranche.state) for tranche in account.tranches.all()]


def held(account: EscrowAccount) -> int:
    account.held.refresh_from_db()
    return account.held.balance


def test_a_deposit_is_nothing_until_the_money_has_come(account: EscrowAccount) -> None:
    payment = start(account, 120_000)
    assert (payment.cents, payment.ht_cents, payment.vat_cents) == (120_000, 120_000, 0)
    assert held(account) == 0
    assert funding(account) == [(0, "PLANNED")] * 3


def test_a_deposit_fills_the_tranches_in_order(account: EscrowAccount) -> None:
    way.deposited(account, 150_000)
    assert funding(account) == [(120_000, "FUNDED"), (30_000, "FUNDED"), (0, "PLANNED")]
    assert held(account) == 150_000


def test_a_chosen_tranche_is_filled_alone(account: EscrowAccount) -> None:
    third = account.tranches.get(position=3)
    deposit = way.deposited(account, 50_000, third)
    assert deposit.tranche == third
    assert funding(account) == [(0, "PLANNED"), (0, "PLANNED"), (50_000, "FUNDED")]


def test_everything_can_be_deposited_at_once(account: EscrowAccount) -> None:
    way.funded(account)
    assert funding(account) == [(120_000, "FUNDED"), (144_000, "FUNDED"), (96_000, "FUNDED")]


def test_a_second_deposit_tops_up_the_first(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    way.deposited(account, 70_000)
    assert funding(account)[0] == (120_000, TrancheState.FUNDED)
    assert [part.cents for part in account.tranches.get(position=1).deposit_parts.order_by("pk")] == [50_000, 70_000]


def test_a_deposit_above_what_lacks_is_refused_with_the_figure(account: EscrowAccount) -> None:
    with pytest.raises(EscrowAccount.TooMuchDeposited, match="3\u202f600,00\xa0€"):
        start(account, 360_001)
    assert not Payment.objects.filter(purpose="escrow.deposit").exists()


@pytest.mark.parametrize("cents", [-1, 0, 49])
def test_a_deposit_below_what_a_card_pays_is_refused(account: EscrowAccount, cents: int) -> None:
    with pytest.raises(EscrowAccount.TooLittleDeposited, match="0,50\xa0€"):
        start(account, cents)
    assert not Payment.objects.filter(purpose="escrow.deposit").exists()


def test_the_least_that_a_card_pays_is_taken(account: EscrowAccount) -> None:
    assert way.deposited(account, 50).cents == 50


@pytest.mark.parametrize("left", [1, 49])
def test_a_deposit_that_would_leave_what_no_card_can_pay_is_refused(account: EscrowAccount, left: int) -> None:
    with pytest.raises(EscrowAccount.TooLittleLeft, match=f"0,{left:02}\xa0€.*3\u202f600,00\xa0€.*0,50\xa0€"):
        start(account, 360_000 - left)
    assert way.deposited(account, 360_000 - 50).cents == 359_950


def test_a_small_rest_of_one_tranche_goes_together_with_another(account: EscrowAccount) -> None:
    first = account.tranches.get(position=1)
    for payment in [start(account, 60_000, first), start(account, 59_980, first)]:
        way.paid(payment)
    with pytest.raises(EscrowAccount.TooLittleLacking, match="0,20\xa0€"):
        start(account, 20, first)
    way.deposited(account, 120)
    assert [cents for cents, _state in funding(account)] == [120_000, 100, 0]


def test_a_deposit_that_would_leave_a_small_rest_on_a_tranche_is_refused(account: EscrowAccount) -> None:
    first = account.tranches.get(position=1)
    for cents, chosen in [(119_980, first), (119_980, None), (120_000 + 143_951, None)]:
        with pytest.raises(EscrowAccount.TooLittleLeft):
            start(account, cents, chosen)
    way.deposited(account, 119_950, first)
    assert way.deposited(account, 50, first).cents == 50


def test_a_small_rest_that_is_all_there_is_is_asked_of_nobody(account: EscrowAccount) -> None:
    first, *others = account.tranches.all()
    for payment in [start(account, 60_000, first), start(account, 59_980, first)]:
        way.paid(payment)
    assert way.reread(first).askable_cents == 240_020  # with all that is lacking
    for tranche in others:
        notice = way.noticed(tranche, account.agreement.client)
        notice.carry_out(at=notice.ends_at + timedelta(seconds=1))
    assert way.reread(first).askable_cents == 0
    with pytest.raises(Tranche.TooLittleLacking):
        way.reread(first).request_deposit(by=account.agreement.provider)


def test_a_deposit_above_what_the_chosen_tranche_lacks_is_refused(account: EscrowAccount) -> None:
    with pytest.raises(EscrowAccount.TooMuchDeposited, match="960,00\xa0€"):
        start(account, 96_001, account.tranches.get(position=3))


def test_a_deposit_on_a_full_account_is_refused(account: EscrowAccount) -> None:
    way.funded(account)
    with pytest.raises(Tranche.NotLacking):
        start(account, 1)


def test_a_deposit_for_a_tranche_of_another_project_is_refused(account: EscrowAccount) -> None:
    parties = account.agreement.client, account.agreement.provider
    other = way.opened(*parties)
    with pytest.raises(Tranche.NotLacking):
        start(account, 100, other.tranches.all()[0])


def test_the_same_key_gives_the_same_payment(account: EscrowAccount) -> None:
    key = uuid.uuid4()
    first = start(account, 360_000, key=key)
    assert start(account, 360_000, key=key) == first
    way.paid(first)
    assert start(account, 360_000, key=key) == first  # also after it was paid and nothing is lacking any more
    with pytest.raises(Payment.KeyReused):
        start(account, 100, key=key)


def test_of_two_open_checkouts_the_second_goes_back_whole(account: EscrowAccount) -> None:
    first, second = start(account, 360_000), start(account, 360_000)
    assert way.paid(first).state == PaymentState.PAID
    assert way.paid(second).state == PaymentState.RETURNED
    assert held(account) == 360_000
    assert Deposit.objects.count() == 1
    assert not Event.objects.filter(verb="escrow.deposited", facts__cents=720_000).exists()


def test_a_transfer_keeps_no_place(account: EscrowAccount) -> None:
    client = account.agreement.client
    slow = account.deposit(360_000, by=client, key=uuid.uuid4(), means=Means.TRANSFER)
    assert way.paid(start(account, 360_000)).state == PaymentState.PAID
    assert way.paid(slow).state == PaymentState.RETURNED
    assert held(account) == 360_000


def test_money_that_comes_after_the_end_goes_back(account: EscrowAccount) -> None:
    late = start(account, 100)
    way.finished(account)
    assert way.paid(late).state == PaymentState.RETURNED
    assert (held(account), late.refunds.get().cents) == (0, 100)


def test_money_for_a_chosen_tranche_that_is_full_goes_back(account: EscrowAccount) -> None:
    third = account.tranches.get(position=3)
    late = start(account, 96_000, third)
    way.deposited(account, 96_000, third)
    assert way.paid(late).state == PaymentState.RETURNED
    assert held(account) == 96_000


def test_the_same_payment_told_twice_is_one_deposit(account: EscrowAccount) -> None:
    payment = way.paid(start(account, 120_000))
    way.paid(payment)
    assert Deposit.objects.get().cents == held(account) == 120_000


def test_a_deposit_on_a_delivered_tranche_gives_the_client_time_anew(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.delivered(account.tranches.all()[0])
    later = timezone.now() + timedelta(days=5)
    with time_machine.travel(later, tick=False):
        way.deposited(account, 70_000, tranche)
    tranche.refresh_from_db()
    assert (tranche.state, tranche.funded_cents) == (TrancheState.DELIVERED, 120_000)
    assert tranche.accept_by == later + timedelta(days=14)


def test_both_parties_are_told_with_the_amounts_and_the_light(account: EscrowAccount) -> None:
    way.deposited(account, 150_000)
    letters = {n.user: n.letter for n in Notice.objects.filter(event__verb="escrow.deposited")}
    to_provider, to_client = letters[account.agreement.provider], letters[account.agreement.client]
    assert to_provider.subject == "1\u202f500,00\xa0€ déposés\xa0: Refonte de l’espace adhérent"
    assert to_provider.items == [
        "Tranche\xa01, «\xa0Étape 1\xa0»\xa0: vous pouvez travailler.",
        "Tranche\xa02, «\xa0Étape 2\xa0»\xa0: travaillez à hauteur de 300,00\xa0€ sur 1\u202f440,00\xa0€.",
    ]
    assert to_client.items == [
        "Tranche\xa01, «\xa0Étape 1\xa0»\xa0: le prestataire peut travailler.",
        "Tranche\xa02, «\xa0Étape 2\xa0»\xa0: le prestataire peut travailler à hauteur de 300,00\xa0€ "
        "sur 1\u202f440,00\xa0€.",
    ]
    assert "1\u202f500,00\xa0€" in to_client.subject


def test_the_payer_of_a_deposit_is_written_to_once(account: EscrowAccount) -> None:
    before = set(Notice.objects.filter(user=account.agreement.client).values_list("pk", flat=True))
    way.deposited(account, 150_000)
    new = Notice.objects.filter(user=account.agreement.client).exclude(pk__in=before)
    assert [notice.name for notice in new] == ["escrow.deposited.client"]


def test_a_refusal_is_a_sentence(account: EscrowAccount) -> None:
    with pytest.raises(Refusal) as refused:
        start(account, 400_000)
    assert str(refused.value) == (
        "Il ne manque que 3\u202f600,00\xa0€\xa0: déposez cette somme ou moins. Rien n’a été prélevé."
    )
