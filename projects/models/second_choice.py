"""The second choice: an award fell through, the client calls another bidder or opens the call again (section 4.7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.templatetags.page import PARIS

from .agreements import Agreement
from .choices import ProjectState
from .content import closing_on
from .deadlines import Deadline
from .offers import Offer, OfferState
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class SecondChoice:
    """What the client may do with an awarded project whose agreement was declined or lapsed, until `decide_by`."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def is_open(self) -> bool:
        """Whether it may still be made."""
        return self.is_waited_for and bool(self.project.decide_by and timezone.now() <= self.project.decide_by)

    @property
    def would_close_at(self) -> datetime:
        """Until when the call would take offers, opened again now."""
        return closing_on(timezone.localdate(timezone=PARIS) + timedelta(days=settings.REOPEN_DAYS))

    @property
    def is_waited_for(self) -> bool:
        """Whether the project waits for it."""
        return self.project.state == ProjectState.AWARDED and self.project.decide_by is not None

    def call(self, offer: Offer, *, by: User) -> Agreement:
        """Turn to another bidder, at the terms of their `offer`: a new agreement, which they may refuse.

        The same call again gives the same agreement; nobody pays anything again. Refused: Passed (too late, or made
        otherwise), Gone (that offer was taken back, or its provider's account is suspended).
        """
        with locked(self.project, offer):
            offer.project = self.project
            made = Agreement.objects.living().filter(offer=offer).first()
            if made:
                return made
            self._must_be_open()
            if offer.state != OfferState.LOST or not offer.provider.is_active:
                raise self.Gone
            offer.mark_won()
            self.project.mark_awarded(offer.provider)
            Deadline.objects.cancel(self.project)
            agreement = Agreement.draw_up(offer)
            facts = {"agreement": agreement.pk, "offer": offer.pk, "title": self.project.title}
            Event.record("project.runner_up", project=self.project, by=by, **facts)
            return agreement

    def reopen(self, *, by: User) -> None:
        """Take offers again for REOPEN_DAYS: the offers that were not chosen stand again, their bidders are told.

        A second call changes nothing. Refused: Passed.
        """
        with locked(self.project):
            if self.project.state == ProjectState.OPEN and self.project.reopened_at:
                return
            self._must_be_open()
            for offer in (
                self.project.offers.select_for_update(no_key=True).filter(state=OfferState.LOST).order_by("pk")
            ):
                offer.mark_placed_again()
            Deadline.objects.cancel(self.project)
            closes_at = self.would_close_at
            self.project.mark_reopened(timezone.now(), closes_at=closes_at)
            facts = {"title": self.project.title, "closes_at": closes_at.isoformat()}
            Event.record("project.reopened", project=self.project, by=by, **facts)

    def lapse(self, *, at: datetime) -> None:
        """No second choice was made in time: the project is cancelled, credits come back. Refused (NotDue) before."""
        with locked(self.project):
            decide_by = self.project.decide_by
            if not self.is_waited_for or decide_by is None or at <= decide_by:
                raise self.NotDue
            Deadline.objects.cancel(self.project)
            self.project.mark_cancelled(at)

    def remind(self, *, at: datetime) -> None:
        """Tell the client that the date is near. Refused (NotDue) when no second choice is waited for."""
        with locked(self.project):
            if not self.is_waited_for or self.project.decide_by is None or at > self.project.decide_by:
                raise self.NotDue
            until = self.project.decide_by.isoformat()
            Event.record("project.second_choice", project=self.project, title=self.project.title, decide_by=until)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise self.Passed

    class Passed(Refusal):
        sentence = _("There is no second choice to make on this project now. Nobody has been told anything.")

    class Gone(Refusal):
        sentence = _("This offer no longer stands: choose another one. Nobody has been told anything.")

    class NotDue(Refusal):
        sentence = _("This project has not come to that date.")
