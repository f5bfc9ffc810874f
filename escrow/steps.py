"""What the account asks for next, of whom and by when: the strip of its page and the report's to-do list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.states import TrancheState
from marketplace.templatetags.page import PARIS, euros
from projects.report import Todo

if TYPE_CHECKING:
    from escrow.models import EscrowAccount, Tranche
    from marketplace.accounts.models import User


def next_step(account: EscrowAccount, tranches: Sequence[Tranche], user: User) -> Todo | None:
    """The most urgent thing for `user`, else what they wait for; None when nothing is left to do."""
    as_client = user.pk == account.agreement.client_id
    found = list(steps(account.project.key, tranches, as_client=as_client))
    return next((step for step in found if step.mine), found[0] if found else None)


def steps(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Iterator[Todo]:
    """What is to be done: accept what was delivered, deliver what is funded, deposit what is lacking."""
    for tranche in tranches:
        if tranche.awaits_acceptance:
            yield accept(key, tranche, mine=as_client)
    for tranche in tranches:
        if tranche.state == TrancheState.FUNDED:
            yield deliver(key, tranche, mine=not as_client)
    for tranche in tranches:
        if tranche.lacking_cents:
            yield deposit(key, tranche, mine=as_client)
            return


def address(route: str, key: str, tranche: Tranche) -> str:
    """The page of a deed on a tranche."""
    return reverse(f"escrow:{route}", args=[key, tranche.pk])


def accept(key: str, tranche: Tranche, *, mine: bool) -> Todo:
    """The client examines and releases."""
    facts = {"n": tranche.position, "amount": euros(tranche.held_cents), "title": tranche.title}
    return Todo(
        title=_("Accept tranche %(n)s: release %(amount)s") % facts
        if mine
        else _("The client: accept tranche %(n)s, %(amount)s") % facts,
        text=_("“%(title)s” is delivered.") % facts,
        label=_("Examine and release") if mine else "",
        url=address("release", key, tranche) if mine else "",
        by=tranche.accept_by,
        mine=mine,
    )


def deliver(key: str, tranche: Tranche, *, mine: bool) -> Todo:
    """The provider works on what is held, and delivers."""
    facts = {"n": tranche.position, "light": tranche.light.label}
    return Todo(
        title=_("Deliver tranche %(n)s") % facts if mine else _("The provider: deliver tranche %(n)s") % facts,
        text=f"{tranche.light.label}.",
        label=_("Deliver tranche %(n)s") % facts if mine else "",
        url=address("deliver", key, tranche) if mine else "",
        by=datetime.combine(tranche.due_on, time(23, 59), PARIS) if tranche.due_on else None,
        mine=mine,
    )


def deposit(key: str, tranche: Tranche, *, mine: bool) -> Todo:
    """The client deposits; the provider waits, and may ask."""
    facts = {"n": tranche.position, "amount": euros(tranche.lacking_cents)}
    page = reverse("escrow:deposit", args=[key]) + f"?tranche={tranche.pk}"
    return Todo(
        title=_("Deposit %(amount)s for tranche %(n)s") % facts
        if mine
        else _("The client: deposit %(amount)s for tranche %(n)s") % facts,
        text=_("The provider does not start before.") if mine else f"{tranche.light.label}.",
        label=_("Deposit %(amount)s") % facts if mine else _("See the payments page"),
        url=page if mine else reverse("escrow:payments", args=[key]),
        mine=mine,
    )
