"""A mediation that its mediator ends before its date: why, and until when evidence is still in time."""

from __future__ import annotations

import uuid

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from mediation.models import Decision, Dispute
from mediation.tests import way
from mediation.tests.desk import CASES, do, offered
from mediation.tests.desk import page as desk_page
from mediation.tests.pages import address, page, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def mediation(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    return way.fresh(dispute)


def sent(dispute: Dispute) -> bool:
    """The provider sends a piece now; whether it is late."""
    entry = dispute.say("", by=dispute.provider, key=uuid.uuid4(), exhibits=[way.exhibit("Devis")])
    return entry.evidence.get().late


@pytest.mark.parametrize("reason", ["", " ", "Aucun accord.", f"{'x' * 19}  "])
def test_mediation_ends_before_its_date_for_a_reason_alone(
    mediation: Dispute, mediator_user: User, as_mediator: Client, reason: str
) -> None:
    with pytest.raises(Dispute.NeedsGrounds, match="20 caractères"):
        mediation.hand_over(reason, by=mediator_user)
    text = do(as_mediator, mediation, "hand-over", reason=reason)
    assert "error" in text
    assert reason.strip() in text
    assert way.fresh(mediation).state == "MEDIATION"


def test_form_says_until_when_evidence_is_in_time(mediation: Dispute, as_mediator: Client) -> None:
    last = plain(paris(deadlines.after(timezone.now(), 2)))
    text = desk_page(as_mediator, f"{CASES}{mediation.pk}/hand-over/do/")
    assert "20 caractères au moins" in text
    assert f"encore verser des pièces jusqu’au {last}" in plain(text)


def test_evidence_is_in_time_for_two_working_days_more(mediation: Dispute, as_client: Client) -> None:
    dispute = way.handed_over(mediation)
    last = dispute.heard_until
    assert last
    assert (dispute.is_cut_short, dispute.evidence_by, last) == (True, last, deadlines.after(timezone.now(), 2))
    assert dispute.decide_by
    assert dispute.decide_by > last
    text = page(as_client, address(dispute))
    assert f"Vous pouvez verser des pièces jusqu’au {plain(paris(last))}" in text
    assert f"versée après le {plain(paris(last))}, dernier jour pour les pièces" in text
    for at, late in ((timezone.now(), False), (last, False), (last + way.SECOND, True)):
        with time_machine.travel(at, tick=False):
            assert sent(dispute) is late


def test_nothing_is_decided_as_long_as_evidence_is_in_time(mediation: Dispute, as_arbitrator: Client) -> None:
    dispute = way.handed_over(mediation)
    assert dispute.heard_until
    last = plain(paris(dispute.heard_until))
    assert "decide" not in offered(as_arbitrator, dispute)
    with pytest.raises(Decision.TooEarly):
        way.drafted(dispute, 80_000)
    letters = [row.letter for row in Notice.objects.filter(event__verb__in=VERBS)]
    assert len(letters) == 3
    assert all(f"jusqu’au {last}" in plain(" ".join(letter.paragraphs)) for letter in letters)
    with time_machine.travel(dispute.heard_until + way.SECOND, tick=False):
        assert way.drafted(dispute, 80_000).state == "ISSUED"


VERBS = ("mediation.arbitration", "mediation.appointed")


def test_mediation_that_lasted_until_its_date_is_not_cut_short(mediation: Dispute, as_client: Client) -> None:
    dispute = way.let_fall(mediation, "sma.mediate")
    assert (dispute.is_cut_short, dispute.heard_until) == (False, None)
    assert "versée après la médiation" in page(as_client, address(dispute))


def test_last_day_for_evidence_is_among_the_dates_of_the_report(mediation: Dispute, as_client: Client) -> None:
    report = f"/projets/{mediation.project.key}/rapport/"
    assert "Dernier jour pour verser des pièces" not in page(as_client, report)
    dispute = way.handed_over(mediation)
    assert "Dernier jour pour verser des pièces" in page(as_client, report)
    way.heard(dispute)
    assert "Dernier jour pour verser des pièces" not in page(as_client, report)
