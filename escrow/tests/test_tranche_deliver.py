from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from escrow.models import Delivery, EscrowAccount, Tranche, TrancheState
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Event, Notice


def hand_in(tranche: Tranche, message: str = "Fait.", key: uuid.UUID | None = None) -> Delivery:
    return tranche.deliver(message, by=tranche.account.agreement.provider, key=key or uuid.uuid4())


def test_a_delivery_starts_the_client_s_fourteen_days(account: EscrowAccount) -> None:
    tranche = way.funded(account)[0]
    hand_in(tranche)
    tranche.refresh_from_db()
    assert tranche.state == TrancheState.DELIVERED
    assert tranche.delivered_at
    assert tranche.accept_by
    assert abs(tranche.accept_by - tranche.delivered_at - timedelta(days=14)) < timedelta(seconds=1)


def test_a_tranche_that_holds_nothing_cannot_be_delivered(account: EscrowAccount) -> None:
    tranche = account.tranches.all()[0]
    with pytest.raises(Tranche.NotFunded, match=r"1\u202f200,00\xa0€\. Demandez le dépôt"):
        hand_in(tranche)
    assert not Delivery.objects.exists()


def test_a_partly_funded_tranche_can_be_delivered(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.delivered(account.tranches.all()[0])
    assert tranche.light.kind == "soon"
    assert "500,00\xa0€" in tranche.light.label


def test_a_tranche_whose_held_money_is_released_waits_for_a_deposit(account: EscrowAccount) -> None:
    way.deposited(account, 50_000)
    tranche = way.released(way.delivered(account.tranches.all()[0]))
    assert tranche.state == TrancheState.DELIVERED
    with pytest.raises(Tranche.NotFunded, match="700,00\xa0€"):
        hand_in(tranche)


def test_a_released_tranche_takes_no_delivery(account: EscrowAccount) -> None:
    tranche = way.released(way.delivered(way.funded(account)[0]))
    with pytest.raises(Tranche.NotDeliverable):
        hand_in(tranche)


def test_the_same_key_delivers_once(account: EscrowAccount) -> None:
    tranche, key = way.funded(account)[0], uuid.uuid4()
    assert hand_in(tranche, key=key) == hand_in(tranche, key=key)
    assert Event.objects.filter(verb="escrow.delivered").count() == 1


def test_the_same_key_with_other_words_is_refused(account: EscrowAccount) -> None:
    tranche, key = way.funded(account)[0], uuid.uuid4()
    hand_in(tranche, key=key)
    with pytest.raises(Delivery.KeyReused):
        hand_in(tranche, "Autre chose.", key=key)


def test_the_same_key_with_other_files_is_refused(account: EscrowAccount) -> None:
    tranche, key, by = way.funded(account)[0], uuid.uuid4(), account.agreement.provider
    picture = intake.clean(way.png())
    first = tranche.deliver("Fait.", [picture], by=by, key=key)
    assert tranche.deliver("Fait.", [picture], by=by, key=key) == first
    with pytest.raises(Delivery.KeyReused):
        tranche.deliver("Fait.", by=by, key=key)


def test_a_second_delivery_is_kept_beside_the_first(account: EscrowAccount) -> None:
    tranche = way.funded(account)[0]
    hand_in(tranche)
    second = hand_in(tranche, "Avec les corrections.")
    assert tranche.deliveries.count() == 2
    assert tranche.last_delivery == second


def test_files_are_read_by_the_two_parties_only(account: EscrowAccount, rival_user: User, stranger_user: User) -> None:
    tranche = way.delivered(way.funded(account)[0], "Voici.", intake.clean(way.png()))
    document = tranche.deliveries.get().documents[0]
    assert str(tranche.deliveries.get().files.get()) == "maquette.png"
    assert document.readable_by(account.agreement.client)
    assert document.readable_by(account.agreement.provider)
    assert not document.readable_by(rival_user)
    assert not document.readable_by(stranger_user)


def test_both_parties_are_told_of_the_delivery(account: EscrowAccount) -> None:
    way.delivered(way.funded(account)[0])
    letters = {n.user: n.letter for n in Notice.objects.filter(event__verb="escrow.delivered")}
    to_client, to_provider = letters[account.agreement.client], letters[account.agreement.provider]
    assert to_client.action
    assert "1\u202f200,00\xa0€" in to_client.action[0]
    assert any(words == "À accepter avant" for words, _value in to_client.figures)
    assert to_provider.action == ("Ouvrir la gestion paiements", f"/projets/{account.project.key}/paiements/")


def test_asking_for_a_deposit_tells_the_client_once_a_day(account: EscrowAccount) -> None:
    tranche, provider = account.tranches.all()[1], account.agreement.provider
    first = tranche.request_deposit(by=provider)
    assert tranche.request_deposit(by=provider) == first
    letter = Notice.objects.get(event__verb="escrow.deposit_asked").letter
    assert letter.action == (
        "Déposer 1\u202f440,00\xa0€",
        f"/projets/{account.project.key}/paiements/depot/?tranche={tranche.pk}",
    )
    assert letter.items == [
        "Tranche\xa02, «\xa0Étape 2\xa0»\xa0: 0\xa0€ sur 1\u202f440\xa0€ déposés\xa0: "
        "le prestataire ne doit pas commencer."
    ]


def test_asking_again_after_a_day_tells_again(account: EscrowAccount) -> None:
    tranche, provider = account.tranches.all()[1], account.agreement.provider
    first = tranche.request_deposit(by=provider)
    type(first).objects.update(at=timezone.now() - timedelta(hours=25))
    assert tranche.request_deposit(by=provider) != first


def test_asking_for_what_is_deposited_is_refused(account: EscrowAccount) -> None:
    with pytest.raises(Tranche.NotLacking):
        way.funded(account)[0].request_deposit(by=account.agreement.provider)


def test_each_side_touches_only_its_own_deeds(account: EscrowAccount, stranger_user: User) -> None:
    client, provider = account.agreement.client, account.agreement.provider
    assert Tranche.objects.visible_to(client).count() == Tranche.objects.visible_to(provider).count() == 3
    assert not Tranche.objects.releasable_by(provider).exists()
    assert not Tranche.objects.deliverable_by(client).exists()
    assert not Tranche.objects.visible_to(stranger_user).exists()
