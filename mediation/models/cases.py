"""Cases: a dispute about what tranches hold, from its opening to the end of its freeze (product, section 6)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.db.models import Case, Exists, F, Max, Min, OuterRef, Q, Subquery, When
from django.db.models.functions import Least
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import EscrowAccount, Freeze, Tranche
from marketplace import deadlines
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import PARIS, euros
from mediation.exhibits import Exhibit
from mediation.states import ACTS, DISPUTE_MOVES, HEARD, LIVING, MEDIATED, OPEN, DisputeState, EntryKind, Role
from projects.models import Deadline, Project
from projects.models.projects import new_key

from .bench import Bench
from .course import NUDGE, REMIND, REPLACE, Course, Spoken, named
from .evidence import Evidence
from .timeline import Claim, Entry, concerned, seated, sided

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .decisions import Decision
    from .proposals import SplitProposal
    from .timeline import Note

LEAST_GROUNDS = 20  # signs of the reason for which a mediation ends before its date
NUMBERING = 0x5A4D41  # the advisory lock under which cases are numbered
ANSWERS = (EntryKind.ANSWERED, EntryKind.JOINED)
WORDS = (EntryKind.SAID, EntryKind.PRODUCED)
HOUR, MOST_AN_HOUR = timedelta(hours=1), 30  # messages of one person in a case: each is a letter to the others


class Plea(NamedTuple):
    """What one side says when it opens or joins a case: its grievance, its claim in cents, its evidence."""

    grievance: str
    cents: int
    exhibits: Sequence[Exhibit] = ()


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: User) -> DisputeQuerySet:
        """One's own cases: as one of the two sides, or sitting in it for the SMA; nobody else's."""
        return self.filter(concerned(user, ""))

    def of_party(self, user: User) -> DisputeQuerySet:
        """The cases in which `user` is one of the two sides."""
        return self.filter(sided(user, ""))

    def seated_by(self, user: User) -> DisputeQuerySet:
        """The cases in which `user` sits for the SMA."""
        return self.filter(seated(user, ""))

    def living(self) -> DisputeQuerySet:
        """Those whose money is frozen."""
        return self.filter(state__in=LIVING)

    def about(self, tranches: Iterable[Tranche]) -> DisputeQuerySet:
        """Those about one of `tranches` at least."""
        return self.filter(freeze__parts__tranche__in=tranches).distinct()

    def ended_for(self, user: User | None) -> DisputeQuerySet:
        """Those that `user` withdrew or gave up, or that nobody decided: opened again, one goes to an arbitrator."""
        if user is None:
            return self.filter(state=DisputeState.UNDECIDED)
        withdrawn = Q(opened_by=user, state=DisputeState.WITHDRAWN) | Q(claims__by=user, state=DisputeState.WITHDRAWN)
        return self.filter(withdrawn | Q(state=DisputeState.UNDECIDED))

    def by_due(self) -> DisputeQuerySet:
        """The nearest date first, as `next_due`: what a queue is read by.

        A decision that is late keeps its own date. Left out is what would change nothing: reminders, and the
        replacement of a mediator who has begun.
        """
        rows = Deadline.objects.waiting().filter(subject_label="mediation.dispute", subject_id=OuterRef("pk"))
        begun = Entry.objects.filter(
            dispute=OuterRef("subject_id"),
            dispute__state=DisputeState.MEDIATION,
            by=F("dispute__mediator"),
            kind__in=ACTS,
        )
        rows = rows.exclude(kind__in=[REMIND, NUDGE]).exclude(Exists(begun), kind=REPLACE)
        nearest = Subquery(rows.values("subject_id").annotate(at=Min("due_at")).values("at"))
        decided = Case(When(state=DisputeState.ARBITRATION, then=F("decide_by")))
        return self.annotate(next_due=Least(nearest, decided)).order_by("next_due", "pk")

    def with_parties(self) -> DisputeQuerySet:
        """With everything that a page or a letter says of the case, in one query."""
        return self.select_related(
            "project",
            "freeze__account__project",
            "account__agreement__client__company",
            "account__agreement__provider__company",
            "opened_by",
            "mediator",
            "arbitrator",
            "approver",
        )


class Dispute(models.Model):
    """A case before the SMA: who claims what of the money frozen of some tranches, and what becomes of it.

    The dates say until when somebody may act; what happens then is a deadline. `straight`: withdrawn before and opened
    again, it goes to an arbitrator without a mediation. `opened_by` is nobody when a date opened it for the SMA. It
    ends with its freeze: EXECUTED, or thawed (WITHDRAWN, UNDECIDED).
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="disputes", verbose_name=_("project"))
    account = models.ForeignKey(EscrowAccount, models.PROTECT, related_name="disputes")
    freeze = models.OneToOneField(Freeze, models.PROTECT, related_name="dispute")
    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    year = models.PositiveSmallIntegerField(_("year"))
    rank = models.PositiveIntegerField(_("rank in the year"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("opened by")
    )
    straight = models.BooleanField(_("straight to arbitration"), default=False)
    state = models.CharField(
        _("state"), max_length=11, choices=DisputeState, default=DisputeState.OPENED, editable=False
    )
    mediator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("mediator")
    )
    arbitrator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("arbitrator")
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("approver")
    )
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    answer_by = models.DateTimeField(_("to answer before"))
    mediate_by = models.DateTimeField(_("to settle before"), null=True)
    arbitrated_at = models.DateTimeField(_("in arbitration since"), null=True)
    decide_by = models.DateTimeField(_("to decide before"), null=True)
    execute_at = models.DateTimeField(_("to be executed at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("case"), _("cases")
        default_permissions = ("view",)
        permissions = [("assign_dispute", "Can name the mediator or arbitrator of a case")]
        ordering = ["-pk"]
        triggers = [States(field="state", edges=DISPUTE_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["year", "rank"], name="one_case_per_number"),
            models.CheckConstraint(
                condition=Q(state__in=["EXECUTED", "WITHDRAWN", "UNDECIDED"], ended_at__isnull=False)
                | (~Q(state__in=["EXECUTED", "WITHDRAWN", "UNDECIDED"]) & Q(ended_at=None)),
                name="ended_case_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="MEDIATION") | Q(mediate_by__isnull=False), name="mediation_has_its_date"
            ),
            models.CheckConstraint(
                condition=~Q(state="ARBITRATION") | Q(arbitrated_at__isnull=False, decide_by__isnull=False),
                name="arbitration_has_its_dates",
            ),
            models.CheckConstraint(
                condition=~Q(state="DECIDED") | Q(execute_at__isnull=False), name="decided_case_has_its_date"
            ),
            models.CheckConstraint(
                condition=Q(mediator=None) | Q(arbitrator=None) | ~Q(mediator=F("arbitrator")),
                name="mediator_does_not_decide",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return page_of(self.key)

    @classmethod
    def open(cls, account: EscrowAccount, tranches: Iterable[Tranche], *, plea: Plea, by: User, key: UUID) -> Dispute:
        """Open a case as one of the two sides: what `tranches` hold now is frozen, in one transfer.

        The same `key` with the same content gives the first case. Refused: NotParty, Suspended, InBase, AlreadyInCase
        (which names it: it can be joined), Freeze.NothingHeld, NeedsGrievance, NothingClaimed, TooMuchClaimed,
        KeyReused.
        """
        chosen = list(tranches)
        with locked(account.project, account):
            if done := cls.objects.filter(freeze__key=key).first():
                return done.same_as(chosen, by=by, plea=plea)
            cls.must_be_possible(account, chosen, by=by)
            dispute = cls._begin(account, chosen, by=by, key=key)
            dispute._claim(plea, by, EntryKind.OPENED)
            dispute.tell("opened", by=by, claim_cents=plea.cents, text=plea.grievance)
            return dispute

    @classmethod
    def open_for(cls, account: EscrowAccount, tranches: Iterable[Tranche], *, reason: str, by: User | None) -> Dispute:
        """Open a case as the SMA (money that has not moved for long): nobody claims yet; `by` is nobody for a date.

        `by` mediates, or whoever has least to do; nobody does when nobody can: the case opens all the same, and waits
        for a mediator. Opened again, it has no mediation.
        Refused: Bench.NotOfTheSma and Bench.Tied (`by`), AlreadyInCase, Freeze.NothingHeld.
        """
        chosen = list(tranches)
        with locked(account.project, account):
            cls._must_be_free(chosen)
            dispute = cls._begin(account, chosen, by=by, key=uuid.uuid4())
            dispute.write(EntryKind.OPENED, by=by, text=reason, cents=dispute.cents)
            found = Bench(dispute).mediators(first=by)
            if found and not dispute.straight:
                dispute.assign(found[0], by=by, at=dispute.opened_at)
            dispute.tell("opened", by=by, claim_cents=0, text=reason, mediator=named(dispute.mediator))
            return dispute

    @classmethod
    def must_be_possible(cls, account: EscrowAccount, tranches: Sequence[Tranche], *, by: User) -> None:
        """Refuse (NotParty, Suspended, InBase, AlreadyInCase) a case that `by` may not open on `tranches`."""
        if by.pk not in {account.agreement.client_id, account.agreement.provider_id}:
            raise cls.NotParty
        if not by.is_active:
            raise cls.Suspended
        if not account.agreement.is_r0:
            raise cls.InBase
        cls._must_be_free(tranches)

    @property
    def number(self) -> str:
        """The number people quote: year and rank."""
        return f"{self.year}-{self.rank:03d}"

    @property
    def cents(self) -> int:
        """What is or was frozen: the most that anyone is awarded."""
        return self.freeze.cents

    @property
    def client(self) -> User:
        return self.account.agreement.client

    @property
    def provider(self) -> User:
        return self.account.agreement.provider

    @property
    def parties(self) -> list[User]:
        """The client, then the provider."""
        return [self.client, self.provider]

    @property
    def is_open(self) -> bool:
        """Whether nothing is settled or decided yet."""
        return self.state in OPEN

    @property
    def may_settle(self) -> bool:
        """Whether the same split accepted by both still settles it: until an arbitrator has it, unless it is straight.

        Later, both may only give up their claims (`withdraw`).
        """
        return self.state in MEDIATED and not self.straight

    @property
    def is_heard(self) -> bool:
        """Whether words and evidence are still taken."""
        return self.state in HEARD

    @property
    def is_living(self) -> bool:
        """Whether its money is frozen."""
        return self.state in LIVING

    @property
    def decision(self) -> Decision | None:
        """The decision that was issued."""
        return self.decisions.issued().select_related("paper").first()

    @property
    def draft(self) -> Decision | None:
        """The decision that waits for its approval."""
        return self.decisions.drafted().first()

    @property
    def is_seized(self) -> bool:
        """Whether a court is seized of the decision, which then is not executed."""
        return self.seizures.standing().exists()

    @property
    def is_put_off(self) -> bool:
        """Whether its execution was put off, as happens once, for the SMA to examine the proof of a court."""
        return self.entries.filter(kind=EntryKind.HELD).exists()

    @property
    def step_ends(self) -> datetime | None:
        """Until when its step lasts, whether or not a court has it; None once it has ended."""
        dates = {
            DisputeState.OPENED: self.answer_by,
            DisputeState.MEDIATION: self.mediate_by,
            DisputeState.ARBITRATION: self.decide_by,
            DisputeState.DECIDED: self.execute_at,
        }
        return dates.get(DisputeState(self.state))

    @property
    def evidence_by(self) -> datetime | None:
        """Until when evidence is in time: as long as the mediation lasts, or so many days of the arbitration.

        None as long as neither has begun.
        """
        return self.heard_until or self.arbitrated_at or self.mediate_by

    @property
    def heard_until(self) -> datetime | None:
        """Before when nothing is decided, as both sides were told: they may still send evidence.

        Without a mediation, or after one that its mediator ended before the date they had; None after a whole one.
        """
        if self.arbitrated_at and (self.straight or self.is_cut_short):
            days = settings.SMA_EVIDENCE_DAYS if self.straight else settings.SMA_HAND_OVER_DAYS
            return deadlines.after(self.arbitrated_at, days)
        return None

    @property
    def is_cut_short(self) -> bool:
        """Whether its mediator ended the mediation before its date."""
        return bool(self.arbitrated_at and self.mediate_by and self.arbitrated_at < self.mediate_by)

    def is_late(self, at: datetime) -> bool:
        """Whether evidence sent at `at`, which is now, comes too late for the arbitrator to have to wait for it."""
        last = self.heard_until
        return self.state == DisputeState.ARBITRATION and not (last and at <= last)

    @property
    def due_by(self) -> datetime | None:
        """Until when somebody must act, or when it is executed; None once it has ended, or while a court has it."""
        return None if self.state == DisputeState.DECIDED and self.is_seized else self.step_ends

    def silent(self) -> list[User]:
        """Those of the two sides who have neither opened nor answered it."""
        answered = set(self.entries.filter(kind__in=ANSWERS).values_list("by_id", flat=True)) | {self.opened_by_id}
        return [party for party in self.parties if party.pk not in answered]

    @property
    def is_last_answer(self) -> bool:
        """Whether both sides have spoken since it was opened: the answer just given lets it go on."""
        return self.state == DisputeState.OPENED and not self.silent()

    def is_party(self, user: User) -> bool:
        """Whether `user` is one of the two sides."""
        return user in self.parties

    def is_(self, side: str, user: User) -> bool:
        """Whether `user` is the side so named: client, provider."""
        return bool(getattr(self, side) == user)

    def is_seated(self, user: User) -> bool:
        """Whether `user` sits in it for the SMA."""
        return user.pk in {self.mediator_id, self.arbitrator_id, self.approver_id}

    def side_of(self, user: User) -> str:
        """A for the side that opened it (the client, if the SMA did), B for the other, S for the SMA."""
        if not self.is_party(user):
            return "S"
        first = self.opened_by_id if self.opened_by_id in {p.pk for p in self.parties} else self.client.pk
        return "A" if user.pk == first else "B"

    def join(self, plea: Plea, *, by: User, key: UUID) -> Claim:
        """A side that has not claimed does, in the same case; this answers it. The same `key` gives the first claim.

        Until a decision is written: one case for one tranche, even where the SMA opened it and nobody had claimed.
        Refused: NotParty, NotYours (has claimed), Closed, Drafted, NeedsGrievance, NothingClaimed, TooMuchClaimed,
        Entry.KeyReused.
        """
        with locked(self.project, self):
            if done := self._repeated(EntryKind.JOINED, by, plea.grievance, plea.exhibits, key):
                return done.dispute.claims.get(by=by)
            self._must_be_party(by)
            self.must_be_in(*OPEN)
            if self.draft:
                raise self.Drafted
            if self.claims.filter(by=by).exists():
                raise self.NotYours
            claim = self._claim(plea, by, EntryKind.JOINED, key=key)
            spoken = Spoken(by, plea.grievance, plea.cents)
            self.tell("joined", by=by, claim_cents=plea.cents, text=plea.grievance, last=self.is_last_answer)
            Course(self).proceed_if_answered(timezone.now(), spoken)
            return claim

    def answer(self, text: str, *, by: User, key: UUID, exhibits: Sequence[Exhibit] = ()) -> Entry:
        """The other side answers the grievance: the mediation begins, or the arbitration of one opened again.

        The same `key` again gives the first answer. Refused: NotParty, NotYours (opened it, or has answered),
        Closed, NotInMediation (its date has passed: a message is still read), NeedsText, Entry.KeyReused.
        """
        with locked(self.project, self):
            if done := self._repeated(EntryKind.ANSWERED, by, text, exhibits, key):
                return done
            self._must_be_party(by)
            self.must_be_in(DisputeState.OPENED)
            if by not in self.silent():
                raise self.NotYours
            entry = self._said(EntryKind.ANSWERED, text, exhibits, by, key)
            self.tell("answered", by=by, text=text, last=self.is_last_answer)
            Course(self).proceed_if_answered(timezone.now(), Spoken(by, text))
            return entry

    def say(self, text: str, *, by: User, key: UUID, exhibits: Sequence[Exhibit] = ()) -> Entry:
        """Write to all in the case, as a side or sitting in it, with or without evidence (labelled when late).

        What a side sends after the decision may prove that a court is seized: the whole SMA is asked to examine it.

        The same `key` again gives the first message. Refused: NotParty, NotSeated (any more), Closed, TooMany in an
        hour, HandedOver (to who mediated it), NeedsText, Evidence.TooMuch, Entry.KeyReused.
        """
        kind = EntryKind.SAID if text.strip() else EntryKind.PRODUCED
        with locked(self.project, self):
            if done := self._repeated(kind, by, text, exhibits, key):
                return done
            self._must_be_heard(by)
            entry = self._said(kind, text, exhibits, by, key)
            pieces = [piece.label for piece in entry.evidence.all()]
            proves = bool(pieces) and self.state == DisputeState.DECIDED and self.is_party(by)
            court = self.court_facts() if proves else {}
            objects = self.state == DisputeState.DECIDED and self.is_party(by) and self.seizures.noted().exists()
            self.tell("said", by=by, text=text, pieces=pieces, proves=proves, objects=objects, **court)
            if proves:
                self.ask_to_examine(by=by, text=text, pieces=pieces)
            return entry

    def ask_to_examine(self, *, by: User | None = None, **facts: Any) -> None:
        """Ask the SMA to look at what a side sent since the decision. Called under the locks."""
        self.tell("proof", by=by, **facts, **self.court_facts())

    def court_facts(self) -> dict[str, bool]:
        """What a letter about a piece sent since the decision has to know: what stops the execution, if anything."""
        noted = self.seizures.noted().exists()
        return {"seized": self.is_seized, "noted": noted, "put_off": self.is_put_off}

    def note(self, text: str, *, by: User) -> Note:
        """Write down for the SMA alone. Refused: NotSeated, NeedsText."""
        with locked(self.project, self):
            if not self.is_seated(by):
                raise self.NotSeated
            if not text.strip():
                raise self.NeedsText
            return self.notes.create(by=by, text=text)

    def withdraw(self, reason: str = "", *, by: User) -> None:
        """Give up one's claim; with the last one the case ends, and the tranches are as before it.

        A second call changes nothing. Refused: NotYours (neither claims nor opened it), Closed, NotWithdrawable (opened
        again, or decided in a draft: nobody keeps money frozen by opening case after case).
        """
        with locked(self.project, self):
            mine = self.claims.filter(by=by).first()
            if self.state == DisputeState.WITHDRAWN or (mine and mine.withdrawn_at):
                return
            self.must_be_in(*OPEN)
            others = self.claims.filter(withdrawn_at=None).exclude(by=by).exists()
            if not mine and (others or by.pk != self.opened_by_id):
                raise self.NotYours
            alone = not self.claims.exclude(by=by).exists()
            if alone and (self.straight or self.draft):
                raise self.NotWithdrawable
            if mine:
                mine.mark_withdrawn()
            if others:
                self.write(EntryKind.RENOUNCED, by=by, text=reason)
                self.tell("renounced", by=by, text=reason)
            else:
                Course(self).thaw(DisputeState.WITHDRAWN, by=by, text=reason, at=timezone.now())

    def assign(self, mediator: User, *, by: User | None, reason: str = "", at: datetime | None = None) -> None:
        """Name the mediator, or another one for a `reason`; both sides are told. The same again changes nothing.

        Refused: Closed, NotInMediation, NeedsReason (another one), and what the bench refuses (NotOfTheSma, Tied,
        HasDecided).
        """
        at = at or timezone.now()
        with locked(self.project, self):
            self.must_be_in(*MEDIATED)
            if self.straight:
                raise self.NotInMediation
            self._must_say_why(reason, by, self.mediator, mediator)
            if Bench(self).seat(Role.MEDIATOR, mediator, by=by, at=at):
                Course(self).welcome_mediator(by=by, at=at, reason=reason)

    def ask_approval(self, approver: User, *, by: User | None, reason: str = "", at: datetime | None = None) -> None:
        """Name who approves the decision that is written, or another one for a `reason`, with days of their own.

        The same again changes nothing; the two sides do not know who approves. Refused: Closed, NotInArbitration,
        NotDrafted, NotByWhoDecides (nor who mediated), NotOneself, NeedsReason (another one), and what the bench
        refuses.
        """
        at = at or timezone.now()
        with locked(self.project, self):
            self.must_be_in(DisputeState.ARBITRATION)
            if not self.draft:
                raise self.NotDrafted
            if by and {Role.MEDIATOR, Role.ARBITRATOR} & Bench(self).held_by(by):
                raise self.NotByWhoDecides
            if by == approver:
                raise self.NotOneself
            self._must_say_why(reason, by, self.approver, approver)
            if Bench(self).seat(Role.APPROVER, approver, by=by, at=at):
                Course(self).welcome_approver(by=by, at=at, reason=reason)

    def appoint(self, arbitrator: User, *, by: User | None, reason: str = "", at: datetime | None = None) -> None:
        """Name the arbitrator, or another one for a `reason`, who has the whole time to decide.

        The same again changes nothing. Refused: Closed, NotInArbitration, Drafted (the decision is written),
        NotByTheMediator, NotOneself, NeedsReason (another one), and what the bench refuses.
        """
        at = at or timezone.now()
        with locked(self.project, self):
            self.must_be_in(DisputeState.ARBITRATION)
            if self.draft:
                raise self.Drafted
            if by and Role.MEDIATOR in Bench(self).held_by(by):
                raise self.NotByTheMediator
            if by == arbitrator:
                raise self.NotOneself
            self._must_say_why(reason, by, self.arbitrator, arbitrator)
            if Bench(self).seat(Role.ARBITRATOR, arbitrator, by=by, at=at):
                Course(self).welcome_arbitrator(by=by, at=at, reason=reason)

    def hand_over(self, reason: str, *, by: User) -> None:
        """The mediator ends the mediation before its date: an arbitrator decides, after some days for evidence.

        A second call changes nothing. Refused: NotSeated, Closed, NotInMediation (the other side has not answered yet),
        NeedsGrounds.
        """
        with locked(self.project, self):
            if by.pk != self.mediator_id:
                raise self.NotSeated
            if self.state == DisputeState.ARBITRATION:
                return
            self.must_be_in(DisputeState.MEDIATION)
            if len(reason.strip()) < LEAST_GROUNDS:
                raise self.NeedsGrounds(least=LEAST_GROUNDS)
            Course(self).arbitrate(by=by, text=reason, at=timezone.now())

    def settle(self, proposal: SplitProposal, *, by: User) -> None:
        """Both accept the same proposal: it is executed at once. Called by SplitProposal.accept under the locks."""
        self.state = DisputeState.SETTLED
        self.save(update_fields=["state"])
        self.proposals.lapse()
        self.write(EntryKind.SETTLED, by=by, **proposal.facts())
        Course(self).execute(proposal.shares, by=by, at=timezone.now())

    def mark_seated(self, role: Role, staff: User | None) -> None:
        """`staff` has a seat now, or nobody. Called by the bench under the locks."""
        name = role.lower()
        setattr(self, name, staff)
        self.save(update_fields=[name])

    def write(
        self, kind: EntryKind, *, by: User | None = None, text: str = "", key: UUID | None = None, **facts: Any
    ) -> Entry:
        """Add a step to the timeline. Called by the deeds under the locks."""
        return self.entries.create(dispute=self, kind=kind, by=by, text=text, key=key, facts=facts)

    def tell(self, deed: str, *, by: User | None = None, **facts: Any) -> None:
        """Record what happened, for both sides and those who sit in it."""
        Event.record(f"mediation.{deed}", project=self.project, by=by, **{**self.facts(), **facts})

    def facts(self) -> dict[str, Any]:
        """What every event of the case says; `parties` are the two sides, who read it."""
        return {
            "dispute": self.pk,
            "case": self.key,
            "n": self.number,
            "title": self.project.title,
            "parties": [party.pk for party in self.parties],
            "frozen_cents": self.cents,
            "state": str(self.state),
            "until": self.due_by.isoformat() if self.due_by else None,
        }

    def must_be_in(self, *states: DisputeState) -> None:
        """Refuse (Closed once it is decided or over, else NotInMediation, NotInArbitration) outside of `states`."""
        if self.state in states:
            return
        if self.state not in OPEN:
            raise self.Closed
        raise self.NotInArbitration if DisputeState.ARBITRATION in states else self.NotInMediation

    def same_as(self, tranches: Sequence[Tranche], *, by: User, plea: Plea) -> Dispute:
        """This case, if the repeated request says the same; refused (KeyReused) otherwise."""
        own = {part.tranche_id for part in self.freeze.rows}
        claim = self.claims.filter(by=by, grievance=plea.grievance, cents=plea.cents).exists()
        if own != {tranche.pk for tranche in tranches} or not claim:
            raise self.KeyReused
        return self

    @classmethod
    def _must_be_free(cls, tranches: Sequence[Tranche]) -> None:
        if case := cls.objects.living().about(tranches).first():
            raise cls.AlreadyInCase(case, number=case.number)

    @classmethod
    def _begin(cls, account: EscrowAccount, tranches: Sequence[Tranche], *, by: User | None, key: UUID) -> Dispute:
        """Freeze, number the case and set its first dates."""
        freeze, now = account.freeze(tranches, by=by, key=key), timezone.now()
        year = timezone.localdate(now, PARIS).year
        dispute = cls.objects.create(
            project=account.project,
            account=account,
            freeze=freeze,
            year=year,
            rank=cls.next_rank(year),
            opened_by=by,
            straight=cls.objects.about(tranches).ended_for(by).exists(),
            opened_at=now,
            answer_by=deadlines.after(now, settings.SMA_ANSWER_DAYS),
        )
        Course(dispute).begin(now)
        return dispute

    @classmethod
    def next_rank(cls, year: int) -> int:
        """The rank of the next case of `year`; others that open at this instant wait for this one."""
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [NUMBERING])
        last: int | None = cls.objects.filter(year=year).aggregate(last=Max("rank"))["last"]
        return 1 + (last or 0)

    def _claim(self, plea: Plea, by: User, kind: EntryKind, *, key: UUID | None = None) -> Claim:
        """Keep a side's claim, its words and its evidence."""
        if not plea.grievance.strip():
            raise self.NeedsGrievance
        if plea.cents <= 0:
            raise self.NothingClaimed
        if plea.cents > self.cents:
            raise self.TooMuchClaimed(frozen=euros(self.cents))
        entry = self.write(kind, by=by, text=plea.grievance, key=key, cents=self.cents, claim_cents=plea.cents)
        Evidence.keep(entry, plea.exhibits, late=self.is_late(entry.at))
        return self.claims.create(by=by, grievance=plea.grievance, cents=plea.cents)

    def _said(self, kind: EntryKind, text: str, exhibits: Sequence[Exhibit], by: User, key: UUID) -> Entry:
        """Keep words and what came with them."""
        if not text.strip() and not exhibits:
            raise self.NeedsText
        entry = self.write(kind, by=by, text=text, key=key)
        Evidence.keep(entry, exhibits, late=self.is_late(entry.at))
        return entry

    def _repeated(self, kind: EntryKind, by: User, text: str, exhibits: Sequence[Exhibit], key: UUID) -> Entry | None:
        done = Entry.objects.filter(key=key).first()
        return done and done.same_as(kind=kind, by=by, text=text, hashes=[one.sha256 for one in exhibits])

    def _must_be_heard(self, by: User) -> None:
        """Refuse who is not in the case, a case that is over, too much, and the mediator once an arbitrator has it."""
        if not self.is_seated(by) and Bench(self).held_by(by):
            raise self.NotSeated
        if not self.is_seated(by):
            self._must_be_party(by)
        self.must_be_in(*HEARD)
        since = timezone.now() - HOUR
        if (decision := self.decision) and decision.issued_at:  # what was written before keeps no proof of a court out
            since = max(since, decision.issued_at)
        if self.entries.filter(by=by, kind__in=WORDS, at__gt=since).count() >= MOST_AN_HOUR:
            raise self.TooMany(most=MOST_AN_HOUR)
        if by.pk == self.mediator_id and self.state not in MEDIATED:
            raise self.HandedOver

    def _must_be_party(self, user: User) -> None:
        if not self.is_party(user):
            raise self.NotParty

    def _must_say_why(self, reason: str, by: User | None, now: User | None, then: User) -> None:
        """Who takes a seat from somebody says why to both sides; a date that passed is reason enough."""
        if by and now and now != then and not reason.strip():
            raise self.NeedsReason(name=now.display_name)

    class NotParty(Refusal):
        sentence = _("Only the client and the provider of this project do this. Nothing was recorded.")

    class Suspended(Refusal):
        sentence = _("Your account is suspended: it opens no case. You may still answer in yours.")

    class InBase(Refusal):
        sentence = _(
            "This project is under the base formula: it has no internal account, so there is no money for the SMA to "
            "decide on. Nothing was opened."
        )

    class AlreadyInCase(Refusal):
        sentence = _(
            "Case %(number)s is already open on this tranche: join it with what you claim. Nothing was opened."
        )

        def __init__(self, case: Dispute, /, **facts: Any) -> None:
            self.case = case
            super().__init__(**facts)

    class NeedsGrievance(Refusal):
        sentence = _("Say what you complain of: the other side and the SMA read it. Nothing was opened.")

    class NothingClaimed(Refusal):
        sentence = _("Say how much of the frozen money you claim: more than 0 €. Nothing was opened.")

    class TooMuchClaimed(Refusal):
        sentence = _("The SMA can decide on %(frozen)s only: claim that much or less. Nothing was opened.")

    class KeyReused(Refusal):
        sentence = _("This page has already been used for another case: nothing was opened. Send it again.")

    class TooMany(Refusal):
        sentence = _("You have written %(most)s times within an hour: put the rest into one message, later.")

    class NeedsText(Refusal):
        sentence = _("Write a text or choose a file: there was nothing to send.")

    class NotYours(Refusal):
        sentence = _("This is for the other side to do, or you have already done it. Nothing was recorded.")

    class NotWithdrawable(Refusal):
        sentence = _(
            "A case that was opened again, or whose decision is written, is not taken back by one side alone: it ends "
            "by the decision, unless each of you claims in it and both give up their claims. Nothing was changed."
        )

    class NotByTheMediator(Refusal):
        sentence = _("Who mediated this case does not choose its arbitrator. Nothing was changed.")

    class NotByWhoDecides(Refusal):
        sentence = _("Who mediated or decides this case does not choose who approves it. Nothing was changed.")

    class NotOneself(Refusal):
        sentence = _("Nobody gives themselves this seat: ask a colleague to. Nothing was changed.")

    class NeedsReason(Refusal):
        sentence = _("%(name)s has this seat now: say why another person takes it. Nothing was changed.")

    class NeedsGrounds(Refusal):
        sentence = _(
            "Say in %(least)s characters at least why the mediation ends before its date: both sides read it. Nothing "
            "was changed."
        )

    class NotSeated(Refusal):
        sentence = _("Only the person of the SMA in charge of this case does this. Nothing was recorded.")

    class HandedOver(Refusal):
        sentence = _("An arbitrator has this case now: who mediated it writes no more in it. Nothing was recorded.")

    class Closed(Refusal):
        sentence = _("This case is decided or over: nothing more is recorded in it.")

    class NotInMediation(Refusal):
        sentence = _("The case is not at this step: reload the page to see where it stands. Nothing was recorded.")

    class NotInArbitration(Refusal):
        sentence = _("The case is not before an arbitrator. Nothing was recorded.")

    class NotDrafted(Refusal):
        sentence = _("No decision waits for an approval in this case. Nothing was changed.")

    class Drafted(Refusal):
        sentence = _("A decision is written and waits for its approval. Nothing was changed.")


def page_of(key: str) -> str:
    """The page of a case, for its two sides."""
    return reverse("mediation:case", args=[key])
