"""The SMA's desk in a real browser: queue, case, deeds, decision and register, wide and narrow, light and dark."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, at_every_look
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.desk import CASES, REASONS

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def looked_at(page: Page, *paths: str) -> list[str]:
    """What is wrong with the pages at `paths`."""
    found = []
    for path in paths:
        answer = page.goto(path)
        assert answer
        assert answer.status == 200, path
        found += at_every_look(page)
    return found


@pytest.fixture
def dispute(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """In mediation, with evidence, a proposal and a note."""
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    dispute.say("Voici les fiches.", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit("Liste des fiches")])
    way.proposed(dispute, 40_000, dispute.client)
    dispute.note("Le client paraît pressé.", by=mediator_user)
    return way.fresh(dispute)


def test_queue_case_and_workload_have_no_fault(dispute: Dispute, mediator_user: User, enter: Enter) -> None:
    case = f"{CASES}{dispute.pk}/"
    deeds = [f"{case}{deed}/do/" for deed in ("assign", "say", "propose", "hand-over")]
    assert looked_at(enter(mediator_user), "/admin/", CASES, f"{case}change/", *deeds, f"{CASES}workload/") == []


def test_who_does_not_sit_in_a_case_has_a_page_without_fault(
    dispute: Dispute, arbitrator_user: User, enter: Enter
) -> None:
    assert looked_at(enter(arbitrator_user), f"{CASES}{dispute.pk}/change/") == []


def test_mediator_and_arbitrator_bring_a_case_to_its_publication(
    dispute: Dispute, mediator_user: User, arbitrator_user: User, enter: Enter
) -> None:
    page = enter(mediator_user)
    page.goto(f"{CASES}{dispute.pk}/change/")
    page.get_by_role("link", name="Proposer un partage").click()
    page.get_by_label("Au prestataire, en euros").fill("800")
    page.get_by_label("Au client, en euros").fill("300")
    page.get_by_label("Pourquoi ce partage").fill("Deux tiers du travail.")
    page.get_by_role("button", name="Proposer un partage").click()
    page.get_by_text("Corrigez l’une des deux parts").wait_for()
    assert at_every_look(page) == []
    page.get_by_label("Au client, en euros").fill("400")
    page.get_by_role("button", name="Proposer un partage").click()
    page.get_by_role("link", name="Transmettre à un arbitre").click()
    page.get_by_label("Pourquoi vous mettez fin").fill(way.NO_DEAL)
    page.get_by_role("button", name="Transmettre à un arbitre").click()
    page.get_by_text("terminé").or_(page.get_by_text("Fait")).first.wait_for()
    decide(enter(arbitrator_user), way.heard(dispute))
    way.let_fall(way.fresh(dispute), "sma.execute")
    publish(enter(arbitrator_user), dispute)
    assert looked_at(enter(), "/sma/decisions/") == []


def decide(page: Page, dispute: Dispute) -> None:
    """The arbitrator writes the decision, looks at it, and issues it."""
    page.goto(f"{CASES}{dispute.pk}/change/")
    page.get_by_role("link", name="Rédiger la décision").click()
    page.get_by_label("Au prestataire, en euros").fill("800,00")
    page.get_by_label("Au client, en euros").fill("400,00")
    page.get_by_label("Motifs").fill(REASONS)
    page.get_by_role("button", name="Rédiger la décision").click()
    assert at_every_look(page) == []
    page.get_by_role("button", name="La corriger").click()
    page.get_by_role("button", name="Rédiger la décision").click()
    page.get_by_role("button", name="Rendre cette décision").click()
    assert way.fresh(dispute).state == "DECIDED"
    assert looked_at(page, page.url, f"{CASES}{dispute.pk}/seize/do/") == []


def publish(page: Page, dispute: Dispute) -> None:
    """The arbitrator publishes the reasons as they are offered, without what names anybody."""
    page.goto(f"{CASES}{dispute.pk}/change/")
    page.get_by_role("link", name="Publier la décision").click()
    page.get_by_role("button", name="Publier la décision").click()
    page.get_by_role("heading", name="Au registre public").wait_for()


def test_draft_and_empty_register_have_no_fault(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: object, enter: Enter
) -> None:
    settings.SMA_APPROVAL_CENTS = 0  # type: ignore[attr-defined]
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 80_000)
    page = enter(superuser)
    deeds = [f"{CASES}{dispute.pk}/{deed}/do/" for deed in ("approve", "send-back", "ask-approval")]
    assert looked_at(page, f"{CASES}{dispute.pk}/change/", *deeds, "/sma/decisions/") == []
