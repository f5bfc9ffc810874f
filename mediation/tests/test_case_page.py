from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import signed_in
from mediation.ahead import Ahead
from mediation.models import Dispute, Seizure
from mediation.tests import way
from mediation.tests.pages import address, downloaded, page, plain
from mediation.turns import Turn

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_side_that_must_answer_is_told_until_when(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.opened(account)
    text = page(as_provider, address(dispute))
    assert "Vous : répondre au litige" in text
    assert plain(paris(dispute.answer_by)) in text
    assert "1 200,00 € gelés. Le SMA ne peut statuer que sur 1 200,00 €." in text
    assert "La médiation commence sans cette réponse" in text
    assert "Envoyer ma réponse" in text


def test_side_that_opened_it_waits_for_the_other(account: EscrowAccount, as_client: Client) -> None:
    text = page(as_client, address(way.opened(account)))
    assert "Le prestataire : répondre au litige" in text
    assert "Envoyer ma réponse" not in text
    assert "Retirer ma demande" in text


def test_case_opened_again_says_that_an_arbitrator_comes_next(account: EscrowAccount, as_provider: Client) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.opened(account)
    for path in (address(dispute), address(dispute, "reponse/")):
        assert "Le dossier passe à un arbitre" in page(as_provider, path)


def test_case_that_the_sma_opened_asks_both(account: EscrowAccount, mediator_user: User, as_client: Client) -> None:
    tranche = way.tranche(account)
    dispute = Dispute.open_for(account, [tranche], reason="Rien ne bouge depuis 60 jours.", by=mediator_user)
    text = page(as_client, address(dispute))
    assert "Vous : répondre au litige" in text
    assert "personne ne demande encore rien" in text
    assert "Les deux parties : répondre au litige" in page(signed_in(mediator_user), address(dispute))
    dispute.answer("Nous attendons.", by=account.agreement.client, key=uuid.uuid4())
    assert "Le prestataire : répondre au litige" in page(as_client, address(dispute))


def test_proposals_are_shown_with_what_each_side_gets(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 80_000, dispute.client)
    mine, theirs = page(as_client, address(dispute)), page(as_provider, address(dispute))
    assert "Proposition 1 : vous" in mine
    assert "En attente : le prestataire" in mine
    assert "Accepter 800,00 €" not in mine
    assert "Vous : répondre à la proposition 1" in theirs
    assert "Accepter 800,00 €" in theirs
    assert "« Un partage au prorata. »" in theirs


def test_mediator_s_proposal_waits_for_both(account: EscrowAccount, mediator_user: User, as_client: Client) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    proposal = way.proposed(way.fresh(dispute), 80_000, mediator_user)
    assert "En attente : vous et le prestataire" in page(as_client, address(dispute))
    proposal.accept(by=dispute.client)
    text = page(as_client, address(dispute))
    assert "En attente : le prestataire" in text
    assert "SMA, Marc Tellier" in text


def test_refused_and_replaced_proposals_say_so(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.mediated(account)
    for cents in (80_000, 90_000):
        proposal = way.proposed(dispute, cents, dispute.client)
    proposal.refuse(by=dispute.provider, reason="Trop peu.")
    text = page(as_client, address(dispute))
    assert "Refusée par le prestataire" in text
    assert "Remplacée" in text
    assert "Trop peu." in text


def test_settled_case_shows_the_shares_and_asks_nothing(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 80_000, dispute.client).accept(by=dispute.provider)
    text = page(as_client, address(dispute))
    assert "Pour le prestataire : 800,00 €. Pour vous : 400,00 €." in text
    assert "Il ne reste rien à faire" in text
    assert "<form" not in text.partition("<main")[2].partition("</main")[0]


def test_withdrawn_case_says_that_all_is_as_before(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.opened(account)
    dispute.withdraw(by=dispute.client)
    assert "les tranches sont revenues à leur état d’avant" in page(as_client, address(dispute))


def test_side_opens_again_from_the_case_what_nobody_decided(
    account: EscrowAccount, mediator_user: User, as_client: Client, as_provider: Client, as_mediator: Client
) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.last")
    opening = f"/projets/{account.project.key}/litige/nouveau/?tranche={way.tranche(account).pk}"
    for browser in (as_client, as_provider):
        text = page(browser, address(dispute))
        assert f'href="{opening}"' in text
        assert "Vous pouvez ouvrir de nouveau le litige tant que l’argent est bloqué." in text
        assert "Il ne reste rien à faire" not in text
    assert "checked" in page(as_client, opening)
    assert opening not in page(as_mediator, address(dispute))


def test_nothing_is_opened_again_that_is_open_or_shut(
    account: EscrowAccount, mediator_user: User, moderator_user: User, as_client: Client, as_provider: Client
) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user, 1, 2), "sma.last")
    opening = f'href="/projets/{account.project.key}/litige/nouveau/"'
    dispute.provider.suspend(by=moderator_user, reason="Vérification")
    assert opening in page(as_client, address(dispute))
    assert opening not in page(as_provider, address(dispute))
    way.opened(account, 1, 2)
    text = page(as_client, address(dispute))
    assert (opening in text, "Il ne reste rien à faire" in text) == (False, True)


def test_case_without_a_decision_says_so_everywhere(
    account: EscrowAccount, mediator_user: User, as_client: Client, as_mediator: Client
) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.last")
    text = page(as_client, address(dispute))
    for words in ("Sans décision", "Clos sans décision", "personne n’a gagné", "va directement devant un arbitre"):
        assert words in text, words
    report = page(as_client, f"/projets/{account.project.key}/rapport/")
    assert "Personne n’a gagné : 1 200,00 € sont de nouveau bloqués, comme avant." in report
    assert "Sans décision" in report
    assert "sans décision" in page(as_mediator, f"/admin/mediation/dispute/{dispute.pk}/change/")
    assert "retiré" not in text.casefold() + report.casefold()


def test_withdrawn_case_leaves_no_proposal_to_answer(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.mediated(account)
    proposal = way.proposed(dispute, 80_000, dispute.client)
    dispute.withdraw(by=dispute.client)
    assert "Sans objet" in page(as_provider, address(dispute))
    with pytest.raises(Dispute.Closed):
        proposal.accept(by=dispute.provider)


def test_steps_to_come_have_their_dates(account: EscrowAccount, mediator_user: User, as_client: Client) -> None:
    dispute = way.opened(account)
    ahead = Ahead.of(Turn.of(dispute))
    text = page(as_client, address(dispute))
    for at in ahead:
        assert plain(paris(at)) in text
    dispute.assign(mediator_user, by=mediator_user)
    assert "Les deux parties" in page(signed_in(mediator_user), address(dispute))
    assert (ahead.mediation - dispute.answer_by, ahead.execution - ahead.decision) == (10 * DAY, 10 * DAY)


def test_arbitration_names_who_decides_and_labels_late_evidence(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_provider: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    dispute.say("", by=dispute.provider, key=uuid.uuid4(), exhibits=[way.exhibit("Devis")])
    text = page(as_provider, address(dispute))
    assert "L’arbitre : Aude Rousset" in text
    assert "B1. Devis" in text
    assert "Tardive" in text
    assert dispute.evidence.get().sha256 in text
    assert "Proposer ce partage" not in text


def test_arbitration_without_anybody_says_so(account: EscrowAccount, mediator_user: User, as_client: Client) -> None:
    assert "Le SMA : nommer un arbitre" in page(as_client, address(way.arbitrated(account, mediator_user)))


def test_decision_shows_reasons_and_when_it_is_executed(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    decision = way.drafted(dispute, 80_000)
    text = page(as_client, address(dispute))
    assert way.WHY in text
    assert decision.sha256 in text
    assert f"Exécution prévue le {plain(paris(way.fresh(dispute).execute_at))}" in text
    assert "Personne : l’exécution se fait d’office" in text


def test_seized_court_stops_the_execution(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, 80_000)
    Seizure.record(way.fresh(dispute), way.exhibit().copy, note="Assignation.", by=mediator_user)
    text = page(as_client, address(dispute))
    assert "Le tribunal saisi" in text
    assert "rien n’est exécuté avant qu’il ait statué" in text


def test_ruling_replaces_the_decision_in_sight_of_both(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client, as_provider: Client
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    dispute = Dispute.objects.with_parties().get()
    seizure = Seizure.record(dispute, way.exhibit().copy, note="Assignation.", by=mediator_user)
    assert seizure.document.get_absolute_url() in page(as_client, address(dispute))
    way.ruled(seizure, 30_000, by=mediator_user)
    papers = [paper.get_absolute_url() for paper in (seizure.document, seizure.ruling) if paper]
    for reader in (as_client, as_provider):
        text = page(reader, address(dispute))
        ruled, _void, decided = text.partition("Ce que le SMA avait décidé, et qui est sans effet")
        assert ("300,00 €" in ruled, "800,00 €" in decided, "Par le jugement d’un tribunal" in text) == (True,) * 3
        for words in ("par le jugement d’un tribunal", "Un tribunal a jugé", *papers):
            assert words in text, words
        assert [len(downloaded(reader, path)) > 0 for path in papers] == [True, True]
    report = page(as_client, f"/projets/{account.project.key}/rapport/")
    assert "Son jugement remplace la décision : 300,00 € au prestataire, 900,00 € au client." in report


def test_letters_bring_what_the_court_wrote(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    seizure = Seizure.record(Dispute.objects.get(), way.exhibit().copy, note="", by=mediator_user)
    way.ruled(seizure, 30_000, by=mediator_user)
    proof = seizure.document.get_absolute_url()
    for one in (account.agreement.client, account.agreement.provider):
        seized = Notice.objects.get(user=one, name="mediation.seized.both").letter
        assert [path for _label, path, _note in seized.links] == [proof]
        assert not Notice.objects.filter(user=one, event__verb="mediation.ruled").exists()
        ruled = Notice.objects.get(user=one, name="mediation.executed").letter
        assert [path for _label, path, _note in ruled.links] == [seizure.ruling.get_absolute_url(), proof]  # type: ignore[union-attr]
        assert "300,00\xa0€" in [value for _label, value in ruled.figures]


def test_court_that_is_no_longer_seized_is_told(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    dispute = Dispute.objects.get()
    Seizure.record(dispute, way.exhibit().copy, note="", by=mediator_user).lift("Désistement.", by=mediator_user)
    text = page(as_client, address(dispute))
    assert "Il ne l’est plus depuis le" in text
    assert "sans effet" not in text


def test_who_sits_in_it_reads_it_and_acts_elsewhere(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    reader = signed_in(mediator_user)
    assert reader.get(address(dispute)).status_code == 404
    dispute.assign(mediator_user, by=mediator_user)
    text = page(reader, address(dispute))
    assert "Vous siégez dans ce dossier pour le SMA" in text
    assert "Proposer ce partage" not in text
    assert "Les deux parties : s’accorder sur un partage" in text


@pytest.mark.parametrize("who", ["as_rival", "as_stranger", "as_mediator", "as_moderator", "as_finance"])
def test_nobody_else_sees_anything_of_it(account: EscrowAccount, who: str, request: pytest.FixtureRequest) -> None:
    dispute, reader = way.mediated(account), request.getfixturevalue(who)
    way.proposed(dispute, 80_000, dispute.client)
    ends = ("", "reponse/", "demande/", "messages/", "propositions/", "retrait/")
    for end in (*ends, "propositions/1/acceptation/", "propositions/1/refus/"):
        assert reader.get(address(dispute, end)).status_code == 404
        if end:
            assert reader.post(address(dispute, end)).status_code == 404


def test_near_date_stands_out(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    with time_machine.travel(dispute.answer_by - timedelta(days=1)):
        assert "state-strip__soon" in page(signed_in(dispute.provider), address(dispute))


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_page_asks_as_many_queries_for_many_rows_as_for_one(account: EscrowAccount, as_client: Client) -> None:
    few, many = way.mediated(account, 1), way.mediated(account, 2)
    for dispute, times in ((few, 1), (many, 12)):
        for n in range(times):
            way.proposed(dispute, 1_000 + n, dispute.client)
            dispute.say(f"Mot {n}", by=dispute.provider, key=uuid.uuid4(), exhibits=[way.exhibit()])
    page(as_client, address(few))
    assert queries(as_client, address(few)) == queries(as_client, address(many)) <= 15
