"""A case that could not be opened is asked for again each working day, until it is open or has no object any more."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from escrow.models import CaseRequest, Cause, EscrowAccount, Tranche
from escrow.tests import way
from escrow.tests.test_acts_page import report
from marketplace import deadlines
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import signed_in
from projects.models import Deadline

ASK, IDLE = "account.ask", "account.idle"
SECOND = timedelta(seconds=1)
migration = import_module("escrow.migrations.0007_ask_again")


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    return way.funded(account)[0]


def swept() -> None:
    """The date to ask again has passed."""
    (at,) = way.waiting(ASK)
    assert way.swept(at, ASK) == 0
    assert way.swept(at + SECOND, ASK) == 1


def older(tranche: Tranche) -> CaseRequest:
    """Asked for before a case was opened whatever happens: it waits, with its date to be asked again."""
    request = CaseRequest.objects.create(tranche=tranche, cause=Cause.IDLE)
    migration.ask_again(apps, None)
    Deadline.objects.filter(kind=ASK).update(due_at=deadlines.after(request.at, 1))
    return request


def test_it_is_asked_again_each_working_day_until_it_is_open(tranche: Tranche) -> None:
    lost = way.drained(tranche.account)
    request = CaseRequest.open(tranche, cause=Cause.IDLE, by=None)
    assert way.waiting(ASK) == [deadlines.after(request.at, 1)]
    swept()
    assert way.waiting(ASK) == [deadlines.after(request.at, 2)]
    way.refilled(tranche.account, lost)
    swept()
    request.refresh_from_db()
    assert (request.state, request.obstacle, way.reread(tranche).state) == ("CLOSED", "", "DISPUTED")
    assert way.waiting(ASK) == []


def test_what_one_cause_asks_for_is_one_case(account: EscrowAccount) -> None:
    first, second, third = way.funded(account)
    for tranche, cause in ((first, Cause.IDLE), (second, Cause.OVERDUE), (third, Cause.IDLE)):
        way.unopened(tranche, cause)
    swept()
    assert not CaseRequest.objects.open().exists()
    parts = [list(freeze.parts.values_list("tranche", flat=True)) for freeze in account.freezes.all()]
    assert sorted(map(sorted, parts)) == [[first.pk, third.pk], [second.pk]]


def test_what_was_released_meanwhile_is_asked_for_no_more(account: EscrowAccount) -> None:
    tranche = way.delivered(way.funded(account)[0])
    way.unopened(tranche)
    way.released(way.reread(tranche))
    assert "Le SMA ouvre le dossier demandé" not in report(signed_in(account.agreement.client), tranche)
    swept()
    assert way.waiting(ASK) == []
    assert not Notice.objects.filter(event__verb="escrow.case_barred").exists()


def test_nothing_held_any_more_ends_it_and_both_are_told(account: EscrowAccount) -> None:
    first, *_others = way.funded(account)
    request = older(way.released(way.delivered(first)))
    swept()
    request.refresh_from_db()
    assert (request.state, request.obstacle, way.waiting(ASK)) == ("CLOSED", "NOTHING_HELD", [])
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.case_barred")}
    assert set(letters) == {account.agreement.client, account.agreement.provider}
    (idle,) = way.waiting(IDLE)
    for letter in letters.values():
        assert "rien n’est plus bloqué sur cette tranche." in letter.paragraphs[0]
        assert f"Si rien ne bouge avant le {paris(idle)}" in letter.paragraphs[1]
    assert "Saisine du SMA sans dossier ouvert" in report(signed_in(account.agreement.client), first)


def test_money_in_another_case_ends_it_without_a_date(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    tranche = way.reread(account.tranches.get(position=1))
    CaseRequest.open(tranche, cause=Cause.IDLE, by=None)
    request = older(tranche)
    swept()
    request.refresh_from_db()
    assert (request.obstacle, way.waiting(IDLE)) == ("IN_DISPUTE", [])
    letter = Notice.objects.filter(event__verb="escrow.case_barred")[0].letter
    assert "un autre dossier décide déjà de cet argent." in letter.paragraphs[0]
    assert len(letter.paragraphs) == 1


def test_an_obstacle_is_that_of_a_closed_request(tranche: Tranche) -> None:
    request = way.unopened(tranche)
    with pytest.raises(IntegrityError, match="case_request_barred_is_closed"), transaction.atomic():
        CaseRequest.objects.filter(pk=request.pk).update(obstacle="NOTHING_HELD")


def test_the_migration_has_each_account_asked_again_and_takes_it_back(account: EscrowAccount) -> None:
    first, second, _third = way.funded(account)
    for tranche in (first, second):
        CaseRequest.objects.create(tranche=tranche, cause=Cause.IDLE)
    for _time in range(2):
        migration.ask_again(apps, None)
        assert len(way.waiting(ASK)) == 1
    swept_at = way.waiting(ASK)[0] + SECOND
    migration.forget(apps, None)
    assert way.waiting(ASK) == []
    migration.ask_again(apps, None)
    assert way.swept(swept_at + timedelta(days=1), ASK) == 1
    assert not CaseRequest.objects.open().exists()
