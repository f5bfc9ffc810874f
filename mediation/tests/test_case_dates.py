"""Dates of a case that both sides read: late, approved, sent back, before a court; nowhere a date that is past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.ahead import Ahead
from mediation.exhibits import Exhibit
from mediation.models import Dispute, Seizure
from mediation.tests import way
from mediation.tests.pages import address, page, plain
from mediation.turns import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def arbitration(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    return way.arbitrated(account, mediator_user)


@pytest.fixture
def large(arbitration: Dispute, superuser: User, settings: Any) -> Dispute:
    """Its amount needs a second person."""
    settings.SMA_APPROVAL_CENTS = 100_000
    return arbitration


def report(dispute: Dispute) -> str:
    return f"/projets/{dispute.project.key}/rapport/"


def court(dispute: Dispute, by: User) -> Dispute:
    """A court is seized of its decision."""
    way.drafted(dispute, 60_000)
    Seizure.record(way.fresh(dispute), Exhibit.of(png()).copy, note="Nantes.", by=by)
    return way.fresh(dispute)


def test_late_arbitrator_is_said_with_the_date_of_the_replacement(arbitration: Dispute, client_user: User) -> None:
    person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    assert arbitration.decide_by
    dispute = way.let_fall(arbitration, "sma.decide")
    replaced_at = way.due(dispute, "sma.replace")
    with time_machine.travel(arbitration.decide_by + timedelta(hours=1), tick=False):
        browser = signed_in(client_user)
        case, told_there = page(browser, address(dispute)), page(browser, report(dispute))
        assert Turn.of(dispute).due_by == replaced_at
        assert Ahead.of(Turn.of(dispute)).execution > replaced_at + timedelta(days=19)
    assert "L’arbitre, en retard : Aude Rousset" in case
    assert plain(paris(replaced_at)) in case
    assert "Le SMA, en retard : rendre la décision" in told_there
    assert "Un autre arbitre prend le relais" in told_there


def test_late_date_is_known_before_it_has_fallen(arbitration: Dispute) -> None:
    assert arbitration.decide_by
    with time_machine.travel(arbitration.decide_by + way.SECOND, tick=False):
        assert Turn.of(arbitration).due_by == deadlines.after(arbitration.decide_by, 2)


def test_report_gives_the_date_at_which_nobody_decides_any_more(arbitration: Dispute, as_provider: Client) -> None:
    text = page(as_provider, report(arbitration))
    assert "Sans décision d’ici là, le litige prend fin" in text
    assert "Un autre arbitre prend le relais" not in text


def test_report_says_when_an_arbitrator_is_looked_for_again(
    account: EscrowAccount, mediator_user: User, as_client: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert "Le SMA cherche de nouveau un arbitre" in page(as_client, report(dispute))


def test_report_does_not_say_when_a_mediator_is_replaced(
    account: EscrowAccount, mediator_user: User, as_client: Client
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    assert way.due(dispute, "sma.replace")
    assert "prend le relais" not in page(as_client, report(dispute))


def test_large_decision_is_executed_after_its_approval(large: Dispute, as_client: Client) -> None:
    ahead = Ahead.of(Turn.of(large))
    assert ahead.approval
    assert (ahead.approval, ahead.execution) == (deadlines.after(ahead.decision, 2), ahead.approval + 10 * DAY)
    text = page(as_client, address(large))
    assert "Approbation de la décision" in text
    assert plain(paris(ahead.execution)) in text
    way.drafted(large, 60_000)
    dispute = way.fresh(large)
    ahead = Ahead.of(Turn.of(dispute))
    assert (ahead.decision, ahead.approval, ahead.execution) == (dispute.decide_by, None, ahead.decision + 10 * DAY)
    assert "Approbation de la décision du SMA" in page(as_client, report(dispute))


DAY = timedelta(days=1)


def test_small_decision_needs_no_approval(arbitration: Dispute, as_client: Client) -> None:
    assert Ahead.of(Turn.of(arbitration)).approval is None
    assert "Approbation de la décision" not in page(as_client, address(arbitration))


def test_decision_sent_back_says_why_the_date_is_another(large: Dispute, as_client: Client, superuser: User) -> None:
    way.drafted(large, 60_000).send_back("La pièce A1 n’est pas pesée.", by=superuser)
    case, told_there = page(as_client, address(large)), page(as_client, report(large))
    assert "renvoyée par la seconde personne pour être reprise" in case
    assert "renvoyée par la seconde personne pour être reprise" in told_there
    assert "n’est pas pesée" not in case + told_there
    way.drafted(way.fresh(large), 50_000)
    assert "pour être reprise" not in page(as_client, address(large))


def test_court_has_a_date_on_every_page(arbitration: Dispute, mediator_user: User, as_client: Client) -> None:
    dispute = court(arbitration, mediator_user)
    asked_at = plain(paris(way.due(dispute, "sma.court")))
    case, told_there = page(as_client, address(dispute)), page(as_client, report(dispute))
    assert (asked_at in case, asked_at in told_there) == (True, True)
    assert "Le SMA vous demande alors à tous deux où en est le tribunal" in case
    assert "Le tribunal : statuer sur le litige, dossier SMA" in told_there
    assert "Le SMA vous demande où en est le tribunal" in told_there
    assert "question posée le <br>" in case


def test_ruling_that_is_noted_has_the_date_at_which_it_is_asked_again(
    arbitration: Dispute, mediator_user: User, as_client: Client
) -> None:
    dispute = court(arbitration, mediator_user)
    shares = Shares(30_000, dispute.cents - 30_000)
    dispute.seizures.get().note_ruling(shares, Exhibit.of(png()).copy, by=mediator_user)
    asked_at = plain(paris(way.due(dispute, "sma.court")))
    case, told_there = page(as_client, address(dispute)), page(as_client, report(dispute))
    assert (asked_at in case, asked_at in told_there) == (True, True)
    assert "À cette date, le SMA y est rappelé" in case
    assert "Le SMA : exécuter le jugement du tribunal" in told_there
    assert "Le SMA est rappelé à l’exécution du jugement" in told_there


def test_straight_case_announces_the_approval_of_a_large_amount(
    account: EscrowAccount, as_client: Client, settings: Any
) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    opening = f"/projets/{account.project.key}/litige/nouveau/"
    settings.SMA_APPROVAL_CENTS = 0
    later = page(as_client, opening)
    settings.SMA_APPROVAL_CENTS = 10**9
    assert later != page(as_client, opening)
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.opened(account)
    assert plain(paris(Ahead.of(Turn.of(dispute)).execution)) in later
