"""What the rows of the site say of a provider: counted, never declared (product, section 4.10)."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, F, Min, OuterRef, Q, Subquery, When
from django.db.models.functions import Least
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import User
from marketplace.templatetags.page import number, percent
from projects.models import Agreement, AgreementVersion, Offer, OfferState, Project, ProjectState
from projects.track_record import Median, duration_words, figure

if TYPE_CHECKING:
    from django.db.models import QuerySet

FEW = 5  # decided offers: under them a rate says nothing


def selections() -> QuerySet[Any]:
    """Each selection with `replied_at`: when the provider first accepted terms, proposed others, or declined."""
    versions = AgreementVersion.objects.filter(agreement=OuterRef("pk")).order_by().values("agreement")
    others = Q(author=OuterRef("provider"), number__gt=1)
    accepted = versions.annotate(at=Min("provider_accepted_at")).values("at")
    proposed = versions.filter(others).annotate(at=Min("created_at")).values("at")
    declined = Case(When(ended_by=F("provider"), then=F("ended_at")))
    return Agreement.objects.annotate(replied_at=Least(Subquery(accepted), Subquery(proposed), declined))


def figures(provider_id: int) -> dict[str, Any]:
    """Every figure of a provider in one query, however much they did."""
    offers, chosen = Offer.objects.living(), selections()
    won = Count("pk", filter=Q(state=OfferState.WON))
    decided = Count("pk", filter=Q(state__in=[OfferState.WON, OfferState.LOST]))
    wait = F("replied_at") - F("created_at")
    row = (
        User.objects.filter(pk=provider_id)
        .values("pk")
        .annotate(
            placed=figure(offers, "provider", n=Count("pk")),
            won=figure(offers, "provider", n=won),
            decided=figure(offers, "provider", n=decided),
            chosen=figure(chosen, "provider", n=Count("pk")),
            replies=figure(chosen.filter(replied_at__isnull=False), "provider", n=Count("pk")),
            reply=figure(chosen.filter(replied_at__isnull=False), "provider", n=Median(wait)),
            completed=figure(Project.objects.filter(state=ProjectState.COMPLETED), "winner", n=Count("pk")),
        )
        .get()
    )
    return {name: value or 0 for name, value in dict(row).items()}


class ProviderRecord:
    """The track record of one provider, in words: one query."""

    def __init__(self, provider_id: int) -> None:
        self.provider_id = provider_id

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Counts and the median reply time."""
        return figures(self.provider_id)

    @property
    def won(self) -> str:
        """Offers won; the rate only when there are enough decided ones."""
        won, decided = self.figures["won"], self.figures["decided"]
        if decided < FEW:
            return number(won)
        words = ngettext("%(won)s of %(n)s decided, %(rate)s", "%(won)s of %(n)s decided, %(rate)s", decided)
        return words % {"won": won, "n": decided, "rate": percent(round(won * 100 / decided) * 100)}

    @property
    def reply_time(self) -> str:
        """The median time between being chosen and the first reply: yes, other terms, or no."""
        n = self.figures["replies"]
        if not self.figures["chosen"]:
            return _("no selection yet")
        if not n:
            return _("no reply yet")
        words = ngettext(
            "median of %(time)s, over %(n)s selection of %(chosen)s",
            "median of %(time)s, over %(n)s selections of %(chosen)s",
            n,
        )
        time = duration_words(self.figures["reply"] or timedelta())
        return words % {"time": time, "n": n, "chosen": self.figures["chosen"]}

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The whole record, one line each."""
        return [
            (_("Projects completed"), number(self.figures["completed"])),
            (_("Offers placed"), number(self.figures["placed"])),
            (_("Offers won"), self.won),
            (_("Reply to a selection"), self.reply_time),
        ]
