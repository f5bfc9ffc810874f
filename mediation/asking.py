"""What escrow asks of the SMA becomes a case, whoever sits for it; by hand, where it could not at once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from escrow.models import CaseRequest, CaseState, Cause, EscrowAccount, Tranche
from escrow.models.clock import keep_asking
from escrow.notices import caused, named_held, waits
from marketplace.accounts.models import User
from marketplace.events.reactions import on
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.locking import locked
from marketplace.refusals import Refusal
from mediation.models import Dispute, Plea
from mediation.models.bench import chiefs, is_tied, members

if TYPE_CHECKING:
    from marketplace.events.models import Event

log = logging.getLogger(__name__)


@on("escrow.case_asked", "escrow.case_awaited")
def open_case(event: Event) -> None:
    """What somebody or a date asks of the SMA becomes a case. One that is refused is asked for again by its date."""
    asked = list(CaseRequest.objects.open().filter(pk__in=event.facts["requests"]).with_parties())
    try:
        take_up(asked)
    except Refusal:
        log.exception("No case is opened of what was asked on account %s.", event.facts["account"])


def take_up(asked: Sequence[CaseRequest], *, staff: User | None = None) -> Dispute:
    """Open one case of what was asked on one account for one cause.

    For the side that it speaks for; else, as for idle money or a side whose account is suspended, by `staff` or nobody
    for the SMA. Refused: as Dispute.open and Dispute.open_for.
    """
    tranches: list[Tranche] = [request.tranche for request in asked]
    account = tranches[0].account
    by, cause = claimant(asked[0]), Cause(asked[0].cause)
    reason = words_of_cause(cause, by or staff or account.agreement.client)
    if by is None:
        return Dispute.open_for(account, tranches, reason=reason, by=staff)
    plea = Plea(reason, sum(tranche.held_cents for tranche in tranches))
    return Dispute.open(account, tranches, plea=plea, by=by, key=uuid.uuid4())


def take_up_by_hand(request: CaseRequest, *, by: User) -> Dispute:
    """Somebody of the SMA opens the case of `request`, with all that was asked on its account for the same cause.

    Refused: Ended (a case is open, or nothing is held), and as Dispute.open and Dispute.open_for.
    """
    account = request.tranche.account
    tranches = account.tranches.order_by("pk")
    with locked(account.project, account, *tranches, request):
        group = next((group for group in CaseRequest.groups(account) if request in group), None)
        if group is None:
            raise Ended
        dispute = take_up(group, staff=by)
        keep_asking(account)
        return dispute


class Ended(Refusal):
    sentence = gettext_lazy("This request has ended: a case is open, or nothing is held any more. Nothing was opened.")


def claimant(request: CaseRequest) -> User | None:
    """The side that a request speaks for; nobody when the money is only idle, or when that side is suspended."""
    agreement = request.tranche.account.agreement
    sides = {Cause.NO_ANSWER_TO_DELIVERY: agreement.provider, Cause.IDLE: None}
    side = request.by or sides.get(Cause(request.cause), agreement.client)
    return side if side and side.is_active else None


def words_of_cause(cause: Cause, reader: User) -> str:
    """Why a case opens by itself, in the language of whoever it is opened for."""
    with override(reader.language):
        return _("The SMA is asked to decide: %(cause)s.") % {"cause": cause.label}


def free_of_ties(staff: User, account: EscrowAccount) -> bool:
    return not any(is_tied(staff, party) for party in (account.agreement.client, account.agreement.provider))


@tells("escrow.case_asked", name="escrow.case_asked.sma", kind=Kind.DISPUTE)
class CaseToTakeUp(Telling):
    """Who may open it is told of a case that could not be; without such a member, the administrators."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        if not waits(event):
            return
        account = event.about(EscrowAccount.objects.with_parties(), "account")
        facts = {**event.facts, "number": account.project.number}
        found = [one for one in members() if free_of_ties(one, account)]
        for one in found or chiefs():
            yield one, facts

    def letter(self, facts: Facts) -> Letter:
        told = caused(facts)
        return Letter(
            _("Open before %(again_at)s the case asked for: %(title)s") % told,
            [
                _("%(amount)s are held, and a case is asked for: %(cause)s. It could not be opened by itself.") % told,
                _("Open it in the administration. It is tried again on that date, then each working day."),
            ],
            project=_("Project %(number)s") % facts,
            items=[named_held(part) for part in facts["parts"]],
            action=(_("Open the case"), reverse("admin:escrow_caserequest_change", args=[facts["requests"][0]])),
        )


def is_open(request: CaseRequest) -> bool:
    """Whether a case has still to be opened of it."""
    return request.state == CaseState.OPEN
