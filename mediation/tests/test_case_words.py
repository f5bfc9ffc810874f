"""What the pages and letters of a case say that can still be done, and what cannot any more."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from escrow.models import EscrowAccount
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.templatetags.page import PARIS, paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Decision, Dispute, SplitProposal
from mediation.models.course import decision_due
from mediation.tasks import free_seats
from mediation.tests import way
from mediation.tests.desk import CASES, do, offered
from mediation.tests.pages import address, page, plain, send
from payouts.tests import way as payouts

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
    way.handed_over(dispute)
    text = page(as_client, address(dispute))
    assert (AGREE in text, SETTLES in text) == (False, False)
    assert "Après le délai laissé pour saisir un tribunal" in text
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


@pytest.fixture
def mediators(account: EscrowAccount, mediator_user: User) -> SplitProposal:
    """The mediator proposes 700 € to the provider, 500 € to the client."""
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    return way.proposed(way.fresh(dispute), 70_000, mediator_user)


def test_mediator_s_split_proposed_again_says_that_both_accept_it(mediators: SplitProposal) -> None:
    dispute = mediators.dispute
    with pytest.raises(SplitProposal.SameForBoth, match="dès que l’autre partie l’accepte aussi"):
        way.proposed(dispute, 70_000, dispute.client)
    mediators.accept(by=dispute.client)
    with pytest.raises(SplitProposal.SameAccepted, match="vous l’avez acceptée"):
        way.proposed(dispute, 70_000, dispute.client)
    with pytest.raises(SplitProposal.SameAsTheirs, match="acceptez-la, et le litige est réglé"):
        way.proposed(dispute, 70_000, dispute.provider)


def test_cards_say_who_has_accepted_and_what_is_taken_back(
    mediators: SplitProposal, mediator_user: User, as_client: Client, as_provider: Client
) -> None:
    path, dispute = address(mediators.dispute), mediators.dispute
    assert "dès que vous et le prestataire l’avez acceptée" in page(as_client, path)
    assert "Aucune des deux parties ne l’a encore acceptée" in page(signed_in(mediator_user), path)
    mediators.accept(by=dispute.client)
    text = page(as_client, path)
    assert "Acceptée par vous : elle s’exécute dès que le prestataire l’accepte aussi." in text
    assert "Revenir sur mon accord" in text
    assert "Le client l’accepte : acceptée par vous aussi" in page(as_provider, path)
    assert "Le client l’accepte : elle s’exécute dès que" in page(signed_in(mediator_user), path)
    way.proposed(dispute, 60_000, dispute.provider)
    assert "Vous la proposez, donc vous l’acceptez." in page(as_provider, path)


def test_acceptance_is_taken_back_until_the_other_side_accepts(mediators: SplitProposal, as_client: Client) -> None:
    path = address(mediators.dispute, "propositions/1/refus/")
    mediators.accept(by=mediators.dispute.client)
    assert "Revenir sur mon accord à la proposition 1" in page(as_client, path)
    assert send(as_client, path, reason="Tout compte fait, non.")[0] == 302
    with pytest.raises(SplitProposal.Overtaken):
        mediators.accept(by=mediators.dispute.provider)
    assert "Revenir sur mon accord" not in page(as_client, address(mediators.dispute))


def test_withdrawal_is_not_offered_in_a_case_opened_again(account: EscrowAccount, as_client: Client) -> None:
    dispute = reopened(account)
    text = page(as_client, address(dispute))
    assert (address(dispute, "retrait/") in text, "une partie seule ne le retire pas" in text) == (False, True)
    assert "une partie seule ne le retire pas" in page(as_client, address(dispute, "retrait/"))
    dispute.join(way.Plea("Moi aussi.", 50_000), by=dispute.provider, key=uuid.uuid4())
    text = page(as_client, address(dispute))
    assert (address(dispute, "retrait/") in text, "une partie seule ne le retire pas" in text) == (True, False)
    way.fresh(dispute).withdraw(by=dispute.client)
    way.fresh(dispute).withdraw(by=dispute.provider)
    assert way.fresh(dispute).state == "WITHDRAWN"


def test_withdrawal_is_not_offered_once_the_decision_is_written(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    assert address(dispute, "retrait/") in page(as_client, address(dispute))
    way.drafted(dispute, 50_000)
    text = page(as_client, address(dispute))
    assert (address(dispute, "retrait/") in text, "votre demande ne se retire plus" in text) == (False, True)


def test_provider_of_an_awarded_share_is_to_invoice_it(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 96_000, dispute.provider).accept(by=dispute.client)
    text, tranche = page(as_provider, address(dispute)), way.tranche(account)
    assert "Vous : facturer 960,00 €" in text
    assert f'href="/demandes-de-paiement/tranches/{tranche.pk}/"' in text
    assert "Il ne reste rien à faire" not in text
    assert "Il ne reste rien à faire" in page(as_client, address(dispute))
    payouts.banked(dispute.provider)
    payouts.asked(tranche, replace(payouts.BILL, ht_cents=80_000, vat_cents=16_000))
    assert "Il ne reste rien à faire" in page(as_provider, address(dispute))


def test_empty_seat_is_told_alike_on_every_page(
    account: EscrowAccount, mediator_user: User, moderator_user: User, as_client: Client, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    pages = [address(dispute), *(f"/projets/{account.project.key}/{end}/" for end in ("rapport", "paiements"))]
    assert all("Le SMA : nommer un arbitre" in page(as_client, path) for path in pages)
    arbitrator = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    dispute.appoint(arbitrator, by=None)
    assert not any("nommer un arbitre" in page(as_client, path) for path in pages)
    way.drafted(way.fresh(dispute), 50_000, arbitrator)
    for path in pages:
        text = page(as_client, path)
        assert "Le SMA : nommer qui approuve la décision" in text
        assert "Le SMA : approuver la décision" not in text


def test_mediator_writes_to_nobody_after_the_hand_over(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_mediator: Client, as_arbitrator: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert "say" not in offered(as_mediator, dispute)
    told = do(as_mediator, dispute, "say", text="Encore un mot.")
    assert "le médiateur n’y écrit plus" in told
    assert "Encore un mot." in told
    assert page(as_mediator, f"{CASES}{dispute.pk}/say/do/", status=403)
    with pytest.raises(Dispute.HandedOver):
        dispute.say("Encore un mot.", by=mediator_user, key=uuid.uuid4())
    assert {"say", "decide"} <= offered(as_arbitrator, dispute)


def test_arbitrator_decides_nothing_as_long_as_evidence_is_in_time(
    account: EscrowAccount, arbitrator_user: User
) -> None:
    dispute = way.let_fall(reopened(account), "sma.answer")
    assert dispute.heard_until
    assert dispute.decide_by
    until = plain(paris(dispute.heard_until))
    letter = Notice.objects.get(name="mediation.appointed.arbitrator").letter
    assert f"jusqu’au {until} : rédigez la décision ensuite" in plain(" ".join(letter.paragraphs))
    assert dispute.decide_by > dispute.heard_until
    with time_machine.travel(dispute.heard_until, tick=False):
        assert "pas avant le" in page(signed_in(arbitrator_user), f"{CASES}{dispute.pk}/change/")
        assert "decide" not in offered(signed_in(arbitrator_user), dispute)
        with pytest.raises(Decision.TooEarly, match="décidez ensuite"):
            way.drafted(dispute, 80_000)
    with time_machine.travel(dispute.heard_until + way.SECOND, tick=False):
        assert "decide" in offered(signed_in(arbitrator_user), dispute)
        assert way.drafted(dispute, 80_000).state == "ISSUED"


def test_arbitrator_has_a_working_day_after_the_last_evidence() -> None:
    christmas = datetime(2026, 12, 24, 10, tzinfo=PARIS)
    last = deadlines.after(christmas, 5)
    assert last == datetime(2027, 1, 4, 18, tzinfo=PARIS)
    assert decision_due(christmas, last) == datetime(2027, 1, 5, 18, tzinfo=PARIS)
    assert decision_due(christmas, None) == datetime(2027, 1, 3, 18, tzinfo=PARIS)


def test_letter_of_the_arbitration_asks_for_evidence_that_is_in_time_alone(account: EscrowAccount) -> None:
    way.let_fall(way.mediated(account, 1), "sma.mediate")
    way.opened(account, 2).withdraw(by=account.agreement.client)
    way.let_fall(way.opened(account, 2), "sma.answer")
    rows = Notice.objects.filter(user=account.agreement.client, event__verb="mediation.arbitration").order_by("pk")
    first, second = (plain(notice.letter.subject) for notice in rows)
    assert first.startswith("Rien à faire pour l’instant, un arbitre décide")
    assert second.startswith("Versez vos dernières pièces")
