"""What the SMA finds when it writes a decision again, publishes it again, or reads what it does to each tranche."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.desk import CASES, REASONS, case_page, do
from mediation.tests.desk import page as desk_page
from mediation.tests.pages import address, page, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> Dispute:
    """Two tranches, 2 640 €, before an arbitrator; a second person approves."""
    settings.SMA_APPROVAL_CENTS = 0
    return way.arbitrated(account, mediator_user, 1, 2)


def test_decision_sent_back_is_written_again_from_what_it_was(
    large: Dispute, as_arbitrator: Client, superuser: User
) -> None:
    form = f"{CASES}{large.pk}/decide/do/"
    assert "La décision à reprendre" not in desk_page(as_arbitrator, form)
    way.drafted(large, 132_000).send_back("Premier motif.", by=superuser)
    last = way.drafted(way.fresh(large), 100_050)
    last.send_back("La pièce A1 n’est pas pesée.", by=superuser)
    text, at = desk_page(as_arbitrator, form), plain(paris(last.closed_at))
    assert f"Renvoyée par {superuser.display_name} le {at} :" in text
    assert "La pièce A1 n’est pas pesée." in text
    assert "Premier motif." not in text
    assert ('value="1 000,50"' in text, way.WHY in text) == (True, True)


def test_nobody_is_offered_their_own_name_as_arbitrator(large: Dispute) -> None:
    ida, zoe = (person(f"{name}@paraphe.example", name.title(), staff_of=SMA) for name in ("ida", "zoe"))
    form = f"{CASES}{large.pk}/appoint/do/"
    text = desk_page(signed_in(ida), form)
    assert ("Zoe (0 dossier" in text, "Ida (0 dossier" in text) == (True, False)
    User.objects.filter(pk=zoe.pk).update(is_active=False)
    assert "vous ne vous nommez pas vous-même" in desk_page(signed_in(ida), form)


def test_mediator_reads_the_decision_once_it_is_issued(
    large: Dispute, as_mediator: Client, as_arbitrator: Client, superuser: User
) -> None:
    way.drafted(large, 132_000).send_back("Premier motif.", by=superuser)
    draft = way.drafted(way.fresh(large), 100_050)
    own = case_page(as_arbitrator, large)
    assert all(words in own for words in (way.WHY, "Premier motif.", "1 000,50 €"))
    read = case_page(as_mediator, large)
    assert [words for words in (way.WHY, "Premier motif.", "1 000,50 €") if words in read] == []
    draft.approve(by=superuser)
    read = case_page(as_mediator, large)
    assert [words in read for words in (way.WHY, "1 000,50 €", "Premier motif.")] == [True, True, False]


def test_mediator_reads_no_note_of_those_who_decide(
    large: Dispute, mediator_user: User, arbitrator_user: User, as_mediator: Client, as_arbitrator: Client
) -> None:
    large.note("Je penche pour 4 000.", by=arbitrator_user)
    large.note("Bon courage.", by=mediator_user)
    read = [[words in case_page(one, large) for words in ("penche", "courage")] for one in (as_mediator, as_arbitrator)]
    assert read == [[False, True], [True, True]]


def test_another_arbitrator_begins_with_an_empty_form(large: Dispute, superuser: User) -> None:
    way.drafted(large, 132_000).send_back("À revoir.", by=superuser)
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    way.fresh(large).appoint(zoe, by=None)
    assert way.WHY not in desk_page(signed_in(zoe), f"{CASES}{large.pk}/decide/do/")


def test_each_tranche_s_fate_is_told_before_and_after_the_decision(
    large: Dispute, as_arbitrator: Client, as_client: Client, superuser: User
) -> None:
    said = {"provider": "1320", "client": "1320", "reasons": REASONS}
    text = do(as_arbitrator, large, "decide", **said)
    fates = ("libérée en entier au prestataire, 1 200,00 €", "120,00 € libérés au prestataire, 1 320,00 € remboursés")
    assert all(words in text for words in fates)
    way.drafted(large, 132_000)
    assert all(words in desk_page(signed_in(superuser), f"{CASES}{large.pk}/approve/do/") for words in fates)
    large.decisions.get().approve(by=superuser)
    for text in (page(as_client, address(large)), case_page(as_arbitrator, large)):
        assert all(words in text for words in fates)


def test_tranche_given_back_as_a_whole_is_told(large: Dispute, as_arbitrator: Client) -> None:
    text = do(as_arbitrator, large, "decide", provider="0", client="2640", reasons=REASONS)
    assert "remboursée en entier au client, 1 440,00 €" in text


def test_one_tranche_needs_no_list(account: EscrowAccount, mediator_user: User, as_arbitrator: Client) -> None:
    dispute = way.arbitrated(account, mediator_user)
    text = do(as_arbitrator, dispute, "decide", provider="800", client="400", reasons=REASONS)
    assert "remplit les tranches" not in text


def test_published_text_is_where_the_next_begins(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 80_000)
    way.let_fall(dispute, "sma.execute")
    form = f"{CASES}{dispute.pk}/publish/do/"
    assert "Les deux tiers des fiches" in desk_page(as_arbitrator, form)
    assert do(as_arbitrator, dispute, "publish", text="Un livrable rendu aux deux tiers.") == ""
    before = desk_page(as_arbitrator, form)
    assert do(as_arbitrator, dispute, "take-off") == ""
    for text in (before, desk_page(as_arbitrator, form)):
        assert ("Un livrable rendu aux deux tiers." in text, "Les deux tiers des fiches" in text) == (True, False)


def test_timeline_says_by_what_a_mediation_began(
    account: EscrowAccount, mediator_user: User, as_mediator: Client
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    assert "Par la réponse reçue : Paul Mercier, le prestataire" in case_page(as_mediator, dispute)
    other = way.let_fall(way.opened(account, 2), "sma.answer")
    other.assign(mediator_user, by=None)
    assert "Le délai pour répondre est passé" in case_page(as_mediator, other)
    way.let_fall(other, "sma.mediate")
    assert "Le délai pour s’accorder est passé" in case_page(as_mediator, other)


def test_queue_has_a_title_of_its_own(as_mediator: Client) -> None:
    text = desk_page(as_mediator)
    assert ("Dossiers du SMA" in text, "Sélectionnez l’objet" in text) == (True, False)
