"""A case asked for: the SMA is told once of a tranche that holds money, and no money moves."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction

from escrow.models import CaseRequest, CaseState, Cause, EscrowAccount, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    return way.funded(account)[0]


def asked(tranche: Tranche, cause: Cause = Cause.IDLE, key: uuid.UUID | None = None) -> CaseRequest:
    """A request that waits: nobody claims anything, and there is nobody to take it up."""
    return CaseRequest.open(tranche, cause=cause, by=None, key=key)


def test_a_case_that_nobody_opens_tells_all_what_is_held_and_why(tranche: Tranche, mediator_user: User) -> None:
    provider = tranche.account.agreement.provider
    provider.is_active = False
    provider.save(update_fields=["is_active"])
    request = asked(tranche, Cause.NO_ANSWER_TO_DELIVERY)
    letters = {notice.user: notice.letter for notice in Notice.objects.filter(event__verb="escrow.case_asked")}
    agreement = tranche.account.agreement
    assert set(letters) == {agreement.client, agreement.provider, mediator_user}
    for letter in letters.values():
        assert "1\u202f200,00\xa0€" in letter.paragraphs[0]
        assert "le client n’a pas répondu à une livraison dans le délai." in letter.paragraphs[0]
    assert letters[mediator_user].subject == "Dossier à ouvrir\xa0: Refonte de l’espace adhérent"
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
    asked(tranche)
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
    first = asked(tranche)
    assert CaseRequest.objects.filter(tranche=tranche).close() == 1
    assert asked(tranche) != first
    with pytest.raises(IntegrityError, match="may not become OPEN"), transaction.atomic():
        CaseRequest.objects.filter(pk=first.pk).update(state=CaseState.OPEN, closed_at=None)
