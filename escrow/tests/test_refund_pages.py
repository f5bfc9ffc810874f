"""The pages of refunds: ask, withdraw, agree, refuse, offer, and what the payments page says of each."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from escrow.models import EscrowAccount, RefundRequest, Tranche
from escrow.tests import way
from escrow.tests.test_freeze import figures, frozen
from escrow.tests.test_payments_page import address, page, report, send
from escrow.tests.test_refund_request import asked, asked_late, first
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.payments.models import Refund as CardRefund
from marketplace.testing.cast import reauthenticate
from projects.dates import TELLERS
from projects.models import Deadline
from projects.report import LINES, Reading

pytestmark = pytest.mark.django_db


def on_tranche(account: EscrowAccount, end: str) -> str:
    return address(account, f"tranches/{first(account).pk}/{end}/")


def on_request(request: RefundRequest, end: str = "") -> str:
    return f"{request.get_absolute_url()}{end}"


@pytest.fixture
def held(account: EscrowAccount) -> EscrowAccount:
    """1 200 € on the first tranche."""
    way.deposited(account, 120_000)
    return account


def test_client_asks_and_withdraws(held: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    assert "Demander un remboursement" in page(as_client, address(held))
    assert "1 200,00" in page(as_client, on_tranche(held, "remboursement"))
    status, where = send(as_client, on_tranche(held, "remboursement"), amount="500", reason="Trop tard.")
    request = RefundRequest.objects.get()
    assert (status, where, request.cents, request.answer_by) == (302, request.get_absolute_url(), 50_000, None)
    assert "Retirer ma demande" in page(as_client, where)
    assert "Trop tard." in page(as_provider, where)
    for browser in (as_client, as_provider):
        assert "Remboursement de 500,00 € demandé" in page(browser, address(held))
    assert "Il attend la réponse" in page(as_client, on_tranche(held, "remboursement"))
    assert send(as_client, on_request(request, "retrait/"))[0] == 302
    assert "Votre demande est retirée" in page(as_client, where)
    assert send(as_client, on_request(request, "retrait/"))[0] == 302


def test_request_that_was_answered_is_not_withdrawn(held: EscrowAccount, as_client: Client) -> None:
    request = asked(held, 50_000)
    request.refuse(by=held.agreement.provider, reason="Le travail est fait.")
    assert as_client.post(on_request(request, "retrait/")).status_code == 302
    assert "a déjà" in page(as_client, request.get_absolute_url())
    request.refresh_from_db()
    assert request.state == "REFUSED"


def test_who_is_no_party_reads_nothing_of_it(account: EscrowAccount, stranger_user: User) -> None:
    asked_late(account)
    frozen(account, 1)
    project = account.project
    reading = Reading(project, stranger_user)
    told = Event.objects.filter(project_key=project.key, verb="escrow.refund_asked")
    assert [LINES[event.verb](event, reading) for event in told] == [None]
    for kind in ("tranche.cancel", "tranche.overdue"):
        assert TELLERS[kind](Deadline(kind=kind, project=project, subject_id=first(account).pk), reading) is None


def test_both_strips_say_that_the_provider_must_answer(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    asked_late(account)
    for browser, words in (
        (as_provider, "Vous : répondre au remboursement de 1 200,00 € demandé sur la tranche 1"),
        (as_client, "Le prestataire : répondre au remboursement de 1 200,00 € demandé sur la tranche 1"),
    ):
        assert words in page(browser, report(account))
        assert words in page(browser, address(account)).partition('id="t-faire"')[0]
        assert "le SMA est saisi" in page(browser, on_request(RefundRequest.objects.get()))


def test_report_lists_the_date_of_the_answer_and_the_most_urgent_first(
    account: EscrowAccount, as_provider: Client
) -> None:
    request = asked_late(account)
    way.deposited(account, 240_000)
    second = Tranche.objects.with_parties().get(account=account, position=2)
    by = account.agreement.client
    RefundRequest.ask(second, 1_000, reason="Un geste.", by=by, key=uuid.uuid4())
    text = page(as_provider, report(account))
    assert "Réponse du prestataire au remboursement demandé" in text
    assert "demandé sur la tranche 1" in text
    assert "demandé sur la tranche 2" not in text
    assert request.silence_at


def test_provider_agrees_after_giving_the_password_again(
    held: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    request = asked(held, 50_000)
    path = on_request(request, "accord/")
    reauthenticate(as_provider, held.agreement.provider, ago=3600)
    assert as_provider.get(path).status_code == 302
    reauthenticate(as_provider, held.agreement.provider)
    text = page(as_provider, path)
    assert "Rendre 500,00 € au client" in text
    assert "Une partie est rendue" in text
    seen = re.findall(r'name="seen" value="(\d+)"', text)[0]
    assert send(as_provider, path, seen=seen)[0] == 302
    assert "500,00 € reviennent au client" in page(as_provider, on_request(request))
    assert "n’attend plus de réponse" in page(as_provider, path)
    assert "à envoyer" in page(as_client, address(held))
    assert CardRefund.objects.get(payment__deposit__account=held).cents == 50_000
    assert first(held).lacking_cents == 50_000


@pytest.mark.parametrize("seen", ["", "0", "-1", "x", "1" * 40, "119999"])
def test_consent_to_something_else_is_refused_with_a_sentence(
    held: EscrowAccount, as_provider: Client, seen: str
) -> None:
    request = asked(held, 120_000)
    reauthenticate(as_provider, held.agreement.provider)
    status, text = send(as_provider, on_request(request, "accord/"), seen=seen)
    assert status == 200
    assert "alert--stop" in text
    assert "Tout est rendu" in text
    assert first(held).held_cents == 120_000


def test_provider_refuses_with_a_reason_that_the_client_reads(
    held: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    request = asked(held, 120_000)
    path = on_request(request, "refus/")
    status, text = send(as_provider, path, reason=" ")
    assert status == 200
    assert "error-summary" in text
    assert send(as_provider, path, reason="Le travail est prêt.") == (302, request.get_absolute_url())
    assert "Le travail est prêt." in page(as_client, request.get_absolute_url())
    assert "refusée" in page(as_client, address(held))
    request = asked(held, 120_000)
    request.withdraw(by=held.agreement.client)
    status, text = send(as_provider, on_request(request, "refus/"), reason="Non.")
    assert (status, "a déjà reçu une réponse" in text) == (200, True)


def test_provider_gives_back_unasked(held: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    path = on_tranche(held, "restitution")
    assert "Rendre de l’argent" in page(as_provider, address(held))
    reauthenticate(as_provider, held.agreement.provider, ago=3600)
    assert as_provider.get(path).status_code == 302
    reauthenticate(as_provider, held.agreement.provider)
    assert "Rendre 1 200,00 € et clore la tranche" in page(as_provider, path)
    assert send(as_provider, path, amount="200", reason="Un geste.") == (302, address(held))
    assert "Un geste." in page(as_client, on_request(RefundRequest.objects.get()))
    assert send(as_provider, path, amount="1 000,00") == (302, address(held))
    assert "Il n’y a rien à rendre" in page(as_provider, path)
    assert "Rendue au client" in page(as_provider, address(held))


def test_the_bar_is_the_amount_and_what_went_back_stands_beside(held: EscrowAccount, as_client: Client) -> None:
    RefundRequest.offer(first(held), 120_000, by=held.agreement.provider, key=uuid.uuid4(), reason="")
    found = figures(held)
    assert (found.amount, found.given_back) == (240_000, 120_000)
    assert sum(cents for _kind, _words, cents in found.bar()) == found.amount
    for path in (address(held), report(held)):
        assert "(hors 1 200,00 € rendus)" in page(as_client, path)
    assert "Renvoyé par où il est venu" in page(as_client, address(held))
    assert "3 600,00 € convenus, moins 1 200,00 € qui n’ont pas été libérés" in page(as_client, address(held))


def test_provider_answers_a_request_rather_than_offering(held: EscrowAccount, as_provider: Client) -> None:
    asked(held, 1_000)
    reauthenticate(as_provider, held.agreement.provider)
    assert "Il attend votre réponse" in page(as_provider, on_tranche(held, "restitution"))
    status, text = send(as_provider, on_tranche(held, "restitution"), amount="10")
    assert (status, first(held).funded_cents) == (200, 120_000)
    assert "déjà demandé" in text


@pytest.mark.parametrize("amount", ["0", "-1", "0,001", "9" * 30, "💶", "\x00", "", "1200,01", "0,49"])
def test_bad_amounts_keep_what_was_typed(
    held: EscrowAccount, as_client: Client, as_provider: Client, amount: str
) -> None:
    reauthenticate(as_provider, held.agreement.provider)
    for browser, end in ((as_client, "remboursement"), (as_provider, "restitution")):
        status, text = send(browser, on_tranche(held, end), amount=amount, reason="Mes mots gardés.")
        assert status == 200
        assert "error-summary" in text
        assert "Mes mots gardés." in text
    assert not RefundRequest.objects.exists()


def test_tranche_without_money_or_in_dispute_offers_no_refund(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    reauthenticate(as_provider, account.agreement.provider)
    for words in ("ne doit pas commencer", "En litige"):
        assert words in page(as_client, on_tranche(account, "remboursement"))
        assert "Il n’y a rien à rendre" in page(as_provider, on_tranche(account, "restitution"))
        assert "Demander un remboursement" not in page(as_client, address(account))
        assert send(as_client, on_tranche(account, "remboursement"), amount="1", reason="x")[0] == 200
        if not first(account).funded_cents:
            way.deposited(account, 120_000)
            frozen(account, 1)


def test_others_find_nothing(held: EscrowAccount, as_client: Client, as_provider: Client, as_rival: Client) -> None:
    request = asked(held, 1_000)
    reauthenticate(as_provider, held.agreement.provider)
    for end in ("", "accord/", "refus/", "retrait/"):
        assert as_rival.get(on_request(request, end)).status_code in {404, 405}
        assert as_rival.post(on_request(request, end)).status_code in {302, 404, 405}
    assert as_provider.post(on_request(request, "retrait/")).status_code in {302, 404}
    request.refresh_from_db()
    assert request.state == "ASKED"


def test_payments_page_costs_the_same_queries_with_many_requests(
    account: EscrowAccount, as_client: Client, django_assert_max_num_queries: Any
) -> None:
    way.funded(account)
    for _n in range(3):
        asked(account, 1_000).withdraw(by=account.agreement.client)
    with django_assert_max_num_queries(40) as few:
        page(as_client, address(account))
    for _n in range(5):
        asked(account, 1_000).withdraw(by=account.agreement.client)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page(as_client, address(account))


def test_whole_refund_leaves_nothing_to_deposit_in_letters_and_pages(held: EscrowAccount, as_client: Client) -> None:
    given_back = asked(held, 120_000)
    given_back.agree(by=held.agreement.provider, held_cents=120_000)
    letter = Notice.objects.get(name="escrow.refund_agreed.client").letter
    assert "Reste à déposer" not in dict(letter.figures)
    assert "La totalité, soit" not in page(as_client, on_tranche(held, "remboursement"))


def test_refused_client_is_shown_the_way_to_the_sma(held: EscrowAccount, as_client: Client) -> None:
    request = asked(held, 120_000)
    request.refuse(by=held.agreement.provider, reason="Tout est prêt.")
    opening = f"/projets/{held.project.key}/litige/nouveau/?tranche={first(held).pk}"
    assert opening in page(as_client, on_request(request))


def test_request_that_is_over_waits_for_nobody(held: EscrowAccount, as_client: Client) -> None:
    request = asked(held, 50_000)
    request.withdraw(by=held.agreement.client)
    text = page(as_client, on_request(request))
    assert "Personne : rien n’est attendu" in text
    assert "Sans date" in text
