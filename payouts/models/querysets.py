"""Sets of payment requests: whose, in which states, and in which order they are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

from marketplace.ledger.models import Pause
from payouts.states import ENDED, UNSENT
from projects.models import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .requests import PayoutRequest

PROJECT = "tranche__account__project__key"


def standing_pause(project: str) -> Exists:
    """Whether the payouts of a project stand still, by its own pause or by one of all; `project` leads to its key."""
    own = Q(project=OuterRef(project))
    return Exists(Pause.objects.standing().filter(Q(project="") | own))


class PayoutRequestQuerySet(models.QuerySet["PayoutRequest"]):
    """Whose requests they are is decided here; whether a state allows a deed, by the deed itself, with a sentence."""

    def living(self) -> PayoutRequestQuerySet:
        """Requests that claim money: neither refused nor returned."""
        return self.exclude(state__in=ENDED)

    def ended(self) -> PayoutRequestQuerySet:
        """Requests whose money can be claimed again: refused, or returned by the bank."""
        return self.filter(state__in=ENDED)

    def unsent(self) -> PayoutRequestQuerySet:
        """Requests whose money has not left for the bank."""
        return self.filter(state__in=UNSENT)

    def asked_by(self, user: User) -> PayoutRequestQuerySet:
        """The provider's own requests."""
        return self.filter(provider=user)

    def visible_to(self, user: User) -> PayoutRequestQuerySet:
        """The provider's own requests, and for the client those whose invoice is addressed to them."""
        return self.filter(Q(provider=user) | Q(tranche__account__agreement__client=user))

    def with_parts(self) -> PayoutRequestQuerySet:
        """With all that a page or a deed reads."""
        return self.select_related(
            "provider__company",
            "tranche__account__project",
            "tranche__account__agreement__client__company",
            "tranche__account__payable",
            "tranche__account__claimed",
            "bank_account",
            "document",
            "batch",
        )

    def with_pauses(self) -> PayoutRequestQuerySet:
        """With whether their transfer waits because the books are wrong, as `paused`."""
        return self.annotate(paused=Q(state__in=UNSENT) & Q(standing_pause(PROJECT)))

    def paused(self) -> PayoutRequestQuerySet:
        """Those whose transfer waits because the books are wrong."""
        return self.filter(standing_pause(PROJECT), state__in=UNSENT).with_parts().order_by("pk")

    def only_locked(self) -> PayoutRequestQuerySet:
        """These requests by id, each locked alone."""
        return self.order_by("pk").select_for_update(no_key=True)

    def under_locks(self) -> list[PayoutRequest]:
        """These requests by id, read once all their projects are locked in the order of *their* ids.

        Deeds on requests of several projects therefore never wait for each other in a ring: the order everywhere is
        batch, project, account, tranche, request.
        """
        keys = set(self.values_list("tranche__account__project_id", flat=True))
        list(Project.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True).values_list("pk"))
        return list(self.with_parts().order_by("pk"))
