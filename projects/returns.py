"""Credits that come back by themselves (product, section 4): what a sweep does, and goes on with after a death."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef

from credits.models import Kind, ReturnReason, Spending
from marketplace import deadlines
from marketplace.locking import locked
from projects.models import Offer, OfferState, Project, ProjectState

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = logging.getLogger(__name__)


def return_due() -> int:
    """Return what an earlier run left due, project by project; how many credits came back."""
    keys = Spending.objects.due().order_by("project_key").values_list("project_key", flat=True).distinct()
    titles = dict(Project.objects.filter(key__in=list(keys)).values_list("key", "title"))
    return sum(Spending.objects.on(key).give_back(title=title) for key, title in titles.items())


def unread(now: datetime) -> QuerySet[Offer]:
    """Offers that their client never opened in UNREAD_DAYS working days, whose offer credit is still spent.

    Only while the project is open: once another is chosen it stays spent, and an end returns everything anyway.
    """
    limit = deadlines.elapsed(now, settings.UNREAD_DAYS)
    paid = Spending.objects.living().filter(
        kind=Kind.OFFER, at__lt=limit, provider=OuterRef("provider"), project_key=OuterRef("project__key")
    )
    rows = Offer.objects.filter(state=OfferState.PLACED, read_at=None, placed_at__lt=limit)
    return rows.filter(Exists(paid), project__state=ProjectState.OPEN)


def return_unread(now: datetime) -> int:
    """Return the offer credit of each unread offer, one after the other; one that fails is logged and stops nobody."""
    done = 0
    for offer in unread(now).select_related("project").order_by("pk").iterator(500):
        try:
            done += UnreadOffer(offer).carry_out(now)
        except Exception:
            log.exception("The credit of offer %s could not come back.", offer.pk)
    return done


class UnreadOffer:
    """The offer credit comes back because the client never opened the offer.

    The offer itself stays as it is: the client may still read and choose it, the provider may take it back. To revise
    it or to ask a question, the provider spends a credit again, which gives the client as many days anew.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer, self.project = offer, offer.project

    def carry_out(self, now: datetime) -> bool:
        """Return the credit, unless the client opened the offer meanwhile or it is not spent any more."""
        with locked(self.project, self.offer):
            if not unread(now).filter(pk=self.offer.pk).exists():
                return False
            rows = Spending.objects.living().on(self.project.key)
            spending = rows.get(provider=self.offer.provider_id, kind=Kind.OFFER)
            spending.give_back(ReturnReason.UNREAD, title=self.project.title)
            return True
