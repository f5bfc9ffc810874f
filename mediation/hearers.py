"""Who hears of a step of a case: a side, who sits in it, the SMA, the administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from mediation.models import Bench, Dispute, has_tie
from mediation.models.bench import chiefs, members, sits_for_the_sma
from mediation.states import Role
from mediation.turns import awaited

if TYPE_CHECKING:
    from marketplace.events.models import Event

People = Callable[[Dispute, "Event"], Iterable["User | None"]]
CALLS = ("mediation.opened.sma", "mediation.vacated.namers")  # the letters that ask for a mediator


def author(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The side that did it; nobody if it was no side."""
    return [event.by] if event.by and dispute.is_party(event.by) else []


def others(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have not done it: both, if it was no side."""
    return [party for party in dispute.parties if party.pk != event.by_id]


def others_waiting(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have not done it, unless the case goes on with it: that letter says both."""
    return [] if event.facts.get("last") else others(dispute, event)


def both(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return dispute.parties


def silent(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides that have to answer."""
    return dispute.silent()


def both_later(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides; the letter of the opening names a mediator who sits from then on."""
    first = dispute.assignments.count() == 1 and dispute.assignments.filter(at=dispute.opened_at).exists()
    return [] if first else dispute.parties


def mediator(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.mediator]


def arbitrator(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.arbitrator]


def approver(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return [dispute.approver]


def bench(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who sits in it now, or sat last in each seat once it is decided; but who did it.

    What may prove that a court is seized is told to the whole SMA in a letter of its own.
    """
    if event.facts.get("proves"):
        return []
    return [one for one in Bench(dispute).sitting() if one.pk != event.by_id]


def bench_waiting(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who sits in it, unless the case goes on with what was said: that letter says both."""
    return [] if event.facts.get("last") else bench(dispute, event)


def sma(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Every member of the SMA who could mediate it, unless somebody or nobody does: nobody with a tie hears of it."""
    if dispute.mediator or dispute.straight:
        return []
    return [one for one in Bench(dispute).candidates(Role.MEDIATOR) if one.pk != event.by_id]


def called(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Those of the SMA who were asked to take the case up, once somebody has or nobody is to; but who did it.

    Nobody when the seat only changes hands, nor when they were told before that somebody had it, or that an arbitrator
    has the case.
    """
    is_change = event.facts.get("changed") or event.facts.get("late")
    taken = "name" not in event.facts and dispute.mediator_id
    unmediated = dispute.arbitrated_at and event.verb != "mediation.arbitration"
    if is_change or taken or unmediated:
        return []
    done_by = [one for one in (event.by_id, dispute.mediator_id, dispute.arbitrator_id) if one]
    rows = Notice.objects.filter(event__project_key=event.project_key, event__facts__dispute=dispute.pk, name__in=CALLS)
    asked = User.objects.filter(pk__in=rows.values("user")).exclude(pk__in=done_by)
    return [one for one in asked if may_hear(one, dispute, Role.APPROVER)]


def former_mediator(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who mediated it until a date ended that."""
    one = dispute.mediator
    return [one] if one and one.pk != event.by_id and may_hear(one, dispute, Role.MEDIATOR) else []


def may_hear(one: User, dispute: Dispute, role: Role) -> bool:
    """Whether somebody is still of the SMA, as far as `role` asks for it, without a tie to a side."""
    return sits_for_the_sma(one, role) and not has_tie(one, dispute)


def keeper(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who keeps, late, the seat that nobody else can take."""
    seats = dispute.assignments.current().filter(role=event.facts["role"]).select_related("staff")
    return [seat.staff for seat in seats]


def heads(dispute: Dispute, event: Event) -> Iterable[User | None]:
    return chiefs()


def untied(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The members of the SMA without a tie to a side; the administrators have a letter of their own."""
    return [one for one in members() if not one.is_superuser and not has_tie(one, dispute)]


def late_staff(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Who sits in it and must act now."""
    return [one for one in awaited(dispute) if not dispute.is_party(one)]


def late_sides(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """The sides whose step it is."""
    return [one for one in awaited(dispute) if dispute.is_party(one)]


def both_again(dispute: Dispute, event: Event) -> Iterable[User | None]:
    """Both sides, when it is not the first: they were told of that one with the step itself."""
    return dispute.parties if event.facts["again"] else []
