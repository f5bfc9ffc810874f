"""Decisions: by the arbitrator, to the cent, with reasons; a second person above a bound; a court that stops them."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Notice
from mediation.models import Bench, Course, Decision, Dispute, Plea, Publication, Seizure
from mediation.tests import way
from mediation.tests.test_bench import company_of, in_the_sma
from mediation.turns import awaited

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """Before its arbitrator."""
    return way.arbitrated(account, mediator_user)


@pytest.fixture
def large(account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any) -> Dispute:
    """Before its arbitrator, with more at stake than one person decides."""
    settings.SMA_APPROVAL_CENTS = 119_999
    return way.arbitrated(account, mediator_user)


def paper() -> intake.Clean:
    return intake.clean(png())


def test_decision_is_hashed_and_given_to_both(heard: Dispute) -> None:
    decision = way.drafted(heard, 70_001)
    dispute = way.fresh(heard)
    assert (dispute.decision, dispute.draft, dispute.state) == (decision, None, "DECIDED")
    assert (decision.shares, decision.needs_approval, len(decision.sha256)) == (Shares(70_001, 49_999), False, 64)
    for one in dispute.parties:
        assert list(Decision.objects.visible_to(one)) == [decision]
    assert way.due(dispute, "sma.execute") == dispute.execute_at
    assert str(decision) == dispute.number


def test_hash_is_of_number_tranches_shares_and_reasons(heard: Dispute) -> None:
    decision = way.drafted(heard, 70_001)
    said = json.dumps([heard.number, [[1, 120_000]], 70_001, 49_999, way.WHY], ensure_ascii=False)
    assert decision.sha256 == hashlib.sha256(said.encode()).hexdigest()
    assert len({decision.sha256, decision.paper_sha256}) == 2


def test_bound_itself_needs_one_person(account: EscrowAccount, heard: Dispute, settings: Any) -> None:
    settings.SMA_APPROVAL_CENTS = 120_000
    assert way.drafted(heard, 0).state == "ISSUED"


@pytest.mark.parametrize("shares", [Shares(0, 0), Shares(120_001, -1), Shares(60_000, 60_001)])
def test_shares_that_do_not_come_to_what_is_frozen_are_refused(heard: Dispute, shares: Shares) -> None:
    with pytest.raises(Decision.NotTheWhole, match="1\u202f200,00\xa0€"):
        Decision.draft(heard, shares, reasons=way.WHY, by=heard.arbitrator, key=uuid.uuid4())  # type: ignore[arg-type]
    assert not heard.decisions.exists()


def test_reasons_have_a_least_length(heard: Dispute) -> None:
    shares, by = Shares(0, 120_000), heard.arbitrator
    assert by
    with pytest.raises(Decision.TooShort):
        Decision.draft(heard, shares, reasons=f"{'x' * 49}   ", by=by, key=uuid.uuid4())
    assert Decision.draft(heard, shares, reasons="x" * 50, by=by, key=uuid.uuid4()).state == "ISSUED"


def test_only_the_arbitrator_decides(heard: Dispute, mediator_user: User, client_user: User) -> None:
    for outsider in (mediator_user, client_user):
        with pytest.raises(Decision.NotArbitrator):
            way.drafted(heard, 0, outsider)
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.filter(pk=heard.pk).update(arbitrator=mediator_user)


def test_tie_found_since_keeps_from_deciding_and_approving(large: Dispute, superuser: User) -> None:
    other = way.arbitrated(large.account, large.mediator, 2)  # type: ignore[arg-type]
    decision = way.drafted(large, 0)
    for staff in (superuser, decision.arbitrator):
        company_of(staff, large.client)
    with pytest.raises(Bench.Tied):
        decision.approve(by=User.objects.get(pk=superuser.pk))
    with pytest.raises(Bench.Tied):
        way.drafted(other, 0, User.objects.get(pk=decision.arbitrator.pk))
    assert not Decision.objects.issued().exists()


def test_case_in_mediation_is_not_decided(account: EscrowAccount, arbitrator_user: User) -> None:
    with pytest.raises(Dispute.NotInArbitration):
        way.drafted(way.mediated(account), 0, arbitrator_user)


def test_same_key_decides_once(heard: Dispute) -> None:
    about: dict[str, Any] = {"reasons": way.WHY, "by": heard.arbitrator, "key": uuid.uuid4()}
    first = Decision.draft(heard, Shares(1, 119_999), **about)
    assert Decision.draft(heard, Shares(1, 119_999), **about) == first
    with pytest.raises(Decision.KeyReused):
        Decision.draft(heard, Shares(2, 119_998), **about)
    with pytest.raises(Dispute.Closed):
        way.drafted(heard, 5, heard.arbitrator)


def test_large_decision_waits_for_a_second_person(large: Dispute, superuser: User, mediator_user: User) -> None:
    decision = way.drafted(large, 60_000)
    dispute = way.fresh(large)
    assert (dispute.state, dispute.approver, awaited(dispute)) == ("ARBITRATION", superuser, [superuser])
    assert not Decision.objects.visible_to(dispute.client).exists()
    for other in (decision.arbitrator, mediator_user):
        with pytest.raises(Decision.NotApprover):
            decision.approve(by=other)
    with pytest.raises(Dispute.Drafted):
        way.drafted(dispute, 1)
    for _again in range(2):
        decision.approve(by=superuser)
    assert way.fresh(large).state == "DECIDED"
    with pytest.raises(Decision.NotWaiting):
        decision.send_back("Trop tard.", by=superuser)


def test_large_decision_sent_back_is_written_again(large: Dispute, superuser: User) -> None:
    decision = way.drafted(large, 60_000)
    with pytest.raises(Decision.NeedsReason):
        decision.send_back(" ", by=superuser)
    for _again in range(2):
        decision.send_back("Les motifs ne disent rien des photos.", by=superuser)
    dispute = way.fresh(large)
    assert (dispute.draft, awaited(dispute), dispute.due_by) == (
        None,
        [dispute.arbitrator],
        way.due(dispute, "sma.decide"),
    )
    way.drafted(dispute, 50_000).approve(by=superuser)
    assert way.fresh(large).decision != decision


def test_withdrawal_of_both_sends_a_draft_back(large: Dispute) -> None:
    large.join(Plea("Tout est livré.", 10_000), by=large.provider, key=uuid.uuid4())
    decision = way.drafted(large, 60_000)
    assert decision.paper_sha256 == ""
    for party in large.parties:
        way.fresh(large).withdraw(by=party)
    decision.refresh_from_db()
    assert decision.state == "SENT_BACK"


def test_arbitrator_who_drafted_is_not_replaced(large: Dispute, superuser: User, moderator_user: User) -> None:
    way.drafted(large, 60_000)
    with pytest.raises(Dispute.Drafted):
        large.appoint(superuser, by=None)


def test_court_stops_the_execution_until_it_is_lifted(heard: Dispute, mediator_user: User) -> None:
    with pytest.raises(Seizure.NotDecided):
        Seizure.record(heard, paper(), note="", by=mediator_user)
    way.drafted(heard, 60_000)
    seizure = Seizure.record(way.fresh(heard), paper(), note="Assignation.", by=mediator_user)
    assert Seizure.record(way.fresh(heard), paper(), note="Assignation.", by=mediator_user) == seizure
    dispute = way.fresh(heard)
    assert (dispute.is_seized, dispute.due_by, str(seizure)) == (True, None, dispute.number)
    with pytest.raises(Course.Seized):
        Course(dispute).execution_due(at=timezone.now())
    way.let_fall(dispute, "sma.court")
    seizure.lift("Désistement.", by=mediator_user)
    with pytest.raises(Seizure.Ended, match="déjà noté depuis le"):
        seizure.lift("Désistement.", by=mediator_user)
    assert dispute.entries.filter(kind="LIFTED").count() == 1
    assert way.let_fall(dispute, "sma.execute").state == "EXECUTED"


def test_side_sends_the_proof_of_a_court_in_the_decided_case(heard: Dispute, arbitrator_user: User) -> None:
    way.drafted(heard, 60_000)
    dispute = way.fresh(heard)
    dispute.say("Un tribunal est saisi.", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit("Assignation")])
    assert dispute.evidence.filter(title="Assignation", by=dispute.client).exists()
    assert arbitrator_user in {notice.user for notice in Notice.objects.filter(event__verb="mediation.proof")}


def test_court_is_noted_by_the_sma_without_a_tie(heard: Dispute, rival_user: User) -> None:
    way.drafted(heard, 60_000)
    for outsider in (rival_user, heard.client):
        with pytest.raises(Bench.NotOfTheSma):
            Seizure.record(way.fresh(heard), paper(), note="", by=outsider)
    client = in_the_sma(way.fresh(heard).client)
    with pytest.raises(Bench.Tied):
        Seizure.record(way.fresh(heard), paper(), note="", by=client)


def test_ruling_of_a_court_is_executed_instead(
    large: Dispute, superuser: User, mediator_user: User, arbitrator_user: User
) -> None:
    way.drafted(large, 60_000).approve(by=superuser)
    dispute = way.fresh(large)
    seizure = Seizure.record(dispute, paper(), note="Assignation.", by=mediator_user)
    with pytest.raises(Seizure.NotNoted):
        seizure.carry_out("0-0-0", by=arbitrator_user)
    with pytest.raises(Decision.NotTheWhole):
        seizure.note_ruling(Shares(0, 1), paper(), by=mediator_user)
    seizure.note_ruling(Shares(120_000, 0), paper(), by=arbitrator_user)
    first = seizure.version
    seizure.note_ruling(Shares(0, 120_000), paper(), by=mediator_user)
    with pytest.raises(Seizure.Replaced):
        seizure.carry_out(first, by=arbitrator_user)
    with pytest.raises(Seizure.NeedsAnother):
        seizure.carry_out(seizure.version, by=mediator_user)
    seizure.carry_out(seizure.version, by=arbitrator_user)
    with pytest.raises(Seizure.Executed):
        seizure.carry_out(seizure.version, by=arbitrator_user)
    assert way.fresh(large).state == "EXECUTED"
    assert way.tranche(large.account).released_cents == 0


def test_decision_is_published_once_executed(heard: Dispute, arbitrator_user: User) -> None:
    decision = way.drafted(heard, 60_000)
    with pytest.raises(Decision.NotPublishable):
        decision.publish("Livraison partielle.", by=arbitrator_user)
    way.let_fall(heard, "sma.execute")
    with pytest.raises(Dispute.NeedsText):
        decision.publish(" ", by=arbitrator_user)
    first = decision.publish("Livraison partielle.", by=arbitrator_user)
    assert decision.publish("Livraison aux deux tiers.", by=arbitrator_user) == first
    assert [row.text for row in Publication.objects.public()] == ["Livraison aux deux tiers."]
    for _again in range(2):
        first.withdraw()
    assert not Publication.objects.public().exists()
    assert str(first) == heard.number
