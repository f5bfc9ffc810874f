"""Selection: the client chooses one offer, and every other bidder learns why not theirs, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from projects.lessons import Field, delay_of, lessons, price_of

from .agreements import Agreement
from .bidders import acts, gaps, replies
from .choices import ProjectState
from .offers import Offer, OfferState, Question
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


CHOSEN = frozenset({ProjectState.AWARDED, ProjectState.ACTIVE, ProjectState.COMPLETED})


def medians(field: Field) -> dict[str, int]:
    """The medians of price and delay, for the loser's notice."""
    return {"median_price_cents": field.median(price_of), "median_delay_days": field.median(delay_of)}


def counts(offer: Offer) -> bool:
    """Whether an offer counts among its rivals: its bidder's account is not suspended."""
    return offer.provider.is_active


class Selection:
    """One deed over a project and all its offers (product, section 4.6).

    `reason` is told to the others, word for word; `reasons` replaces it for single offers (by their id).
    `revision` is the one of the winner's offer that the client has read, if it matters.
    """

    def __init__(
        self,
        winner: Offer,
        *,
        reason: str = "",
        reasons: Mapping[int, str] | None = None,
        revision: int | None = None,
    ) -> None:
        self.winner, self.reason, self.reasons, self.revision = winner, reason.strip(), reasons or {}, revision
        self.project: Project = winner.project

    def carry_out(self, *, by: User) -> Agreement:
        """Choose the winner: the project leaves the list, the agreement's version 1 is drawn up, everyone is told.

        The same choice again gives the same agreement. Refused: AlreadyMade (another was chosen), TooLate (past the
        date to choose), Over (the project has ended), Gone (the offer was withdrawn), Suspended (its provider's account
        is), Revised (since it was read), NeedsReason (a loser would be told nothing).
        """
        with locked(self.project, self.winner):
            if self.winner.state == OfferState.WON and (made := self._agreement()):
                return made
            offers = self._rivals()
            self._must_be_possible()
            losers = self._losers(offers)
            self.winner.mark_won()
            facts = [self._lose(field) for field in self._fields(losers, offers)]
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
                offers=sum(counts(offer) for offer in offers),
            )
            return agreement

    def _agreement(self) -> Agreement | None:
        """What an earlier choice of this very offer has led to, while it stands."""
        return Agreement.objects.living().filter(offer=self.winner).first()

    def _rivals(self) -> Sequence[Offer]:
        """Every living offer, locked in order."""
        offers = Offer.objects.living().filter(project=self.project).order_by("pk").prefetch_related("tranches")
        return list(offers.select_related("provider__profile").select_for_update(no_key=True, of=("self",)))

    def _must_be_possible(self) -> None:
        if self.project.awarded_at and self.project.state in CHOSEN:
            raise self.AlreadyMade
        if self.project.state != ProjectState.OPEN:
            raise self.Over
        if self.project.select_by and timezone.now() > self.project.select_by:
            raise self.TooLate
        if self.winner.state != OfferState.PLACED:
            raise self.Gone
        if not self.winner.provider.is_active:
            raise self.Suspended
        if self.revision not in {None, self.winner.revision}:
            raise self.Revised

    def _losers(self, offers: Sequence[Offer]) -> list[Offer]:
        losers = [offer for offer in offers if offer.pk != self.winner.pk and offer.is_placed]
        if not all(self._reason_for(offer) for offer in losers):
            raise self.NeedsReason
        return losers

    def _reason_for(self, offer: Offer) -> str:
        return self.reasons.get(offer.pk, "").strip() or self.reason

    def _fields(self, losers: Sequence[Offer], offers: Sequence[Offer]) -> Iterator[Field]:
        """Each loser with what the findings look at; the facts are asked of the database once for all."""
        if not losers:
            return
        askers = self._askers(offers)
        common: dict[str, Any] = {
            "sealed": self.project.sealed,
            "version": self.project.version,
            "replies": replies(offers, acts(offers), client=self.project.client_id),
            "gaps": {offer.provider_id: gaps(offer.provider) for offer in offers},
        }
        for offer in losers:
            rivals = [rival for rival in offers if counts(rival) or rival == offer]
            among = askers & {rival.provider_id for rival in rivals}
            yield Field(offer, self.winner, rivals, among, **common)

    def _askers(self, offers: Sequence[Offer]) -> frozenset[int]:
        """The bidders who asked a question."""
        bidders = [offer.provider_id for offer in offers]
        asked = Question.objects.filter(project=self.project, provider__in=bidders)
        return frozenset(asked.values_list("provider", flat=True))

    def _lose(self, field: Field) -> dict[str, Any]:
        """Mark one loser and gather what its notice says: reason, ranks among n, medians, three findings.

        No median of sealed offers: among two, it would tell the other's price.
        """
        offer, reason = field.offer, self._reason_for(field.offer)
        offer.mark_lost(reason)
        return {
            "offer": offer.pk,
            "reason": reason,
            "n": len(field.rivals),
            "price_cents": offer.price_cents,
            "price_rank": field.rank(price_of),
            "delay_days": offer.delay_days,
            "delay_rank": field.rank(delay_of),
            **({} if field.sealed else medians(field)),
            "lessons": [[lesson.code, lesson.facts] for lesson in lessons(field)],
        }

    class AlreadyMade(Refusal):
        sentence = _("You have already chosen another offer for this project. Open its agreement to go on.")

    class TooLate(Refusal):
        sentence = _("The date to choose an offer has passed.")

    class Over(Refusal):
        sentence = _("This project takes no choice: it is not open, or it has ended. Nobody has been told anything.")

    class Revised(Refusal):
        sentence = _("This offer was revised just now: read it again, then choose. Nobody has been told anything.")

    class NeedsReason(Refusal):
        sentence = _("Give your reason for each of the other offers. Nobody has been told anything.")

    class Suspended(Refusal):
        sentence = _("This provider’s account is suspended: choose another offer. Nobody has been told anything.")

    class Gone(Refusal):
        sentence = _("This offer was withdrawn just now: choose another one. Nobody has been told anything.")
