"""The account follows an avenant: tranches change, are added or cancelled; money above them goes back, to the cent."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from escrow.amendments import Revision, account_of
from escrow.figures import Figures
from escrow.models import EscrowAccount, Refund, Tranche
from escrow.statement import statement
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Refund as CardRefund
from projects import amending
from projects.models import Agreement, Amendment, Deadline, Formula, Project
from projects.tests.avenants import accepted, in_force, proposed

pytestmark = pytest.mark.django_db


def agreement_of(account: EscrowAccount) -> Agreement:
    return Agreement.objects.select_related("project", "client", "provider").get(pk=account.agreement_id)


def rows(account: EscrowAccount) -> list[tuple[int, str, int, int]]:
    """Each tranche: number, state, amount, held."""
    return [(t.position, t.state, t.cents, t.held_cents) for t in account.tranches.all()]


def figures(account: EscrowAccount) -> Figures:
    fresh = EscrowAccount.objects.with_parties().get(pk=account.pk)
    found = Figures.of(fresh, list(fresh.tranches.all()))
    assert found.adds_up
    assert found.amount == found.deposited - found.refunding - found.refunded + found.lacking
    return found


def test_rise_and_new_tranche_are_to_be_deposited(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    in_force(proposed(agreement_of(account), {1: 150_000}, [50_000]))
    assert rows(account) == [
        (1, "FUNDED", 180_000, 120_000),
        (2, "PLANNED", 144_000, 0),
        (3, "PLANNED", 96_000, 0),
        (4, "PLANNED", 60_000, 0),
    ]
    assert (figures(account).amount, figures(account).lacking) == (480_000, 360_000)
    assert account.tranches.get(position=1).light.kind == "soon"


def test_what_is_held_above_goes_back_to_the_last_cards_first(account: EscrowAccount) -> None:
    for cents in (200_000, 100_000, 60_000):
        way.deposited(account, cents)
    amendment = in_force(proposed(agreement_of(account), {2: 50_000, 3: None}))
    assert rows(account) == [(1, "FUNDED", 120_000, 120_000), (2, "FUNDED", 60_000, 60_000), (3, "REFUNDED", 96_000, 0)]
    refund = Refund.objects.get(amendment=amendment)
    assert (refund.cents, [part.cents for part in refund.parts.order_by("pk")]) == (180_000, [84_000, 96_000])
    back = CardRefund.objects.filter(payment__purpose="escrow.deposit").order_by("pk")
    assert [row.cents for row in back] == [60_000, 100_000, 20_000]
    assert (figures(account).refunding, figures(account).held, figures(account).amount) == (180_000, 180_000, 180_000)
    assert figures(account).sentence().startswith("1\u202f800,00\xa0€ couverts sur 1\u202f800,00\xa0€")
    assert Transfer.objects.get(key=f"refund:{refund.pk}").moves.count() == 3


def test_statement_and_pages_say_what_went_back(account: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    way.deposited(account, 120_000)
    in_force(proposed(agreement_of(account), {1: 50_000}))
    last = statement(account)[-1]
    assert (last.title, last.detail, last.cents) == ("Remboursement", "avenant 1\xa0: tranche\xa01", 60_000)
    for browser in (as_client, as_provider):
        page = browser.get(f"/projets/{account.project.key}/paiements/").content.decode()
        assert "n’est plus sur le compte" in page
        report = browser.get(f"/projets/{account.project.key}/rapport/").content.decode()
        assert "600,00\xa0€ reviennent au client" in report
    refund, letter = Refund.objects.get(), Notice.objects.get(name="escrow.refunded").letter
    assert letter.subject.startswith("600,00\xa0€ vous reviennent")
    assert (str(refund).endswith(": 60000"), str(refund.parts.get())) == (True, "1. Étape 1: 60000")


def test_form_shows_delivered_tranches_as_they_are(account: EscrowAccount, as_client: Client) -> None:
    way.delivered(way.funded(account)[0])
    path = f"/accords/{agreement_of(account).key}/avenants/nouveau/"
    drawn = as_client.get(path).context["form"]
    assert [(row.known, row.why, "off" in row.fields) for row in drawn.rows] == [
        (1, "livrée", False),
        (2, "", True),
        (3, "", True),
    ]
    fields = [*drawn, *drawn.rows.management_form, *(field for row in drawn.rows for field in row)]
    typed = {field.html_name: field.value() for field in fields if str(field.value()) not in {"None", "False"}}
    forged = {"tranche-0-title": "Autre", "tranche-0-cents": "1", "tranche-0-off": "on", "delay_days": "50"}
    assert as_client.post(path, typed | forged).status_code == 302
    first = Amendment.objects.get().version.tranches.all()[0]
    assert (first.title, first.cents) == ("Étape 1", 100_000)


def test_second_refund_takes_what_cards_have_left(account: EscrowAccount) -> None:
    way.deposited(account, 100_000)
    way.deposited(account, 100_000)
    in_force(proposed(agreement_of(account), {1: 50_000}))
    in_force(proposed(agreement_of(account), {2: None}))
    back = CardRefund.objects.filter(payment__purpose="escrow.deposit").order_by("pk")
    assert [row.cents for row in back] == [60_000, 40_000, 40_000]
    assert len({row.payment_id for row in back}) == 2


@pytest.mark.parametrize("change", [{1: 110_000}, {1: None}])
def test_delivered_and_released_tranches_do_not_change(account: EscrowAccount, change: dict[int, int | None]) -> None:
    way.delivered(way.funded(account)[0])
    with pytest.raises(Revision.Fixed):
        proposed(agreement_of(account), change)
    way.released(Tranche.objects.with_parties().get(account=account, position=1))
    with pytest.raises(Revision.Fixed):
        proposed(agreement_of(account), change)
    in_force(proposed(agreement_of(account), {2: 60_000}))
    assert rows(account)[0] == (1, "RELEASED", 120_000, 0)


def test_account_that_moved_meanwhile_stops_the_acceptance_and_sends_the_money_back(
    account: EscrowAccount, as_client: Client
) -> None:
    tranches = way.funded(account)
    first = proposed(agreement_of(account), {1: 50_000, 2: 300_000})
    second_party = accepted(first)
    payment = second_party.pay(by=account.agreement.client, key=uuid.uuid4())
    way.delivered(tranches[0])
    with pytest.raises(Amendment.NotPayable):
        first.pay(by=account.agreement.client, key=uuid.uuid4())
    assert way.paid(payment).state == "RETURNED"
    other = proposed(agreement_of(account), {2: 130_000})
    way.delivered(tranches[1])
    with pytest.raises(Revision.Fixed):
        accepted(other)
    assert rows(account)[1] == (2, "DELIVERED", 144_000, 144_000)
    agreement = agreement_of(account)
    here = f"/accords/{agreement.key}/avenants/{agreement.amendments.latest('pk').number}/"
    assert "Il ne peut plus prendre effet" in as_client.get(here).content.decode()


def test_accepted_avenant_ends_as_soon_as_it_is_impossible_and_both_are_told(
    account: EscrowAccount, as_client: Client
) -> None:
    tranches = way.funded(account)
    amendment = accepted(proposed(agreement_of(account), {1: 50_000, 2: 300_000}))
    way.delivered(tranches[2])
    assert Amendment.objects.get().state == "AGREED"
    way.delivered(tranches[0])
    amendment.refresh_from_db()
    assert (amendment.state, amendment.obstacle, Deadline.objects.about(amendment).waiting().count()) == (
        "LAPSED",
        "",
        0,
    )
    told = Notice.objects.filter(name="amendment.barred").order_by("user")
    assert {row.user for row in told} == {account.agreement.client, account.agreement.provider}
    texts = {row.user: row.letter.paragraphs for row in told}
    assert "Une tranche a été livrée depuis." in texts[account.agreement.provider][0]
    assert "ne sont plus à payer" in texts[account.agreement.client][1]
    assert "ne sont plus à payer" not in texts[account.agreement.provider][1]
    report = as_client.get(f"/projets/{account.project.key}/rapport/").content.decode()
    assert "L’avenant 1 ne peut plus prendre effet" in report


def test_deposit_ends_an_accepted_avenant_to_base(account: EscrowAccount) -> None:
    amendment = accepted(proposed(agreement_of(account), {1: 200_000}, formula="BASE"))
    assert (amendment.state, amendment.change.cents) == ("AGREED", 7_200)
    way.deposited(account, 10_000)
    amendment.refresh_from_db()
    assert amendment.state == "LAPSED"
    assert Event.objects.get(verb="amendment.barred").facts["cause"] == "escrow.deposited"


def test_money_for_an_avenant_that_nothing_ended_yet_ends_it(account: EscrowAccount) -> None:
    tranche = way.funded(account)[0]
    payment = accepted(proposed(agreement_of(account), {1: 200_000})).pay(by=account.agreement.client, key=uuid.uuid4())
    tranche.mark_delivered()
    assert way.paid(payment).state == "RETURNED"
    assert Amendment.objects.get().state == "LAPSED"
    assert "Le compte interne a changé" in Notice.objects.filter(name="amendment.barred")[0].letter.paragraphs[0]


def test_rest_that_no_card_pays_is_refused(account: EscrowAccount) -> None:
    way.delivered(way.funded(account)[1])
    with pytest.raises(Revision.NoCardPays):
        proposed(agreement_of(account), {1: 100_010})
    assert in_force(proposed(agreement_of(account), {1: 100_100})).state == "IN_FORCE"


def test_last_open_tranche_cancelled_finishes_the_project(account: EscrowAccount) -> None:
    one, two, _three = way.funded(account)
    for tranche in (one, two):
        way.released(way.delivered(tranche))
    in_force(proposed(agreement_of(account), {3: None}))
    assert Project.objects.get(pk=account.project_id).state == "COMPLETED"
    assert Event.objects.filter(verb="escrow.finished").count() == 1
    assert figures(account).refunding == 96_000


def test_base_becomes_r0_once_its_fee_is_paid(client_user: User, provider_user: User) -> None:
    agreement = way.activated(way.chosen(way.published(client_user, Formula.BASE), provider_user), Formula.BASE)
    amendment = accepted(proposed(agreement, formula="R0"))
    assert (amendment.change.r0_cents, amendment.change.cents) == (9_000, 10_800)
    assert account_of(agreement) is None
    in_force(amendment)
    account = account_of(agreement)
    assert account
    assert [row[:3] for row in rows(account)] == [
        (1, "PLANNED", 120_000),
        (2, "PLANNED", 144_000),
        (3, "PLANNED", 96_000),
    ]
    assert Revision(account, agreement.version).effects() == []


def test_r0_becomes_base_at_zero_only_and_may_come_back(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    agreement = agreement_of(account)
    with pytest.raises(Revision.NotAtZero) as refused:
        proposed(agreement, formula="BASE")
    assert "1\u202f200,00\xa0€" in str(refused.value)
    in_force(proposed(agreement, {1: None}))
    amendment = proposed(agreement, {2: 200_000}, formula="BASE")
    assert [effect.title for effect in amending.effects(amendment.version)] == ["Compte interne"]
    in_force(amendment)
    assert amendment.change.r0_cents == -6_000
    assert [row[:2] for row in rows(account)] == [(1, "REFUNDED"), (2, "CANCELLED"), (3, "CANCELLED")]
    assert Project.objects.get(pk=account.project_id).state == "ACTIVE"
    other = proposed(agreement, new=[10_000])
    assert amending.effects(other.version) == []
    in_force(other)
    in_force(proposed(agreement, {3: None}, formula="R0"))
    assert rows(account)[1:] == [(2, "PLANNED", 240_000, 0), (3, "CANCELLED", 96_000, 0), (4, "PLANNED", 12_000, 0)]
    assert figures(account).lacking == 252_000


def test_report_of_a_project_back_in_base_says_nothing_of_what_was_called_off(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    way.deposited(account, 120_000)
    path = f"/projets/{account.project.key}/rapport/"
    in_force(proposed(agreement_of(account), {1: None}))
    in_force(proposed(agreement_of(account), formula="BASE"))
    for browser in (as_client, as_provider):
        page = browser.get(path).content.decode()
        assert "Annulée\xa0: il n’y a rien à faire" not in page
        assert "ce compte est fermé" in page
        assert "1. Étape 1" in page.partition('id="t-paiements"')[2].partition("</section>")[0]


def test_project_that_never_had_money_in_r0_lists_nothing_of_it(account: EscrowAccount, as_client: Client) -> None:
    in_force(proposed(agreement_of(account), formula="BASE"))
    page = as_client.get(f"/projets/{account.project.key}/rapport/").content.decode()
    part = page.partition('id="t-paiements"')[2].partition("</section>")[0]
    assert "Étape" not in part
    assert "ce compte est fermé" in part


def test_delivery_whose_money_is_all_paid_out_is_cut_short_in_base(account: EscrowAccount) -> None:
    """The payout is asked for: nothing is held, but the account is not at zero until the bank has it."""
    way.deposited(account, 60_001)
    tranche = way.released(way.delivered(Tranche.objects.with_parties().get(account=account, position=1)))
    assert (tranche.state, tranche.held_cents) == ("DELIVERED", 0)
    with pytest.raises(Revision.NotAtZero):
        proposed(agreement_of(account), formula="BASE")
    tranche.mark_cut_short()
    assert (tranche.state, tranche.cents, tranche.ht_cents, tranche.vat_cents) == ("RELEASED", 60_001, 50_001, 10_000)


def test_effects_say_what_becomes_of_each_tranche(account: EscrowAccount) -> None:
    way.delivered(way.funded(account)[0])
    version = proposed(agreement_of(account), {2: 60_000, 3: None}, [10_000]).version
    found = [(effect.title, effect.text, effect.figure) for effect in Revision(account, version).effects()]
    assert found == [
        ("2. Étape 2", "1\u202f440,00\xa0€ devient 720,00\xa0€", "720,00\xa0€ reviennent au client"),
        ("3. Étape 3", "annulée", "960,00\xa0€ reviennent au client"),
        ("4. Ajout 1", "ajoutée", "120,00\xa0€ à déposer"),
    ]


def test_effects_say_what_a_closed_tranche_is_no_longer_owed(account: EscrowAccount) -> None:
    first = account.tranches.all()[0]
    way.deposited(account, 50_000, first)
    way.released(way.delivered(way.reread(first)))
    notice = way.noticed(way.reread(first), account.agreement.client)
    notice.carry_out(at=notice.ends_at + timedelta(seconds=1))
    version = proposed(agreement_of(account), {2: 60_000}).version
    found = [(effect.title, effect.text, effect.figure) for effect in Revision(account, version).effects()]
    assert found[0] == ("1. Étape 1", "close, pour 500,00\xa0€", "700,00\xa0€ de son prix ne sont plus dus")
    assert len(found) == 2
