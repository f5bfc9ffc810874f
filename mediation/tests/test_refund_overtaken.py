"""A refund that was asked for, once a dispute decides in its place."""

from __future__ import annotations

import pytest
from django.test import Client

from escrow.models import EscrowAccount, RefundRequest
from escrow.tests.test_refund_request import asked
from marketplace.accounts.models import User
from mediation.models import Seizure
from mediation.tests import way
from mediation.tests.pages import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(account: EscrowAccount) -> RefundRequest:
    return asked(account, 50_000)


def test_its_page_says_who_must_act_in_the_case(
    request_: RefundRequest, account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    case = way.opened(account)
    told = {as_client: "L’autre partie : répondre au litige", as_provider: "Vous : répondre au litige"}
    for browser, who in told.items():
        text = page(browser, request_.get_absolute_url())
        assert f"Dossier SMA {case.number}" in text
        assert f'<a class="button" href="{case.get_absolute_url()}">' in text
        assert who in text
        assert "rien n’est attendu" not in text
    assert 'class="state-strip__you"' in text


def test_its_page_leads_to_a_case_that_a_court_has_stopped(
    request_: RefundRequest, account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_client: Client
) -> None:
    case = way.arbitrated(account, mediator_user)
    way.drafted(case, 60_000)
    Seizure.record(way.fresh(case), way.exhibit().copy, note="Assignation.", by=mediator_user)
    text = page(as_client, request_.get_absolute_url())
    assert "Le tribunal : statuer sur le litige" in text
    assert f'href="{case.get_absolute_url()}"' in text


def test_its_page_waits_for_nobody_once_the_case_is_over(
    request_: RefundRequest, account: EscrowAccount, as_client: Client
) -> None:
    case = way.opened(account)
    case.withdraw("", by=case.client)
    text = page(as_client, request_.get_absolute_url())
    assert "Personne : rien n’est attendu" in text
    assert "Sans date" in text
