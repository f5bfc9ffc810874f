"""Agreements: numbered versions, one accepted by both, frozen, hashed, paid for."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Payment
from projects.models import Agreement, AgreementState, Formula, Offer, Project, TrancheTerms
from projects.models.agreements import AGREEMENT_MOVES
from projects.models.terms import share
from projects.notices.agreements import agreement_of
from projects.terms import changes
from projects.tests.bids import CHRISTMAS, active, agreed, awarded, bend, bidder, changed, fees, paid, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
STATES = ["", *AgreementState.values]


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def agreement(project: Project, provider_user: User) -> Agreement:
    provider = stocked(provider_user)
    return awarded(project, provider, parts=[100_000, 200_000], assumptions="Textes fournis.", starts_on=CHRISTMAS)


def test_first_version_is_the_offer(agreement: Agreement) -> None:
    version = agreement.version
    assert (version.number, version.author, version.price_cents) == (1, agreement.provider, 300_000)
    need = agreement.project.description
    assert version.scope == (
        f"Le besoin du client\n{need}\n\nLa réponse du prestataire\nJe sais le faire.\n\nHypothèses\nTextes fournis."
    )
    assert (version.starts_on, version.delay_days, version.formula) == (CHRISTMAS, 30, "R0")
    assert [tranche.cents for tranche in version.tranches.all()] == [100_000, 200_000]
    assert tuple(version.amount) == (300_000, 60_000, 360_000)
    assert agreement.confirm_by - timezone.now() > timedelta(days=13, hours=23)
    assert str(agreement).endswith(agreement.key)
    assert str(version).endswith(", 1")
    assert str(version.tranches.all()[0]) == "Étape 1"


def test_longest_offer_fits_the_terms(project: Project, provider_user: User, as_client: Client) -> None:
    agreement = awarded(project, stocked(provider_user), pitch="a" * 5000, assumptions="b" * 5000)
    data = typed(agreement, delay_days="31")
    assert as_client.post(f"/accords/{agreement.key}/version/", data).status_code == 302


def typed(agreement: Agreement, **others: str) -> dict[str, str]:
    """The form of the latest version as the browser sends it back, but for `others`."""
    version = agreement.version
    data = {
        "instead_of": str(version.number),
        "scope": version.scope.replace("\n", "\r\n"),
        "price_cents": str(version.price_cents // 100),
        "delay_days": str(version.delay_days),
        "starts_on": version.starts_on.isoformat() if version.starts_on else "",
        "formula": version.formula,
        "tranche-TOTAL_FORMS": "3",
        "tranche-INITIAL_FORMS": "0",
    }
    for n, tranche in enumerate(version.typed_tranches):
        data |= {f"tranche-{n}-title": tranche.title, f"tranche-{n}-cents": str(tranche.cents // 100)}
        data |= {f"tranche-{n}-deliverable": tranche.deliverable}
    return data | others


def test_form_sent_back_untouched_makes_no_version(as_client: Client, agreement: Agreement) -> None:
    assert as_client.post(f"/accords/{agreement.key}/version/", typed(agreement)).status_code == 302
    assert agreement.versions.count() == 1


def test_one_payment_stays_one_payment(as_client: Client, project: Project, provider_user: User) -> None:
    agreement = awarded(project, stocked(provider_user))
    data = typed(agreement, price_cents="2500")
    assert 'value="Le projet entier"' not in as_client.get(f"/accords/{agreement.key}/version/").content.decode()
    assert as_client.post(f"/accords/{agreement.key}/version/", data).status_code == 302
    version = agreement.version
    assert [(t.title, t.cents) for t in version.tranches.all()] == [("Le projet entier", 250_000)]
    cut = data | {"instead_of": "2", "tranche-0-title": "A", "tranche-0-cents": "1000", "tranche-1-title": "B"}
    assert as_client.post(f"/accords/{agreement.key}/version/", cut | {"tranche-1-cents": "1500"}).status_code == 302
    whole = typed(
        agreement, **{f"tranche-{n}-{name}": "" for n in range(2) for name in ("title", "cents", "deliverable")}
    )
    assert as_client.post(f"/accords/{agreement.key}/version/", whole).status_code == 302
    assert [t.title for t in agreement.version.tranches.all()] == ["Le projet entier"]


def test_both_accept_the_same_version_and_it_is_frozen(agreement: Agreement) -> None:
    agreement.accept(1, by=agreement.provider)
    assert agreement.state == "PROPOSED"
    agreement.accept(1, by=agreement.provider)
    assert Event.objects.filter(verb="agreement.accepted").count() == 1
    agreement.accept(1, by=agreement.client)
    assert (agreement.state, agreement.sha256) == ("AGREED", agreement.version.digest())
    assert agreement.pay_by
    assert agreement.pay_by - timezone.now() > timedelta(days=4, hours=23)
    agreement.accept(1, by=agreement.client)
    assert Event.objects.filter(verb="agreement.agreed").count() == 1


def test_new_version_must_be_accepted_anew(agreement: Agreement) -> None:
    agreement.accept(1, by=agreement.provider)
    agreement.propose(changed(agreement, delay_days=40), by=agreement.client, instead_of=1)
    with pytest.raises(Agreement.Replaced):
        agreement.accept(1, by=agreement.client)
    agreement.accept(2, by=agreement.client)
    assert agreement.state == "PROPOSED"
    agreement.accept(2, by=agreement.provider)
    assert agreement.state == "AGREED"


def test_version_is_proposed_instead_of_the_one_that_was_read(agreement: Agreement) -> None:
    agreement.propose(changed(agreement, delay_days=40), by=agreement.client, instead_of=1)
    with pytest.raises(Agreement.Replaced):
        agreement.propose(changed(agreement, delay_days=50), by=agreement.provider, instead_of=1)
    assert agreement.propose(changed(agreement), by=agreement.provider, instead_of=2).number == 2
    assert Event.objects.filter(verb="agreement.proposed").count() == 1


def test_tranches_of_a_version_add_up(agreement: Agreement) -> None:
    with pytest.raises(Offer.TranchesDoNotSum):
        agreement.propose(changed(agreement, price_cents=1), by=agreement.client, instead_of=1)


def test_formula_is_the_client_s_choice_alone(agreement: Agreement, as_provider: Client) -> None:
    made = agreement.propose(changed(agreement, formula="BASE", delay_days=31), by=agreement.provider, instead_of=1)
    assert made.formula == "R0"
    assert 'name="formula"' not in as_provider.get(f"/accords/{agreement.key}/version/").content.decode()
    as_provider.post(f"/accords/{agreement.key}/version/", typed(agreement, formula="BASE", delay_days="32"))
    assert (agreement.version.number, agreement.version.formula) == (3, "R0")
    made = agreement.propose(changed(agreement, formula="BASE"), by=agreement.client, instead_of=3)
    assert made.formula == "BASE"


@pytest.mark.parametrize("stage", ["agreed", "active", "late", "withdrawn"])
def test_terms_that_are_settled_no_longer_change(agreement: Agreement, stage: str) -> None:
    if stage == "late":
        bend(f"update projects_agreement set confirm_by = now() - interval '1 second' where id = {agreement.pk}")
    elif stage == "withdrawn":
        agreement.project.withdraw(by=agreement.client)
    else:
        {"agreed": agreed, "active": active}[stage](agreement)
    before = Event.objects.count()
    with pytest.raises(Agreement.NotOpen):
        agreement.propose(changed(agreement, delay_days=99), by=agreement.client, instead_of=1)
    if stage in {"late", "withdrawn"}:
        with pytest.raises(Agreement.NotOpen):
            agreement.accept(1, by=agreement.client)
    assert Event.objects.count() == before


def test_nothing_is_paid_before_the_terms_are_agreed_nor_twice(agreement: Agreement, as_client: Client) -> None:
    with pytest.raises(Agreement.NotPayable):
        agreement.pay(by=agreement.client, key=uuid.uuid4())
    active(agreement)
    with pytest.raises(Agreement.NotPayable):
        agreement.pay(by=agreement.client, key=uuid.uuid4())
    page = as_client.post(f"/accords/{agreement.key}/payer/", {"key": uuid.uuid4()}).content.decode()
    assert "rien à payer" in page
    assert Payment.objects.filter(purpose="agreements.fees").count() == 1


def test_same_key_pays_once(agreement: Agreement) -> None:
    agreed(agreement)
    key = uuid.uuid4()
    assert agreement.pay(by=agreement.client, key=key) == agreement.pay(by=agreement.client, key=key)


def test_another_tab_pays_what_waits_to_be_paid(agreement: Agreement, as_client: Client) -> None:
    agreed(agreement)
    path = f"/accords/{agreement.key}/payer/"
    addresses = {as_client.post(path, {"key": str(uuid.uuid4())})["Location"] for _tab in range(3)}
    assert addresses == {Payment.objects.get(purpose="agreements.fees").checkout_url()}


@pytest.mark.parametrize("end", ["withdrawn", "paid"])
def test_nobody_is_led_to_pay_fees_that_are_no_longer_due(agreement: Agreement, as_client: Client, end: str) -> None:
    (late,) = fees(agreed(agreement), 1)
    payment = agreement.pay(by=agreement.client, key=uuid.uuid4())
    if end == "paid":
        paid(late)
    else:
        agreement.project.withdraw(by=agreement.client)
    answer = as_client.get(payment.checkout_url(), follow=True)
    assert answer.redirect_chain == [(payment.return_url(), 302)]
    page = answer.content.decode()
    assert "Il n’y a plus rien à payer ici" in page
    assert "Reprendre le paiement" not in page
    assert Payment.objects.get(pk=payment.pk).state == "EXPIRED"


def test_payment_that_comes_too_late_goes_back(agreement: Agreement) -> None:
    payment = agreed(agreement).pay(by=agreement.client, key=uuid.uuid4())
    agreement.project.withdraw(by=agreement.client)
    agreement.refresh_from_db()
    assert agreement.state == "LAPSED"
    assert paid(payment).state == "RETURNED"
    agreement.refresh_from_db()
    assert agreement.state == "LAPSED"


def test_terms_that_lapsed_are_not_accepted_again(agreement: Agreement, as_client: Client) -> None:
    agreement.accept(1, by=agreement.client)
    agreement.project.withdraw(by=agreement.client)
    page = as_client.post(f"/accords/{agreement.key}/accepter/", {"number": "1", "read": "on"}, follow=True)
    assert "Vous avez accepté les termes" not in page.content.decode()
    assert "ils ne changent plus" in page.content.decode()


def test_pages_that_are_read_answer_a_look_at_their_head(agreement: Agreement, as_client: Client) -> None:
    for path in (f"/accords/{agreement.key}/", f"/projets/{agreement.project.key}/rapport/"):
        assert as_client.head(path).status_code == 200


def test_payment_of_another_amount_goes_back(agreement: Agreement, settings: Any) -> None:
    payment = agreed(agreement).pay(by=agreement.client, key=uuid.uuid4())
    settings.COMMISSION_RATE_BP = 2000
    assert paid(payment).state == "RETURNED"


@pytest.mark.parametrize(
    ("formula", "price", "commission", "r0", "vat"),
    [
        ("BASE", 300_000, 45_000, 0, 9_000),
        ("R0", 300_000, 45_000, 9_000, 10_800),
        ("R0", 333_333, 50_000, 10_000, 12_000),
        ("R0", 3, 0, 0, 0),
        ("BASE", 1, 0, 0, 0),
        ("R0", 1_000_000_000, 150_000_000, 30_000_000, 36_000_000),
    ],
)
def test_fees_in_cents(
    project: Project, provider_user: User, formula: str, price: int, commission: int, r0: int, vat: int
) -> None:
    agreement = awarded(project, stocked(provider_user), price_cents=price)
    agreement.propose(changed(agreement, formula=formula), by=agreement.client, instead_of=1)
    fees = agreement.fees()
    assert (fees.commission.ht_cents, fees.r0.ht_cents, fees.total.vat_cents) == (commission, r0, vat)
    assert fees.total.cents == commission + r0 + vat


def test_fees_have_the_client_s_vat_and_the_price_the_provider_s(project: Project) -> None:
    """The client is French: 20 % on the fees; the provider is abroad: none on the work."""
    agreement = awarded(project, bidder(1))
    assert agreement.version.amount.vat_cents == 0
    assert agreement.fees().commission.vat_cents == 9_000


def test_half_a_cent_goes_up() -> None:
    assert [share(cents, 1500) for cents in (3, 4, 10, 17, 23)] == [0, 1, 2, 3, 3]


def test_fees_are_posted_where_they_belong(agreement: Agreement) -> None:
    active(agreement)
    payment = Payment.objects.get(purpose="agreements.fees")
    moves = Transfer.objects.get(key=f"stripe:pi_{payment.key.hex}:paid").moves.all()
    assert sorted(move.amount for move in moves) == [9_000, 10_800, 45_000]
    assert agreement.project.activated_at or Project.objects.get().activated_at


CHANGES: dict[str, dict[str, Any]] = {
    "scope": {"scope": "Autre chose."},
    "price": {"price_cents": 300_001, "tranches": [TrancheTerms("Étape 1", "Livrable 1", 300_001)]},
    "delay": {"delay_days": 31},
    "start": {"starts_on": None},
    "formula": {"formula": Formula.BASE},
    "silence": {"release_on_silence": True},
    "title": {
        "tranches": [TrancheTerms("Étape A", "Livrable 1", 100_000), TrancheTerms("Étape 2", "Livrable 2", 200_000)]
    },
    "deliverable": {
        "tranches": [TrancheTerms("Étape 1", "Autre", 100_000), TrancheTerms("Étape 2", "Livrable 2", 200_000)]
    },
    "amounts": {
        "tranches": [TrancheTerms("Étape 1", "Livrable 1", 99_999), TrancheTerms("Étape 2", "Livrable 2", 200_001)]
    },
    "due": {
        "tranches": [
            TrancheTerms("Étape 1", "Livrable 1", 100_000, CHRISTMAS),
            TrancheTerms("Étape 2", "Livrable 2", 200_000),
        ]
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_term_is_in_the_hash_and_in_the_differences(agreement: Agreement, what: str) -> None:
    first = agreement.version
    second = agreement.propose(changed(agreement, **CHANGES[what]), by=agreement.client, instead_of=1)
    assert second.number == 2
    assert {**first.as_json(), "version": 2} != second.as_json()
    assert first.digest() != second.digest()
    if what != "silence":
        assert changes(first, second)


def test_hash_is_the_same_whenever_it_is_taken(agreement: Agreement) -> None:
    agreed(agreement)
    again = Agreement.objects.get()
    assert again.sha256 == again.version.digest() == agreement.version.digest()
    assert len(again.sha256) == 64


def test_differences_are_told_line_by_line(agreement: Agreement) -> None:
    first = agreement.version
    assert changes(None, first) == changes(first, first) == []
    terms = changed(
        agreement,
        scope=first.scope.replace("Textes fournis.", "Textes à fournir."),
        price_cents=310_000,
        tranches=[
            TrancheTerms("Étape 1", "Livrable 1", 100_000),
            TrancheTerms("Fin", "Site\nen ligne", 210_000, CHRISTMAS),
        ],
    )
    found = {
        change.label: change.lines
        for change in changes(first, agreement.propose(terms, by=agreement.client, instead_of=1))
    }
    assert found == {
        "Prix HT": (("-", "3\u202f000,00\xa0€"), ("+", "3\u202f100,00\xa0€")),
        "Ce qui est à faire": (("-", "Textes fournis."), ("+", "Textes à fournir.")),
        "Tranches": (
            ("-", "2. Étape 2, 2\u202f000,00\xa0€, Livrable 2"),
            ("+", "2. Fin, 2\u202f100,00\xa0€, 25\xa0décembre\xa02026, Site en ligne"),
        ),
    }


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", AgreementState.values)
def test_database_knows_the_moves_of_an_agreement(agreement: Agreement, before: str, after: str) -> None:
    if before == after:
        return
    if before:
        bend(f"update projects_agreement set state = '{before}', sha256 = 'x' where id = {agreement.pk}")
        deed: Callable[[], Any] = partial(Agreement.objects.filter(pk=agreement.pk).update, state=after)
    else:
        tables = ("projects_agreementtranche", "projects_agreementversion", "projects_agreement")
        bend("; ".join(f"delete from {table}" for table in tables))
        agreement.pk, agreement.state, agreement.sha256 = None, after, "x"
        agreement._state.adding = True
        deed = agreement.save
    if (before, after) in AGREEMENT_MOVES:
        deed()
        return
    with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
        deed()


def test_database_refuses_agreed_terms_without_their_hash(agreement: Agreement) -> None:
    with pytest.raises(IntegrityError, match="agreed_terms_are_hashed"), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(state="AGREED")


def test_acceptance_of_an_old_version_shows_the_new_one_to_tick(as_client: Client, agreement: Agreement) -> None:
    agreement.propose(changed(agreement, delay_days=40), by=agreement.provider, instead_of=1)
    page = as_client.post(f"/accords/{agreement.key}/accepter/", {"number": "1", "read": "on"}).content.decode()
    assert "version plus récente" in page
    assert 'name="number" value="2"' in page
    assert " checked" not in page
    page = as_client.post(f"/accords/{agreement.key}/accepter/", {"number": "2"}).content.decode()
    assert "error-summary" in page
    assert not agreement.version.client_accepted_at


def test_proposal_overtaken_keeps_what_was_typed_and_shows_the_news(as_client: Client, agreement: Agreement) -> None:
    mine = typed(agreement, scope="Ma version à moi.", delay_days="33")
    agreement.propose(changed(agreement, delay_days=40), by=agreement.provider, instead_of=1)
    page = as_client.post(f"/accords/{agreement.key}/version/", mine).content.decode()
    assert "Ce que change la version plus récente" in page
    assert "Ma version à moi." in page
    assert 'name="instead_of" value="2"' in page
    assert "40 jours" in page
    assert as_client.post(f"/accords/{agreement.key}/version/", mine | {"instead_of": "2"}).status_code == 302
    assert agreement.version.delay_days == 33


@pytest.mark.parametrize("number", ["", "0", "-1", "99", "x", "9" * 40, "1\x00"])
def test_nonsense_numbers_are_refused_kindly(as_client: Client, agreement: Agreement, number: str) -> None:
    for path, data in (
        ("accepter", {"number": number, "read": "on"}),
        ("version", typed(agreement, instead_of=number)),
    ):
        answer = as_client.post(f"/accords/{agreement.key}/{path}/", data | {"delay_days": "77"})
        assert answer.status_code == 200
    assert agreement.version.number == 1
    assert not agreement.version.client_accepted_at


def test_stranger_finds_no_agreement(agreement: Agreement, as_rival: Client, as_stranger: Client) -> None:
    for browser in (as_rival, as_stranger):
        assert browser.get(f"/accords/{agreement.key}/").status_code == 404
        for path in ("version", "accepter", "payer"):
            assert browser.post(f"/accords/{agreement.key}/{path}/", {}).status_code in {302, 404}
    assert agreement.version.number == 1


def test_contact_credit_names_the_client_before_the_introduction(
    project: Project, provider_user: User, as_provider: Client, client_user: User
) -> None:
    agreement = awarded(project, stocked(provider_user))
    for path in (f"/accords/{agreement.key}/", f"/projets/{project.key}/rapport/"):
        assert client_user.email not in as_provider.get(path).content.decode()
    bend(f"update projects_project set state = 'OPEN' where id = {project.pk}")
    project.spend(Kind.CONTACT, by=provider_user)
    bend(f"update projects_project set state = 'AWARDED' where id = {project.pk}")
    for path in (f"/accords/{agreement.key}/", f"/projets/{project.key}/rapport/"):
        assert client_user.email in as_provider.get(path).content.decode()


def test_agreement_of_an_event_is_read_with_its_parties(agreement: Agreement) -> None:
    event = Event.objects.get(verb="project.awarded")
    assert agreement_of(event).client.company.name == "Caron Architectes"
    assert agreement.other_party(agreement.client) == agreement.provider


@pytest.mark.parametrize(
    ("deed", "title"), [("withdraw", "Le client a retiré le projet"), ("cancel", "Le projet a été annulé")]
)
def test_agreement_that_ends_with_its_project_says_so_to_the_winner(
    agreement: Agreement, as_client: Client, as_provider: Client, deed: str, title: str
) -> None:
    call = agreed(agreement).project
    assert "L’accord avec le prestataire" in as_client.get(f"/projets/{call.key}/retirer/").content.decode()
    reason = {"reason": "Fraude."} if deed == "cancel" else {}
    getattr(call, deed)(by=agreement.client, **reason)
    page = as_provider.get(f"/accords/{agreement.key}/").content.decode()
    assert title in page
    assert "caduc" not in page
    letter = Notice.objects.filter(user=agreement.provider, name__startswith="project.").latest("pk").letter
    assert "votre accord prend fin avec le projet" in letter.paragraphs[0]


@pytest.mark.parametrize("stage", ["agreed", "active"])
def test_terms_that_no_longer_change_offer_no_form(agreement: Agreement, as_client: Client, stage: str) -> None:
    path = f"/accords/{agreement.key}/version/"
    assert "Proposer cette version" in as_client.get(path).content.decode()
    {"agreed": agreed, "active": active}[stage](agreement)
    page = as_client.get(path).content.decode()
    assert "ils ne changent plus" in page
    assert "Proposer cette version" not in page
    assert ("par un avenant" in page) == (stage == "active")
