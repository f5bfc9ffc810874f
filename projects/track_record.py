"""What a client's former calls say of them: counted from rows, never declared (product, section 3)."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Aggregate, Count, DurationField, F, OuterRef, Q, Subquery, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import User
from marketplace.templatetags.page import percent
from projects.models import (
    Agreement,
    AgreementState,
    AgreementVersion,
    Answer,
    Formula,
    Offer,
    Project,
    ProjectState,
    Question,
    Review,
)
from projects.models.profiles import MARKS

if TYPE_CHECKING:
    from django.db.models import QuerySet

LAST = 5  # projects whose formula is told
AGREED = (AgreementState.AGREED, AgreementState.ACTIVE)


class Median(Aggregate):
    """The median of durations, worked out by the database."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def figure(rows: QuerySet[Any], by: str, **what: Any) -> Subquery:
    """One figure of the client of the outer query: `what` over `rows`, whose path to the client is `by`."""
    (name,) = what
    return Subquery(rows.filter(**{by: OuterRef("pk")}).order_by().values(by).annotate(**what).values(name))


def formulas() -> ArraySubquery:
    """The formulas of the client's last agreed projects, the latest first."""
    latest = AgreementVersion.objects.standing().filter(agreement=OuterRef("pk")).values("formula")[:1]
    rows = Agreement.objects.filter(client=OuterRef("pk"), state__in=AGREED).order_by("-pk")
    return ArraySubquery(rows.annotate(formula=Subquery(latest)).values("formula")[:LAST])


def figures(client_id: int) -> dict[str, Any]:
    """Every figure of a client in one query, however many their calls."""
    calls = Project.objects.published()
    offers, reviews = Offer.objects.living(), Review.objects.published().filter(as_client=False)
    wait = F("answered_at") - F("question__asked_at")
    row = (
        User.objects.filter(pk=client_id)
        .values("pk")
        .annotate(
            published=figure(calls, "client", n=Count("pk")),
            closed=figure(calls.exclude(state=ProjectState.OPEN), "client", n=Count("pk")),
            awarded=figure(calls.filter(awarded_at__isnull=False), "client", n=Count("pk")),
            expired=figure(calls.filter(state=ProjectState.EXPIRED), "client", n=Count("pk")),
            asked=figure(Question.objects.all(), "project__client", n=Count("pk")),
            answered=figure(Answer.objects.all(), "question__project__client", n=Count("pk")),
            reply=figure(Answer.objects.all(), "question__project__client", n=Median(wait)),
            received=figure(offers, "project__client", n=Count("pk")),
            read=figure(offers, "project__client", n=Count("pk", filter=Q(read_at__isnull=False))),
            reviews=figure(reviews, "subject", n=Count("pk")),
            marks=figure(reviews, "subject", n=Sum(F("work") + F("exchange") + F("terms"))),
            formulas=formulas(),
        )
        .get()
    )
    return {name: value or ([] if name == "formulas" else 0) for name, value in dict(row).items()}


def duration_words(wait: timedelta) -> str:
    """A delay as people say it: hours up to two days, then days."""
    hours = round(wait.total_seconds() / 3600)
    if hours < 1:
        return _("less than an hour")
    if hours < 48:
        return _("%(n)s h") % {"n": hours}
    days = round(hours / 24)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


class TrackRecord:
    """The track record of one client, in words: one query."""

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Counts, the median reply time, the last formulas."""
        return figures(self.client_id)

    @property
    def calls(self) -> str:
        """Calls published, awarded, expired."""
        f = self.figures
        parts = [
            ngettext("%(n)s published", "%(n)s published", f["published"]) % {"n": f["published"]},
            ngettext("%(n)s awarded", "%(n)s awarded", f["awarded"]) % {"n": f["awarded"]},
        ]
        if f["expired"]:
            parts.append(ngettext("%(n)s expired", "%(n)s expired", f["expired"]) % {"n": f["expired"]})
        return ", ".join(parts)

    @property
    def selection(self) -> str:
        """How many of the calls that are over led to a choice."""
        f = self.figures
        if not f["closed"]:
            return _("no call closed yet")
        words = ngettext(
            "%(awarded)s of %(n)s closed call, %(rate)s", "%(awarded)s of %(n)s closed calls, %(rate)s", f["closed"]
        )
        rate = percent(round(f["awarded"] * 100 / f["closed"]) * 100)
        return words % {"awarded": f["awarded"], "n": f["closed"], "rate": rate}

    @property
    def answers(self) -> str:
        """How many questions were answered."""
        return _("%(answered)s of %(asked)s") % self.figures if self.figures["asked"] else _("none asked yet")

    @property
    def reply_time(self) -> str:
        """The median time to answer."""
        n = self.figures["answered"]
        if not n:
            return _("no answer yet")
        words = ngettext("median of %(time)s, over %(n)s question", "median of %(time)s, over %(n)s questions", n)
        return words % {"time": duration_words(self.figures["reply"] or timedelta()), "n": n}

    @property
    def reading(self) -> str:
        """How many of the offers received were opened."""
        return _("%(read)s of %(received)s") % self.figures if self.figures["received"] else _("none received yet")

    @property
    def formula(self) -> str:
        """The formula of the last projects; empty before a first one."""
        last = self.figures["formulas"]
        if not last:
            return ""
        r0 = last.count(Formula.R0)
        if r0 == len(last):
            return ngettext("R0 for the last project", "R0 for the last %(n)s projects", r0) % {"n": r0}
        words = ngettext("R0 for %(r0)s of the last project", "R0 for %(r0)s of the last %(n)s projects", len(last))
        return words % {"r0": r0, "n": len(last)}

    @property
    def opinions(self) -> str:
        """What providers who worked with them said, on the whole; empty before a first review."""
        n = self.figures["reviews"]
        if not n:
            return ""
        mean = number_format(self.figures["marks"] / (n * MARKS), 1)
        return ngettext("%(mean)s out of 5, %(count)s review", "%(mean)s out of 5, %(count)s reviews", n) % {
            "mean": mean,
            "count": n,
        }

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The whole record, one line each."""
        lines = [
            (_("Calls for offers"), self.calls),
            (_("Choice made"), self.selection),
            (_("Questions answered"), self.answers),
            (_("Reply to questions"), self.reply_time),
            (_("Offers opened"), self.reading),
            (_("Reviews by providers"), self.opinions),
            (_("Formula of the last projects"), self.formula),
        ]
        return [(label, words) for label, words in lines if words]
