"""Selection: the client chooses one offer, and every other bidder learns why not theirs, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from projects.lessons import Field, lessons

from .agreements import Agreement
from .choices import ProjectState
from .offers import Offer, OfferState, Question
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class Selection:
    """One deed over a project and all its offers (product, section 4.6).

    `reason` is told to the others, word for word; `reasons` replaces it for single offers (by their id).
    """

    def __init__(self, winner: Offer, *, reason: str, reasons: Mapping[int, str] | None = None) -> None:
        self.winner, self.reason, self.reasons = winner, reason, reasons or {}
        self.project: Project = winner.project

    def carry_out(self, *, by: User) -> Agreement:
        """Choose the winner: the project leaves the list, the agreement's version 1 is drawn up, everyone is told.

        The same choice again gives the same agreement. Refused: AlreadyMade (another was chosen), TooLate (past the
        date to choose), Gone (the offer was withdrawn), Project.NotAvailable.
        """
        with locked(self.project, self.winner):
            if self.winner.state == OfferState.WON:
                return Agreement.objects.living().get(offer=self.winner)
            offers = self._rivals()
            self._must_be_possible()
            self.winner.mark_won()
            losers = [offer for offer in offers if offer.pk != self.winner.pk and offer.state == OfferState.PLACED]
            facts = [self._lose(offer, offers) for offer in losers]
            self.project.mark_awarded(self.winner.provider)
            agreement = Agreement.draw_up(self.winner)
            Event.record(
                "project.awarded",
                project=self.project,
                by=by,
                title=self.project.title,
                agreement=agreement.pk,
                winner=self.winner.pk,
                losers=facts,
                offers=len(offers),
            )
            return agreement

    def _rivals(self) -> Sequence[Offer]:
        """Every living offer, locked in order."""
        offers = Offer.objects.living().filter(project=self.project).select_for_update(no_key=True).order_by("pk")
        return list(offers.prefetch_related("tranches"))

    def _must_be_possible(self) -> None:
        if self.project.state == ProjectState.AWARDED:
            raise self.AlreadyMade
        if self.project.state != ProjectState.OPEN:
            raise Project.NotAvailable
        if self.project.select_by and timezone.now() > self.project.select_by:
            raise self.TooLate
        if self.winner.state != OfferState.PLACED:
            raise self.Gone

    def _lose(self, offer: Offer, offers: Sequence[Offer]) -> dict[str, Any]:
        """Mark one loser and gather what its notice says: reason, ranks among n, medians, three findings."""
        reason = self.reasons.get(offer.pk, "").strip() or self.reason
        offer.mark_lost(reason)
        askers = set(Question.objects.filter(project=self.project).values_list("provider", flat=True))
        field = Field(offer, self.winner, offers, offer.provider_id in askers, len(askers))
        return {
            "offer": offer.pk,
            "reason": reason,
            "n": len(offers),
            "price_cents": offer.price_cents,
            "median_price_cents": field.median(lambda o: o.price_cents),
            "price_rank": field.rank(lambda o: o.price_cents),
            "delay_days": offer.delay_days,
            "median_delay_days": field.median(lambda o: o.delay_days),
            "delay_rank": field.rank(lambda o: o.delay_days),
            "lessons": [[lesson.code, lesson.facts] for lesson in lessons(field)],
        }

    class AlreadyMade(Refusal):
        sentence = _("You have already chosen another offer for this project. Open its agreement to go on.")

    class TooLate(Refusal):
        sentence = _("The date to choose an offer has passed.")

    class Gone(Refusal):
        sentence = _("This offer was withdrawn just now: choose another one. Nobody has been told anything.")
