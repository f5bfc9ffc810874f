"""The report of a project costs eight queries at most, all counted: session, reader, header and page."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount, RefundRequest, Shares
from marketplace.accounts.models import BankAccount, User
from marketplace.documents import intake
from marketplace.events.models import Event
from marketplace.payments.gateway import Repayment
from marketplace.payments.models import Refund
from marketplace.testing.world import pdf
from mediation.models import Dispute, Plea, SplitProposal
from payouts.models import PayoutRequest
from payouts.models.requests import Bill
from projects.models import Agreement, Formula, Project, Selection, Thread
from projects.models.second_choice import SecondChoice
from projects.tests.bids import active, agreed, bid, changed, paid, queries, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
MOST = 8
IBAN = "FR7630006000011234567890189"


def chosen(project: Project) -> Agreement:
    """The first bidder is chosen."""
    return Selection(project.offers.order_by("pk")[0], reason="Prix.").carry_out(by=project.client)


def in_base(agreement: Agreement) -> Agreement:
    """Active under the base formula."""
    agreement.propose(changed(agreement, formula=Formula.BASE), by=agreement.client, instead_of=1)
    return active(agreement)


def at_work(agreement: Agreement) -> None:
    """Active in R0: a tranche is delivered and released, and half of it is invoiced."""
    BankAccount.change(user=agreement.provider, holder=agreement.provider.company.name, iban=IBAN)
    active(agreement)
    account = EscrowAccount.objects.get()
    tranche = account.tranches.all()[0]
    paid(account.deposit(tranche.lacking_cents, by=agreement.client, key=uuid.uuid4()))
    tranche.refresh_from_db()
    file = intake.clean(pdf("livrable"), intake.PLAIN)
    tranche.deliver("Voici.", [file], by=agreement.provider, key=uuid.uuid4())
    tranche.refresh_from_db()
    cents = tranche.held_cents // 2
    account.release(tranche=tranche, cents=cents, by=agreement.client, key=uuid.uuid4(), reason="La moitié est là.")
    bill = Bill("F-1", timezone.localdate(), cents * 5 // 6, cents // 6)
    invoice = intake.clean(pdf("facture"), intake.PLAIN)
    PayoutRequest.ask(tranche, by=agreement.provider, bill=bill, invoice=invoice, key=uuid.uuid4())


def in_dispute(agreement: Agreement) -> Dispute:
    """At work, with a case on the rest of the first tranche, in which a split waits for the client."""
    at_work(agreement)
    return disputed(agreement)


def disputed(agreement: Agreement) -> Dispute:
    """A case on what the first tranche holds, in which a split waits for the client."""
    account = EscrowAccount.objects.with_parties().get()
    plea = Plea("La moitié manque.", account.tranches.all()[0].held_cents)
    case = Dispute.open(account, account.tranches.all()[:1], plea=plea, by=agreement.client, key=uuid.uuid4())
    case.answer("Tout est là.", by=agreement.provider, key=uuid.uuid4())
    half = Shares(case.cents // 2, case.cents - case.cents // 2)
    SplitProposal.propose(case, half, reason="La moitié.", by=agreement.provider, key=uuid.uuid4())
    return case


def sent_back(agreement: Agreement) -> Dispute:
    """In dispute, while money that the provider gave back is on its way to the client, and a part waits for an IBAN."""
    at_work(agreement)
    tranche = EscrowAccount.objects.get().tranches.with_parties()[0]
    for cents in (10_000, 20_000):
        RefundRequest.offer(tranche, cents, reason="Trop.", by=agreement.provider, key=uuid.uuid4())
    failed = Refund.objects.latest("pk")
    failed.follow(Repayment("re_1", "failed", failed.cents, str(failed.key), "expired_or_canceled_card"))
    return disputed(agreement)


def fallen(agreement: Agreement) -> Project:
    """Declined: the client may choose again."""
    agreement.decline(by=agreement.provider, reason="Trop tard.")
    return Project.objects.get(pk=agreement.project_id)


STATES = {
    "open": lambda project: None,
    "proposed": chosen,
    "agreed": lambda project: agreed(chosen(project)),
    "declined": lambda project: fallen(chosen(project)),
    "reopened": lambda project: SecondChoice(fallen(chosen(project))).reopen(by=project.client),
    "base": lambda project: in_base(chosen(project)),
    "completed": lambda project: in_base(chosen(project)).project.complete(),
    "r0": lambda project: at_work(chosen(project)),
    "case": lambda project: in_dispute(chosen(project)),
    "case and refund": lambda project: sent_back(chosen(project)),
    "case withdrawn": lambda project: in_dispute(chosen(project)).withdraw(by=project.client),
}


@pytest.fixture
def project(client_user: User, provider_user: User, rival_user: User) -> Project:
    """An open call with two bidders."""
    project = opened(client_user)
    for user in (provider_user, rival_user):
        bid(project, stocked(user))
    return project


@pytest.mark.parametrize("state", STATES)
def test_report_costs_eight_queries_at_most_with_500_events(
    as_client: Client, as_provider: Client, as_rival: Client, project: Project, state: str
) -> None:
    STATES[state](project)
    for agreement in Agreement.objects.living():
        Thread(agreement).write("Bonjour.", by=agreement.client, key=uuid.uuid4())
    browsers, path = (as_client, as_provider, as_rival), f"/projets/{project.key}/rapport/"
    few = [queries(browser, path) for browser in browsers]
    fill(project)
    many = [queries(browser, path) for browser in browsers]
    assert max(many) <= MOST, f"{state}: {many}"
    assert few == many


def fill(project: Project) -> None:
    """500 events more, of what the project has already seen."""
    seen = list(Event.objects.of(project))
    facts = [(event.verb, event.by, event.facts) for event in seen]
    Event.objects.bulk_create(
        Event(verb=verb, by=by, facts=told, project_key=project.key)
        for verb, by, told in (facts[n % len(facts)] for n in range(500))
    )
