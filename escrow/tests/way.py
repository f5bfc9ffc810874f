"""The way to an internal account, through the real transitions: publish, open, bid, select, agree, pay, deposit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from credits.models import CreditPack
from credits.models import Kind as Credit
from escrow.models import CancellationNotice, CaseRequest, Cause, ChangeRequest, Deposit, EscrowAccount, Tranche
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Transfer
from marketplace.payments.gateway import Intent
from marketplace.payments.models import Payment
from projects.models import (
    Agreement,
    Category,
    Consent,
    Deadline,
    Formula,
    Offer,
    OfferTerms,
    Project,
    Selection,
    Terms,
    TrancheTerms,
)

THREE = (100_000, 120_000, 80_000)  # cents excluding VAT: 1 200, 1 440 and 960 € with 20 %


def paid(payment: Payment) -> Payment:
    """Stripe says that the money has come."""
    payment.settle(Intent(f"pi_{payment.key.hex}", "succeeded", payment.cents, "eur"))
    payment.refresh_from_db()
    return payment


def published(client: User, formula: str = Formula.R0) -> Project:
    """A project open to offers."""
    project = Project.objects.create(
        client=client,
        title="Refonte de l’espace adhérent",
        teaser="Une mutuelle régionale refait son espace adhérent.",
        description="Maquettes, connexion, attestations.",
        category=Category.objects.all()[0],
        budget_min_cents=200_000,
        budget_max_cents=500_000,
        formula_wanted=formula,
        closes_at=timezone.now() + timedelta(days=20),
    )
    project.submit(by=client)
    project.approve(by=client)
    return project


def with_credits(provider: User, project: Project) -> None:
    """Buy a pack, consult the project and open the right to bid."""
    pack = CreditPack.objects.filter(consultation__gt=0, offer__gt=0).first()
    assert pack
    paid(pack.buy(by=provider, key=uuid.uuid4()))
    project.spend(Credit.CONSULTATION, by=provider)
    project.spend(Credit.OFFER, by=provider)


def chosen(project: Project, provider: User, hts: Sequence[int] = THREE) -> Agreement:
    """The agreement of the provider whose offer in tranches won."""
    with_credits(provider, project)
    tranches = [TrancheTerms(f"Étape {n}", f"Livrable {n}", ht) for n, ht in enumerate(hts, 1)]
    terms = OfferTerms(sum(hts), 30, "Je sais le faire.", tranches=tranches)
    offer = Offer.place(project, by=provider, terms=terms, key=uuid.uuid4())
    return Selection(offer, reason="Mieux préparée.").carry_out(by=project.client)


def activated(
    agreement: Agreement, formula: str = Formula.R0, *, silence: bool = False, due_on: date | None = None
) -> Agreement:
    """Both accept the terms, the client pays the introduction. `silence` releases; `due_on` is for every tranche."""
    version = agreement.version
    if version.formula != formula or silence or due_on:
        rows = [TrancheTerms(t.title, t.deliverable, t.cents, due_on or t.due_on) for t in version.tranches.all()]
        terms = Terms(version.scope, version.price_cents, version.delay_days, formula, version.starts_on, rows)
        terms = replace(terms, release_on_silence=silence)
        version = agreement.propose(terms, by=agreement.client, instead_of=version.number)
    for party in (agreement.client, agreement.provider):
        agreement.accept(version.number, by=party, consents={Consent.SILENCE})
    paid(agreement.pay(by=agreement.client, key=uuid.uuid4()))
    agreement.refresh_from_db()
    return agreement


def opened(
    client: User, provider: User, hts: Sequence[int] = THREE, *, silence: bool = False, due_on: date | None = None
) -> EscrowAccount:
    """The internal account of a project that has just become active, empty."""
    agreement = activated(chosen(published(client), provider, hts), silence=silence, due_on=due_on)
    return EscrowAccount.objects.with_parties().get(agreement=agreement)


def deposited(account: EscrowAccount, cents: int, tranche: Tranche | None = None) -> Deposit:
    """The client has deposited `cents`."""
    client = account.agreement.client
    payment = paid(account.deposit(cents, by=client, key=uuid.uuid4(), tranche=tranche))
    return Deposit.objects.get(payment=payment)


def funded(account: EscrowAccount) -> list[Tranche]:
    """Everything is deposited; the tranches in order."""
    deposited(account, sum(tranche.lacking_cents for tranche in account.tranches.all()))
    return list(account.tranches.all())


def delivered(tranche: Tranche, message: str = "Voici les maquettes.", *files: intake.Clean) -> Tranche:
    """The provider has handed the tranche in."""
    tranche.deliver(message, files, by=tranche.account.agreement.provider, key=uuid.uuid4())
    return tranche


def released(tranche: Tranche, cents: int | None = None, reason: str = "") -> Tranche:
    """The client has released all that the tranche holds, or `cents` of it."""
    account = tranche.account
    client = account.agreement.client
    account.release(tranche=tranche, cents=cents or tranche.held_cents, by=client, key=uuid.uuid4(), reason=reason)
    tranche.refresh_from_db()
    return tranche


def changed(tranche: Tranche, message: str = "Le logo est flou.") -> ChangeRequest:
    """The client has asked for changes of the last delivery."""
    delivery = tranche.deliveries.latest("pk")
    return delivery.ask_changes(message, by=tranche.account.agreement.client, key=uuid.uuid4())


def noticed(tranche: Tranche, by: User, reason: str = "Le besoin a disparu.") -> CancellationNotice:
    """One side has given notice for a tranche without a deposit."""
    return CancellationNotice.give(tranche, reason=reason, by=by, key=uuid.uuid4())


def drained(account: EscrowAccount) -> Transfer:
    """The books have lost what the tranches hold: whatever would move it is refused."""
    lost = sum(tranche.held_cents for tranche in account.tranches.holding())
    moves = [ledger.Move(account.held, ledger.open_account("frozen"), lost)]
    return ledger.post(f"lost:{uuid.uuid4()}", "books.corrected", moves, project=account.project)


def refilled(account: EscrowAccount, lost: Transfer) -> None:
    """They have it again."""
    moves = [ledger.Move(move.credit, move.debit, move.amount) for move in lost.moves.all()]
    ledger.post(f"{lost.key}:back", "books.corrected", moves, project=account.project, reverses=lost)


def unopened(tranche: Tranche, cause: Cause = Cause.IDLE) -> CaseRequest:
    """The SMA was asked while the books were wrong: no case is open, and it will be asked again."""
    lost = drained(tranche.account)
    request = CaseRequest.open(tranche, cause=cause, by=None)
    refilled(tranche.account, lost)
    return request


def reread(tranche: Tranche) -> Tranche:
    """The tranche as another request would read it."""
    return Tranche.objects.with_parties().get(pk=tranche.pk)


def swept(at: datetime, *kinds: str) -> int:
    """The sweep lets fall what is due at `at`, of `kinds` only if any are named; how many fell."""
    due = Deadline.objects.due(at).select_related("project")
    return sum(row.try_to_fall(at) for row in (due.filter(kind__in=kinds) if kinds else due))


def waiting(kind: str) -> list[datetime]:
    """When deadlines of `kind` are to fall."""
    return list(Deadline.objects.waiting().filter(kind=kind).order_by("due_at").values_list("due_at", flat=True))


def finished(account: EscrowAccount) -> EscrowAccount:
    """Every tranche is funded, delivered and released."""
    for tranche in funded(account):
        released(delivered(tranche))
    return account


def png() -> SimpleUploadedFile:
    """A small true image, as a browser sends it."""
    picture = Path(__file__).with_name("pixel.png").read_bytes()
    return SimpleUploadedFile("maquette.png", picture, "image/png")
