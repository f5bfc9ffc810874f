"""What the SMA's people may do on a case from the administration, each by the domain's own method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Shares
from marketplace.admin_site import AdminDeed
from mediation import bench_forms as forms
from mediation.casefile import seat_of
from mediation.models import (
    Bench,
    Decision,
    Dispute,
    DisputeState,
    Publication,
    Role,
    Seizure,
    SplitProposal,
    set_aside,
)
from mediation.models.bench import is_member
from mediation.states import MEDIATED
from mediation.turns import Turn

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean
    from marketplace.forms import Deed
    from mediation.models import Evidence

READ, ASSIGN = "mediation.view_dispute", "mediation.assign_dispute"
MEDIATOR, ARBITRATOR, APPROVER = (frozenset({role}) for role in Role)
SEATED = frozenset(Role)


@dataclass(frozen=True)
class CaseDeed(AdminDeed):
    """A deed on a case. With `seats`, it exists only for whoever has one of them in it; without, for all of the SMA.

    It does not exist for whoever ever had one of the `barred` seats there, either: the domain refuses them. `again` is
    its name where somebody has the `seat` that it gives.
    """

    seats: frozenset[Role] = field(default_factory=frozenset)
    barred: frozenset[Role] = field(default_factory=frozenset)
    seat: str = ""
    again: str | _StrPromise = ""
    template: ClassVar[str] = "admin/case_deed.html"

    def permits(self, user: Any, row: Dispute) -> bool:
        return super().permits(user, row) and self.is_open_to(user, row)

    def is_open_to(self, user: Any, row: Dispute) -> bool:
        """Whether the seats that `user` has, and those that they ever had, let them do it."""
        if self.barred and self.barred & Bench(row).held_by(user):
            return False
        return not self.seats or bool(self.seats & seat_of(row, user))

    def hears(self, user: Any, row: Dispute) -> bool:
        """Whoever had the seat when the page was opened, and lost it while writing, learns why it was refused."""
        had = bool(self.seats) and super().permits(user, row) and bool(self.seats & Bench(row).held_by(user))
        return had or self.permits(user, row)

    def name_on(self, row: Dispute) -> str | _StrPromise:
        return self.again if self.seat and getattr(row, f"{self.seat}_id") else self.label

    def filled(self, request: HttpRequest, row: Dispute) -> Deed:
        form = cast("type[forms.CaseForm]", self.form)
        return form(request.POST or None, request.FILES or None, dispute=row, by=cast("User", request.user))


@dataclass(frozen=True)
class CourtDeed(CaseDeed):
    """A deed about a court, of the SMA's members alone. With `second`, of another than who noted its ruling."""

    second: bool = False

    def is_for(self, user: Any, row: Any) -> bool:
        if not (super().is_for(user, row) and is_member(user)):
            return False
        noted = row.seizures.noted().first() if self.second else None
        return noted is None or not noted.needs_another or noted.noted_by_id != user.pk


@dataclass(frozen=True)
class Speech(CaseDeed):
    """Words for both sides: whoever mediated writes no more of them once an arbitrator has the case."""

    def permits(self, user: Any, row: Dispute) -> bool:
        has_handed_over = row.state == DisputeState.ARBITRATION and Role.MEDIATOR in seat_of(row, user)
        return super().permits(user, row) and not has_handed_over


def shares(data: dict[str, Any]) -> Shares:
    """Both shares of a form."""
    return Shares(data["provider"], data["client"])


def paper_in(data: dict[str, Any], name: str) -> Clean | Evidence:
    """What a court wrote, from a form: a piece of the case, or a file."""
    found: Clean | Evidence = data.get("piece") or data[name]
    return found


def draft_of(dispute: Dispute, seen: int) -> Decision:
    """The decision that its approver has before them, number `seen`. Refused: Decision.NotWaiting."""
    if found := dispute.decisions.filter(pk=seen).first():
        return found
    raise Decision.NotWaiting


def seizure_of(dispute: Dispute) -> Seizure:
    """The last seizure of a court. Refused: Seizure.NotSeized."""
    if seizure := dispute.seizures.last():
        return seizure
    raise Seizure.NotSeized


def publish(dispute: Dispute, by: User, data: dict[str, Any]) -> Publication:
    """Put the decision into the register. Refused: Decision.NotPublishable."""
    if decision := dispute.decision:
        return decision.publish(data["text"], by=by)
    raise Decision.NotPublishable


def take_off(dispute: Dispute, by: User, data: dict[str, Any]) -> None:
    """Take the decision off the register. Refused (NotPublic): one that is not there."""
    if (publication := Publication.objects.public().filter(decision__dispute=dispute).first()) is None:
        raise Publication.NotPublic
    publication.withdraw()


def is_published(dispute: Dispute) -> bool:
    """Whether the register shows it."""
    return Publication.objects.public().filter(decision__dispute=dispute).exists()


def is_executed_decision(dispute: Dispute) -> bool:
    """Whether it may be published."""
    return dispute.state == DisputeState.EXECUTED and dispute.decision is not None


def is_undecided(dispute: Dispute) -> bool:
    """Whether a decision is to be written."""
    return dispute.state == DisputeState.ARBITRATION and dispute.draft is None


def may_decide(dispute: Dispute) -> bool:
    """Whether it may be written now: nobody waits any more for evidence that both sides may still send."""
    last = dispute.heard_until
    return is_undecided(dispute) and not (last and timezone.now() <= last)


def is_ruled(dispute: Dispute) -> bool:
    """Whether the ruling of a court is noted, and waits for its execution."""
    return Turn.of(dispute).is_noted


NAMING: dict[str, AdminDeed] = {
    "assign": CaseDeed(
        _("Name the mediator"),
        ASSIGN,
        lambda case, by, data: case.assign(data["staff"], by=by, reason=data.get("reason", "")),
        form=forms.MediatorForm,
        offered=lambda case: case.state in MEDIATED and not case.straight,
        seat="mediator",
        again=_("Change the mediator"),
    ),
    "appoint": CaseDeed(
        _("Name the arbitrator"),
        ASSIGN,
        lambda case, by, data: case.appoint(data["staff"], by=by, reason=data.get("reason", "")),
        form=forms.ArbitratorForm,
        offered=is_undecided,
        barred=MEDIATOR,
        seat="arbitrator",
        again=_("Change the arbitrator"),
    ),
    "ask-approval": CaseDeed(
        _("Name who approves the decision"),
        ASSIGN,
        lambda case, by, data: case.ask_approval(data["staff"], by=by, reason=data.get("reason", "")),
        form=forms.ApproverForm,
        offered=lambda case: case.draft is not None,
        barred=MEDIATOR | ARBITRATOR,
        seat="approver",
        again=_("Change who approves the decision"),
    ),
}
WORDS: dict[str, AdminDeed] = {
    "say": Speech(
        _("Write to both sides"),
        READ,
        lambda case, by, data: case.say(data["text"], by=by, key=data["key"], exhibits=data["pieces"] or ()),
        form=forms.SayForm,
        offered=lambda case: case.is_open,
        seats=SEATED,
    ),
    "note": CaseDeed(
        _("Write a note for the SMA alone"),
        READ,
        lambda case, by, data: case.note(data["text"], by=by),
        form=forms.NoteForm,
        seats=SEATED,
    ),
}
MEDIATING: dict[str, AdminDeed] = {
    "propose": CaseDeed(
        _("Propose a split"),
        READ,
        lambda case, by, data: SplitProposal.propose(case, shares(data), reason=data["reason"], by=by, key=data["key"]),
        form=forms.ProposeForm,
        offered=lambda case: case.state == DisputeState.MEDIATION,
        seats=MEDIATOR,
    ),
    "hand-over": CaseDeed(
        _("Hand over to an arbitrator"),
        READ,
        lambda case, by, data: case.hand_over(data["reason"], by=by),
        form=forms.HandOverForm,
        offered=lambda case: case.state == DisputeState.MEDIATION,
        grave=True,
        seats=MEDIATOR,
    ),
}
DECIDING: dict[str, AdminDeed] = {
    "decide": CaseDeed(
        _("Write the decision"),
        READ,
        lambda case, by, data: Decision.draft(case, shares(data), reasons=data["reasons"], by=by, key=data["key"]),
        form=forms.DecideForm,
        offered=may_decide,
        reauthenticate=True,
        seats=ARBITRATOR,
    ),
    "approve": CaseDeed(
        _("Approve the decision"),
        READ,
        lambda case, by, data: draft_of(case, data["seen"]).approve(by=by),
        form=forms.ApproveForm,
        offered=lambda case: case.draft is not None,
        reauthenticate=True,
        seats=APPROVER,
    ),
    "send-back": CaseDeed(
        _("Send the decision back"),
        READ,
        lambda case, by, data: draft_of(case, data["seen"]).send_back(data["reason"], by=by),
        form=forms.SendBackForm,
        offered=lambda case: case.draft is not None,
        grave=True,
        seats=APPROVER,
    ),
}
COURTS: dict[str, AdminDeed] = {
    "seize": CourtDeed(
        _("Note that a court is seized"),
        ASSIGN,
        lambda case, by, data: Seizure.record(
            case, paper_in(data, "proof"), note=data["note"], by=by, seen=data["seen"] or 0
        ),
        form=forms.SeizeForm,
        offered=lambda case: case.state == DisputeState.DECIDED and not case.is_seized,
        grave=True,
    ),
    "set-aside": CourtDeed(
        _("Set aside what was sent since the decision"),
        ASSIGN,
        lambda case, by, data: set_aside(case, data["pieces"], data["reason"], by=by),
        form=forms.SetAsideForm,
        offered=lambda case: Turn.of(case).has_proof,
    ),
    "lift": CourtDeed(
        _("Note that no court is seized any more"),
        ASSIGN,
        lambda case, by, data: seizure_of(case).lift(data["note"], by=by, seen=data["seen"]),
        form=forms.LiftForm,
        offered=lambda case: case.is_seized,
        grave=True,
        reauthenticate=True,
        second=True,
    ),
    "rule": CourtDeed(
        _("Note the ruling of the court"),
        ASSIGN,
        lambda case, by, data: seizure_of(case).note_ruling(
            shares(data), paper_in(data, "ruling"), by=by, seen=data["seen"]
        ),
        form=forms.RulingForm,
        offered=lambda case: case.is_seized,
    ),
    "carry-out": CourtDeed(
        _("Execute the ruling of the court"),
        ASSIGN,
        lambda case, by, data: seizure_of(case).carry_out(data["seen"], by=by),
        form=forms.CarryOutForm,
        offered=is_ruled,
        grave=True,
        reauthenticate=True,
        second=True,
    ),
}
REGISTER: dict[str, AdminDeed] = {
    "publish": CaseDeed(
        _("Publish the decision"),
        READ,
        publish,
        form=forms.PublishForm,
        offered=is_executed_decision,
        seats=SEATED,
    ),
    "take-off": CaseDeed(
        _("Take off the register"),
        READ,
        take_off,
        form=forms.CaseForm,
        offered=is_published,
        grave=True,
        seats=SEATED,
    ),
}
DEEDS: dict[str, AdminDeed] = NAMING | WORDS | MEDIATING | DECIDING | COURTS | REGISTER
