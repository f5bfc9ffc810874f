"""The SMA's desk: which cases somebody of the staff finds there, how much each has to do, how long cases take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace import deadlines
from marketplace.accounts.models import User
from mediation.models import Assignment, Decision, Dispute, DisputeState, Role, SplitProposal
from mediation.models.bench import members, of_sides, tied_to
from mediation.turns import Turn, with_turns

if TYPE_CHECKING:
    from mediation.models.cases import DisputeQuerySet

YEAR = timedelta(days=365)


def on_desk_of(staff: User) -> DisputeQuerySet:
    """The cases that `staff` finds in the administration, the nearest date first: none in which a side is tied to them.

    Whoever does not sit in a case finds only its number, its state, its dates and the amount that is frozen.
    """
    rows = Dispute.objects.exclude(of_sides(tied_to(staff), ""))
    return with_turns(rows.with_parties().select_related("project__category")).by_due()


class Load(NamedTuple):
    """How much somebody of the SMA has to do, and how much of it is late; a decision that is written is done."""

    staff: User
    mediations: int
    arbitrations: int
    approvals: int
    late: int
    replaced: int


class Delay(NamedTuple):
    """How many cases came to something, after how many days on average, and how much money was in them."""

    what: str
    cases: int
    days: float | None
    cents: int | None


def workload() -> list[Load]:
    """Each member of the SMA, who has most to do first."""
    late = late_people()
    current = {
        role: Count("assignments", filter=Q(assignments__ended_at=None, assignments__role=role), distinct=True)
        for role in Role
    }
    replaced = Count("assignments", filter=Q(assignments__late=True), distinct=True)
    written = Counter(Decision.objects.drafted().values_list("arbitrator", flat=True))
    rows = members().annotate(**{f"n_{role.lower()}": count for role, count in current.items()}, replaced=replaced)
    found = [
        Load(
            staff,
            mediations=staff.__dict__["n_mediator"],
            arbitrations=staff.__dict__["n_arbitrator"] - written[staff.pk],
            approvals=staff.__dict__["n_approver"],
            late=late.count(staff.pk),
            replaced=staff.__dict__["replaced"],
        )
        for staff in rows
    ]
    return sorted(found, key=lambda load: -(load.mediations + load.arbitrations + load.approvals))


def late_people() -> list[int]:
    """Who has let a date pass, once for each case: who decides or approves, and who has not begun to mediate."""
    now, found = timezone.now(), []
    for dispute in with_turns(Dispute.objects.filter(state=DisputeState.ARBITRATION, decide_by__lt=now)):
        found += Turn.of(dispute).awaited
    begun = Dispute.objects.filter(entries__by=OuterRef("staff"), pk=OuterRef("dispute"))
    seats = Assignment.objects.current().filter(role=Role.MEDIATOR, dispute__state=DisputeState.MEDIATION)
    for seat in seats.filter(~Exists(begun)):
        found += [seat.staff_id] if deadlines.after(seat.at, settings.SMA_FIRST_ACT_DAYS) < now else []
    return found


def delays() -> list[Delay]:
    """What became of the cases opened in the last year, each with its average delay from the opening."""
    return [Delay(what, row["n"], in_days(row["lasted"]), row["cents"]) for what, row in rows_of_delays()]


def rows_of_delays() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each outcome, with the number of cases, how long they took, and their frozen money."""
    recent = Dispute.objects.filter(opened_at__gt=timezone.now() - YEAR)
    issued = Decision.objects.issued().filter(dispute=OuterRef("pk"))
    accepted = SplitProposal.objects.filter(dispute=OuterRef("pk"), state="ACCEPTED")
    first = Assignment.objects.filter(dispute=OuterRef("pk"), role=Role.MEDIATOR).order_by("pk")
    rows = recent.annotate(decided_at=Subquery(issued.values("issued_at")), named_at=Subquery(first.values("at")[:1]))
    yield _("a mediator named"), measured(rows.exclude(named_at=None), "named_at")
    yield _("settled by both sides"), measured(rows.filter(Exists(accepted)), "ended_at")
    yield _("decided by an arbitrator"), measured(rows.exclude(decided_at=None), "decided_at")
    yield _("withdrawn by who opened it"), measured(rows.filter(state=DisputeState.WITHDRAWN), "ended_at")
    yield _("ended without a decision"), measured(rows.filter(state=DisputeState.UNDECIDED), "ended_at")
    yield _("still under way"), measured(rows.living(), None)


def measured(rows: DisputeQuerySet, end: str | None) -> dict[str, Any]:
    """The number of `rows`, the average time from their opening to `end`, and the sum of what was frozen."""
    lasted = Avg(F(end) - F("opened_at")) if end else Avg(timezone.now() - F("opened_at"))
    found: dict[str, Any] = rows.aggregate(n=Count("pk"), lasted=lasted)
    parts = Dispute.objects.filter(pk__in=rows.values("pk")).aggregate(cents=Sum("freeze__parts__cents"))
    return {**found, **parts}


def in_days(lasted: timedelta | None) -> float | None:
    """A length of time in days, to the tenth."""
    return None if lasted is None else round(lasted / timedelta(days=1), 1)
