"""The pages of cases in a real browser: both sides, wide and narrow, light and dark."""

from __future__ import annotations

import uuid

import pytest

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, at_every_look
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.pages import address, plain

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def dispute(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """In mediation, with evidence of both sides and three proposals."""
    dispute = way.mediated(account, 2)
    dispute.assign(mediator_user, by=mediator_user)
    for by in dispute.parties:
        dispute.say("Voici les fiches.", by=by, key=uuid.uuid4(), exhibits=[way.exhibit("Liste des fiches")])
    way.proposed(dispute, 40_000, dispute.client).refuse(by=dispute.provider)
    for cents, by in ((120_000, dispute.provider), (90_000, mediator_user)):
        way.proposed(way.fresh(dispute), cents, by)
    return way.fresh(dispute)


def looked_at(enter: Enter, user: User, *paths: str) -> list[str]:
    """What is wrong with these pages for `user`."""
    page, found = enter(user), []
    for path in paths:
        answer = page.goto(path)
        assert answer
        assert answer.status == 200
        found += at_every_look(page)
    return found


def test_the_client_s_pages_have_no_fault(dispute: Dispute, enter: Enter) -> None:
    ends = ("", "propositions/2/acceptation/", "propositions/2/refus/", "retrait/", "reponse/")
    opening = f"/projets/{dispute.project.key}/litige/nouveau/"
    assert looked_at(enter, dispute.client, *(address(dispute, end) for end in ends), opening) == []


def test_the_provider_s_pages_have_no_fault(dispute: Dispute, account: EscrowAccount, enter: Enter) -> None:
    case = way.opened(account, 1)
    ends = ("", "reponse/", "demande/", "messages/")
    report, payments = (f"/projets/{dispute.project.key}/{end}/" for end in ("rapport", "paiements"))
    assert looked_at(enter, case.provider, *(address(case, end) for end in ends), report, payments) == []


LABELS = """() => {
  const canvas = document.createElement("canvas").getContext("2d");
  return [...document.querySelectorAll("td[data-label]")].filter(cell => {
    const style = getComputedStyle(cell, "::before");
    canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const words = cell.dataset.label.split(" ").map(word => canvas.measureText(word).width);
    return Math.max(...words) > parseFloat(style.width) + 1;
  }).map(cell => cell.dataset.label);
}"""


def test_labels_of_the_evidence_break_between_words_only(dispute: Dispute, enter: Enter) -> None:
    page = enter(dispute.client, width=360)
    page.goto(address(dispute))
    assert page.locator("td[data-label]").count() > 3
    assert page.evaluate(LABELS) == []


def test_decided_case_has_no_fault(dispute: Dispute, enter: Enter) -> None:
    way.drafted(way.heard(way.handed_over(dispute)), 90_000)
    assert looked_at(enter, dispute.provider, address(dispute)) == []


def test_the_rest_follows_the_share_that_is_typed(dispute: Dispute, enter: Enter) -> None:
    page = enter(dispute.provider)
    page.goto(address(dispute))
    page.get_by_label("Votre part").fill("1 000,50")
    assert "1 000,50 € + 439,50 € = 1 440,00 €" in plain(page.inner_text("main"))
    page.get_by_label("Votre part").fill("5 000")
    assert "439,50" not in page.inner_text("main")
