"""Proposed splits: to the cent, answered by the other side, executed once both accept the same one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from escrow.models import EscrowAccount, Shares
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.testing.cast import signed_in
from mediation.models import Dispute, SplitProposal
from mediation.tasks import free_seats
from mediation.tests import way
from mediation.tests.desk import case_page
from mediation.tests.pages import address, page

pytestmark = pytest.mark.django_db


def states(dispute: Dispute) -> list[str]:
    return [proposal.state for proposal in dispute.proposals.order_by("number")]


def test_counter_proposal_replaces_the_earlier_one_of_its_author(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 30_000, dispute.client)
    other = way.proposed(dispute, 90_000, dispute.provider)
    assert way.proposed(dispute, 50_000, dispute.client).number == 3
    assert states(dispute) == ["REPLACED", "OPEN", "OPEN"]
    assert other.accepted_by(dispute.provider)
    assert not other.accepted_by(dispute.client)
    assert str(other) == f"{dispute.number}, 2"


def test_split_of_the_mediator_needs_both(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    proposal = way.proposed(dispute, 70_000, mediator_user)
    for _again in range(2):
        proposal.accept(by=dispute.client)
    assert way.fresh(dispute).state == "MEDIATION"
    proposal.accept(by=dispute.provider)
    assert way.fresh(dispute).state == "EXECUTED"
    proposal.accept(by=dispute.client)
    assert states(dispute) == ["ACCEPTED"]
    kinds = list(dispute.entries.values_list("kind", flat=True))
    assert kinds[-4:] == ["ACCEPTED", "ACCEPTED", "SETTLED", "EXECUTED"]


def test_other_proposals_are_without_object_once_one_is_accepted(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 30_000, dispute.client)
    way.proposed(dispute, 90_000, dispute.provider).accept(by=dispute.client)
    assert states(dispute) == ["LAPSED", "ACCEPTED"]
    assert way.fresh(dispute).freeze.state == "EXECUTED"


@pytest.mark.parametrize("shares", [Shares(0, 0), Shares(120_001, -1), Shares(60_000, 60_001), Shares(-1, 120_001)])
def test_shares_that_do_not_come_to_what_is_frozen_are_refused(account: EscrowAccount, shares: Shares) -> None:
    dispute = way.mediated(account)
    with pytest.raises(SplitProposal.NotTheWhole, match="1\u202f200,00\xa0€"):
        SplitProposal.propose(dispute, shares, reason="Voilà.", by=dispute.client, key=uuid.uuid4())
    assert not dispute.proposals.exists()


def test_same_key_proposes_once(account: EscrowAccount) -> None:
    dispute, key = way.mediated(account), uuid.uuid4()
    about: dict[str, Any] = {"reason": "Voilà.", "by": dispute.client, "key": key}
    first = SplitProposal.propose(dispute, Shares(1, 119_999), **about)
    assert SplitProposal.propose(dispute, Shares(1, 119_999), **about) == first
    with pytest.raises(SplitProposal.KeyReused):
        SplitProposal.propose(dispute, Shares(2, 119_998), **about)


def test_split_that_the_other_side_proposes_is_accepted_rather_than_proposed_again(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 30_000, dispute.client)
    with pytest.raises(SplitProposal.SameAsTheirs, match="exactement ce partage"):
        way.proposed(dispute, 30_000, dispute.provider)


def test_proposal_needs_a_reason_and_a_seat_or_side(
    account: EscrowAccount, mediator_user: User, stranger_user: User
) -> None:
    dispute = way.mediated(account)
    with pytest.raises(SplitProposal.NeedsReason):
        SplitProposal.propose(dispute, Shares(0, 120_000), reason=" ", by=dispute.client, key=uuid.uuid4())
    for outsider in (stranger_user, mediator_user):
        with pytest.raises(SplitProposal.NotYours):
            way.proposed(dispute, 1_000, outsider)
    proposal = way.proposed(dispute, 1_000, dispute.client)
    with pytest.raises(SplitProposal.NotYours):
        proposal.accept(by=stranger_user)


def test_refused_proposal_is_over_and_ones_own_is_not_refused(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    proposal = way.proposed(dispute, 1_000, dispute.client)
    with pytest.raises(SplitProposal.NotYours):
        proposal.refuse(by=dispute.client)
    for _again in range(2):
        proposal.refuse(by=dispute.provider, reason="Trop peu.")
    with pytest.raises(SplitProposal.Overtaken):
        proposal.accept(by=dispute.provider)
    assert dispute.entries.filter(kind="REFUSED").count() == 1


def test_nobody_proposes_or_accepts_outside_of_the_mediation(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    with pytest.raises(Dispute.NotInMediation):
        way.proposed(dispute, 1_000, dispute.client)
    other = way.mediated(account, 2)
    proposal = way.proposed(other, 1_000, other.client)
    other.withdraw(by=other.client)
    for deed in (lambda: proposal.accept(by=other.provider), lambda: way.proposed(other, 1, other.provider)):
        with pytest.raises(Dispute.Closed):
            deed()


def test_hand_over_leaves_proposals_without_object(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 1_000, dispute.client)
    dispute.assign(mediator_user, by=mediator_user)
    with pytest.raises(Dispute.NotSeated):
        dispute.hand_over(way.NO_DEAL, by=dispute.client)
    for _again in range(2):
        dispute.hand_over(way.NO_DEAL, by=mediator_user)
    assert (way.fresh(dispute).state, states(dispute)) == ("ARBITRATION", ["LAPSED"])


def test_proposal_of_a_replaced_mediator_lapses(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    first = way.proposed(way.fresh(dispute), 70_000, mediator_user)
    way.proposed(dispute, 60_000, dispute.client)
    dispute.assign(arbitrator_user, by=mediator_user, reason="Congé.")
    way.proposed(way.fresh(dispute), 50_000, arbitrator_user)
    assert sorted(dispute.proposals.open().values_list("number", flat=True)) == [2, 3]
    with pytest.raises(SplitProposal.Overtaken):
        first.accept(by=dispute.client)
    text = page(as_client, address(dispute))
    assert "La proposition 1 de l’ancien médiateur devient caduque" in text
    assert "Caduque avec le changement de médiateur" in text
    letter = Notice.objects.get(user=dispute.client, name="mediation.assigned.both_later", event__facts__changed=True)
    assert "La proposition 1 de l’ancien médiateur" in " ".join(letter.letter.paragraphs)
    assert "la proposition 1 devient caduque" in case_page(signed_in(arbitrator_user), dispute)


def test_proposal_of_a_mediator_who_leaves_lapses(
    account: EscrowAccount, mediator_user: User, moderator_user: User, as_client: Client
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    way.proposed(way.fresh(dispute), 70_000, mediator_user)
    mediator_user.suspend(by=moderator_user, reason="Départ")
    assert free_seats() == 1
    assert not dispute.proposals.open().exists()
    assert "La proposition 1 de l’ancien médiateur devient caduque" in page(as_client, address(dispute))
