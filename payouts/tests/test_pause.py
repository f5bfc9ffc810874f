"""While the books are wrong no new transfer leaves: for one project, or for all."""

from __future__ import annotations

import pytest
from django.test import Client

from escrow.tests import way as escrow_way
from marketplace.accounts.models import User
from marketplace.ledger.models import Pause
from marketplace.ledger.tasks import check_books
from marketplace.ledger.tests.crowd import as_owner
from payouts.bills import Bill
from payouts.models import PayoutBatch, PayoutRequest
from payouts.tests import way
from payouts.tests.test_admin import BATCHES, REQUESTS, batch_of, said
from payouts.tests.test_pages import page

pytestmark = [pytest.mark.django_db, pytest.mark.crooked_books]
OURS = "vérification de nos comptes"


@pytest.fixture
def other(approved: PayoutRequest, client_user: User, provider_user: User, finance_user: User) -> PayoutRequest:
    """An approved request of the same provider on another project."""
    account = escrow_way.opened(client_user, provider_user)
    return way.approved(way.asked(way.released(account), Bill("AC-9", way.ISSUED, way.HT, way.VAT)), finance_user)


def bent(statement: str) -> None:
    """What only a hand in the database can do, then the look of every ten minutes."""
    with as_owner() as cursor:
        cursor.execute(f"set local session_replication_role = replica; {statement}")
        cursor.execute("set local session_replication_role = origin")
    check_books()


def bend(request: PayoutRequest, cents: int = 1) -> None:
    """The release of the request's tranche says another amount than was moved."""
    bent(f"update escrow_release set cents = cents + {cents} where tranche_id = {request.tranche_id}")


def in_batch(batch: PayoutBatch) -> set[str]:
    return {row.invoice_number for row in batch.requests.all()}


def test_a_red_project_stays_out_of_the_batch_and_the_others_go(
    approved: PayoutRequest, other: PayoutRequest, second_finance_user: User
) -> None:
    bend(approved)
    assert {pause.project for pause in Pause.objects.all()} == {approved.escrow.project.key}
    batch = way.batched([approved, other], second_finance_user)
    assert (in_batch(batch), list(batch.left_out)) == ({"AC-9"}, [approved])
    assert way.fresh(approved).state == "APPROVED"
    with pytest.raises(PayoutBatch.Paused, match=approved.escrow.project.number):
        way.batched([approved], second_finance_user)
    assert PayoutBatch.objects.count() == 1


def test_a_red_total_stops_every_payout_until_it_is_lifted(
    approved: PayoutRequest, other: PayoutRequest, second_finance_user: User
) -> None:
    held = approved.escrow.held_id
    bent(f"update ledger_account set balance = balance + 5 where id = {held}")
    assert Pause.objects.filter(project="", check_name="ledger.balances").exists()
    with pytest.raises(PayoutBatch.Paused, match=r"AC-1.*AC-9"):
        way.batched([approved, other], second_finance_user)
    bent(f"update ledger_account set balance = balance - 5 where id = {held}")
    with pytest.raises(PayoutBatch.Paused):
        way.batched([approved, other], second_finance_user)
    for pause in Pause.objects.all():
        pause.lift(by=second_finance_user, reason="Solde remis.")
    assert in_batch(way.batched([approved, other], second_finance_user)) == {"AC-1", "AC-9"}


def test_a_file_that_nobody_took_is_held_back_and_one_that_was_taken_is_not(
    approved: PayoutRequest, other: PayoutRequest, second_finance_user: User, as_second_finance: Client
) -> None:
    kept, taken = way.batched([approved], second_finance_user), way.batched([other], second_finance_user)
    taken.hand_out()
    bend(approved)
    bend(other)
    with pytest.raises(PayoutBatch.HeldBack, match=approved.escrow.project.number):
        kept.hand_out()
    assert taken.hand_out() == taken.file.encode()
    assert as_second_finance.get(f"{BATCHES}{kept.pk}/file/").status_code == 302
    kept.drop(by=second_finance_user)
    assert way.fresh(approved).state == "APPROVED"


def test_staff_sees_why_and_what_was_left_out(
    approved: PayoutRequest, other: PayoutRequest, as_second_finance: Client
) -> None:
    bend(approved)
    assert "suspendue" in page(as_second_finance, f"{REQUESTS}{approved.pk}/change/")
    assert "suspendue" not in page(as_second_finance, f"{REQUESTS}{other.pk}/change/")
    told = said(batch_of(as_second_finance, approved, other))
    assert f"facture AC-1 du projet {approved.escrow.project.number}" in told
    assert "facture AC-1" in said(batch_of(as_second_finance, approved))


def test_the_provider_reads_that_the_transfer_waits_and_the_client_reads_nothing(
    approved: PayoutRequest, as_provider: Client, as_client: Client
) -> None:
    report = f"/projets/{approved.escrow.project.key}/rapport/"
    assert OURS not in page(as_provider, "/demandes-de-paiement/") + page(as_provider, report)
    bend(approved)
    assert OURS in page(as_provider, "/demandes-de-paiement/")
    assert OURS in page(as_provider, report)
    assert OURS not in page(as_client, report)


def test_what_is_sent_waits_for_nothing(
    approved: PayoutRequest, second_finance_user: User, as_provider: Client
) -> None:
    way.sent([approved], second_finance_user)
    bend(approved)
    assert OURS not in page(as_provider, "/demandes-de-paiement/")
