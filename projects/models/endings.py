"""The base formula after the introduction: its end on either side's word or by itself, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

from .agreements import Agreement, AgreementState
from .choices import ProjectState
from .content import days_after
from .deadlines import Deadline, falling
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User

COMPLETION = "completion"
SURVEYS = {1: "survey.1", 2: "survey.2"}


def base_agreement(project: Project) -> Agreement | None:
    """The active agreement of `project` under the base formula; None under R0 or before the introduction."""
    agreement = Agreement.objects.filter(project=project, state=AgreementState.ACTIVE).first()
    return None if agreement is None or agreement.is_r0 else agreement


class Completion:
    """The end of a base project, which the platform learns from either side (product, section 4.8)."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def is_open(self) -> bool:
        """Whether either side may say now that the work is over."""
        return self.project.state == ProjectState.ACTIVE and base_agreement(self.project) is not None

    @property
    def by_itself_at(self) -> datetime | None:
        """When it completes by itself."""
        waiting = Deadline.objects.about(self.project, COMPLETION).waiting().first()
        return waiting.due_at if waiting else None

    def carry_out(self, *, by: User) -> None:
        """Complete the project on the word of `by`; the other party is told. A second call changes nothing.

        Refused: NotParty, NotBase (an R0 project completes by its account), Project.NotActive.
        """
        with locked(self.project):
            if by.pk not in {self.project.client_id, self.project.winner_id}:
                raise self.NotParty
            self._complete(by)

    def by_itself(self) -> None:
        """Nobody has said anything: the project completes. Refused: NotBase, Project.NotActive."""
        with locked(self.project):
            self._complete(None)

    def _complete(self, by: User | None) -> None:
        if base_agreement(self.project) is None:
            raise self.NotBase
        self.project.complete(by=by)

    class NotParty(Refusal):
        sentence = _("Only the client and the provider of this project say that it is over.")

    class NotBase(Refusal):
        sentence = _("This project does not end on a word: its internal account says when everything is settled.")


class Outcome(models.TextChoices):
    """What became of the work, or of its payment."""

    YES = "YES", _("yes")
    PART = "PART", _("in part")
    NOT_YET = "NOT_YET", _("not yet")
    NO = "NO", _("no")


class Again(models.TextChoices):
    """Whether one would come back."""

    YES = "YES", _("yes")
    PERHAPS = "PERHAPS", _("perhaps")
    NO = "NO", _("no")


@dataclass(frozen=True)
class Tidings:
    """What a party tells of a base project."""

    delivered: Outcome
    paid: Outcome
    again: Again
    text: str = ""


class SurveyQuerySet(models.QuerySet["Survey"]):
    def addressed_to(self, person: User) -> SurveyQuerySet:
        """The surveys of one person; nobody else but moderation reads their answers."""
        return self.filter(person=person)

    def unanswered(self) -> SurveyQuerySet:
        """Those that still wait for an answer."""
        return self.filter(answered_at=None)

    def ask(self, project: Project, rank: int) -> None:
        """Ask both parties what became of it, the first or the second time. Refused: Completion.NotBase.

        Called under the project's lock. A second call changes nothing.
        """
        agreement = base_agreement(project)
        if agreement is None:
            raise Completion.NotBase
        parties = ((agreement.client, True), (agreement.provider, False))
        rows = [Survey(project=project, person=who, as_client=as_client, rank=rank) for who, as_client in parties]
        if not self.filter(project=project, rank=rank).exists():
            self.bulk_create(rows)
            Event.record("survey.asked", project=project, rank=rank, title=project.title)


class Survey(models.Model):
    """One party of a base project is asked what became of it, 30 and 90 days on; answered once, for our staff alone."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="surveys", verbose_name=_("project"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="surveys", verbose_name=_("who was asked")
    )
    as_client = models.BooleanField(_("as the client"))
    rank = models.PositiveSmallIntegerField(_("which of the two"))
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    delivered = models.CharField(_("work delivered as agreed"), max_length=7, choices=Outcome, blank=True)
    paid = models.CharField(_("paid as agreed"), max_length=7, choices=Outcome, blank=True)
    again = models.CharField(_("would use the site again"), max_length=7, choices=Again, blank=True)
    text = models.TextField(_("in their words"), max_length=2000, blank=True)

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("survey of a base project"), _("surveys of base projects")
        constraints = [
            models.UniqueConstraint(fields=["project", "person", "rank"], name="one_survey_per_party_and_rank"),
            models.CheckConstraint(condition=Q(rank__in=[1, 2]), name="survey_is_first_or_second"),
            models.CheckConstraint(
                condition=Q(answered_at=None, delivered="", paid="", again="", text="")
                | (Q(answered_at__isnull=False) & ~Q(delivered="") & ~Q(paid="") & ~Q(again="")),
                name="answered_survey_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], condition=Q(answered_at=None), name="survey_to_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.project}, {self.person} ({self.rank})"

    def answer(self, tidings: Tidings) -> None:
        """Keep what its person tells, once and for all. The same again changes nothing. Refused: Answered."""
        with locked(self.project, self):
            if all(getattr(self, name) == value for name, value in vars(tidings).items()):
                return
            if self.answered_at:
                raise self.Answered
            for name, value in vars(tidings).items():
                setattr(self, name, value)
            self.answered_at = timezone.now()
            self.save(update_fields=[*vars(tidings), "answered_at"])
            Event.record("survey.answered", project=self.project, by=self.person, survey=self.pk)

    class Answered(Refusal):
        sentence = _("You have answered this already. Thank you.")


def watch(project: Project, since: datetime) -> None:
    """The base formula begins: set the dates of two surveys and of its end. Called under the project's lock."""
    days = {
        SURVEYS[1]: settings.FIRST_SURVEY_DAYS,
        SURVEYS[2]: settings.SECOND_SURVEY_DAYS,
        COMPLETION: settings.BASE_COMPLETION_DAYS,
    }
    for kind, count in days.items():
        Deadline.objects.set(kind, project, days_after(since, count), project=project)


def watch_no_more(project: Project) -> None:
    """The base formula is left: those dates are without object. Called under the project's lock."""
    Deadline.objects.cancel(project, COMPLETION, *SURVEYS.values())


@falling(COMPLETION)
def complete_by_itself(deadline: Deadline, at: datetime) -> None:
    """So long after the introduction nobody has said that the work is over."""
    Completion(deadline.project).by_itself()


def ask_again(rank: int, deadline: Deadline, at: datetime) -> None:
    """Both parties are asked what became of it."""
    if deadline.project.state not in {ProjectState.ACTIVE, ProjectState.COMPLETED}:
        raise Project.NotActive
    Survey.objects.ask(deadline.project, rank)


for _rank, _kind in SURVEYS.items():
    falling(_kind)(partial(ask_again, _rank))
