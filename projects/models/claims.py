"""Claims that a client's details are false: checked by our staff, they give the contact credit back (section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
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
        """Details found false that their client has neither corrected nor confirmed since."""
        return self.filter(state=ClaimState.CONFIRMED, corrected_at=None)


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
        ]
        indexes = [
            models.Index(fields=["filed_at", "id"], condition=Q(state="OPEN"), name="details_claim_to_be_checked"),
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
        """Until when our staff answers the provider."""
        return deadlines.after(self.filed_at, settings.DETAILS_ANSWER_DAYS)

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
            self._decide(ClaimState.CONFIRMED)
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
        """The client says that their details are right now; how many findings that settles. A second call: none."""
        with locked(by):
            settled = cls.objects.filter(client=by).uncorrected().update(corrected_at=timezone.now())
            if settled:
                Event.record("details.corrected", by=by, number=settled)
            return settled

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

    class AlreadyDecided(Refusal):
        sentence = _("This claim has been decided already.")

    class NeedsWords(Refusal):
        sentence = _("Write the answer: the provider reads it, word for word.")
