"""The bench of a case: who mediates, decides and approves, and who never may (product, sections 2 and 6)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import BankAccount, User
from marketplace.accounts.staff import SMA
from marketplace.refusals import Refusal
from mediation.states import Role
from projects.models import Offer

if TYPE_CHECKING:
    from .cases import Dispute


def of_sides(people: Collection[int], prefix: str = "dispute__") -> Q:
    """What belongs to a case of which one of the two sides is among `people`."""
    agreement = f"{prefix}account__agreement"
    return Q(**{f"{agreement}__client__in": people}) | Q(**{f"{agreement}__provider__in": people})


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def current(self) -> AssignmentQuerySet:
        """Those that last: one at most per case and role."""
        return self.filter(ended_at=None)

    def abandoned(self) -> AssignmentQuerySet:
        """Those that last of people who may not sit any more: off the SMA, suspended, or with a tie to a side by now.

        An administrator may approve without being of the group.
        """
        rows = self.current()
        gone = rows.exclude(staff__in=of_the_sma())
        gone = gone.exclude(role=Role.APPROVER, staff__is_superuser=True, staff__is_active=True)
        return rows.filter(Q(pk__in=gone.values("pk")) | Q(pk__in=rows.tied().values("pk")))

    def tied(self) -> AssignmentQuerySet:
        """Those of people who have a tie to a side by now."""
        found = Q(pk__in=())
        for one in User.objects.filter(pk__in=self.values("staff")):
            found |= Q(staff=one) & of_sides(tied_to(one))
        return self.filter(found)

    def close(self, at: datetime) -> int:
        """These are over at `at`: their work is done, or somebody else's; how many."""
        return self.current().update(ended_at=at)


class Assignment(models.Model):
    """Somebody of the SMA in a role of a case, from `at` to `ended_at`; `late`: replaced for having let a date pass.

    `by` is nobody when the date chose them: who has least to do.
    """

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="assignments")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments", verbose_name=_("staff")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    late = models.BooleanField(_("replaced for being late"), default=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assignment"), _("assignments")
        default_permissions = ("view",)
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "role"], condition=Q(ended_at=None), name="one_current_assignment_per_role"
            ),
            models.CheckConstraint(condition=Q(late=False) | Q(ended_at__isnull=False), name="late_assignment_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.dispute}: {self.staff}, {self.get_role_display()}"


def has_tie(staff: User, dispute: Dispute) -> bool:
    """Whether `staff` has a tie to a side: the same person, business or bank account, or a project ever in common."""
    return any(is_tied(staff, party) for party in dispute.parties)


def is_tied(staff: User, party: User) -> bool:
    """Whether `staff` has a tie to one of the two sides."""
    return staff.is_tied_to(party) or have_met(staff, party)


def have_met(one: User, other: User) -> bool:
    """Whether both were ever on one project, as client or bidder."""
    as_client = Q(project__client=one, provider=other) | Q(project__client=other, provider=one)
    return Offer.objects.filter(as_client | Q(provider=one, project__offers__provider=other)).exists()


def tied_to(staff: User) -> set[int]:
    """The numbers of all who have a tie to `staff`: the same business or bank account, or ever a project in common."""
    marks = BankAccount.objects.current().of(staff).values("fingerprint")
    same = Q(pk=staff.pk) | Q(bank_accounts__in=BankAccount.objects.current().filter(fingerprint__in=marks))
    if staff.has_company:
        own = staff.company
        same |= Q(company=own)
        same |= Q(company__siren=own.siren) if own.siren else Q()
        same |= Q(company__vat_number=own.vat_number) if own.vat_number else Q()
    bids = Offer.objects.filter(provider=staff)
    rivals = Offer.objects.filter(Q(project__in=bids.values("project")) | Q(project__client=staff))
    met = Q(pk__in=bids.values("project__client")) | Q(pk__in=rivals.values("provider"))
    return set(User.objects.filter(same | met).values_list("pk", flat=True))


def of_the_sma() -> models.QuerySet[User]:
    """The active people of the SMA."""
    return User.objects.filter(groups__name=SMA, is_staff=True, is_active=True)


def is_member(user: User) -> bool:
    """Whether `user` is of the SMA, active."""
    return of_the_sma().filter(pk=user.pk).exists()


def sits_for_the_sma(staff: User, role: str) -> bool:
    """Whether `staff` is of the SMA, active; an administrator may approve without being of the group."""
    if not (staff.is_active and staff.is_staff):
        return False
    return (role == Role.APPROVER and staff.is_superuser) or staff.groups.filter(name=SMA).exists()


def members() -> models.QuerySet[User]:
    """The active people of the SMA, who has least to do first."""
    return with_load(of_the_sma()).order_by("load", "pk")


def with_load(people: models.QuerySet[User]) -> models.QuerySet[Any]:
    """`people` with the number of cases in which each sits, as `load`."""
    return people.annotate(load=Count("assignments", filter=Q(assignments__ended_at=None)))


class Bench:
    """The three seats of a case. Its deeds are called by those of Dispute, under the locks."""

    def __init__(self, dispute: Dispute) -> None:
        self.dispute = dispute

    def candidates(self, role: Role, *, besides: Collection[int] = ()) -> list[User]:
        """Who may take a seat, who has least to do first; `besides` are left out."""
        people = list(members())
        if role == Role.APPROVER:  # a second pair of eyes at any cost: the administrators come last
            people += [chief for chief in chiefs() if chief not in people]
        return [one for one in people if one.pk not in besides and not self.obstacle(role, one)]

    def mediators(self, *, first: User | None) -> list[User]:
        """Who may mediate: `first`, who opens the case for the SMA, if they may; then who has least to do.

        Refused: NotOfTheSma, Tied (`first`).
        """
        if first and (refusal := self.obstacle(Role.MEDIATOR, first)) in {self.NotOfTheSma, self.Tied}:
            raise refusal(name=first.display_name)
        return sorted(self.candidates(Role.MEDIATOR), key=lambda one: one != first)

    def obstacle(self, role: Role, staff: User) -> type[Refusal] | None:
        """Why `staff` may not take a seat; None if they may."""
        if not sits_for_the_sma(staff, role):
            return self.NotOfTheSma
        if has_tie(staff, self.dispute):
            return self.Tied
        held = self.held_by(staff)
        if role != Role.MEDIATOR and Role.MEDIATOR in held:
            return self.HasMediated
        if role == Role.MEDIATOR and held - {Role.MEDIATOR}:
            return self.HasDecided
        return self.HasDecided if role == Role.APPROVER and staff.pk == self.dispute.arbitrator_id else None

    def held_by(self, staff: User) -> set[str]:
        """The seats that `staff` ever had in this case, or in another about one of its tranches."""
        tranches = self.dispute.freeze.parts.values("tranche")
        rows = Assignment.objects.filter(staff=staff, dispute__freeze__parts__tranche__in=tranches)
        return set(rows.values_list("role", flat=True))

    def sitting(self) -> list[User]:
        """Who has a seat or, once nothing is open any more, had it last; none who left the SMA or is tied by now."""
        rows = [row for row in self.dispute.assignments.select_related("staff") if self._is_last(row)]
        found = {row.staff for row in rows if sits_for_the_sma(row.staff, row.role)}
        return [one for one in found if not has_tie(one, self.dispute)]

    def _is_last(self, seat: Assignment) -> bool:
        """Whether a seat lasts, or was nobody else's before the decision or the end."""
        if seat.ended_at is None or self.dispute.is_open:
            return seat.ended_at is None
        return bool(seat.staff_id == getattr(self.dispute, f"{seat.role.lower()}_id"))

    def seat(self, role: Role, staff: User, *, by: User | None, at: datetime) -> bool:
        """Give a seat to `staff`, in the place of whoever has it; whether it changes hands.

        Refused: NotOfTheSma, Tied, HasMediated (nobody decides what they mediated), HasDecided.
        """
        current = self.dispute.assignments.current().filter(role=role)
        if current.filter(staff=staff).exists():
            return False
        if refusal := self.obstacle(role, staff):
            raise refusal(name=staff.display_name)
        current.close(at)
        self.dispute.assignments.create(staff=staff, role=role, by=by, at=at)
        self.dispute.mark_seated(role, staff)
        return True

    def vacate(self, seat: Assignment, *, at: datetime) -> None:
        """Take a seat from who may not sit there any more: nobody does."""
        self.dispute.assignments.filter(pk=seat.pk).close(at)
        self.dispute.mark_seated(Role(seat.role), None)

    def replace(self, role: Role, *, at: datetime) -> User | None:
        """Give the seat to whoever has least to do and was never late in it, its holder having let a date pass.

        A free one goes to who was late rather than to nobody. None when there is nobody: it stays as it is.
        """
        seats = self.dispute.assignments.filter(role=role)
        holder, late = seats.current(), set(seats.filter(late=True).values_list("staff_id", flat=True))
        found = self.candidates(role, besides=late | set(holder.values_list("staff_id", flat=True)))
        if not found and not holder.exists():
            found = self.candidates(role)
        if not found:
            return None
        holder.update(ended_at=at, late=True)
        self.seat(role, found[0], by=None, at=at)
        return found[0]

    class NotOfTheSma(Refusal):
        sentence = _("%(name)s is not an active member of the SMA. Nothing was changed.")

    class Tied(Refusal):
        sentence = _("%(name)s has a tie to one of the sides and cannot sit in this case. Nothing was changed.")

    class HasMediated(Refusal):
        sentence = _("%(name)s mediated this case and can neither decide nor approve it. Nothing was changed.")

    class HasDecided(Refusal):
        sentence = _("%(name)s has already decided or approved in this case: choose somebody else. Nothing changed.")


def chiefs() -> models.QuerySet[User]:
    """The administrators, who are told when the SMA cannot go on by itself."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
