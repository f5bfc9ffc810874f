"""Avenants: terms that change after the activation, accepted by both, paid for before they take effect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.payments import doorbell
from marketplace.payments.giving_back import give_back
from marketplace.payments.models import Payment
from marketplace.refusals import Refusal
from marketplace.states import States
from projects import amending

from .agreements import Agreement, AgreementState
from .choices import Formula, ProjectState
from .content import days_after
from .deadlines import Deadline
from .fees import FeeChange
from .offers import must_add_up
from .terms import AgreementTranche, AgreementVersion, Consent, Terms

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class AmendmentState(models.TextChoices):
    PROPOSED = "PROPOSED", _("to accept")
    AGREED = "AGREED", _("accepted by both, to pay")
    IN_FORCE = "IN_FORCE", _("in force")
    DECLINED = "DECLINED", _("declined")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")
    REPLACED = "REPLACED", _("replaced by another")
    LAPSED = "LAPSED", _("lapsed")


# Who owes the money of an avenant may give it up: else terms that can no longer take effect would bar all others.
AMENDMENT_MOVES = (
    ("", "PROPOSED"),
    ("PROPOSED", "AGREED"),
    ("AGREED", "IN_FORCE"),
    *(("PROPOSED", end) for end in ("DECLINED", "WITHDRAWN", "REPLACED", "LAPSED")),
    *(("AGREED", end) for end in ("WITHDRAWN", "LAPSED")),
)
BEGUN = (AmendmentState.PROPOSED, AmendmentState.AGREED)
FEES = ("agreements.fees", "agreements.amendment")  # what paid the fees of an agreement


class AmendmentQuerySet(models.QuerySet["Amendment"]):
    def visible_to(self, user: User) -> AmendmentQuerySet:
        """The avenants of one's own agreements; nobody else's."""
        return self.filter(agreement__in=Agreement.objects.visible_to(user))

    def payable_by(self, user: User) -> AmendmentQuerySet:
        """Those whose extra fees `user` owes: the same party as the agreement's."""
        return self.filter(agreement__in=Agreement.objects.payable_by(user))

    def begun(self) -> AmendmentQuerySet:
        """Those being accepted or paid; an agreement has one at most."""
        return self.filter(state__in=BEGUN)

    def of(self, project_key: str) -> AmendmentQuerySet:
        """Those of a project, with what their deeds lock."""
        return self.select_related("agreement__project", "version__agreement").filter(
            agreement__project__key=project_key
        )

    def told(self) -> AmendmentQuerySet:
        """The latest first, with what a list says of each."""
        return self.select_related("version__author", "agreement").order_by("-number")


class Amendment(models.Model):
    """An avenant (product, section 4.9): a version of the terms of an active agreement, until it is in force or not.

    A tranche keeps its number for ever: the terms of an avenant name those that go on, leave out those that end, and
    give new ones numbers never used. The cents say what the fees change by, fixed when both have accepted.
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="amendments")
    version = models.OneToOneField(AgreementVersion, models.PROTECT, related_name="amendment")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=AmendmentState, default=AmendmentState.PROPOSED, editable=False)
    confirm_by = models.DateTimeField()
    pay_by = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    in_force_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    commission_cents = models.BigIntegerField(default=0)
    r0_cents = models.BigIntegerField(default=0)
    vat_cents = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    end_reason = models.TextField(max_length=1000, blank=True)

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        triggers = [States(field="state", edges=AMENDMENT_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="one_amendment_per_number"),
            models.UniqueConstraint(
                fields=["agreement"],
                condition=Q(state__in=["PROPOSED", "AGREED"]),
                name="one_living_amendment_per_agreement",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["AGREED", "IN_FORCE"]) | (~Q(sha256="") & Q(agreed_at__isnull=False)),
                name="agreed_amendment_is_hashed",
            ),
            models.CheckConstraint(
                condition=Q(state="IN_FORCE", in_force_at__isnull=False) | (~Q(state="IN_FORCE") & Q(in_force_at=None)),
                name="amendment_in_force_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PROPOSED", "AGREED", "IN_FORCE"], ended_at=None)
                | (~Q(state__in=["PROPOSED", "AGREED", "IN_FORCE"]) & Q(ended_at__isnull=False)),
                name="ended_amendment_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="DECLINED") | ~Q(end_reason=""), name="declined_amendment_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement}, {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("projects:amendment", args=[self.agreement.key, self.number])

    @classmethod
    def propose(
        cls, agreement: Agreement, terms: Terms, *, numbers: Sequence[int | None], by: User, instead_of: int
    ) -> Amendment:
        """Propose other terms for an active agreement, which both must accept; an earlier proposal is replaced.

        `numbers` says which tranche of the terms now in force, or last proposed, each of the new ones goes on; None: a
        new one. Only the client chooses the formula; who owes the fees does not change. The same proposal again gives
        the first. Refused: NotActive, Waiting (one is to be paid), Overtaken when `instead_of` is no longer the number
        of the latest, Unknown (forged numbers), NothingChanges, Offer.TranchesDoNotSum, R0NotOffered, and what the
        account refuses.
        """
        with locked(agreement.project, agreement):
            cls._must_be_active(agreement)
            former, current = agreement.amendments.order_by("number").last(), agreement.version
            pairs = in_order(kept(terms, current, by=by), numbers)
            if former and former.state in BEGUN and says(former.version, *pairs):
                return former
            if (former.number if former else 0) != instead_of:
                raise cls.Overtaken
            if former and former.state == AmendmentState.AGREED:
                raise cls.Waiting
            must_add_up(terms.tranches, terms.price_cents)
            if says(current, *pairs):
                raise cls.NothingChanges
            if current.formula != pairs[0].formula:
                Formula.must_be_offered(pairs[0].formula)
            return cls._begin(agreement, pairs[0], numbered(agreement, pairs[1], former), by=by, former=former)

    @property
    def change(self) -> FeeChange:
        """What the fees change by: fixed once both have accepted, until then what it would be now."""
        if self.agreed_at:
            return FeeChange(self.commission_cents, self.r0_cents, self.vat_cents)
        return FeeChange.to(self.version)

    @property
    def is_begun(self) -> bool:
        """Whether it is being accepted or paid."""
        return self.state in BEGUN

    @property
    def former(self) -> AgreementVersion:
        """The terms that it changes, or changed."""
        return self.agreement.versions.standing().filter(number__lt=self.version.number)[0]

    @property
    def payer(self) -> User:
        """Who owes the platform what it adds, and gets back what it takes off."""
        return self.agreement.payer or self.agreement.client

    @property
    def due_by(self) -> datetime | None:
        """Until when somebody must act: accept it, then pay for it; None otherwise."""
        return {AmendmentState.PROPOSED: self.confirm_by, AmendmentState.AGREED: self.pay_by}.get(
            AmendmentState(self.state)
        )

    @property
    def obstacle(self) -> str:
        """Why it can no longer take effect, while it is being accepted or paid: the account has moved since."""
        if not self.is_begun:
            return ""
        try:
            amending.must_fit(self.version)
        except Refusal as refused:
            return str(refused)
        return ""

    def awaited(self) -> list[User]:
        """Who must act: those who have not accepted it, then who owes its fees; nobody once it has ended."""
        if self.state == AmendmentState.AGREED:
            return [self.payer]
        if self.state != AmendmentState.PROPOSED:
            return []
        return [one for one in (self.agreement.client, self.agreement.provider) if not self.version.accepted_by(one)]

    def accept(self, *, by: User, consents: Collection[Consent] = ()) -> None:
        """Accept as one of the two parties; when both have, it is frozen, then paid for, or in force at once.

        A second acceptance changes nothing. Refused: Replaced, NotOpen, Agreement.NeedsConsent, and what the account
        refuses, which may have moved since the proposal.
        """
        with locked(self.agreement.project, self.agreement, self):
            if self.version.accepted_by(by) and self.state in {*BEGUN, AmendmentState.IN_FORCE}:
                return
            self._must_be_open()
            if not self.version.consents_of(by) <= set(consents):
                raise Agreement.NeedsConsent
            self.version.mark_accepted(by=by, as_client=by == self.agreement.client)
            self._record("accepted", by=by)
            if self.version.is_agreed:
                self._freeze(by=by)

    def decline(self, *, by: User, reason: str) -> None:
        """The other party does not want it; its author reads the `reason`, the agreement goes on as it was.

        A second call changes nothing. Refused: NotOpen, NotYours (an author withdraws), Agreement.NeedsReason.
        """
        with locked(self.agreement.project, self.agreement, self):
            if self.state == AmendmentState.DECLINED:
                return
            self._must_be_proposed()
            if by == self.version.author:
                raise self.NotYours
            if not reason.strip():
                raise Agreement.NeedsReason
            self._end(AmendmentState.DECLINED, by=by, reason=reason.strip())
            self._record("declined", by=by, reason=self.end_reason)

    def withdraw(self, *, by: User) -> None:
        """Its author takes a proposal back; who owes its money gives up one that both accepted, before it is paid.

        A second call changes nothing; a payment on its way goes back by itself. Refused: NotOpen, NotYours.
        """
        with locked(self.agreement.project, self.agreement, self):
            if self.state == AmendmentState.WITHDRAWN:
                return
            if self.state not in BEGUN:
                raise self.NotOpen
            if by != (self.version.author if self.state == AmendmentState.PROPOSED else self.payer):
                raise self.NotYours
            self._end(AmendmentState.WITHDRAWN, by=by)
            self._record("withdrawn", by=by)

    def lapse(self, *, at: datetime) -> None:
        """A date has passed at `at`: to accept it, or to pay for it. The agreement goes on as it was.

        A payment on its way goes back by itself. Refused (NotDue) unless it is so.
        """
        with locked(self.agreement.project, self.agreement, self):
            if not self.due_by or at <= self.due_by:
                raise self.NotDue
            was = str(self.state)
            self._end(AmendmentState.LAPSED, at=at)
            self._record("lapsed", was=was)

    def remind(self, *, at: datetime) -> None:
        """Tell who must act that the date is near. Refused (NotDue) when nothing is waited for at `at`."""
        with locked(self.agreement.project, self.agreement, self):
            if not self.due_by or at > self.due_by:
                raise self.NotDue
            self._remind_before(self.due_by, at)
            self._record("reminded", state=str(self.state), until=self.due_by.isoformat())

    def bar(self, *, cause: str = "") -> None:
        """End it if both have accepted it and it can no longer take effect; both are told. Otherwise nothing changes.

        `cause` is the verb of what has moved. A payment on its way goes back by itself.
        """
        with locked(self.agreement.project, self.agreement, self):
            if self.state == AmendmentState.AGREED and self.obstacle:
                self._end(AmendmentState.LAPSED)
                self._record("barred", cause=cause)

    def end_with_project(self) -> None:
        """The project is over: its terms no longer change. Called under the project's lock; tells nobody."""
        self._end(AmendmentState.LAPSED)

    def pay(self, *, by: User, key: UUID) -> Payment:
        """Start the payment of what it adds to the fees; the same `key` gives the same payment.

        Another key (a second tab) gives the payment that is still to be made. Refused: NotPayable, and what the
        account refuses, which may have moved since both accepted.
        """
        with locked(self.agreement.project, self.agreement, self):
            if self.state != AmendmentState.AGREED:
                raise self.NotPayable
            amending.must_fit(self.version)
            cents = self.change.cents
            vat = min(max(self.vat_cents, 0), cents)
            about = {"payer": by, "purpose": "agreements.amendment", "reference": str(self.pk), "cents": cents}
            title = {"n": self.number, "title": self.agreement.project.title}
            return Payment.objects.payable().filter(**about).first() or Payment.start(
                key=key,
                payer=by,
                purpose="agreements.amendment",
                reference=str(self.pk),
                cents=cents,
                ht_cents=cents - vat,
                vat_cents=vat,
                description=str(_("Amendment %(n)s: %(title)s") % title)[:200],
                project=self.agreement.project.key,
            )

    def awaits(self, payment: Payment) -> bool:
        """Whether this money would bring it into force: it is due, this much, and the account can follow."""
        try:
            amending.must_fit(self.version)
        except Refusal:
            return False
        return self.state == AmendmentState.AGREED and payment.cents == self.change.cents

    def enter(self, payment: Payment) -> list[ledger.Move] | None:
        """What it adds to the fees is paid: it takes effect. The moves of the fees, or None for money without a place.

        It then ends, if nothing can bring it into force any more. Called by the payment's settlement, under the locks
        of project, agreement, amendment and payment.
        """
        if not self.awaits(payment):
            self.bar()
            return None
        moves = self.change.moves([("stripe", -payment.cents)])
        self._take_effect(by=payment.payer)
        return moves

    @classmethod
    def _begin(
        cls, agreement: Agreement, terms: Terms, numbers: Sequence[int], *, by: User, former: Amendment | None
    ) -> Amendment:
        """Write the version and what surrounds it; a proposal that is still discussed gives way."""
        if former and former.state == AmendmentState.PROPOSED:
            former._end(AmendmentState.REPLACED, by=by)
        now = timezone.now()
        made = cls.objects.create(
            agreement=agreement,
            version=agreement.write(terms, by=by, numbers=numbers),
            number=former.number + 1 if former else 1,
            confirm_by=days_after(now, settings.AGREEMENT_DAYS),
        )
        amending.must_fit(made.version)
        made._await_by(made.confirm_by, now)
        made._record("proposed", by=by)
        return made

    @classmethod
    def _must_be_active(cls, agreement: Agreement) -> None:
        if agreement.state != AgreementState.ACTIVE or agreement.project.state != ProjectState.ACTIVE:
            raise cls.NotActive

    def _must_be_proposed(self) -> None:
        if self.state == AmendmentState.REPLACED:
            raise self.Replaced
        if self.state != AmendmentState.PROPOSED:
            raise self.NotOpen

    def _must_be_open(self) -> None:
        self._must_be_proposed()
        if timezone.now() > self.confirm_by:
            raise self.NotOpen

    def _freeze(self, *, by: User) -> None:
        """Both accepted: the terms are hashed, the fees fixed; with nothing to pay, it takes effect at once."""
        amending.must_fit(self.version)
        change = FeeChange.to(self.version)
        self.commission_cents, self.r0_cents, self.vat_cents = change
        self.state, self.agreed_at, self.sha256 = AmendmentState.AGREED, timezone.now(), self.version.digest()
        if change.cents > 0:
            self.pay_by = days_after(self.agreed_at, settings.INTRODUCTION_DAYS)
            self._await_by(self.pay_by, self.agreed_at)
        self.save(
            update_fields=[
                "state",
                "agreed_at",
                "sha256",
                "pay_by",
                *(f"{n}_cents" for n in ("commission", "r0", "vat")),
            ]
        )
        if self.pay_by:
            self._record("agreed", pay_by=self.pay_by.isoformat(), fees_cents=change.cents)
        else:
            self._take_effect(by=by)
            self._give_back(change, by=by)

    def _take_effect(self, *, by: User) -> None:
        """Its terms are those in force; the account follows by its reaction, in this transaction."""
        self.state, self.in_force_at = AmendmentState.IN_FORCE, timezone.now()
        self.save(update_fields=["state", "in_force_at"])
        Deadline.objects.cancel(self)
        agreement = self.agreement
        agreement.mark_amended(self.sha256)
        facts = {
            "formula": self.version.formula,
            "fees_cents": self.change.cents,
            "price_cents": self.version.price_cents,
        }
        self._record("in_force", by=by, **facts)

    def _give_back(self, change: FeeChange, *, by: User) -> None:
        """Post fees that fall: out of revenue and VAT, back to the cards that paid them, the latest first."""
        paid = Payment.objects.filter(purpose__in=FEES, project_key=self.agreement.project.key)
        moves = change.moves(give_back(-change.cents, paid))
        if moves:
            key = f"amendment:{self.pk}:fees"
            ledger.post(key, "agreement.amended", moves, by=by, project=self.agreement.project)

    def _await_by(self, end: datetime, now: datetime) -> None:
        """It lapses at `end` unless somebody acts before, and they are reminded."""
        Deadline.objects.set("amendment.lapse", self, end, project=self.agreement.project)
        self._remind_before(end, now)

    def _remind_before(self, end: datetime, now: datetime) -> None:
        accepting = self.state == AmendmentState.PROPOSED
        days = settings.AGREEMENT_REMINDER_DAYS if accepting else settings.INTRODUCTION_REMINDER_DAYS
        Deadline.objects.cancel(self, "amendment.remind")
        Deadline.objects.remind("amendment.remind", self, end, days, project=self.agreement.project, now=now)

    def _end(
        self, state: AmendmentState, *, by: User | None = None, reason: str = "", at: datetime | None = None
    ) -> None:
        """Nothing is waited for any more; payments that wait are called off, one on its way goes back by itself."""
        self.state, self.ended_at, self.ended_by, self.end_reason = state, at or timezone.now(), by, reason
        self.save(update_fields=["state", "ended_at", "ended_by", "end_reason"])
        Deadline.objects.cancel(self)
        doorbell.ring("marketplace.payments.tasks.call_off_unwanted", self.agreement.project.key)

    def _record(self, deed: str, *, by: User | None = None, **facts: Any) -> None:
        verb = "agreement.amended" if deed == "in_force" else f"amendment.{deed}"
        project = self.agreement.project
        about = {"agreement": self.agreement_id, "amendment": self.pk, "number": self.number, "title": project.title}
        Event.record(verb, project=project, by=by, **about, **facts)

    class NotActive(Refusal):
        sentence = _("Terms change by an amendment only while the project is under way. Nothing was recorded.")

    class Waiting(Refusal):
        sentence = _("You have both accepted an amendment that waits for its payment: it comes first.")

    class Overtaken(Refusal):
        sentence = _(
            "Another amendment was proposed, accepted or ended meanwhile: read it first. Nothing was recorded."
        )

    class Unknown(Refusal):
        sentence = _("One of these tranches is not in the agreement. Reload the page and type your changes anew.")

    class NothingChanges(Refusal):
        sentence = _("These are the terms already in force: change something. Nothing was recorded.")

    class Replaced(Refusal):
        sentence = _("Another amendment was proposed instead of this one: read that one. Nothing was recorded.")

    class NotOpen(Refusal):
        sentence = _("This amendment is no longer waiting for an answer. Nothing was recorded.")

    class NotYours(Refusal):
        sentence = _("This is for the other party to do. Nothing was recorded.")

    class NotDue(Refusal):
        sentence = _("This amendment has not come to that date.")

    class NotPayable(Refusal):
        sentence = _("There is nothing to pay on this amendment now. Nothing was charged.")


def kept(terms: Terms, current: AgreementVersion, *, by: User) -> Terms:
    """`terms` with what `by` may not change: who owes the fees, a provider's formula, silence in base."""
    formula = terms.formula if by == current.agreement.client else current.formula
    silence = terms.release_on_silence and formula == Formula.R0
    fees_by, fees_reason = current.fees_by, current.fees_reason
    return replace(terms, formula=formula, release_on_silence=silence, fees_by=fees_by, fees_reason=fees_reason)


def in_order(terms: Terms, numbers: Sequence[int | None]) -> tuple[Terms, list[int | None]]:
    """`terms` with their tranches in the order of their numbers, those without one last; and these numbers.

    Refused (Amendment.Unknown) when there are not as many numbers as tranches.
    """
    if len(numbers) != len(terms.tranches):
        raise Amendment.Unknown
    pairs = sorted(zip(numbers, terms.tranches, strict=True), key=lambda pair: (pair[0] is None, pair[0]))
    return replace(terms, tranches=[part for _number, part in pairs]), [number for number, _part in pairs]


def says(version: AgreementVersion, terms: Terms, numbers: Sequence[int | None]) -> bool:
    """Whether `version` already says `terms`, on the same tranches; one without a number may be any."""
    own = [tranche.position for tranche in version.tranches.all()]
    return version.says(terms) and all(n in {None, m} for n, m in zip(numbers, own, strict=True))


def numbered(agreement: Agreement, numbers: Sequence[int | None], former: Amendment | None) -> list[int]:
    """`numbers` with one never used for each new tranche.

    Refused (Amendment.Unknown): a number twice, or one of no tranche in force or last proposed.
    """
    every = AgreementTranche.objects.filter(version__agreement=agreement)
    versions = [agreement.version, *([former.version] if former and former.is_begun else [])]
    known = set(every.filter(version__in=versions).values_list("position", flat=True))
    asked = [number for number in numbers if number is not None]
    if len(set(asked)) != len(asked) or not set(asked) <= known:
        raise Amendment.Unknown
    new = count(1 + every.aggregate(last=Max("position"))["last"])
    return [next(new) if number is None else number for number in numbers]
