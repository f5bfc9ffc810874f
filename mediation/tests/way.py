"""The way of a case, through the real transitions: opened, answered, mediated, arbitrated, decided; nobody acting."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from escrow.models import EscrowAccount, Shares, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from mediation.exhibits import Exhibit
from mediation.models import Decision, Dispute, Plea, Seizure, SplitProposal
from mediation.models.bench import members
from projects.models import Deadline

__all__ = ["Plea", "members"]
SECOND = timedelta(seconds=1)
NO_DEAL = "Aucun accord en vue."
WHY = "Les deux tiers des fiches sont repris et utilisables ; les photos manquent encore."


def exhibit(title: str = "") -> Exhibit:
    """A small true image, as a side sends it."""
    return Exhibit.of(way.png(), title=title)


def fresh(dispute: Dispute) -> Dispute:
    """The case as another request would read it."""
    return Dispute.objects.with_parties().get(pk=dispute.pk)


def tranche(account: EscrowAccount, position: int = 1) -> Tranche:
    return Tranche.objects.with_parties().get(account=account, position=position)


def opened(account: EscrowAccount, *positions: int, by: User | None = None, cents: int = 100_000) -> Dispute:
    """The client (or `by`) has opened a case on the first tranche, or those at `positions`."""
    chosen = [tranche(account, position) for position in positions or (1,)]
    by = by or account.agreement.client
    plea = Plea("Les fiches n’ont pas leurs photos.", cents)
    return fresh(Dispute.open(account, chosen, plea=plea, by=by, key=uuid.uuid4()))


def mediated(account: EscrowAccount, *positions: int) -> Dispute:
    """Answered by the other side: in mediation."""
    dispute = opened(account, *positions)
    dispute.answer("Elles n’étaient pas prévues.", by=dispute.provider, key=uuid.uuid4())
    return fresh(dispute)


def arbitrated(account: EscrowAccount, mediator: User, *positions: int) -> Dispute:
    """Mediated by `mediator`, who hands it over: before an arbitrator, if there is one, with all the evidence."""
    dispute = mediated(account, *positions)
    dispute.assign(mediator, by=mediator)
    return heard(handed_over(dispute))


def handed_over(dispute: Dispute) -> Dispute:
    """Its mediator has ended the mediation before its date: evidence is in time for some days."""
    case = fresh(dispute)
    assert case.mediator
    case.hand_over(NO_DEAL, by=case.mediator)
    return fresh(case)


def heard(dispute: Dispute) -> Dispute:
    """The arbitration has begun so long ago that no evidence is in time any more."""
    Dispute.objects.filter(pk=dispute.pk).update(arbitrated_at=timezone.now() - timedelta(days=30))
    return fresh(dispute)


def proposed(dispute: Dispute, provider_cents: int, by: User) -> SplitProposal:
    """`by` proposes that much to the provider, the rest to the client."""
    shares = Shares(provider_cents, dispute.cents - provider_cents)
    return SplitProposal.propose(dispute, shares, reason="Un partage au prorata.", by=by, key=uuid.uuid4())


def drafted(dispute: Dispute, provider_cents: int, by: User | None = None) -> Decision:
    """The arbitrator (or `by`) has written the decision."""
    by = by or dispute.arbitrator
    assert by
    shares = Shares(provider_cents, dispute.cents - provider_cents)
    return Decision.draft(dispute, shares, reasons=WHY, by=by, key=uuid.uuid4())


def ruled(seizure: Seizure, provider_cents: int, by: User) -> None:
    """A court gives that much to the provider, the rest to the client: `by` notes it and executes it."""
    shares = Shares(provider_cents, seizure.dispute.cents - provider_cents)
    seizure.note_ruling(shares, exhibit().copy, by=by)
    seizure.carry_out(seizure.version, by=by)


def due(dispute: Dispute, kind: str) -> datetime:
    """When the deadline of `kind` falls."""
    return Deadline.objects.about(dispute, kind).waiting().get().due_at


def let_fall(dispute: Dispute, kind: str) -> Dispute:
    """Nobody has acted until the date of `kind`, which has passed by a second."""
    deadline = Deadline.objects.about(dispute, kind).waiting().get()
    assert deadline.fall(deadline.due_at + SECOND)
    return fresh(dispute)
