"""Who has accepted an open proposal, what it waits for, and what may be taken back: in words for one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mediation.states import ProposalState
from mediation.words import opposite, whose

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from mediation.models import SplitProposal


def standing(proposal: SplitProposal, reader: User) -> str:
    """Where an open proposal is; nothing of a closed one, whose badge says it all."""
    if proposal.state != ProposalState.OPEN:
        return ""
    return to_a_side(proposal, reader) if proposal.dispute.is_party(reader) else to_the_sma(proposal, reader)


def to_a_side(proposal: SplitProposal, reader: User) -> str:
    """What the reader has agreed to, or what their acceptance would bring about."""
    dispute = proposal.dispute
    facts = {"side": opposite(dispute, reader)}
    if proposal.by == reader:
        told = _("You propose it, so you accept it. Until %(side)s accepts it, another one of yours replaces it.")
    elif proposal.accepted_by(reader):
        told = _(
            "Accepted by you: executed as soon as %(side)s accepts it too. Until then you may take your acceptance "
            "back."
        )
    elif names := accepting(proposal, reader):
        facts, told = {"side": names[0]}, _("%(side)s accepts it: accepted by you too, it is executed at once.")
    else:
        told = _("It takes both of you: it is executed once you and %(side)s have accepted it.")
    return told % facts


def to_the_sma(proposal: SplitProposal, reader: User) -> str:
    """Which side has accepted it."""
    if names := accepting(proposal, reader):
        return _("%(side)s accepts it: it is executed once the other side does too.") % {"side": names[0]}
    return _("Neither side has accepted it yet.")


def accepting(proposal: SplitProposal, reader: User) -> list[str]:
    """The sides that have accepted it: one at most, as long as it is open."""
    dispute = proposal.dispute
    return [whose(dispute, party, reader) for party in dispute.parties if proposal.accepted_by(party)]
