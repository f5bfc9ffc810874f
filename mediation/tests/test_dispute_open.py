"""Opening a case: what is frozen, who may, and why not."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from escrow.models import CaseRequest, Cause, EscrowAccount, Freeze
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.templatetags.page import PARIS
from mediation.dossier import Dossier
from mediation.models import Bench, Dispute, Entry, Plea
from mediation.tests import way
from mediation.turns import awaited
from projects.tests.avenants import in_force, proposed

pytestmark = pytest.mark.django_db


def test_case_freezes_what_its_tranches_hold_and_says_who_must_act(account: EscrowAccount) -> None:
    with time_machine.travel(datetime(2026, 12, 23, 10, 0, tzinfo=PARIS), tick=False):
        dispute = way.opened(account, 1, 3)
    assert (dispute.cents, dispute.state, str(dispute)) == (216_000, "OPENED", "2026-001")
    assert dispute.answer_by == datetime(2026, 12, 31, 18, 0, tzinfo=PARIS)
    assert awaited(dispute) == [dispute.provider]
    assert [row.state for row in account.tranches.all()] == ["DISPUTED", "FUNDED", "DISPUTED"]
    assert [(entry.kind, entry.by) for entry in dispute.entries.all()] == [("OPENED", dispute.client)]
    assert dispute.claims.get().cents == 100_000
    assert dispute.get_absolute_url() == f"/litiges/{dispute.key}/"


def test_cases_are_numbered_anew_each_year(account: EscrowAccount) -> None:
    first, second = way.opened(account, 1), way.opened(account, 2)
    with time_machine.travel(datetime(2031, 1, 1, 0, 30, tzinfo=PARIS), tick=False):
        third = way.opened(account, 3, cents=1)
    assert (second.rank, third.number) == (first.rank + 1, "2031-001")


def test_same_key_opens_one_case_and_another_content_is_refused(account: EscrowAccount) -> None:
    key, by, chosen = uuid.uuid4(), account.agreement.client, [way.tranche(account)]
    first = Dispute.open(account, chosen, plea=Plea("Rien ne marche.", 50_000), by=by, key=key)
    assert Dispute.open(account, chosen, plea=Plea("Rien ne marche.", 50_000), by=by, key=key) == first
    others = [
        (chosen, Plea("Rien ne marche.", 60_000), by),
        ([way.tranche(account, 2)], Plea("Rien ne marche.", 50_000), by),
        (chosen, Plea("Rien ne marche.", 50_000), account.agreement.provider),
    ]
    for tranches, plea, who in others:
        with pytest.raises(Dispute.KeyReused):
            Dispute.open(account, tranches, plea=plea, by=who, key=key)


@pytest.mark.parametrize(
    ("plea", "refusal"),
    [
        (Plea(" ", 1_000), Dispute.NeedsGrievance),
        (Plea("Rien.", 0), Dispute.NothingClaimed),
        (Plea("Rien.", -1), Dispute.NothingClaimed),
        (Plea("Rien.", 120_001), Dispute.TooMuchClaimed),
    ],
)
def test_plea_that_says_nothing_or_too_much_opens_nothing(account: EscrowAccount, plea: Plea, refusal: Any) -> None:
    with pytest.raises(refusal):
        Dispute.open(account, [way.tranche(account)], plea=plea, by=account.agreement.client, key=uuid.uuid4())
    assert not Dispute.objects.exists()
    assert way.tranche(account).state == "FUNDED"


def test_only_the_two_sides_open_a_case(account: EscrowAccount, stranger_user: User) -> None:
    with pytest.raises(Dispute.NotParty):
        way.opened(account, by=stranger_user)
    client = account.agreement.client
    client.is_active = False
    with pytest.raises(Dispute.Suspended):
        way.opened(account, by=client)


def test_nothing_held_opens_nothing(account: EscrowAccount) -> None:
    escrow.released(escrow.delivered(way.tranche(account)))
    with pytest.raises(Freeze.NothingHeld):
        way.opened(account, 1)


def test_base_formula_opens_nothing(client_user: User, provider_user: User) -> None:
    account = escrow.opened(client_user, provider_user)
    in_force(proposed(account.agreement, formula="BASE"))
    with pytest.raises(Dispute.InBase, match="formule de base"):
        way.opened(EscrowAccount.objects.with_parties().get(pk=account.pk))


def test_tranche_in_a_case_names_it(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    with pytest.raises(Dispute.AlreadyInCase, match=dispute.number) as refused:
        way.opened(account, 1, 2, by=account.agreement.provider)
    assert refused.value.case == dispute
    assert way.tranche(account, 2).state == "FUNDED"


def test_other_side_joins_once_and_this_answers_the_case(account: EscrowAccount) -> None:
    dispute, key = way.opened(account), uuid.uuid4()
    plea = Plea("Je n’ai pas été payé.", 120_000, [way.exhibit()])
    claim = dispute.join(plea, by=dispute.provider, key=key)
    assert dispute.join(plea, by=dispute.provider, key=key) == claim
    assert way.fresh(dispute).state == "MEDIATION"
    for by in (dispute.provider, dispute.client):
        with pytest.raises(Dispute.NotYours):
            dispute.join(plea, by=by, key=uuid.uuid4())
    with pytest.raises(Entry.KeyReused):
        dispute.join(plea._replace(exhibits=()), by=dispute.provider, key=key)


def test_joining_once_a_decision_is_written_or_as_a_stranger_is_refused(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, stranger_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute, plea = way.arbitrated(account, mediator_user), Plea("Moi aussi.", 1_000)
    with pytest.raises(Dispute.NotParty):
        dispute.join(plea, by=stranger_user, key=uuid.uuid4())
    way.drafted(dispute, 1_000)
    with pytest.raises(Dispute.Drafted):
        dispute.join(plea, by=dispute.provider, key=uuid.uuid4())
    assert not Dossier(way.fresh(dispute), dispute.provider).may_join


def test_both_sides_join_before_an_arbitrator_what_the_sma_opened(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = Dispute.open_for(account, [way.tranche(account)], reason="Rien ne bouge.", by=mediator_user)
    dispute = way.let_fall(way.let_fall(dispute, "sma.answer"), "sma.mediate")
    assert dispute.state == "ARBITRATION"
    for by in dispute.parties:
        with pytest.raises(Dispute.AlreadyInCase) as refused:
            way.opened(account, by=by)
        assert Dossier(refused.value.case, by).may_join
        dispute.join(Plea("Ma part.", 60_000, [way.exhibit()]), by=by, key=uuid.uuid4())
    assert [claim.by for claim in dispute.claims.all()] == dispute.parties
    assert [piece.late for piece in dispute.evidence.all()] == [True, True]
    assert Notice.objects.filter(name="mediation.joined.bench_waiting", user=arbitrator_user).count() == 2


def test_sma_opens_a_case_of_its_own_that_both_answer(account: EscrowAccount, mediator_user: User) -> None:
    dispute = Dispute.open_for(account, [way.tranche(account)], reason="Somme immobile.", by=mediator_user)
    assert (dispute.mediator, dispute.claims.count()) == (mediator_user, 0)
    assert [dispute.side_of(one) for one in (*dispute.parties, mediator_user)] == ["A", "B", "S"]
    dispute.answer("Je veux récupérer.", by=dispute.client, key=uuid.uuid4())
    assert awaited(dispute) == [dispute.provider]
    dispute.answer("Je veux être payé.", by=dispute.provider, key=uuid.uuid4())
    assert dispute.state == "MEDIATION"
    dispute.withdraw("Sans objet.", by=mediator_user)
    assert way.tranche(account).state == "FUNDED"


def test_sma_without_its_group_or_with_a_tie_opens_nothing(account: EscrowAccount, finance_user: User) -> None:
    with pytest.raises(Bench.NotOfTheSma):
        Dispute.open_for(account, [way.tranche(account)], reason="Somme immobile.", by=finance_user)
    assert way.tranche(account).state == "FUNDED"


@pytest.mark.parametrize(
    ("cause", "opener"),
    [(Cause.OVERDUE, "client"), (Cause.REFUSED, "client"), (Cause.NO_ANSWER_TO_DELIVERY, "provider")],
)
def test_case_that_a_date_asks_for_is_opened_for_its_side(account: EscrowAccount, cause: Cause, opener: str) -> None:
    CaseRequest.open(way.tranche(account), cause=cause, by=None)
    dispute = Dispute.objects.get()
    assert dispute.opened_by == getattr(dispute, opener)
    assert dispute.claims.get().cents == dispute.cents == 120_000
    assert dispute.entries.get().text.startswith("Le SMA est saisi\xa0: ")
    assert not CaseRequest.objects.open().exists()


def test_idle_money_is_taken_up_by_the_sma(account: EscrowAccount, mediator_user: User) -> None:
    CaseRequest.open(way.tranche(account), cause=Cause.IDLE, by=None)
    dispute = Dispute.objects.get()
    assert (dispute.opened_by, dispute.mediator) == (None, mediator_user)


def test_database_refuses_a_second_case_of_a_number(account: EscrowAccount) -> None:
    dispute, other = way.opened(account, 1), way.opened(account, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.filter(pk=other.pk).update(rank=dispute.rank)


def test_a_case_opened_again_is_not_taken_back_by_one_side(account: EscrowAccount) -> None:
    first = way.opened(account)
    first.withdraw(by=first.client)
    again = way.opened(account)
    with pytest.raises(Dispute.NotWithdrawable):
        again.withdraw(by=again.client)
    assert way.fresh(again).state == "OPENED"
    assert not again.assignments.exists()
    with pytest.raises(Dispute.NotInMediation):
        again.assign(again.client, by=None)


def test_a_case_whose_decision_is_written_is_not_taken_back(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 50_000)
    with pytest.raises(Dispute.NotWithdrawable):
        way.fresh(dispute).withdraw(by=dispute.client)
    assert way.fresh(dispute).state == "ARBITRATION"


def test_nobody_chooses_themselves_as_arbitrator(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    with pytest.raises(Dispute.NotOneself):
        dispute.appoint(arbitrator_user, by=arbitrator_user, reason="Je suis libre.")
