"""Pages of a case with words that never break, in a real browser: none is wider than its window."""

from __future__ import annotations

import uuid

import pytest

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, faults
from mediation.exhibits import Exhibit
from mediation.models import Dispute, Plea, SplitProposal
from mediation.tests import way
from mediation.tests.desk import CASES
from mediation.tests.pages import address

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
WIDTHS: dict[int, tuple[()]] = {320: (), 360: (), 1280: ()}


def named(name: str) -> Exhibit:
    """A piece of evidence whose file has this name."""
    file = png()
    file.name = name
    return Exhibit.of(file)


@pytest.fixture
def dispute(account: EscrowAccount, mediator_user: User) -> Dispute:
    """In mediation, all words of the two sides without a break."""
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    pieces = [
        named("x" * 120 + ".png"),
        named("Capture_d_ecran_2026-11-24_a_18.02.31_fiches_produits_sans_photos_lot_n2.png"),
    ]
    dispute.join(Plea("g" * 2000, 100_000), by=dispute.provider, key=uuid.uuid4())
    dispute.say("m" * 2000, by=dispute.client, key=uuid.uuid4(), exhibits=pieces)
    SplitProposal.propose(
        way.fresh(dispute), Shares(40_000, 80_000), reason="p" * 2000, by=dispute.client, key=uuid.uuid4()
    )
    dispute.note("n" * 2000, by=mediator_user)
    return way.fresh(dispute)


def test_no_page_of_a_case_is_wider_than_its_window(dispute: Dispute, mediator_user: User, enter: Enter) -> None:
    for user, path in (
        (dispute.provider, address(dispute)),
        (dispute.provider, address(dispute, "propositions/1/acceptation/")),
        (dispute.client, address(dispute)),
        (mediator_user, address(dispute)),
        (mediator_user, f"{CASES}{dispute.pk}/change/"),
    ):
        page = enter(user)
        page.goto(path)
        assert faults(page, WIDTHS) == []


def test_no_form_about_a_court_is_wider_than_its_window(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, enter: Enter
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    dispute = Dispute.objects.with_parties().get()
    pieces = [named("x" * 110 + ".png"), named("Assignation_devant_le_tribunal_de_commerce_de_Nantes_24-11-2026.png")]
    dispute.say("", by=dispute.client, key=uuid.uuid4(), exhibits=pieces)
    page = enter(mediator_user)
    for deed in ("set-aside", "seize"):
        page.goto(f"{CASES}{dispute.pk}/{deed}/do/")
        assert faults(page, WIDTHS) == []
