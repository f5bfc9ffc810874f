"""Credits that come back by themselves (product, section 4): what a death has left due, and those of unread offers."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from credits.models import Kind, ReturnReason, Spending
from marketplace import deadlines
from marketplace.locking import locked
from projects.models import Deadline, Offer, Project, ProjectState

UNREAD = "offer.unread"  # the date of an offer that nobody opens


def return_due() -> int:
    """Return what an earlier run left due, project by project; how many credits came back."""
    keys = Spending.objects.due().order_by("project_key").values_list("project_key", flat=True).distinct()
    titles = dict(Project.objects.filter(key__in=list(keys)).values_list("key", "title"))
    return sum(Spending.objects.on(key).give_back(title=title) for key, title in titles.items())


class UnreadOffer:
    """The offer credit comes back because the client never opened the offer.

    The offer itself stays as it is: the client may still read and choose it, the provider may take it back. To revise
    it or to ask a question, the provider spends a credit again, which gives the client as many days anew.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer, self.project = offer, offer.project

    @property
    def until(self) -> datetime | None:
        """When the client's UNREAD_DAYS working days to open it end, from its placing or the credit spent anew.

        None once it is opened or taken back, when its credit is not spent, and while the project is not open: once
        another is chosen it stays spent, and an end returns everything anyway.
        """
        if not self.offer.is_placed or self.offer.read_at or self.project.state != ProjectState.OPEN:
            return None
        rows = Spending.objects.living().on(self.project.key)
        spending = rows.filter(provider=self.offer.provider_id, kind=Kind.OFFER).first()
        return deadlines.after(max(spending.at, self.offer.placed_at), settings.UNREAD_DAYS) if spending else None

    def watch(self) -> None:
        """Set the date at which the credit comes back, if it may. Under the project's lock."""
        if until := self.until:
            Deadline.objects.set(UNREAD, self.offer, until, project=self.project)

    def carry_out(self, now: datetime) -> bool:
        """Return the credit, unless the client opened the offer, has days left, or it is not spent any more."""
        with locked(self.project, self.offer):
            until = self.until
            if until is None or now <= until:
                return False
            self.project.return_credits(ReturnReason.UNREAD, kind=Kind.OFFER, provider=self.offer.provider_id)
            return True
