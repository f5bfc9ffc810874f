"""What the staff finds in the administration: what waits, words instead of codes, no link to a refusal."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.payments.models import Payment
from projects.models import Category, Project, ProjectState


@pytest.fixture
def submitted(client_user: User) -> Project:
    project = Project.objects.create(
        client=client_user,
        title="Un site pour la mairie",
        teaser="Refaire le site.",
        description="Refaire le site de la mairie.",
        category=Category.objects.all()[0],
        budget_min_cents=100_000,
        budget_max_cents=200_000,
    )
    project.state, project.submitted_at = ProjectState.SUBMITTED, timezone.now()
    project.save(update_fields=["state", "submitted_at"])
    return project


def test_moderator_reads_first_what_waits_and_until_when(as_moderator: Client, submitted: Project) -> None:
    page = as_moderator.get("/admin/").content.decode()
    assert "1 projet à approuver" in page
    assert "avant le" in page
    assert "en attente depuis le" in page
    assert "demande de paiement" not in page


def test_nothing_to_do_is_said(as_finance: Client, submitted: Project) -> None:
    assert "Rien ne vous attend." in as_finance.get("/admin/").content.decode()


def test_queue_tells_the_deadline_of_each_project(as_moderator: Client, submitted: Project) -> None:
    page = as_moderator.get("/admin/projects/project/").content.decode()
    assert "À décider avant" in page
    assert "18\xa0h\xa000" in page


def test_error_of_a_deed_stands_under_the_label_of_its_own_field(as_moderator: Client, submitted: Project) -> None:
    path = f"/admin/projects/project/{submitted.pk}/reject/do/"
    page = as_moderator.post(path, {"key": str(uuid.uuid4())}).content.decode()
    places = [page.index(part) for part in ('<label for="id_reason"', 'id="id_reason_error"', "<textarea")]
    assert places == sorted(places)
    assert 'aria-invalid="true" aria-describedby="id_reason_error"' in page


@pytest.mark.parametrize("query", ["state__exact=%00", "q=a%00", "%00=1", "p=%00"])
def test_nul_in_the_address_of_a_list_is_a_wrong_filter(as_moderator: Client, query: str) -> None:
    for page in ("projects/project/", "accounts/user/"):
        reply = as_moderator.get(f"/admin/{page}?{query}")
        assert (reply.status_code, reply["Location"]) == (302, f"/admin/{page}?e=1")
        assert as_moderator.get(reply["Location"]).status_code == 200


def test_row_that_the_reader_may_not_open_is_named_without_a_link(as_moderator: Client, submitted: Project) -> None:
    page = as_moderator.get(f"/admin/projects/project/{submitted.pk}/change/").content.decode()
    assert submitted.category.name_fr in page
    assert "/admin/projects/category/" not in page
    assert f"/admin/accounts/user/{submitted.client_id}/change/" in page


def test_fields_of_a_project_have_french_names(as_moderator: Client, submitted: Project) -> None:
    page = as_moderator.get(f"/admin/projects/project/{submitted.pk}/change/").content.decode()
    for words in (
        "État",
        "Motif du refus",
        "Soumis le",
        "Attribué le",
        "Offres déposées",
        "Adresse de l’appel d’origine",
    ):
        assert words in page


def test_payments_are_listed_by_what_they_are_for(as_finance: Client, client_user: User) -> None:
    payment = Payment.objects.create(
        key=uuid.uuid4(),
        payer=client_user,
        purpose="credits.pack",
        reference="1",
        description="Pack Découverte",
        ht_cents=400,
        vat_cents=80,
        cents=480,
    )
    page = as_finance.get("/admin/payments/payment/").content.decode()
    assert f'/admin/payments/payment/{payment.pk}/change/">Pack Découverte</a>' in page
    assert "pack de crédits" in page
    assert "Pack Découverte" not in as_finance.get("/admin/payments/payment/?purpose=escrow.deposit").content.decode()
    change = as_finance.get(f"/admin/payments/payment/{payment.pk}/change/").content.decode()
    assert "4,00\xa0€ + 0,80\xa0€" in change
    assert "/admin/accounts/user/" not in change
