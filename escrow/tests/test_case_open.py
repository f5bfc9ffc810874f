"""A case asked for: the SMA is told once of a tranche that holds money, and no money moves."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction

from escrow.models import CaseRequest, CaseState, Cause, EscrowAccount, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.templatetags.page import paris


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    return way.funded(account)[0]


def asked(tranche: Tranche, cause: Cause = Cause.IDLE, key: uuid.UUID | None = None) -> CaseRequest:
    return CaseRequest.open(tranche, cause=cause, by=None, key=key)


def test_a_case_that_cannot_be_opened_tells_all_why_and_when_next(tranche: Tranche, mediator_user: User) -> None:
    request = way.unopened(tranche, Cause.NO_ANSWER_TO_DELIVERY)
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.case_asked")}
    agreement = tranche.account.agreement
    assert set(letters) == {agreement.client, agreement.provider, mediator_user}
    for letter in letters.values():
        assert "1\u202f200,00\xa0€" in letter.paragraphs[0]
        assert "le client n’a pas répondu à une livraison dans le délai." in letter.paragraphs[0]
    (again,) = way.waiting("account.ask")
    assert letters[mediator_user].subject.startswith(f"Ouvrez avant le {paris(again)} le dossier demandé")
    assert letters[mediator_user].action == ("Ouvrir le dossier", f"/admin/escrow/caserequest/{request.pk}/change/")
    assert f"le {paris(again)}, puis chaque jour ouvré" in letters[agreement.client].paragraphs[1]
    assert str(request).endswith("Étape 1: le client n’a pas répondu à une livraison dans le délai")


def test_a_case_that_opens_at_once_is_told_once_to_each_of_the_two(tranche: Tranche, mediator_user: User) -> None:
    asked(tranche, Cause.NO_ANSWER_TO_DELIVERY)
    told = Notice.objects.filter(event__verb__in=["escrow.case_asked", "escrow.frozen", "mediation.opened"])
    agreement = tranche.account.agreement
    assert sorted(notice.user.pk for notice in told) == sorted(
        user.pk for user in (agreement.client, agreement.provider, mediator_user)
    )


def test_the_event_of_a_case_names_the_requests_and_their_tranches(tranche: Tranche) -> None:
    request = asked(tranche, Cause.IDLE)
    facts = Event.objects.get(verb="escrow.case_asked").facts
    assert (facts["requests"], facts["cause"], facts["cents"]) == ([request.pk], "IDLE", 120_000)
    assert [part["tranche"] for part in facts["parts"]] == [tranche.pk]


def test_a_tranche_that_holds_nothing_has_no_case(account: EscrowAccount) -> None:
    with pytest.raises(CaseRequest.NothingHeld):
        asked(account.tranches.all()[0])


def test_a_second_case_of_the_same_tranche_is_refused(tranche: Tranche) -> None:
    way.unopened(tranche)
    with pytest.raises(CaseRequest.AlreadyOpen):
        asked(tranche, Cause.IDLE)
    with pytest.raises(IntegrityError, match="one_open_case"), transaction.atomic():
        CaseRequest.objects.create(tranche=tranche, cause=Cause.IDLE)


def test_the_same_key_opens_one_case_and_another_content_is_refused(tranche: Tranche) -> None:
    key = uuid.uuid4()
    assert asked(tranche, key=key) == asked(tranche, key=key)
    with pytest.raises(CaseRequest.KeyReused):
        asked(tranche, Cause.OVERDUE, key=key)


def test_a_closed_case_leaves_room_for_another_and_opens_no_more(tranche: Tranche) -> None:
    first = way.unopened(tranche)
    assert CaseRequest.objects.filter(tranche=tranche).close() == 1
    assert asked(tranche) != first
    with pytest.raises(IntegrityError, match="may not become OPEN"), transaction.atomic():
        CaseRequest.objects.filter(pk=first.pk).update(state=CaseState.OPEN, closed_at=None)
