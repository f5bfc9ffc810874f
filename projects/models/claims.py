"""Claims that a client's details are false: checked by our staff, they give the contact credit back (section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, ReturnReason, Spending
from marketplace import deadlines
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import paris

from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class Detail(models.TextChoices):
    """What of a client's details may be false."""

    NAME = "NAME", _("name or company")
    EMAIL = "EMAIL", _("e-mail")
    PHONE = "PHONE", _("phone")


class ClaimState(models.TextChoices):
    OPEN = "OPEN", _("to be checked")
    CONFIRMED = "CONFIRMED", _("the details are false")
    REFUSED = "REFUSED", _("the details are right")


CLAIM_MOVES = (("", "OPEN"), ("OPEN", "CONFIRMED"), ("OPEN", "REFUSED"))


class DetailsClaimQuerySet(models.QuerySet["DetailsClaim"]):
    def open(self) -> DetailsClaimQuerySet:
        """Claims that our staff has to check."""
        return self.filter(state=ClaimState.OPEN)

    def uncorrected(self) -> DetailsClaimQuerySet:
        """Details found false that their client has not corrected since, nor has been believed about."""
        return self.filter(state=ClaimState.CONFIRMED, corrected_at=None)

    def contested(self) -> DetailsClaimQuerySet:
        """Of these, those whose client says in writing that they are right: our staff has to check again."""
        return self.uncorrected().filter(stated_at__isnull=False)

    def to_decide(self) -> DetailsClaimQuerySet:
        """What waits for our staff: claims, and the statements of clients."""
        return self.filter(Q(state=ClaimState.OPEN) | Q(pk__in=self.contested().values("pk")))


def prints_of(client: User) -> dict[str, str]:
    """A digest of each of a client's details as they are now: it tells later whether one has changed."""
    company = client.company.name if client.has_company else ""
    held = {Detail.NAME: f"{client.name}\n{company}", Detail.EMAIL: client.email, Detail.PHONE: client.phone}
    return {detail.value: sha256(text.encode()).hexdigest()[:16] for detail, text in held.items()}


def claim_until(spending: Spending) -> datetime:
    """Until when the details that a contact credit opened may be called false."""
    return spending.at + timedelta(days=settings.DETAILS_CLAIM_DAYS)


class DetailsClaim(models.Model):
    """A provider says that the details opened by a contact credit are false; our staff checks them.

    Confirmed, the credit comes back once, and with it goes what it had opened: access follows living spendings
    (Project.objects.contact_open_to). Spending another one later, on corrected details, is the provider's choice.
    """

    spending = models.ForeignKey(Spending, models.PROTECT, related_name="details_claims", verbose_name=_("spending"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="details_claims", verbose_name=_("project"))
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="details_claims", verbose_name=_("client")
    )
    wrong = ArrayField(models.CharField(max_length=5, choices=Detail), verbose_name=_("what is wrong"), size=3)
    text = models.TextField(_("what happened"), max_length=2000)
    key = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=ClaimState, default=ClaimState.OPEN, editable=False)
    filed_at = models.DateTimeField(_("reported at"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    words = models.TextField(_("our answer"), max_length=1000, blank=True)
    found = models.JSONField(default=dict, editable=False)  # digests of the details that were found false
    statement = models.TextField(_("what the client states"), max_length=1000, blank=True)
    stated_at = models.DateTimeField(_("stated at"), null=True)
    corrected_at = models.DateTimeField(_("corrected or confirmed at"), null=True)

    objects = DetailsClaimQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("claim of false details"), _("claims of false details")
        triggers = [States(field="state", edges=CLAIM_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["spending"], condition=Q(state="OPEN"), name="one_open_details_claim_per_spending"
            ),
            models.UniqueConstraint(
                fields=["spending"], condition=Q(state="CONFIRMED"), name="one_confirmed_details_claim_per_spending"
            ),
            models.CheckConstraint(
                condition=Q(wrong__len__gt=0, wrong__contained_by=Detail.values),
                name="details_claim_says_what_is_wrong",
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", decided_at=None) | (~Q(state="OPEN") & Q(decided_at__isnull=False)),
                name="decided_details_claim_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="REFUSED") | ~Q(words=""), name="refused_details_claim_has_an_answer"
            ),
            models.CheckConstraint(
                condition=Q(corrected_at=None) | Q(state="CONFIRMED"), name="only_false_details_are_corrected"
            ),
            models.CheckConstraint(
                condition=Q(stated_at=None) | (Q(state="CONFIRMED") & ~Q(statement="")),
                name="only_false_details_are_contested",
            ),
        ]
        indexes = [
            models.Index(fields=["filed_at", "id"], condition=Q(state="OPEN"), name="details_claim_to_be_checked"),
            models.Index(
                fields=["stated_at", "id"],
                condition=Q(stated_at__isnull=False, corrected_at=None),
                name="details_statement_to_be_read",
            ),
            models.Index(
                fields=["client"], condition=Q(state="CONFIRMED", corrected_at=None), name="details_to_be_corrected"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} ({self.wrong_words})"

    @property
    def wrong_words(self) -> str:
        """What is called false, in words."""
        return ", ".join(str(Detail(value).label) for value in self.wrong)

    @property
    def answer_by(self) -> datetime:
        """Until when our staff answers: the provider, or the client who contests what was found."""
        return deadlines.after(self.stated_at or self.filed_at, settings.DETAILS_ANSWER_DAYS)

    @property
    def is_contested(self) -> bool:
        """Whether a statement of the client waits for our staff."""
        return self.stated_at is not None and self.corrected_at is None

    @property
    def is_corrected(self) -> bool:
        """Whether something of what was found false is no longer as it was then."""
        now = prints_of(self.client)
        return any(now[detail] != digest for detail, digest in self.found.items())

    @classmethod
    def file(
        cls, project: Project, spending: Spending, *, wrong: Sequence[Detail], text: str, key: UUID
    ) -> DetailsClaim:
        """Claim that the details of the client of `project`, opened by `spending`, are false.

        The same `key` again gives the same claim. Refused: NotTheSpending, CreditIsBack, AlreadyFiled while another
        claim waits, TooLate.
        """
        with locked(project, spending):
            if done := cls.objects.filter(spending=spending, key=key).first():
                return done
            if spending.kind != Kind.CONTACT or spending.project_key != project.key:
                raise cls.NotTheSpending
            if spending.returned_at:
                raise cls.CreditIsBack
            if earlier := spending.details_claims.filter(state=ClaimState.OPEN).first():
                raise cls.AlreadyFiled(before=paris(earlier.answer_by))
            if timezone.now() > claim_until(spending):
                raise cls.TooLate(until=paris(claim_until(spending)))
            facts = {"project": project, "spending": spending, "client": project.client}
            claim = cls.objects.create(**facts, wrong=sorted(set(wrong)), text=text, key=key)
            Event.record("details.claimed", project=project, by=spending.provider, claim=claim.pk)
            return claim

    def confirm(self, *, by: User) -> None:
        """The details are false: the contact credit comes back, once; the client is told to correct them.

        Refused: AlreadyDecided.
        """
        with locked(self.project, self, self.spending):
            self.must_be_open()
            now = prints_of(self.client)
            self.found = {detail: now[detail] for detail in self.wrong}
            self._decide(ClaimState.CONFIRMED, "found")
            back = self.spending.returned_at is not None
            Event.record("details.false", project=self.project, by=by, claim=self.pk, already_back=back)
            self.spending.give_back(ReturnReason.FALSE_DETAILS, title=self.project.title)

    def refuse(self, *, by: User, words: str) -> None:
        """The details are right: the credit stays spent, and the provider reads `words`.

        Refused: AlreadyDecided, NeedsWords.
        """
        with locked(self.project, self):
            self.must_be_open()
            if not words.strip():
                raise self.NeedsWords
            self.words = words.strip()
            self._decide(ClaimState.REFUSED, "words")
            Event.record("details.right", project=self.project, by=by, claim=self.pk)

    @classmethod
    def settle(cls, *, by: User) -> int:
        """The client has corrected what was found false; how many findings that settles. A second call: none.

        Refused: NothingCorrected while every detail that was found false is as it was found.
        """
        with locked(by):
            found = list(cls.objects.filter(client=by).uncorrected().select_related("client__company"))
            settled = [claim.pk for claim in found if claim.is_corrected]
            if found and not settled:
                raise cls.NothingCorrected
            if settled:
                cls.objects.filter(pk__in=settled).update(corrected_at=timezone.now())
                Event.record("details.corrected", by=by, number=len(settled))
            return len(settled)

    @classmethod
    def contest(cls, *, by: User, statement: str) -> None:
        """The client states in writing that the details found false are right; our staff checks again.

        Until it answers nothing changes: nobody spends on details in doubt. A second statement while the first waits
        changes nothing. Refused: NeedsStatement.
        """
        with locked(by):
            if not statement.strip():
                raise cls.NeedsStatement
            now, rows = timezone.now(), cls.objects.filter(client=by).uncorrected().filter(stated_at=None)
            claims = list(rows.values_list("pk", flat=True).order_by("pk"))
            if claims:
                cls.objects.filter(pk__in=claims).update(statement=statement.strip(), stated_at=now)
                Event.record("details.contested", by=by, claim=claims[0])

    def believe(self, *, by: User) -> None:
        """The details are right after all: every finding that the client contests is settled, and they are told.

        What came back stays with the provider. Refused: NotContested.
        """
        with locked(self.client):
            self._must_be_contested()
            type(self).objects.filter(client=self.client).contested().update(corrected_at=timezone.now())
            Event.record("details.believed", by=by, claim=self.pk)
            self.refresh_from_db()

    def insist(self, *, by: User, words: str) -> None:
        """The details are false all the same: the client reads `words`, and must correct them.

        Refused: NotContested, NeedsWords.
        """
        with locked(self.client):
            self._must_be_contested()
            if not words.strip():
                raise self.NeedsWords
            type(self).objects.filter(client=self.client).contested().update(stated_at=None, words=words.strip())
            Event.record("details.insisted", by=by, claim=self.pk, words=words.strip())
            self.refresh_from_db()

    def _must_be_contested(self) -> None:
        """Refuse to answer a statement that is not there, or was answered. Called under the client's lock."""
        self.refresh_from_db(fields=["stated_at", "corrected_at"])
        if not self.is_contested:
            raise self.NotContested

    def must_be_open(self) -> None:
        """Refuse to decide twice."""
        if self.state != ClaimState.OPEN:
            raise self.AlreadyDecided

    def _decide(self, state: ClaimState, *fields: str) -> None:
        self.state, self.decided_at = state, timezone.now()
        self.save(update_fields=["state", "decided_at", *fields])

    class NotTheSpending(Refusal):
        sentence = _("No contact credit of yours was spent on this project.")

    class CreditIsBack(Refusal):
        sentence = _("This contact credit has come back to your wallet already.")

    class AlreadyFiled(Refusal):
        sentence = _("You have told us already. We check the details and answer you before %(before)s.")

    class TooLate(Refusal):
        sentence = _("Details could be called false until %(until)s. That date has passed.")

    class NothingCorrected(Refusal):
        sentence = _("Nothing of what was found false has changed. Correct it first, or write to us why it is right.")

    class NeedsStatement(Refusal):
        sentence = _("Write why these details are right: our staff reads it and checks again.")

    class NotContested(Refusal):
        sentence = _("No statement of the client waits for an answer.")

    class AlreadyDecided(Refusal):
        sentence = _("This claim has been decided already.")

    class NeedsWords(Refusal):
        sentence = _("Write the answer: the provider reads it, word for word.")
