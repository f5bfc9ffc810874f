"""The page of a case: everything that it says to one reader."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import euros, paris
from mediation import obstacles
from mediation.acceptances import standing
from mediation.ahead import steps_ahead
from mediation.models import Decision, Entry, Evidence, Seizure, SplitProposal
from mediation.outcomes import outcomes
from mediation.states import DisputeState, ProposalState
from mediation.turns import Turn
from mediation.words import Phase, author, given, label_of, labels_mean, lowered, phase_of, step_of, thawed, whose
from projects.report import Reading, todos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from escrow.models import Shares
    from marketplace.accounts.models import User
    from mediation.models import Dispute
    from projects.report import Todo

SOON = timedelta(days=3)
CLOSED: dict[ProposalState, Callable[[], tuple[str, str]]] = {
    ProposalState.ACCEPTED: lambda: ("go", _("Accepted by both")),
    ProposalState.REPLACED: lambda: ("", _("Replaced by another")),
    ProposalState.LAPSED: lambda: ("", _("Without object")),
}


class Side(NamedTuple):
    """One part of a split, in its reader's words; `kind` names its colour."""

    kind: str
    label: str
    cents: int


class Split(NamedTuple):
    """A split as it is drawn: the provider's part, then the client's; what each of several tranches becomes."""

    sides: list[Side]
    cents: int
    mine: int
    outcomes: Sequence[tuple[str, str]] = ()


class Card(NamedTuple):
    """A proposal as its reader sees it."""

    proposal: SplitProposal
    title: str
    badge: tuple[str, str]
    split: Split
    awaits_me: bool
    standing: str = ""
    may_take_back: bool = False


class Dossier:
    """A case read by one of its two sides, or by somebody of the SMA who sits in it."""

    def __init__(self, dispute: Dispute, reader: User) -> None:
        self.dispute, self.reader = dispute, reader

    @property
    def is_party(self) -> bool:
        """Whether the reader is one of the two sides: the SMA's people act in the administration."""
        return self.dispute.is_party(self.reader)

    @property
    def may_answer(self) -> bool:
        """Whether the reader has still to answer the grievance."""
        return self.dispute.state == DisputeState.OPENED and self.reader.pk in self.turn.silent

    @property
    def may_join(self) -> bool:
        """Whether the reader may claim too, in the same case."""
        claimed = {claim.by_id for claim in self.claims}
        return self.is_party and self.reader.pk not in claimed and self.dispute.is_open and not self.turn.is_drafted

    @property
    def may_say(self) -> bool:
        """Whether words and evidence of the reader are taken."""
        return self.is_party and self.dispute.is_heard

    @property
    def may_propose(self) -> bool:
        """Whether the reader may propose a split."""
        return self.is_party and self.dispute.state == DisputeState.MEDIATION

    @property
    def may_withdraw(self) -> bool:
        """Whether the reader gives up a claim, or ends a case that they opened and in which nobody claims."""
        return self.has_stake and not self.kept_because

    @property
    def kept_because(self) -> str:
        """Why a claim of the reader cannot be withdrawn (`Dispute.withdraw`), or nothing."""
        alone = all(claim.by_id == self.reader.pk for claim in self.claims)
        return obstacles.to_a_withdrawal(self) if alone and self.has_stake else ""

    @property
    def has_stake(self) -> bool:
        """Whether the reader has a claim that stands, or opened a case in which nobody claims."""
        claims = [claim for claim in self.claims if not claim.withdrawn_at]
        opener = self.dispute.opened_by_id == self.reader.pk and not claims
        mine = any(claim.by_id == self.reader.pk for claim in claims)
        return self.is_party and self.dispute.is_open and (mine or opener)

    @property
    def ends_by_withdrawal(self) -> bool:
        """Whether nobody else claims anything, so that the case would end."""
        return not any(c.by_id != self.reader.pk and not c.withdrawn_at for c in self.claims)

    @cached_property
    def claims(self) -> list[Any]:
        """What each side claims."""
        return list(self.dispute.claims.select_related("by"))

    @cached_property
    def turn(self) -> Turn:
        """Whose step it is."""
        return Turn.of(self.dispute)

    @property
    def demands(self) -> list[tuple[str, str, int, bool]]:
        """Each claim: whose, why, how much, and whether it stands."""
        d, reader = self.dispute, self.reader
        return [(whose(d, c.by, reader), c.grievance, c.cents, not c.withdrawn_at) for c in self.claims]

    def split(self, shares: Shares) -> Split:
        """A split in its reader's words, with their own part."""
        d, reader = self.dispute, self.reader
        provider = _("For you") if d.is_("provider", reader) else _("For the provider")
        client = _("For you") if d.is_("client", reader) else _("For the client")
        sides = [
            Side("provider", provider, shares.provider_cents),
            Side("client", client, shares.client_cents),
        ]
        mine = shares.client_cents if d.is_("client", reader) else shares.provider_cents
        return Split(sides, sum(shares), mine, outcomes(d.freeze.spread(*shares)))

    @cached_property
    def cards(self) -> list[Card]:
        """Every proposal, the latest first."""
        return [self.card(row) for row in self.dispute.proposals.select_related("by", "refused_by")]

    @property
    def proposals_mean(self) -> str:
        """What proposals may still bring about, or how their time has ended."""
        if self.dispute.may_settle:
            return _("The same proposal accepted by both settles the dispute and is executed at once.")
        if any(card.proposal.state == ProposalState.ACCEPTED for card in self.cards):
            return _("Both have accepted the same proposal: it was executed at once.")
        return _("They were made during the mediation, which is over: none of them can be accepted any more.")

    def card(self, proposal: SplitProposal) -> Card:
        """One proposal, and whether it waits for the reader."""
        proposal.dispute = self.dispute
        author = whose(self.dispute, proposal.by, self.reader)
        title = _("Proposal %(n)s: %(author)s") % {"n": proposal.number, "author": lowered(author)}
        open_to_me = self.may_propose and proposal.state == ProposalState.OPEN
        agreed = proposal.accepted_by(self.reader)
        back = open_to_me and agreed and proposal.by_id != self.reader.pk
        split, told = self.split(proposal.shares), standing(proposal, self.reader)
        return Card(proposal, title, self.badge(proposal), split, open_to_me and not agreed, told, back)

    def badge(self, proposal: SplitProposal) -> tuple[str, str]:
        """What became of a proposal, or for whom it waits."""
        if proposal.state == ProposalState.OPEN:
            d = self.dispute
            waited = [p for p in d.parties if not proposal.accepted_by(p)]
            names = [lowered(whose(d, one, self.reader)) for one in sorted(waited, key=lambda u: u != self.reader)]
            pair = _("%(one)s and %(other)s") % {"one": names[0], "other": names[-1]}
            return "ink", _("Waits for %(who)s") % {"who": pair if names[1:] else names[0]}
        if proposal.refused_by:
            name = whose(self.dispute, proposal.refused_by, self.reader)
            return "", _("Refused by %(who)s") % {"who": lowered(name)}
        by, mediator = proposal.by, self.dispute.mediator
        if proposal.state == ProposalState.LAPSED and by != mediator and not self.dispute.is_party(by):
            return "", _("Lapsed with the change of mediator")
        return CLOSED[ProposalState(proposal.state)]()

    @cached_property
    def phase(self) -> Phase | None:
        """What happens now; None once the case is over."""
        return phase_of(self.turn, self.reader) if self.dispute.is_living else None

    @property
    def strip(self) -> dict[str, Any]:
        """The three answers at the top of the page."""
        if self.phase is None:
            return self.ended()
        due = self.turn.due_by
        return {
            "where": self.phase.title,
            "where_note": self.shared(self.decided_split),
            "who": self.phase.who,
            "who_note": self.phase.note,
            "yours": self.phase.mine,
            "at": due,
            "when_note": self.phase.silence,
            "soon": bool(due and due - timezone.now() < SOON),
        }

    def ended(self) -> dict[str, Any]:
        """The strip of a case that is over."""
        label = str(DisputeState(self.dispute.state).label)
        split = self.award
        note = self.shared(split) if split else thawed(self.dispute)
        if self.ruled:
            note = " ".join([_("By the ruling of a court, which takes the place of the decision."), note])
        where = label[:1].upper() + label[1:]
        who = {"who": _("Nobody"), "who_note": _("The case is over.")}
        when = {"when": _("Nothing is left to do"), "when_note": self.waits}
        if self.reopening:
            note_on_time = _("You may open the dispute again as long as the money is held.")
            when = {"when": _("Whenever you wish"), "when_note": note_on_time}
        if step := self.to_invoice:
            who = {"who": step.title, "who_note": _("The case is over.")}
            when = {"when": step.when, "when_note": step.text}
        return {"where": where, "where_note": note, **who, **when, "yours": bool(self.to_invoice)}

    @cached_property
    def reopening(self) -> str:
        """Where the reader opens again what nobody decided, if they may, as the report says it; or nothing."""
        if self.dispute.state != DisputeState.UNDECIDED or not self.is_party or self.reader.is_suspended:
            return ""
        free = [part.tranche for part in self.dispute.freeze.rows if part.tranche.is_deliverable]
        opening = reverse("mediation:open", args=[self.dispute.project.key]) if free else ""
        return f"{opening}?tranche={free[0].pk}" if len(free) == 1 else opening

    @cached_property
    def to_invoice(self) -> Todo | None:
        """What the provider has still to invoice once a share is theirs, as the payments page says it."""
        if not (self.dispute.is_("provider", self.reader) and self.award and self.award.mine):
            return None
        steps = todos(Reading(self.dispute.project, self.reader))
        invoices = reverse("payouts:list")
        return next((step for step in steps if step.mine and step.url.startswith(invoices)), None)

    @property
    def waits(self) -> str:
        """What becomes of the share of a provider whose account is suspended: it is not invoiced."""
        provider = self.dispute.is_("provider", self.reader)
        if not (provider and self.reader.is_suspended and self.award and self.award.mine):
            return ""
        words = _(
            "Your %(amount)s stay on the project’s internal account until your account is open again, or until our "
            "team settles them with you."
        )
        return words % {"amount": euros(self.award.mine)}

    def shared(self, split: Split | None) -> str:
        """A split in one line; without one, the most that there is to share."""
        if split is None:
            frozen = {"amount": euros(self.dispute.cents)}
            return _("%(amount)s are frozen. The SMA can decide on %(amount)s only.") % frozen
        first, second = split.sides
        words = {"mine": first.label, "a": euros(first.cents), "theirs": second.label, "b": euros(second.cents)}
        return _("%(mine)s: %(a)s. %(theirs)s: %(b)s.") % words

    @cached_property
    def award(self) -> Split | None:
        """How the money was shared out; None unless it was."""
        parts = [part.shares for part in self.dispute.freeze.rows if part.shares]
        if not parts:
            return None
        provider, client = (sum(each) for each in zip(*parts, strict=True))
        return self.split(type(parts[0])(provider, client))

    @cached_property
    def decision(self) -> Decision | None:
        """The decision that was issued, with its PDF."""
        if decision := self.dispute.decision:
            decision.keep_paper()
        return decision

    @cached_property
    def seizures(self) -> list[Seizure]:
        """The courts seized of the decision, with their papers."""
        rows = self.dispute.seizures.select_related("document", "noted", "ruling")
        return list(rows.prefetch_related("papers"))

    @property
    def decided_at(self) -> datetime | None:
        """When the decision was issued."""
        return self.decision.issued_at if self.decision else None

    @property
    def ruled(self) -> Seizure | None:
        """The court whose ruling was executed in the place of the decision."""
        return next((seizure for seizure in self.seizures if seizure.ruling), None) if self.decision else None

    @property
    def noted_words(self) -> str:
        """What the ruling that is noted gives each side, and that it takes the decision's place."""
        noted = next((seizure for seizure in self.seizures if seizure.noted and not seizure.ended_at), None)
        if noted is None:
            return ""
        shares = {"provider": euros(noted.provider_cents), "client": euros(noted.client_cents)}
        end = [_("It takes the place of the SMA’s decision."), _("Write here at once if these are not its own shares.")]
        return given(" ".join(end)) % shares

    @property
    def decided_split(self) -> Split | None:
        """The shares of the decision."""
        return self.split(self.decision.shares) if self.decision else None

    @cached_property
    def entries(self) -> list[Entry]:
        """What was done, with the evidence that came with it."""
        return list(self.dispute.entries.shown())

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The one timeline: what was done, what is to be done now, and what comes after."""
        done = [step_of(entry, self.reader, self.decided_at) for entry in self.entries]
        return [*done, *self.now(), *steps_ahead(self.turn, self.reader)]

    def now(self) -> list[dict[str, Any]]:
        """The step that the case is at."""
        if self.phase is None:
            return []
        due = self.turn.due_by
        duties = [
            (_("Who"), self.phase.who),
            (_("By when"), paris(due)),
            (_("If nobody acts"), self.phase.silence),
        ]
        by = _("until")
        title = _("Execution") if self.dispute.state == DisputeState.DECIDED else self.phase.title
        if self.turn.is_seized and not self.turn.is_noted:
            title, by = _("Ruling of the court"), _("asked after on")
        return [{"title": title, "at": due, "by": by, "kind": "now", "duties": duties}]

    @cached_property
    def evidence(self) -> list[tuple[Evidence, str, str]]:
        """Each piece with whose it is, and its label if it came late or after the decision."""
        return [
            (piece, author(entry, self.reader), label_of(piece.at, self.decided_at, late=piece.late))
            for entry in self.entries
            for piece in entry.evidence.all()
        ]

    @property
    def labels_mean(self) -> str:
        """What those labels say."""
        return labels_mean(self.dispute)

    @property
    def opening(self) -> str:
        """Who opened it and when."""
        opener = self.dispute.opened_by
        facts = {
            "who": whose(self.dispute, opener, self.reader) if opener else _("The SMA, by itself"),
            "at": paris(self.dispute.opened_at),
        }
        return _("Opened on %(at)s. By: %(who)s") % facts

    @property
    def subject(self) -> str:
        """The tranches that the case is about."""
        rows = [str(part.tranche) for part in self.dispute.freeze.rows]
        told = ngettext("Tranche in dispute: %(tranches)s", "Tranches in dispute: %(tranches)s", len(rows))
        return told % {"tranches": ", ".join(rows)}
