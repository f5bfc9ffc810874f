"""Who approves a decision that is written: named by hand where nobody is, or in the place of somebody."""

from __future__ import annotations

from typing import Any

import pytest

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.testing.cast import person, signed_in
from mediation.models import Bench, Decision, Dispute
from mediation.tests import way
from mediation.tests.desk import CASES, case_page, do, offered
from mediation.tests.desk import page as desk_page
from mediation.tests.pages import plain
from mediation.tests.test_notices import told

pytestmark = pytest.mark.django_db


@pytest.fixture
def unapproved(account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any) -> Dispute:
    """A decision is written, and nobody may approve it."""
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 80_000)
    return way.fresh(dispute)


@pytest.fixture
def zoe() -> User:
    return person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)


@pytest.fixture
def ida() -> User:
    return person("ida@paraphe.example", "Ida Roux", staff_of=SMA)


def test_colleague_names_who_approves(unapproved: Dispute, zoe: User, ida: User) -> None:
    browser = signed_in(ida)
    assert "Nommer qui approuve la décision" in case_page(browser, unapproved)
    text = desk_page(browser, f"{CASES}{unapproved.pk}/ask-approval/do/")
    names = [name for name in ("Zoé Hamel", "Ida Roux", "Marc Tellier", "Aude Rousset") if f"{name} (" in text]
    assert names == ["Zoé Hamel"]
    assert do(browser, unapproved, "ask-approval", staff=zoe.pk) == ""
    dispute = way.fresh(unapproved)
    assert (dispute.approver, dispute.decide_by) == (zoe, way.due(dispute, "sma.approve"))
    assert told("approval_asked") == {"approver": {"Zoé"}}
    assert "Changer qui approuve la décision" in case_page(browser, unapproved)
    assert do(signed_in(zoe), unapproved, "approve", seen=unapproved.decisions.latest("pk").pk) == ""
    assert way.fresh(unapproved).state == "DECIDED"


def test_another_approver_is_named_for_a_reason_that_who_leaves_reads(
    unapproved: Dispute, zoe: User, ida: User, arbitrator_user: User
) -> None:
    unapproved.ask_approval(zoe, by=ida)
    lea = person("lea@paraphe.example", "Léa Pic", staff_of=SMA)
    assert "obligatoire" in do(signed_in(ida), unapproved, "ask-approval", staff=lea.pk)
    with pytest.raises(Dispute.NeedsReason):
        way.fresh(unapproved).ask_approval(lea, by=ida)
    assert do(signed_in(ida), unapproved, "ask-approval", staff=lea.pk, reason="Zoé est absente.") == ""
    letter = Notice.objects.get(user=zoe, event__verb="mediation.replaced").letter
    assert (letter.quote, "confié à un autre membre" in plain(letter.paragraphs[0])) == ("Zoé est absente.", True)
    assert "Zoé est absente." not in case_page(signed_in(arbitrator_user), unapproved)
    with pytest.raises(Decision.NotApprover):
        unapproved.decisions.get().approve(by=zoe)


def test_same_approver_again_changes_nothing(unapproved: Dispute, zoe: User, ida: User) -> None:
    for _again in range(2):
        way.fresh(unapproved).ask_approval(zoe, by=ida)
    assert unapproved.assignments.filter(role="APPROVER").count() == 1
    assert Notice.objects.filter(event__verb="mediation.approval_asked").count() == 1


def test_who_mediated_or_decides_chooses_no_approver(
    unapproved: Dispute, zoe: User, mediator_user: User, arbitrator_user: User
) -> None:
    for one in (mediator_user, arbitrator_user):
        assert "ask-approval" not in offered(signed_in(one), unapproved)
        with pytest.raises(Dispute.NotByWhoDecides):
            unapproved.ask_approval(zoe, by=one)
    with pytest.raises(Dispute.NotOneself):
        unapproved.ask_approval(zoe, by=zoe)
    for one, refusal in ((mediator_user, Bench.HasMediated), (arbitrator_user, Bench.HasDecided)):
        with pytest.raises(refusal):
            unapproved.ask_approval(one, by=zoe)


def test_who_mediated_or_decides_finds_no_page_to_name_somebody(
    unapproved: Dispute, zoe: User, mediator_user: User, arbitrator_user: User
) -> None:
    naming = [(mediator_user, "appoint"), (mediator_user, "ask-approval"), (arbitrator_user, "ask-approval")]
    for one, deed in naming:
        browser = signed_in(one)
        assert "Zoé Hamel" not in desk_page(browser, f"{CASES}{unapproved.pk}/{deed}/do/", status=403)
        assert do(browser, unapproved, deed, staff=zoe.pk, reason="Absence.") == "403"
    assert way.fresh(unapproved).approver is None


def test_approver_is_named_for_a_decision_that_is_written_alone(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, zoe: User, ida: User
) -> None:
    dispute = way.mediated(account)
    with pytest.raises(Dispute.NotInArbitration):
        dispute.ask_approval(zoe, by=ida)
    dispute.assign(mediator_user, by=None)
    with pytest.raises(Dispute.NotDrafted):
        way.handed_over(dispute).ask_approval(zoe, by=ida)
    assert "ask-approval" not in offered(signed_in(ida), dispute)


def test_administrators_who_may_approve_come_last(unapproved: Dispute, zoe: User, ida: User, superuser: User) -> None:
    text = desk_page(signed_in(ida), f"{CASES}{unapproved.pk}/ask-approval/do/")
    assert text.index("Zoé Hamel") < text.index(superuser.display_name)


def test_buttons_say_whether_a_seat_changes_hands(account: EscrowAccount, mediator_user: User, ida: User) -> None:
    dispute, browser = way.mediated(account), signed_in(ida)
    assert "Nommer le médiateur" in case_page(browser, dispute)
    assert do(browser, dispute, "assign", staff=mediator_user.pk) == ""
    assert "Fait : Nommer le médiateur." in case_page(browser, dispute)
    text = case_page(browser, dispute)
    assert ("Changer de médiateur" in text, "Nommer le médiateur" in text) == (True, False)
    assert "Changer de médiateur" in desk_page(browser, f"{CASES}{dispute.pk}/assign/do/")
