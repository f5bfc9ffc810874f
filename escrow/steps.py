"""What the account asks of its two parties: acceptance, work, deposits. The report and the payments page show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.states import TrancheState
from marketplace.templatetags.page import PARIS, euros
from projects.report import Todo

if TYPE_CHECKING:
    from escrow.models import RefundRequest, Tranche


def acceptance(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """The client examines and releases what was delivered, the most urgent first."""
    waiting = [tranche for tranche in tranches if tranche.awaits_acceptance and tranche.accept_by]
    if not waiting:
        return None
    tranche = min(waiting, key=lambda t: (t.accept_by, t.position))
    facts = {"n": tranche.position, "amount": euros(tranche.held_cents), "title": tranche.title}
    yours, theirs = (
        _("You: accept tranche %(n)s, release %(amount)s"),
        _("The client: accept tranche %(n)s, %(amount)s"),
    )
    return Todo(
        title=(yours if as_client else theirs) % facts,
        text=_("“%(title)s” is delivered.") % facts,
        label=_("Examine and release") if as_client else "",
        url=address("release", key, tranche) if as_client else "",
        by=tranche.accept_by,
        mine=as_client,
    )


def work(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """The provider delivers the first tranche that holds money, and works on no more than that."""
    tranche = next((tranche for tranche in tranches if tranche.state == TrancheState.FUNDED), None)
    if not tranche:
        return None
    facts = {"n": tranche.position}
    yours, theirs = _("You: deliver tranche %(n)s"), _("The provider: deliver tranche %(n)s")
    return Todo(
        title=(theirs if as_client else yours) % facts,
        text=f"{tranche.light_for(client=as_client).label}.",
        label="" if as_client else _("Deliver tranche %(n)s") % facts,
        url="" if as_client else address("deliver", key, tranche),
        by=datetime.combine(tranche.due_on, time(23, 59), PARIS) if tranche.due_on else None,
        mine=not as_client,
    )


def funding(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """The client deposits what is lacking: first for the tranche that is begun, then in order. The provider waits."""
    lacking = [tranche for tranche in tranches if tranche.lacking_cents]
    if not lacking:
        return None
    tranche = min(lacking, key=lambda t: (not t.funded_cents, t.position))
    facts = {"n": tranche.position, "amount": euros(tranche.lacking_cents)}
    yours = _("You: deposit %(amount)s for tranche %(n)s")
    theirs = _("The client: deposit %(amount)s for tranche %(n)s")
    page = reverse("escrow:deposit", args=[key]) + f"?tranche={tranche.pk}"
    return Todo(
        title=(yours if as_client else theirs) % facts,
        text=f"{tranche.light_for(client=as_client).label}.",
        label=_("Deposit %(amount)s") % facts if as_client else _("See the payments page"),
        url=page if as_client else reverse("escrow:payments", args=[key]),
        mine=as_client,
    )


def refund(key: str, asked: Sequence[tuple[Tranche, RefundRequest]], *, as_client: bool) -> Todo | None:
    """The provider consents to a refund or not, the most urgent first."""
    if not asked:
        return None
    tranche, request = min(asked, key=urgency)
    facts = {"n": tranche.position, "amount": euros(request.cents)}
    yours = _("You: answer the refund of %(amount)s asked for on tranche %(n)s")
    theirs = _("The provider: answer the refund of %(amount)s asked for on tranche %(n)s")
    waits = _("Without an answer in time the SMA has the case.") if request.answer_by else ""
    return Todo(
        title=(theirs if as_client else yours) % facts,
        text=" ".join(filter(None, [_("Nothing moves without the provider’s agreement."), waits])),
        label=_("See the request") if as_client else _("Answer"),
        url=reverse("escrow:refund", args=[key, request.pk]),
        by=request.answer_by if tranche.state == TrancheState.FUNDED else None,
        mine=not as_client,
    )


def urgency(pair: tuple[Tranche, RefundRequest]) -> tuple[bool, datetime | int]:
    """What must be answered by a date comes first."""
    tranche, request = pair
    return request.answer_by is None, request.answer_by or tranche.position


def address(route: str, key: str, tranche: Tranche) -> str:
    """The page of a deed on a tranche."""
    return reverse(f"escrow:{route}", args=[key, tranche.pk])
