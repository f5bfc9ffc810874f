"""R0 is offered only while a licensed institution is named that holds its deposits (product, section 5)."""

from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client

from marketplace.accounts.models import User
from projects.management.commands.import_projects import plan_of
from projects.models import Agreement, Category, Formula, Project
from projects.models.choices import R0NotOffered
from projects.prices import prices
from projects.tests.avenants import proposed
from projects.tests.bids import active, awarded, changed, stocked
from projects.tests.calls import drafted, opened

pytestmark = pytest.mark.django_db
NAMED = "R0 formula is not offered"


@pytest.fixture
def project(client_user: User) -> Project:
    """A call that wants R0, opened while it was offered."""
    return opened(client_user)


def test_terms_of_a_call_that_wants_r0_are_base_while_it_is_not_offered(
    project: Project, provider_user: User, settings: Any
) -> None:
    settings.R0_OFFERED = False
    assert project.formula_wanted == Formula.R0
    assert awarded(project, stocked(provider_user)).version.formula == Formula.BASE


def test_nobody_proposes_or_accepts_terms_that_have_no_holder(
    project: Project, provider_user: User, settings: Any
) -> None:
    agreement = awarded(project, stocked(provider_user))
    settings.R0_OFFERED = False
    with pytest.raises(R0NotOffered):
        agreement.propose(changed(agreement, delay_days=31), by=agreement.client, instead_of=1)
    with pytest.raises(R0NotOffered):
        agreement.accept(1, by=agreement.provider)
    assert [version.number for version in agreement.versions.all()] == [1]


def test_client_goes_over_to_the_base_formula_by_the_page(
    project: Project, provider_user: User, as_client: Client, settings: Any
) -> None:
    agreement = awarded(project, stocked(provider_user))
    settings.R0_OFFERED = False
    page = as_client.get(f"/accords/{agreement.key}/version/").content.decode()
    assert 'value="BASE"' in page
    assert 'value="R0"' not in page


@pytest.mark.parametrize("formula", [Formula.BASE, Formula.R0])
def test_introduced_parties_keep_their_formula_and_go_over_to_no_other(
    project: Project, provider_user: User, settings: Any, formula: Formula
) -> None:
    agreement = awarded(project, stocked(provider_user))
    agreement.propose(changed(agreement, formula=formula), by=agreement.client, instead_of=1)
    agreement = active(Agreement.objects.get(pk=agreement.pk))
    settings.R0_OFFERED = False
    assert proposed(agreement, delay_days=45).version.formula == formula
    if formula == Formula.BASE:
        with pytest.raises(R0NotOffered):
            proposed(agreement, formula=Formula.R0)


def test_call_is_written_and_priced_without_r0(client_user: User, as_client: Client, settings: Any) -> None:
    project = drafted(client_user)
    settings.R0_OFFERED = False
    page = as_client.get(f"/projets/{project.key}/modifier/conditions/").content.decode()
    assert 'value="BASE"' in page
    assert 'value="R0"' not in page
    assert len(prices(project)) == 2


def test_visitor_reads_that_r0_is_not_offered(client: Client, settings: Any) -> None:
    sentence = "La formule R0 n’est pas proposée pour le moment"
    assert sentence not in client.get("/").content.decode()
    settings.R0_OFFERED = False
    assert sentence in client.get("/").content.decode()


def test_import_wants_no_formula_that_is_not_offered(client_user: User, settings: Any) -> None:
    settings.R0_OFFERED = False
    options = {"client": client_user.email, "category": Category.objects.all()[0].slug, "days": 30, "formula": "r0"}
    with pytest.raises(CommandError, match="R0 is not offered"):
        plan_of({**options, "columns": "", "rate": ""})
