"""A case as the SMA's people read it who sit in it: claims, steps, evidence with its originals, proposals, notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros, paris
from mediation.models import Decision, Note, Publication, Role, Seizure
from mediation.models.cases import ANSWERS
from mediation.outcomes import outcomes
from mediation.states import EntryKind
from mediation.words import label_of, labels_mean, numbered, titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from marketplace.accounts.models import User
    from mediation.models import Assignment, Claim, Dispute, Entry, Evidence, SplitProposal

FACTS: dict[str, Callable[[Any], str]] = {
    "claim_cents": lambda value: _("%(amount)s claimed") % {"amount": euros(int(value))},
    "provider_cents": lambda value: _("%(amount)s to the provider") % {"amount": euros(int(value))},
    "client_cents": lambda value: _("%(amount)s to the client") % {"amount": euros(int(value))},
    "proposal": lambda value: _("proposal %(n)s") % {"n": value},
    "name": str,
    "side": lambda value: _("the client") if value == "client" else _("the provider"),
    "late": lambda value: _("%(name)s was late") % {"name": value},
    "lapsed": lambda value: _("proposal %(n)s lapses") % {"n": numbered(value)},
    "pieces": lambda value: ", ".join(value),
    "until": lambda value: _("until %(date)s") % {"date": paris(datetime.fromisoformat(value))},
}


@dataclass(frozen=True)
class Step:
    """One step of the case in words."""

    entry: Entry
    who: str
    decided_at: datetime | None

    @property
    def title(self) -> str:
        return titled(str(capfirst(self.entry.get_kind_display())), self.entry, self.decided_at)

    @property
    def facts(self) -> str:
        """Amounts, names and dates of the step."""
        facts = self.entry.facts
        return ", ".join(words(facts[name]) for name, words in FACTS.items() if facts.get(name) not in (None, "", []))

    @property
    def pieces(self) -> list[Evidence]:
        """The evidence that came with it."""
        return list(self.entry.evidence.all())


class Ruling(NamedTuple):
    """A decision, or its draft, as the SMA reads it: what each tranche becomes by it, and who sent it back."""

    decision: Decision
    outcomes: list[tuple[str, str]]
    returned_by: str

    @classmethod
    def of(cls, decision: Decision) -> Ruling:
        """With what is said of `decision` nowhere on its own row."""
        split = decision.dispute.freeze.spread(*decision.shares)
        return cls(decision, outcomes(split), returner_of(decision))


def returner_of(decision: Decision) -> str:
    """The name of who sent a decision back: the approver of that time."""
    if not (decision.closed_at and decision.sent_back_reason):
        return ""
    seats = decision.dispute.assignments.filter(role=Role.APPROVER, at__lte=decision.closed_at)
    seat = seats.filter(ended_at__gte=decision.closed_at).select_related("staff").first()
    return seat.staff.display_name if seat else _("the person who was to approve it")


class CaseFile:
    """All of one case, for a `reader` who sits in it."""

    def __init__(self, dispute: Dispute, reader: User) -> None:
        self.dispute, self.reader = dispute, reader

    @cached_property
    def roles(self) -> dict[int, str]:
        """What each person is in this case."""
        seats = {row.staff_id: str(row.get_role_display()) for row in self.bench}
        sides = {self.dispute.client.pk: _("the client"), self.dispute.provider.pk: _("the provider")}
        return {**seats, **sides}

    def who(self, user: User | None) -> str:
        """A name and a role; a date has neither."""
        if user is None:
            return _("By itself")
        role = self.roles.get(user.pk, _("SMA"))
        return _("%(name)s, %(role)s") % {"name": user.display_name, "role": role}

    @cached_property
    def bench(self) -> list[Assignment]:
        """Who sits or sat in it, in their order."""
        return list(self.dispute.assignments.select_related("staff"))

    @property
    def claims(self) -> list[tuple[str, Claim]]:
        """What each side asks for."""
        return [(self.who(claim.by), claim) for claim in self.dispute.claims.select_related("by")]

    @property
    def steps(self) -> list[Step]:
        """The one timeline, the latest step first."""
        entries = list(self.dispute.entries.shown())
        pairs = zip(entries, [None, *entries], strict=False)
        return [Step(entry, self.cause(entry, before), self.decided_at) for entry, before in pairs][::-1]

    def cause(self, entry: Entry, before: Entry | None) -> str:
        """Whose act a step is; that by which a mediation or an arbitration began by itself, from the step `before`."""
        if entry.by or before is None or entry.kind not in (EntryKind.MEDIATION, EntryKind.ARBITRATION):
            return self.who(entry.by)
        if before.kind in ANSWERS:
            return _("By the answer of %(who)s") % {"who": self.who(before.by)}
        if before.kind == EntryKind.SILENT:
            return _("The time to answer has passed")
        return _("The time to agree has passed")

    @cached_property
    def evidence(self) -> list[tuple[str, Evidence, str]]:
        """Each piece, with whose it is, and its label if it came late or after the decision."""
        rows = self.dispute.evidence.select_related("by", "document", "original")
        return [(self.who(piece.by), piece, label_of(piece.at, self.decided_at, late=piece.late)) for piece in rows]

    @cached_property
    def proposals(self) -> list[tuple[str, SplitProposal, str]]:
        """Each proposed split, with whose it is and who has accepted it."""
        rows = self.dispute.proposals.select_related("by")
        return [(self.who(row.by), row, self.accepted(row)) for row in rows]

    def accepted(self, proposal: SplitProposal) -> str:
        """Which sides have accepted a proposal."""
        sides = [(proposal.client_accepted_at, _("the client")), (proposal.provider_accepted_at, _("the provider"))]
        return ", ".join(side for at, side in sides if at) or _("nobody yet")

    @cached_property
    def rulings(self) -> list[Ruling]:
        """The decision; for those who decide, the drafts too."""
        rows = self.dispute.decisions.select_related("arbitrator", "approved_by", "paper")
        rows = rows if decides_in(self.dispute, self.reader) else rows.issued()
        return [Ruling.of(decision) for decision in rows]

    @property
    def decided_at(self) -> datetime | None:
        """When the decision was issued."""
        return next((one.decision.issued_at for one in self.rulings if one.decision.issued_at), None)

    @property
    def paper(self) -> str:
        """Where the decision is as a PDF, once it is issued."""
        return reverse("mediation:paper", args=[self.dispute.key]) if self.dispute.decision else ""

    @cached_property
    def seizures(self) -> list[Seizure]:
        """What is known of the courts."""
        rows = self.dispute.seizures.select_related("by", "document", "noted", "noted_by", "ruling")
        return list(rows.prefetch_related("papers"))

    @cached_property
    def notes(self) -> list[tuple[str, Note]]:
        """The SMA's own notes, the latest first; what is noted once an arbitrator has the case, for who decides it."""
        rows = self.dispute.notes.select_related("by")
        if self.dispute.arbitrated_at and not decides_in(self.dispute, self.reader):
            rows = rows.filter(Q(by=self.reader) | Q(at__lt=self.dispute.arbitrated_at))
        return [(self.who(note.by), note) for note in rows][::-1]

    @property
    def labels_mean(self) -> str:
        """What the labels of evidence say."""
        return labels_mean(self.dispute)

    @property
    def publication(self) -> Publication | None:
        """Its text in the public register."""
        return Publication.objects.filter(decision__dispute=self.dispute).first()


def decides_in(dispute: Dispute, user: User) -> bool:
    """Whether `user` decides a case or approves it, and reads what is not issued; a mediator has no part in that."""
    return bool(seat_of(dispute, user) - {Role.MEDIATOR})


def seat_of(dispute: Dispute, user: User) -> set[str]:
    """The seats that `user` has in a case now."""
    return {role for role in Role if getattr(dispute, f"{role.lower()}_id") == user.pk}
