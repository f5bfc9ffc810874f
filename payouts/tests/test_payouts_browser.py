"""The pages of payment requests in a real browser: the provider's and Finance's, wide and narrow, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, at_every_look
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.tests import way

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LIST = "/demandes-de-paiement/"


def looked_at(page: Page, path: str) -> list[str]:
    """What is wrong with the page at `path`."""
    answer = page.goto(path)
    assert answer
    assert answer.status == 200
    return at_every_look(page)


def bill(number: int, ht: int) -> Bill:
    return Bill(f"AC-2026-{number:03}", way.ISSUED, ht, ht // 5)


@pytest.fixture
def busy(account: EscrowAccount, finance_user: User, second_finance_user: User) -> EscrowAccount:
    """Requests at every step: paid, returned, refused, waiting, approved, and money still to be invoiced."""
    first, second, third = (way.released(account, n) for n in range(3))
    way.answered(
        way.sent([way.approved(way.asked(first, bill(1, 30_000)), finance_user)], second_finance_user),
        second_finance_user,
    )
    way.sent([way.approved(way.asked(first, bill(2, 20_000)), finance_user)], second_finance_user)
    way.approved(way.asked(first, bill(3, 10_000)), finance_user)
    way.asked(first, bill(4, 10_000))
    way.answered(
        way.sent([way.approved(way.asked(second, bill(5, 120_000)), finance_user)], second_finance_user),
        second_finance_user,
        "RJCT",
        "AC04",
    )
    way.asked(third, bill(6, 80_000)).refuse(by=finance_user, reason="Votre SIREN manque sur la facture.")
    return account


def test_the_empty_list_has_no_fault(provider_user: User, enter: Enter) -> None:
    assert looked_at(enter(provider_user), LIST) == []


def test_the_provider_s_pages_have_no_fault(busy: EscrowAccount, provider_user: User, enter: Enter) -> None:
    page = enter(provider_user)
    refused = PayoutRequest.objects.get(state="REFUSED")
    nothing = PayoutRequest.objects.get(state="ASKED").tranche
    assert looked_at(page, LIST) == []
    assert looked_at(page, f"{LIST}tranches/{refused.tranche_id}/?reprise={refused.pk}") == []
    assert looked_at(page, f"{LIST}tranches/{nothing.pk}/") == []
    assert looked_at(page, f"/projets/{busy.project.key}/rapport/") == []


def test_the_client_s_report_with_invoices_has_no_fault(busy: EscrowAccount, client_user: User, enter: Enter) -> None:
    assert looked_at(enter(client_user), f"/projets/{busy.project.key}/rapport/") == []


def test_a_bank_account_on_hold_and_a_form_with_errors_have_no_fault(
    busy: EscrowAccount, provider_user: User, enter: Enter
) -> None:
    page = enter(provider_user)
    tranche = busy.tranches.get(position=2)
    page.goto(f"{LIST}tranches/{tranche.pk}/")
    page.get_by_label("Numéro de la facture").fill("AC-2026-007")
    page.get_by_label("Montant HT").fill("mille")
    page.locator("input[type=file]").set_input_files(
        {"name": "facture.pdf", "mimeType": "application/pdf", "buffer": way.pdf_bytes()}
    )
    page.get_by_role("button", name="Envoyer la facture").click()
    page.get_by_text("Choisissez le fichier une nouvelle fois").wait_for()
    assert page.get_by_label("Numéro de la facture").input_value() == "AC-2026-007"
    assert page.get_by_label("Montant HT").input_value() == "mille"
    assert at_every_look(page) == []
    way.banked(provider_user, way.OTHER_IBAN)
    assert looked_at(page, LIST) == []


def test_finance_s_pages_have_no_fault(busy: EscrowAccount, second_finance_user: User, enter: Enter) -> None:
    page = enter(second_finance_user)
    waiting = PayoutRequest.objects.get(state="ASKED")
    batch = way.batched(PayoutRequest.objects.filter(state="APPROVED"), second_finance_user)
    paid = PayoutBatch.objects.filter(state="ANSWERED").first()
    answer = BankAnswer.objects.first()
    assert paid
    assert answer
    for path in (
        "payoutrequest/",
        f"payoutrequest/{waiting.pk}/change/",
        f"payoutrequest/{waiting.pk}/approve/do/",
        f"payoutrequest/{waiting.pk}/refuse/do/",
        "payoutbatch/",
        f"payoutbatch/{batch.pk}/change/",
        f"payoutbatch/{batch.pk}/drop/do/",
        f"payoutbatch/{paid.pk}/change/",
        "bankanswer/",
        f"bankanswer/{answer.pk}/change/",
        "bankanswer/import/",
    ):
        assert looked_at(page, f"/admin/payouts/{path}") == []


def test_finance_s_refused_forms_have_no_fault(busy: EscrowAccount, finance_user: User, enter: Enter) -> None:
    page = enter(finance_user)
    page.goto("/admin/payouts/bankanswer/import/")
    page.locator("input[type=file]").set_input_files(
        {"name": "releve.xml", "mimeType": "application/xml", "buffer": b"<Document/>"}
    )
    page.get_by_role("button", name="Importer").click()
    page.get_by_text("ce n’est pas un compte rendu de statut").first.wait_for()
    assert at_every_look(page) == []
    waiting = PayoutRequest.objects.get(state="ASKED")
    page.goto(f"/admin/payouts/payoutrequest/{waiting.pk}/refuse/do/")
    page.get_by_role("button", name="Refuser cette demande").click()
    page.locator(".field__error").first.wait_for()
    assert at_every_look(page) == []
