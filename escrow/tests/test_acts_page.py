"""What each side can do now, and until when, on the payments page, the report and the pages of the deeds."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from escrow.models import (
    CancellationNotice,
    CaseRequest,
    ChangeRequest,
    EscrowAccount,
    NoticeState,
    RefundRequest,
    Tranche,
)
from escrow.models.cancellations import CANCEL
from escrow.tests import way
from escrow.tests.test_payments_page import address, awaited, page, send
from marketplace.accounts.models import User
from marketplace.templatetags.page import paris
from marketplace.testing.cast import signed_in


@pytest.fixture
def tranche(account: EscrowAccount) -> Tranche:
    """The first tranche, 1 200 €, delivered; the others without a deposit."""
    way.deposited(account, 120_000)
    return way.delivered(account.tranches.all()[0])


@pytest.fixture
def silent(client_user: User, provider_user: User) -> Tranche:
    """Delivered; both agreed that silence releases it."""
    account = way.opened(client_user, provider_user, silence=True)
    way.deposited(account, 120_000)
    return way.delivered(account.tranches.all()[0])


def test_while_a_refund_is_asked_silence_releases_nothing_and_the_page_says_so(silent: Tranche) -> None:
    agreement = silent.account.agreement
    RefundRequest.ask(silent, 10_000, reason="Trop cher.", by=agreement.client, key=uuid.uuid4())
    assert "votre silence ne libère rien" in later(agreement.client, silent)
    assert "le silence ne libère rien" in later(agreement.provider, silent)


def deed(tranche: Tranche, end: str) -> str:
    return address(tranche.account, f"tranches/{tranche.pk}/{end}/")


def later(user: User, tranche: Tranche, name: str = "paiements", days: int = 15) -> str:
    """The payments page, or the one called `name`, as `user` sees it so many days later."""
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        return page(signed_in(user), f"/projets/{tranche.account.project.key}/{name}/")


def report(client: Client, tranche: Tranche) -> str:
    return page(client, f"/projets/{tranche.account.project.key}/rapport/")


def test_the_client_reads_the_date_and_that_silence_moves_nothing(tranche: Tranche, as_client: Client) -> None:
    text = page(as_client, address(tranche.account))
    assert "Sans réponse de votre part à cette date, rien ne bouge de soi-même. Le prestataire pourra" in text
    assert paris(tranche.accept_by).replace("\xa0", " ").replace("\u202f", " ") in text
    assert "Vous pouvez encore demander 2 fois des modifications." in text
    assert "Sans réponse à cette date, rien ne bouge, et le prestataire" in report(as_client, tranche)


def test_both_read_the_sum_that_silence_releases(silent: Tranche, as_client: Client, as_provider: Client) -> None:
    assert "les 1 200,00 € sont libérés." in page(as_client, address(silent.account))
    assert "les 1 200,00 € vous sont libérés." in page(as_provider, address(silent.account))
    assert "Sans réponse à cette date, les 1 200,00 € sont libérés." in report(as_client, silent)


def test_the_provider_reads_what_they_may_do_without_an_answer(tranche: Tranche, as_provider: Client) -> None:
    assert "rien ne bouge, et vous pourrez saisir le SMA." in page(as_provider, address(tranche.account))


def test_after_the_date_the_provider_asks_for_a_case_in_one_click(tranche: Tranche, provider_user: User) -> None:
    text = later(provider_user, tranche)
    assert "vous pouvez saisir le SMA." in text
    assert f'action="{deed(tranche, "saisine")}"' in text
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        browser = signed_in(provider_user)
        assert "Vous : tranche 1 sans réponse" in report(browser, tranche)
        assert send(browser, deed(tranche, "saisine")) == (302, address(tranche.account))
        assert "Le SMA est saisi : cette page dit où en est le dossier." in page(browser, address(tranche.account))
        assert "L’autre partie : répondre au litige" in report(browser, tranche)
        text = page(browser, address(tranche.account))
        assert "En litige : les 1 200,00 € sont gelés jusqu’à la fin du dossier du SMA." in text
        assert "livraison/" not in text.partition('id="t-compte"')[0]
    assert CaseRequest.objects.get().by == provider_user


def test_before_the_date_a_case_is_refused_with_a_sentence(tranche: Tranche, as_provider: Client) -> None:
    send(as_provider, deed(tranche, "saisine"))
    assert "le SMA ne peut être saisi qu’après" in page(as_provider, address(tranche.account))
    send(as_provider, deed(tranche, "saisine"), key="x")
    assert "Cette page a expiré" in page(as_provider, address(tranche.account))
    assert not CaseRequest.objects.exists()


def test_after_the_date_the_client_may_still_answer(tranche: Tranche, client_user: User) -> None:
    text = later(client_user, tranche)
    assert "Le délai de réponse est passé et rien n’a bougé : le prestataire peut saisir le SMA." in text
    assert deed(tranche, "modifications") in text
    assert "Le délai de réponse est passé." in later(client_user, tranche, "rapport")


def test_until_the_sweep_the_page_says_that_silence_is_releasing(silent: Tranche, client_user: User) -> None:
    text = later(client_user, silent)
    assert "par votre silence, les 1 200,00 € sont en cours de libération." in text
    assert deed(silent, "modifications") not in text.partition('id="t-compte"')[0]
    assert "vous sont libérés." in later(silent.account.agreement.provider, silent)


def test_the_release_page_says_what_silence_does(silent: Tranche, as_client: Client) -> None:
    assert "votre silence libère les 1 200,00 €" in page(as_client, deed(silent, "liberation"))


def test_the_client_reads_what_may_be_deposited_now(tranche: Tranche, as_client: Client, as_provider: Client) -> None:
    told = "1 440,00 € peuvent être déposés dès maintenant"
    assert told in page(as_client, address(tranche.account))
    assert told not in page(as_provider, address(tranche.account))


def test_the_provider_reads_what_to_change_where_they_deliver_again(tranche: Tranche, as_provider: Client) -> None:
    way.changed(tranche, "Le logo est flou.")
    assert "Le logo est flou." in page(as_provider, deed(tranche, "livraison"))


def test_with_the_sma_nothing_is_delivered(tranche: Tranche, as_provider: Client) -> None:
    way.unopened(tranche)
    status, text = send(as_provider, deed(tranche, "livraison"), message="Une autre version.")
    assert (status, "Le SMA est déjà saisi" in text, "Une autre version." in text) == (200, True, True)
    assert tranche.deliveries.count() == 1
    assert "Le SMA : ouvrir le dossier demandé sur la tranche 1" in page(as_provider, address(tranche.account))


def test_with_the_sma_the_client_may_still_release(tranche: Tranche, as_client: Client, as_provider: Client) -> None:
    way.unopened(tranche)
    text = page(as_client, address(tranche.account))
    again = paris(*way.waiting("account.ask")).replace("\xa0", " ")
    assert f"Le SMA est saisi : il ouvre le dossier avant le {again}" in text
    assert "Vous pouvez encore libérer l’argent au prestataire." in text
    assert "Vous pouvez encore libérer" not in page(as_provider, address(tranche.account))
    text = report(as_provider, tranche)
    assert "Le SMA est saisi : 1 200,00 € bloqués" in text
    assert "Le SMA ouvre le dossier demandé" in text


def test_the_client_sends_a_delivery_back_with_a_file(tranche: Tranche, as_client: Client, as_provider: Client) -> None:
    seen = tranche.deliveries.get().pk
    page(as_client, deed(tranche, "modifications"))
    typed = {"message": "Le logo est flou.", "documents": way.png(), "seen": seen}
    assert send(as_client, deed(tranche, "modifications"), **typed) == (302, address(tranche.account))
    text = page(as_provider, address(tranche.account))
    assert "Tranche 1 : modifications demandées" in text
    assert "maquette.png" in text
    assert "livrez de nouveau, son délai de réponse repartira. 1 200,00 € sont bloqués." in text
    assert "Vous : livrer de nouveau la tranche 1" in report(as_provider, tranche)
    assert "Vous avez demandé des modifications" in page(as_client, address(tranche.account))


@pytest.mark.parametrize("seen", ["", "0", "-1", "x", "9" * 30, "\0", "😀"])
def test_a_forged_delivery_sends_nothing_and_keeps_the_words(tranche: Tranche, as_client: Client, seen: str) -> None:
    status, text = send(as_client, deed(tranche, "modifications"), message="Le logo est flou.", seen=seen)
    assert (status, "Le logo est flou." in text) == (200, True)
    assert not ChangeRequest.objects.exists()


def test_after_two_requests_the_button_is_gone_and_the_page_says_what_remains(
    tranche: Tranche, as_client: Client
) -> None:
    for _n in range(2):
        way.changed(way.reread(tranche))
        way.delivered(way.reread(tranche))
    text = page(as_client, address(tranche.account))
    assert "Vous avez demandé deux fois des modifications : libérez tout" in text
    assert deed(tranche, "modifications") not in text
    opening = f"/projets/{tranche.account.project.key}/litige/nouveau/?tranche={tranche.pk}"
    for where in (address(tranche.account), deed(tranche, "modifications"), deed(tranche, "liberation")):
        assert f'button--second" href="{opening}"' in page(as_client, where)
    assert "Libérez l’argent, ou une partie avec le motif, ou saisissez le SMA." in page(
        as_client, deed(tranche, "modifications")
    )


def test_what_is_not_delivered_has_no_changes(account: EscrowAccount, as_client: Client) -> None:
    tranche = account.tranches.all()[1]
    assert "Il n’y a rien à faire modifier" in page(as_client, deed(tranche, "modifications"))
    status, text = send(as_client, deed(tranche, "modifications"), message="Non.", seen="1")
    assert (status, "Non." in text) == (200, True)


@pytest.mark.parametrize("party", ["client", "provider"])
def test_either_side_gives_notice_and_takes_it_back(account: EscrowAccount, party: str) -> None:
    tranche, agreement = account.tranches.get(position=3), account.agreement
    giver, other = (signed_in(getattr(agreement, one)) for one in (party, {"client": "provider"}.get(party, "client")))
    assert "960,00 €" in page(giver, deed(tranche, "preavis"))
    assert send(giver, deed(tranche, "preavis"), reason="Plus besoin.")[0] == 302
    notice = CancellationNotice.objects.get()
    ends = paris(notice.ends_at).replace("\xa0", " ").replace("\u202f", " ")
    for browser in (giver, other):
        assert f"close le {ends} sans dépôt" in page(browser, address(account))
        assert "La tranche 3 est annulée" in report(browser, tranche)
    assert "Un préavis court déjà" in send(other, deed(tranche, "preavis"), reason="Moi aussi.")[1]
    assert send(other, deed(tranche, "preavis/retrait"))[0] == 404
    assert send(giver, deed(tranche, "preavis/retrait")) == (302, address(account))
    notice.refresh_from_db()
    assert notice.state == NoticeState.WITHDRAWN


@pytest.mark.parametrize("giver", ["client", "provider"])
def test_what_is_on_notice_is_not_asked_for(account: EscrowAccount, giver: str) -> None:
    agreement = account.agreement
    way.deposited(account, 264_000)
    for tranche in account.tranches.all()[:2]:
        way.released(way.delivered(tranche))
    assert "Vous : déposer 960,00 € pour la tranche 3" in strip(account, "client")
    notice = way.noticed(account.tranches.get(position=3), getattr(agreement, giver))
    ends = paris(notice.ends_at).replace("\xa0", " ").replace("\u202f", " ")
    titled = "Personne : le préavis de la tranche 3 court"
    told = report(signed_in(agreement.provider), account.tranches.get(position=3))
    assert [words in told for words in (titled, ends, "Sans dépôt, elle prend fin à cette date")] == [True] * 3
    top = strip(account, "client")
    assert [w in top for w in (titled, ends, "un dépôt d’ici là la maintient (960,00 € manquent)")] == [True] * 3
    assert "Vous : déposer" not in report(signed_in(agreement.client), account.tranches.get(position=3))
    assert "Demander 960,00 €" not in page(signed_in(agreement.provider), address(account))


def strip(account: EscrowAccount, party: str) -> str:
    """The top of the payments page, to one of the parties."""
    text = page(signed_in(getattr(account.agreement, party)), address(account))
    return text.partition("state-strip")[2].partition("</section>")[0]


def history(account: EscrowAccount) -> str:
    """The line of the last notice given on the report's timeline."""
    text = report(signed_in(account.agreement.client), account.tranches.all()[0])
    return text.partition("Préavis d’annulation")[2].partition("</li>")[0]


def test_history_gives_no_date_of_a_notice_that_no_longer_runs(account: EscrowAccount) -> None:
    client, tranche = account.agreement.client, account.tranches.get(position=3)
    notice = way.noticed(tranche, client)
    assert "Annulée le" in history(account)
    notice.withdraw(by=client)
    assert "Retiré depuis : la tranche reste." in history(account)
    assert "Annulée le" not in history(account)
    way.noticed(tranche, client)
    way.deposited(account, 10_000, tranche)
    assert "Sans objet depuis." in history(account)
    notice = way.noticed(account.tranches.get(position=2), client)
    notice.carry_out(at=notice.ends_at + timedelta(seconds=1))
    assert "Arrivé à son terme depuis, sans dépôt." in history(account)


def test_next_tranche_without_a_notice_is_asked_for(account: EscrowAccount, as_client: Client) -> None:
    way.noticed(account.tranches.get(position=1), account.agreement.client)
    assert "Vous : déposer 1 440,00 € pour la tranche 2" in strip(account, "client")
    assert "peuvent être déposés" in page(as_client, address(account))


def test_transfer_for_what_is_on_notice_is_awaited(account: EscrowAccount) -> None:
    way.deposited(account, 264_000)
    awaited(account, 96_000)
    way.noticed(account.tranches.get(position=3), account.agreement.client)
    assert "Vous : faire le virement de 960,00 €" in strip(account, "client")


def test_a_refused_notice_says_nothing_of_money_that_is_there(account: EscrowAccount, as_client: Client) -> None:
    tranche = account.tranches.get(position=3)
    way.deposited(account, 10_000, tranche)
    status, text = send(as_client, deed(tranche, "preavis"), reason="Plus besoin.")
    assert (status, "Plus besoin." in text, "Rien n’est déposé" in text) == (200, True, False)


def test_a_notice_overtaken_by_a_deposit_is_not_taken_back(account: EscrowAccount, as_client: Client) -> None:
    tranche = account.tranches.get(position=3)
    way.noticed(tranche, account.agreement.client)
    way.deposited(account, 10_000, tranche)
    send(as_client, deed(tranche, "preavis/retrait"))
    assert "Ce préavis ne court plus" in page(as_client, address(account))
    assert "Cette tranche ne s’annule pas par préavis" in page(as_client, deed(tranche, "preavis"))


def test_the_rest_of_a_tranche_ends_by_the_same_page(account: EscrowAccount, as_client: Client) -> None:
    tranche = account.tranches.get(position=3)
    client = account.agreement.client
    sums = (50_000, 45_980)
    for payment in [account.deposit(cents, by=client, key=uuid.uuid4(), tranche=tranche) for cents in sums]:
        way.paid(payment)
    way.released(way.delivered(way.reread(tranche)))
    assert "Clore la tranche 3" in page(as_client, address(account))
    assert "959,80 € de cette tranche sont libérés et rien n’est bloqué" in page(as_client, deed(tranche, "preavis"))
    assert send(as_client, deed(tranche, "preavis"), reason="Plus besoin.")[0] == 302
    text = page(as_client, address(account))
    assert ("sans dépôt, elle prend fin à cette date" in text, "Déposer 0,20 €" in text) == (True, False)
    assert "La tranche 3 prend fin pour ce qui a été libéré" in report(as_client, tranche)
    way.swept(CancellationNotice.objects.get().ends_at + timedelta(seconds=1), CANCEL)
    assert "close pour ce montant : le reste n’a pas été déposé" in page(as_client, address(account))
    assert "Tranche close pour ce qui a été libéré" in report(as_client, tranche)


@pytest.mark.parametrize("reason", ["", "   ", "\0", "x" * 2001])
def test_a_notice_without_a_readable_reason_is_refused(account: EscrowAccount, as_client: Client, reason: str) -> None:
    status, _text = send(as_client, deed(account.tranches.get(position=3), "preavis"), reason=reason)
    assert (status, CancellationNotice.objects.count()) == (200, 0)


def test_late_work_is_told_to_both_on_page_and_report(client_user: User, provider_user: User) -> None:
    due = timezone.localdate() + timedelta(days=10)
    account = way.opened(client_user, provider_user, due_on=due)
    tranche = way.funded(account)[0]
    assert "vous pourrez demander en un clic le remboursement" in later(client_user, tranche, days=1)
    assert "le client pourra demander le remboursement" in later(provider_user, tranche, days=1)
    assert "Tranche 1 en retard de 15 jours, sauf livraison" in later(client_user, tranche, "rapport", days=1)
    assert "vous pouvez demander le remboursement des 1 200,00 €" in later(client_user, tranche, days=27)
    assert "le client peut demander le remboursement des 1 200,00 €" in later(provider_user, tranche, days=27)
    assert "Vous : tranche 1 en retard de 17 jours" in later(client_user, tranche, "rapport", days=27)


def test_the_dates_are_in_the_calendar_of_both_parties(tranche: Tranche, as_client: Client, as_rival: Client) -> None:
    way.noticed(tranche.account.tranches.get(position=3), tranche.account.agreement.client)
    path = f"/projets/{tranche.account.project.key}/echeances.ics"
    text = page(as_client, path)
    assert "La tranche 3 est annulée" in text
    assert "Le SMA est saisi de l’argent bloqué" in text
    assert as_rival.get(path).status_code == 404


def test_a_release_by_silence_stands_on_statement_and_timeline(silent: Tranche, as_client: Client) -> None:
    assert silent.accept_by
    way.swept(silent.accept_by + timedelta(seconds=1), "tranche.accept")
    assert "tranche 1, par silence de 14 jours" in page(as_client, address(silent.account))
    assert "Tranche « Étape 1 », par silence de 14 jours." in report(as_client, silent)
