"""What the pages and letters of a case say that can still be done, and what cannot any more."""

from __future__ import annotations

import pytest
from django.test import Client

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from mediation.models import Dispute
from mediation.tasks import free_seats
from mediation.tests import way
from mediation.tests.pages import address, page, plain

pytestmark = pytest.mark.django_db
AGREE = "Aussitôt si les deux acceptent le même partage"
SETTLES = "La même proposition acceptée des deux côtés règle le litige"


def reopened(account: EscrowAccount) -> Dispute:
    """A case that goes straight to an arbitrator: the client has withdrawn one before."""
    way.opened(account).withdraw(by=account.agreement.client)
    return way.opened(account)


def test_agreement_is_promised_as_long_as_the_mediation_lasts(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 30_000, dispute.client)
    text = page(as_client, address(dispute))
    assert (AGREE in text, SETTLES in text) == (True, True)
    dispute.assign(mediator_user, by=mediator_user)
    dispute.hand_over(by=mediator_user)
    text = page(as_client, address(dispute))
    assert (AGREE in text, SETTLES in text) == (False, False)
    assert "Après le délai laissé pour saisir un juge" in text
    assert "aucune ne peut plus être acceptée" in text
    assert "La médiation est terminée et un arbitre décide" in page(as_client, address(dispute, "propositions/"))


def test_case_opened_again_promises_neither_an_agreement_nor_a_mediation(
    account: EscrowAccount, as_client: Client
) -> None:
    dispute = reopened(account)
    text = page(as_client, address(dispute))
    assert (AGREE in text, "celle de la médiation" in text) == (False, False)
    assert "Sans médiation, le litige ayant été rouvert." in text
    assert "va directement devant un arbitre" in page(as_client, address(dispute, "propositions/"))


def test_nothing_is_proposed_before_the_mediation_nor_once_all_is_over(
    account: EscrowAccount, as_client: Client
) -> None:
    dispute = way.opened(account)
    assert "La médiation n’a pas commencé" in page(as_client, address(dispute, "propositions/"))
    dispute.withdraw(by=dispute.client)
    assert "Ce dossier est décidé ou clos" in page(as_client, address(dispute, "propositions/"))


def test_settled_case_says_that_the_same_proposal_was_accepted(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 80_000, dispute.client).accept(by=dispute.provider)
    assert "La même proposition a été acceptée des deux côtés" in page(as_client, address(dispute))


@pytest.mark.parametrize("handed_over", [False, True])
def test_letter_of_an_empty_seat_speaks_of_agreeing_in_the_mediation_alone(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, moderator_user: User, handed_over: bool
) -> None:
    dispute = way.arbitrated(account, mediator_user) if handed_over else way.mediated(account)
    if not handed_over:
        dispute.assign(mediator_user, by=mediator_user)
    for one in (mediator_user, arbitrator_user):
        one.suspend(by=moderator_user, reason="Départ")
    assert free_seats() == 1
    told = Notice.objects.filter(user=dispute.client, event__verb="mediation.vacated").latest("pk").letter
    assert "continuer d’écrire dans le dossier" in plain(" ".join(told.paragraphs))
    assert ("règle toujours le litige" in plain(" ".join(told.paragraphs))) != handed_over


def test_refused_withdrawal_says_how_the_case_ends(account: EscrowAccount) -> None:
    dispute = reopened(account)
    with pytest.raises(Dispute.NotWithdrawable, match="par la décision, sauf si vous y demandez chacun"):
        dispute.withdraw(by=dispute.client)
