"""The trial's avenants: one in force, with its commission paid, and one that waits for the provider's acceptance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketplace.demo import till
from projects.models import Agreement, Amendment, Formula, Terms, TrancheTerms

if TYPE_CHECKING:
    from marketplace.demo.story import Story

IN_FORCE, TO_ACCEPT = 1, 11  # calls
TRAINING = TrancheTerms("Formation des agents d’accueil", "Deux demi-journées sur place, support remis", 60_000)


def amend(story: Story) -> None:
    """Add a training to a project under way; propose R0 for one that began in base."""
    agreement = agreement_of(story, IN_FORCE)
    terms = agreement.version.terms
    scope = f"{terms.scope}\n\nDeux demi-journées de formation des agents d’accueil sont ajoutées."
    tranches = [*terms.tranches, TRAINING]
    more = replace(terms, scope=scope, price_cents=terms.price_cents + TRAINING.cents, tranches=tranches)
    amendment = propose(agreement, more, [None])
    for party in (agreement.provider, agreement.client):
        amendment.accept(by=party)
    till.pay(amendment.pay(by=agreement.client, key=story.key()))
    waiting = agreement_of(story, TO_ACCEPT)
    propose(waiting, replace(waiting.version.terms, formula=Formula.R0)).accept(by=waiting.client)


def propose(agreement: Agreement, terms: Terms, new: Sequence[None] = ()) -> Amendment:
    """The client's first avenant: the tranches in force go on, `new` ones come last."""
    numbers = [*(part.position for part in agreement.version.tranches.all()), *new]
    return Amendment.propose(agreement, terms, numbers=numbers, by=agreement.client, instead_of=0)


def agreement_of(story: Story, index: int) -> Agreement:
    """The agreement of a call."""
    rows = Agreement.objects.living().select_related("project", "client", "provider")
    return rows.get(project=story.projects[index])
