"""The pages of an avenant: proposed, accepted, declined, withdrawn, paid; forged and hostile answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from projects.forms.tranches import TYPED
from projects.models import Agreement, Amendment, Formula
from projects.report import Reading
from projects.tests.avenants import accepted, in_force, proposed
from projects.tests.bids import active, awarded, stocked
from projects.tests.calls import opened
from projects.timeline import Timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(client_user: User, provider_user: User) -> Agreement:
    """Active in base: 3 000 € in two tranches."""
    project = opened(client_user, formula_wanted=Formula.BASE)
    return active(awarded(project, stocked(provider_user), parts=(100_000, 200_000)))


def form(browser: Client, agreement: Agreement, **changes: Any) -> dict[str, Any]:
    """The form of a new avenant as it is drawn, but for `changes`."""
    page = browser.get(f"/accords/{agreement.key}/avenants/nouveau/")
    drawn = page.context["form"]
    fields = [*drawn, *drawn.rows.management_form, *(field for row in drawn.rows for field in row)]
    data = {field.html_name: field.value() for field in fields if str(field.value()) not in {"None", "False"}}
    return {**data, **changes}


def sent(browser: Client, agreement: Agreement, **changes: Any) -> str:
    """The page after proposing: followed when it was taken."""
    data = form(browser, agreement, **changes)
    path = f"/accords/{agreement.key}/avenants/nouveau/"
    return browser.post(path, data, follow=True).content.decode()


def test_rise_is_proposed_accepted_and_paid_on_the_pages(
    as_client: Client, as_provider: Client, agreement: Agreement
) -> None:
    page = sent(as_client, agreement, **{"price_cents": "3500", "tranche-1-cents": "2500"})
    assert "Avenant 1" in page
    assert "acceptez-le vous aussi" in page
    assert "90,00\xa0€" in page
    here = f"/accords/{agreement.key}/avenants/1/"
    for browser in (as_client, as_provider):
        assert "error-summary" in browser.post(f"{here}accepter/", {"number": "2"}).content.decode()
        assert browser.post(f"{here}accepter/", {"number": "2", "read": "on"}).status_code == 302
    assert Amendment.objects.get().state == "AGREED"
    assert as_provider.post(f"{here}payer/").status_code == 404
    assert "Payer 90,00" in as_client.post(f"{here}payer/", {"key": "x"}).content.decode()
    page = as_client.get(here).content.decode()
    key = re.search(r'name="key" value="([\w-]+)"', page)
    assert key
    assert as_client.post(f"{here}payer/", {"key": key[1]}).headers["Location"].startswith("/paiements/")
    assert "Payer 90,00\xa0€" in page


def test_new_tranche_and_a_cancelled_one(as_client: Client, agreement: Agreement) -> None:
    more = {"tranche-2-title": "Suite", "tranche-2-cents": "500", "tranche-1-off": "on"}
    sent(as_client, agreement, price_cents="1500", **more)
    version = Amendment.objects.get().version
    assert [(part.position, part.cents) for part in version.tranches.all()] == [(1, 100_000), (3, 50_000)]
    page = as_client.get(f"/accords/{agreement.key}/avenants/nouveau/").content.decode()
    assert "Tranche 3" in page


def test_one_payment_follows_its_price(as_client: Client, client_user: User, provider_user: User) -> None:
    agreement = active(awarded(opened(client_user), stocked(provider_user)))
    assert "4\u202f000,00" in sent(as_client, agreement, price_cents="4000")
    assert [part.position for part in Amendment.objects.get().version.tranches.all()] == [1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Ces termes sont déjà en vigueur"),
        ({"price_cents": "3100"}, "3\u202f100,00"),
        ({"price_cents": "0,01"}, "10,00\xa0€ au moins"),
        ({"price_cents": "-5"}, "Écrivez une somme"),
        ({"price_cents": "0.001"}, "Écrivez une somme"),
        ({"tranche-0-number": "7", "delay_days": "9"}, "n’est pas dans l’accord"),
        ({"tranche-0-number": "2", "delay_days": "9"}, "n’est pas dans l’accord"),
        ({"instead_of": "3", "delay_days": "9"}, "Un autre avenant a été proposé"),
        ({"scope": "", "delay_days": "9"}, "error-summary"),
        ({"tranche-0-title": ""}, "Nommez cette tranche"),
        ({"tranche-0-off": "on", "tranche-1-off": "on"}, "Il reste au moins une tranche"),
        ({f"tranche-{n}-{name}": "" for n in (0, 1) for name in TYPED}, "Il reste au moins une tranche"),
    ],
)
def test_nonsense_is_refused_kindly(
    as_client: Client, agreement: Agreement, changes: dict[str, str], words: str
) -> None:
    assert words in sent(as_client, agreement, **changes)
    assert not Amendment.objects.exists()


def test_overtaken_proposal_keeps_what_was_typed_and_shows_the_news(as_client: Client, agreement: Agreement) -> None:
    mine = form(as_client, agreement, delay_days="44")
    proposed(agreement, by=agreement.provider, delay_days=55)
    path = f"/accords/{agreement.key}/avenants/nouveau/"
    page = as_client.post(path, mine).content.decode()
    assert "Ce qui a été proposé entre-temps" in page
    assert "55 jours" in page
    assert 'value="44"' in page
    assert as_client.post(path, mine | {"instead_of": "1"}).status_code == 302
    assert [row.state for row in Amendment.objects.order_by("number")] == ["REPLACED", "PROPOSED"]
    page = as_client.post(f"{path[:-8]}1/accepter/", {"number": "2", "read": "on"}).content.decode()
    assert "à la place de celui-ci" in page


def test_one_more_row_is_drawn_as_typed(as_client: Client, agreement: Agreement) -> None:
    page = sent(as_client, agreement, add_row="1", delay_days="quand on peut")
    assert 'name="tranche-3-title"' in page
    assert "quand on peut" in page


def test_answers_end_it_and_tell_the_other(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    proposed(agreement, {1: 150_000})
    here = f"/accords/{agreement.key}/avenants/1/"
    assert "error-summary" in as_provider.post(f"{here}refuser/", {"reason": ""}).content.decode()
    as_provider.post(f"{here}refuser/", {"reason": "Trop peu pour moi."})
    assert "Trop peu pour moi." in as_client.get(here).content.decode()
    assert "n’attend plus" in as_client.post(f"{here}retirer/").content.decode()
    proposed(agreement, {1: 150_000})
    assert as_client.post(f"{here[:-2]}2/retirer/").status_code == 302
    assert "n’attend plus" in as_provider.post(f"{here[:-2]}2/refuser/", {"reason": "Non."}).content.decode()
    letters = [notice.letter.subject for notice in Notice.objects.filter(name__startswith="amendment.").order_by("pk")]
    assert [letter.partition("\xa0:")[0] for letter in letters] == [
        "Avenant 1 à lire",
        "Avenant 1 refusé",
        "Avenant 2 à lire",
        "Avenant 2 retiré",
    ]


def test_pages_of_each_state_and_their_letters(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    in_force(proposed(agreement, {1: 150_000}))
    in_force(proposed(agreement, {1: 100_000}))
    accepted(proposed(agreement, {1: 150_000}))
    for browser in (as_client, as_provider):
        for n in (1, 2, 3):
            assert browser.get(f"/accords/{agreement.key}/avenants/{n}/").status_code == 200
        assert "Avenant 3" in browser.get(f"/accords/{agreement.key}/").content.decode()
        assert "avenant 3" in browser.get(f"/projets/{agreement.project.key}/rapport/").content.decode()
    rows = Notice.objects.filter(name__contains="amend")
    assert all(str(notice.letter.paragraphs[0]) for notice in rows)
    assert {row.name for row in rows} >= {"agreement.amended", "amendment.agreed.payer", "amendment.agreed.other"}


def test_nothing_is_proposed_while_one_waits_for_its_payment(as_client: Client, agreement: Agreement) -> None:
    page = f"/accords/{agreement.key}/"
    assert "avenants/nouveau/" in as_client.get(page).content.decode()
    amendment = accepted(proposed(agreement, {1: 150_000}))
    assert "avenants/nouveau/" not in as_client.get(page).content.decode()
    assert "une fois l’avenant 1 payé ou caduc" in as_client.get(page).content.decode()
    amendment.withdraw(by=agreement.client)
    assert "avenants/nouveau/" in as_client.get(page).content.decode()


def test_timeline_names_the_author_of_each_act(agreement: Agreement) -> None:
    accepted(proposed(agreement, {1: 150_000}, by=agreement.provider))
    pages = {name: Timeline(Reading(agreement.project, name)).lines for name in (agreement.client, agreement.provider)}
    for reader, lines in pages.items():
        who = {line.who for event, line in lines if event.verb.startswith("amendment.") and event.by}
        assert who == {"Vous", "Le client" if reader == agreement.provider else agreement.provider.public_name}


def test_dates_that_pass_are_told(as_client: Client, agreement: Agreement) -> None:
    for paying in (False, True):
        amendment = proposed(agreement, {1: 150_000})
        if paying:
            accepted(amendment)
        due = amendment.due_by
        assert due
        amendment.remind(at=due - timedelta(days=1))
        amendment.lapse(at=due + timedelta(seconds=1))
        assert amendment.awaited() == []
    page = as_client.get(f"/projets/{agreement.project.key}/rapport/").content.decode()
    assert "pas été accepté à temps" in page
    assert "pas été réglé à temps" in page
    lapsed = [row.letter for row in Notice.objects.filter(name="amendment.lapsed")]
    assert {letter.subject.partition("\xa0:")[0] for letter in lapsed} == {"Avenant 1 caduc", "Avenant 2 caduc"}
    reminded = Notice.objects.filter(name="amendment.reminded").order_by("pk")
    assert [row.user for row in reminded] == [agreement.client, agreement.provider, agreement.client]
    assert "devient caduc" in reminded[0].letter.paragraphs[0]
    assert str(amendment).endswith(", 2")


def test_details_are_welcome_once_introduced(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    scope = f"{agreement.version.scope}\nAppeler le 06 12 34 56 78."
    assert "Avenant 1" in sent(as_client, agreement, scope=scope, **{"tranche-0-deliverable": "À a@exemple.fr"})
    here = f"/accords/{agreement.key}/avenants/1/refuser/"
    assert as_provider.post(here, {"reason": "Plutôt moi@exemple.fr"}).status_code == 302
