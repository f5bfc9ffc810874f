"""Hints: no reply to an offer or a question for some time, so the direct contact credit is next (section 4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, Spending, SpendingQuerySet
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.states import States

from .choices import ProjectState
from .deadlines import Deadline
from .offers import Offer, OfferState, Question
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User

TELLING = "hint.tell"  # the date of a hint


class HintState(models.TextChoices):
    WAITING = "WAITING", _("the delay runs")
    TOLD = "TOLD", _("the provider was told")
    DROPPED = "DROPPED", _("without object")


HINT_MOVES = (("", "WAITING"), ("WAITING", "TOLD"), ("WAITING", "DROPPED"), ("DROPPED", "WAITING"))


class HintQuerySet(models.QuerySet["Hint"]):
    def standing_for(self, provider: User, project: Project) -> HintQuerySet:
        """What `provider` was told on `project` and is still true: no reply, no contact credit spent since."""
        unread = Q(offer__state=OfferState.PLACED, offer__read_at=None)
        unanswered = Q(question__isnull=False, question__answer=None)
        rows = self.filter(unread | unanswered, project=project, provider=provider, state=HintState.TOLD)
        return rows.exclude(Exists(contact_spendings(provider, project))).order_by("since", "pk")


def contact_spendings(provider: User, project: Project) -> SpendingQuerySet:
    """The contact credits that `provider` ever spent on `project`."""
    return Spending.objects.on(project.key).filter(provider=provider, kind=Kind.CONTACT)


class Hint(models.Model):
    """The delay after which a provider without a reply is told, once for each offer or question, of the next step.

    A reply is the client opening the offer or answering the question. The delay is CONTACT_HINT_HOURS from the
    placing or asking, CONTACT_HINT_URGENT_HOURS when the project was urgent at that time, in hours really elapsed; its
    deadline holds the end. Only then is it judged: the client who opens an offer locks no row.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="hints")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="hints")
    offer = models.OneToOneField(Offer, models.PROTECT, related_name="hint", null=True)
    question = models.OneToOneField(Question, models.PROTECT, related_name="hint", null=True)
    state = models.CharField(max_length=8, choices=HintState, default=HintState.WAITING)
    since = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = HintQuerySet.as_manager()

    class Meta:
        triggers = [States(field="state", edges=HINT_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(offer=None, question__isnull=False) | Q(offer__isnull=False, question=None),
                name="hint_on_an_offer_or_a_question",
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", closed_at=None) | (~Q(state="WAITING") & Q(closed_at__isnull=False)),
                name="closed_hint_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "project"], condition=Q(state="TOLD"), name="hint_told"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.provider}"

    @property
    def subject(self) -> Offer | Question | None:
        """What has had no reply."""
        return self.offer or self.question

    @classmethod
    def after_offer(cls, offer: Offer) -> None:
        """Start the delay of an offer just placed. Placed again, it starts anew unless its provider was told before."""
        known = cls.objects.filter(offer=offer).first()
        hint = known or cls(offer=offer, project=offer.project, provider=offer.provider)
        if hint.state != HintState.TOLD:
            hint._start(offer.placed_at)

    @classmethod
    def after_question(cls, question: Question) -> None:
        """Start the delay of a question just asked."""
        cls(question=question, project=question.project, provider=question.provider)._start(question.asked_at)

    def tell(self, now: datetime) -> bool:
        """Its time is up: tell the provider, once, or drop the hint that has lost its object; whether they were told.

        Lost: the client replied, the offer was withdrawn, the project is no longer available at `now`, or a contact
        credit was spent there (also one that came back).
        """
        with locked(self.project, self.offer, self.question, self):
            if self.state != HintState.WAITING:
                return False
            told = self.is_unanswered and self.is_open_at(now) and not self.has_called
            self.state, self.closed_at = HintState.TOLD if told else HintState.DROPPED, now
            self.save(update_fields=["state", "closed_at"])
            Event.record(f"hint.{self.state.lower()}", project=self.project, hint=self.pk)
            return told

    @property
    def is_unanswered(self) -> bool:
        """Whether the client has neither opened the offer nor answered the question."""
        if self.offer:
            return self.offer.is_placed and self.offer.read_at is None
        return self.question is not None and not hasattr(self.question, "answer")

    def is_open_at(self, now: datetime) -> bool:
        """Whether this provider may spend a contact credit at `now`, for details that nobody found false."""
        taken = Project.objects.filter(pk=self.project_id, state=ProjectState.OPEN, closes_at__gt=now).exists()
        return taken and self.provider.is_active and not self.project.has_false_details

    @property
    def has_called(self) -> bool:
        """Whether a contact credit was ever spent there."""
        return contact_spendings(self.provider, self.project).exists()

    def _start(self, since: datetime) -> None:
        hours = settings.CONTACT_HINT_URGENT_HOURS if self.project.urgent else settings.CONTACT_HINT_HOURS
        self.state, self.since, self.closed_at = HintState.WAITING, since, None
        self.save(update_fields=None if self._state.adding else ["state", "since", "closed_at"])
        Deadline.objects.set(TELLING, self, since + timedelta(hours=hours), project=self.project)
