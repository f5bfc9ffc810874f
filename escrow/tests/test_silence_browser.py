"""Silence in a real browser, with and without the tick: both sides read it, the provider goes to the SMA."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way
from escrow.tests.test_payments_browser import looked_at
from marketplace.accounts.models import User
from marketplace.testing.browser import Enter
from projects.models import Deadline

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def delivered(client: User, provider: User, *, silence: bool) -> Tranche:
    """The first tranche of three is delivered, the second funded, the third on notice."""
    account = way.opened(client, provider, silence=silence)
    way.deposited(account, 264_000)
    way.noticed(account.tranches.get(position=3), provider)
    return way.delivered(account.tranches.all()[0])


def pass_time(tranche: Tranche) -> None:
    """The fifteen days have gone by: its date is moved into the past, and the sweep comes."""
    past = timezone.now() - timedelta(seconds=1)
    Tranche.objects.filter(pk=tranche.pk).update(accept_by=past)
    Deadline.objects.waiting().filter(kind="tranche.accept").update(due_at=past)
    way.swept(timezone.now(), "tranche.accept")


def pages(account: EscrowAccount) -> list[str]:
    return [f"/projets/{account.project.key}/{end}/" for end in ("paiements", "rapport")]


def test_without_the_tick_the_provider_goes_to_the_sma(client_user: User, provider_user: User, enter: Enter) -> None:
    tranche = delivered(client_user, provider_user, silence=False)
    page, (payments, report) = enter(provider_user), pages(tranche.account)
    assert looked_at(page, payments) == []
    pass_time(tranche)
    assert looked_at(page, payments) == looked_at(page, report) == []
    page.goto(payments)
    page.get_by_role("button", name="Saisir le SMA").click()
    expect(page.get_by_text("Le SMA est saisi").first).to_be_visible()
    assert looked_at(page, report) == []


def test_with_the_tick_silence_releases_and_both_read_it(client_user: User, provider_user: User, enter: Enter) -> None:
    tranche = delivered(client_user, provider_user, silence=True)
    page, (payments, report) = enter(client_user), pages(tranche.account)
    assert looked_at(page, payments) == []
    pass_time(tranche)
    page.goto(payments)
    expect(page.get_by_text("par silence de 14 jours").first).to_be_visible()
    assert looked_at(page, report) == []


def test_the_client_s_forms_have_no_fault_and_send(client_user: User, provider_user: User, enter: Enter) -> None:
    tranche = delivered(client_user, provider_user, silence=False)
    page, (payments, _report) = enter(client_user), pages(tranche.account)
    assert looked_at(page, f"{payments}tranches/{tranche.pk}/modifications/") == []
    page.get_by_label("Ce qui est à modifier").fill("Le logo est flou.")
    page.get_by_role("button", name="Demander des modifications").click()
    page.wait_for_url(f"**{payments}")
    assert looked_at(page, payments) == []
    third = tranche.account.tranches.get(position=3)
    third.notices.get().withdraw(by=provider_user)
    assert looked_at(page, f"{payments}tranches/{third.pk}/preavis/") == []
