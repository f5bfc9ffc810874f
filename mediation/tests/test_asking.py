"""What is asked of the SMA becomes a case whoever sits for it, and each way ends by itself with nobody acting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from escrow.models import CaseRequest, Cause, EscrowAccount
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.admin_site import waiting_for
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris_short
from mediation import asking
from mediation.dossier import Dossier
from mediation.models import Bench, Dispute, Role
from mediation.tests import way
from mediation.tests.desk import CASES, page, plain
from mediation.tests.pages import address
from mediation.tests.pages import page as page_of
from mediation.tests.test_bench import company_of
from mediation.tests.test_course import sweep_until_it_ends
from projects.models import Deadline

pytestmark = pytest.mark.django_db
IDLE, ASK = "account.idle", "account.ask"
REQUESTS = "/admin/escrow/caserequest/"


def left_alone(account: EscrowAccount) -> Dispute:
    """Nothing moves until the date of the money at rest has passed: the case that it opens."""
    (at,) = escrow.waiting(IDLE)
    with time_machine.travel(at + timedelta(minutes=1), tick=False):
        Deadline.objects.sweep(timezone.now())
    assert not CaseRequest.objects.open().exists()
    return way.fresh(Dispute.objects.filter(account=account).latest("pk"))


def undecided(account: EscrowAccount, mediator: User) -> Dispute:
    """Mediated, then decided by nobody until the last date."""
    dispute = sweep_until_it_ends(way.arbitrated(account, mediator, 1, 2, 3))
    assert dispute.state == "UNDECIDED"
    return dispute


def test_idle_money_after_an_undecided_case_goes_straight_and_ends_by_itself(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    former = undecided(account, mediator_user)
    for _time in range(2):
        dispute = left_alone(account)
        assert (dispute.state, dispute.straight, dispute.mediator, dispute.opened_by) == ("OPENED", True, None, None)
        assert dispute.cents == former.cents
        told = Notice.objects.filter(name="mediation.opened.silent").order_by("-pk")[:2]
        assert {notice.user for notice in told} == {dispute.client, dispute.provider}
        assert way.let_fall(dispute, "sma.answer").arbitrator == arbitrator_user
        assert sweep_until_it_ends(dispute).state == "UNDECIDED"
        assert escrow.waiting(IDLE)


def test_idle_money_after_a_withdrawn_case_has_a_mediation(account: EscrowAccount, mediator_user: User) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = left_alone(account)
    assert (dispute.straight, dispute.mediator, dispute.opened_by) == (False, mediator_user, None)
    assert sweep_until_it_ends(dispute).state == "UNDECIDED"


def test_idle_money_beside_what_was_shared_out_has_its_own_case(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    first = way.arbitrated(account, mediator_user, 1)
    way.drafted(first, 70_000)
    assert sweep_until_it_ends(first).state == "EXECUTED"
    dispute = left_alone(account)
    assert [part.tranche.position for part in dispute.freeze.rows] == [2, 3]
    assert dispute.mediator == mediator_user
    assert sweep_until_it_ends(dispute).state == "UNDECIDED"
    assert escrow.waiting(IDLE)


def test_idle_money_has_a_case_while_the_sma_has_nobody(account: EscrowAccount, superuser: User) -> None:
    dispute = left_alone(account)
    assert (dispute.state, dispute.mediator, dispute.opened_by) == ("OPENED", None, None)
    dispute = way.let_fall(dispute, "sma.assign")
    assert Notice.objects.filter(name="mediation.stuck.heads", user=superuser).exists()
    assert sweep_until_it_ends(dispute).state == "UNDECIDED"
    assert escrow.waiting(IDLE)


def test_the_bench_may_refuse_the_first_and_the_next_mediates(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    first = way.arbitrated(account, arbitrator_user)
    assert first.arbitrator == mediator_user
    first.withdraw(by=first.client)
    dispute = left_alone(account)
    assert Bench(dispute).obstacle(Role.MEDIATOR, mediator_user) == Bench.HasDecided
    assert dispute.mediator == arbitrator_user


def test_who_opens_for_the_sma_without_being_able_to_mediate_leaves_it_to_the_next(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    way.arbitrated(account, arbitrator_user).withdraw(by=account.agreement.client)
    dispute = Dispute.open_for(account, [way.tranche(account)], reason="Rien ne bouge.", by=mediator_user)
    assert (dispute.opened_by, dispute.mediator) == (mediator_user, arbitrator_user)


def test_who_opened_an_idle_case_is_nobody_and_the_page_says_so(
    account: EscrowAccount, mediator_user: User, as_client: Client
) -> None:
    dispute = left_alone(account)
    assert "Le SMA, d’office" in Dossier(dispute, dispute.client).opening
    assert "Le SMA, d’office" in page_of(as_client, address(dispute))
    names = Notice.objects.filter(user=dispute.client, name__startswith="mediation.")
    assert [notice.name for notice in names] == ["mediation.opened.silent"]
    assert ("Médiateur", "Marc Tellier") in names[0].letter.figures


@pytest.mark.parametrize("side", ["client", "provider"])
def test_the_sma_opens_the_case_of_a_suspended_side(account: EscrowAccount, mediator_user: User, side: str) -> None:
    by: User = getattr(account.agreement, side)
    by.is_active = False
    by.save(update_fields=["is_active"])
    cause = Cause.OVERDUE if side == "client" else Cause.NO_ANSWER_TO_DELIVERY
    CaseRequest.open(way.tranche(account), cause=cause, by=None)
    dispute = Dispute.objects.get()
    assert (dispute.opened_by, dispute.claims.count(), dispute.mediator) == (None, 0, mediator_user)
    assert set(dispute.silent()) == set(dispute.parties)


@pytest.fixture
def waiting(account: EscrowAccount, mediator_user: User) -> CaseRequest:
    """Asked for while the books were wrong: no case is open."""
    return escrow.unopened(way.tranche(account))


def opened_by_hand(client: Client, request: CaseRequest) -> str:
    """What the deed of the administration answers; nothing when it was done."""
    answer = client.post(f"{REQUESTS}{request.pk}/open/do/", {"key": "0b7e0c1e-7a53-4b4c-9d0a-2f6f9f1f6c11"})
    return plain(answer.content.decode()) if answer.status_code == 200 else ""


def test_what_has_no_case_waits_in_the_administration_and_is_opened_there(
    waiting: CaseRequest, mediator_user: User, as_mediator: Client
) -> None:
    (todo,) = [row for row in waiting_for(mediator_user) if "caserequest" in row.path]
    assert (todo.words, todo.before) == ("1 dossier demandé à ouvrir", escrow.waiting(ASK)[0])
    assert plain(paris_short(todo.before)) in page(as_mediator, todo.path)
    text = page(as_mediator, f"{REQUESTS}{waiting.pk}/change/")
    assert f"{REQUESTS}{waiting.pk}/open/do/" in text
    assert opened_by_hand(as_mediator, waiting) == ""
    dispute = Dispute.objects.get()
    assert (dispute.opened_by, dispute.mediator, escrow.waiting(ASK)) == (mediator_user, mediator_user, [])
    assert "pris fin" in opened_by_hand(as_mediator, waiting)
    text = page(as_mediator, f"{REQUESTS}{waiting.pk}/change/")
    assert f'<a href="{CASES}{dispute.pk}/change/">{dispute.number}</a>' in text
    assert "/open/do/" not in text
    assert not [row for row in waiting_for(mediator_user) if "caserequest" in row.path]


@pytest.mark.parametrize(
    ("side", "words"), [("client", "le client"), ("provider", "le prestataire"), (None, "une date, d’office")]
)
def test_the_administration_says_who_asked_without_a_name(
    account: EscrowAccount, mediator_user: User, as_mediator: Client, side: str | None, words: str
) -> None:
    lost, by = escrow.drained(account), getattr(account.agreement, side) if side else None
    request = CaseRequest.open(way.tranche(account), cause=Cause.REFUSED, by=by)
    escrow.refilled(account, lost)
    text = page(as_mediator, f"{REQUESTS}{request.pk}/change/")
    assert f">{words}<" in text
    assert "Claire Caron" not in text
    assert "Paul Mercier" not in text


def test_who_is_tied_to_a_side_finds_no_request(
    waiting: CaseRequest, mediator_user: User, as_mediator: Client, as_finance: Client
) -> None:
    company_of(mediator_user, waiting.tranche.account.agreement.client)
    assert waiting.tranche.account.project.title not in page(as_mediator, REQUESTS)
    assert opened_by_hand(as_mediator, waiting) == ""
    assert not Dispute.objects.exists()
    assert as_finance.get(REQUESTS).status_code == 403


def test_books_that_are_wrong_refuse_by_hand_too(waiting: CaseRequest, as_mediator: Client) -> None:
    account = waiting.tranche.account
    lost = escrow.drained(account)
    assert "Le solde ne suffit pas" in opened_by_hand(as_mediator, waiting)
    escrow.refilled(account, lost)
    assert CaseRequest.objects.open().get() == waiting


def test_the_administrators_are_told_where_no_member_may_open_it(
    account: EscrowAccount, mediator_user: User, superuser: User
) -> None:
    mediator_user.groups.remove(Group.objects.get(name=SMA))
    escrow.unopened(way.tranche(account))
    told = Notice.objects.filter(name="escrow.case_asked.sma")
    assert [notice.user for notice in told] == [superuser]
    assert "1\u202f200,00\xa0€" in told[0].letter.paragraphs[0]


def test_the_side_that_a_cause_speaks_for_opens_it_by_hand_too(account: EscrowAccount, mediator_user: User) -> None:
    request = escrow.unopened(way.tranche(account), Cause.OVERDUE)
    dispute: Any = asking.take_up_by_hand(request, by=mediator_user)
    assert (dispute.opened_by, dispute.claims.get().by) == (dispute.client, dispute.client)
