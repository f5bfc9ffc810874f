"""Flags: what people report about a published project to our moderation, until it answers (product, section 11)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import deadlines
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import paris

from .projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.accounts.models import User

MOST_PENDING = 20  # of one person: moderation reads each of them


class FlagReason(models.TextChoices):
    """What is wrong with a project."""

    CONTACT = "CONTACT", _("contact details in a public text")
    SPAM = "SPAM", _("spam or advertising")
    ILLEGAL = "ILLEGAL", _("illegal or discriminating")
    DUPLICATE = "DUPLICATE", _("the same project twice")
    UNPAID = "UNPAID", _("unpaid test work demanded")
    OTHER = "OTHER", _("something else")


class FlagState(models.TextChoices):
    OPEN = "OPEN", _("to be read")
    TAKEN = "TAKEN", _("being examined")
    DISMISSED = "DISMISSED", _("closed, the project stays")
    UPHELD = "UPHELD", _("closed, the project was rejected")


FLAG_MOVES = (
    ("", "OPEN"),
    ("OPEN", "TAKEN"),
    ("OPEN", "UPHELD"),
    ("TAKEN", "DISMISSED"),
    ("TAKEN", "UPHELD"),
)
PENDING = (FlagState.OPEN, FlagState.TAKEN)


class FlagQuerySet(models.QuerySet["Flag"]):
    def pending(self) -> FlagQuerySet:
        """Flags that wait for our answer."""
        return self.filter(state__in=PENDING)

    def filed_by(self, reporter: User) -> FlagQuerySet:
        """The flags of one person: nobody else outside of moderation learns of them."""
        return self.filter(reporter=reporter)


class Flag(models.Model):
    """One person's report of one published project to moderation. Its client never learns whose it is.

    All flags of a project are handled together: taken up at once, answered at once.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="flags", verbose_name=_("project"))
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="flags", verbose_name=_("reported by")
    )
    reason = models.CharField(_("reason"), max_length=10, choices=FlagReason)
    text = models.TextField(_("what is wrong"), max_length=2000)
    key = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=FlagState, default=FlagState.OPEN, editable=False)
    filed_at = models.DateTimeField(_("reported at"), default=timezone.now)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("examined by")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("answered by")
    )
    words = models.TextField(_("our answer"), max_length=1000, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("report of a project to moderation"), _("reports to moderation")
        triggers = [States(field="state", edges=FLAG_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "reporter"], condition=Q(state__in=PENDING), name="one_pending_flag_per_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PENDING, closed_at=None) | (~Q(state__in=PENDING) & Q(closed_at__isnull=False)),
                name="closed_flag_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(state__in=PENDING), name="pending_flag_was_answered_by_nobody"
            ),
            models.CheckConstraint(condition=~Q(state="DISMISSED") | ~Q(words=""), name="dismissed_flag_has_an_answer"),
            models.CheckConstraint(
                condition=Q(state="OPEN", taken_by=None) | ~Q(state="OPEN"), name="open_flag_is_nobody_s"
            ),
        ]
        indexes = [
            models.Index(fields=["filed_at", "id"], condition=Q(state__in=PENDING), name="flag_to_be_answered"),
        ]

    def __str__(self) -> str:
        return f"{self.project} ({self.get_reason_display()})"

    @property
    def answer_by(self) -> datetime:
        """Until when moderation answers who reported."""
        return deadlines.after(self.filed_at, settings.FLAG_ANSWER_DAYS)

    @classmethod
    def file(cls, project: Project, *, by: User, reason: FlagReason, text: str, key: UUID) -> Flag:
        """Report `project` to moderation; `by` is told at once until when we answer.

        The same `key` again gives the same flag. Refused: NotPublished, OwnProject, AlreadyFiled while an earlier one
        of `by` waits, TooMany.
        """
        with locked(project, by):
            if done := cls.objects.filed_by(by).filter(project=project, key=key).first():
                return done
            if not project.is_published:
                raise cls.NotPublished
            if project.client_id == by.pk:
                raise cls.OwnProject
            pending = cls.objects.filed_by(by).pending()
            if earlier := pending.filter(project=project).first():
                raise cls.AlreadyFiled(before=paris(earlier.answer_by))
            if pending.count() >= MOST_PENDING:
                raise cls.TooMany
            flag = cls.objects.create(project=project, reporter=by, reason=reason, text=text, key=key)
            Event.record("flag.filed", project=project, by=by, flag=flag.pk)
            return flag

    def take_up(self, *, by: User) -> None:
        """A moderator examines the project: every flag of it that waits is theirs. A second call changes nothing.

        What is filed later waits for its own reading. Refused: AlreadyClosed.
        """
        with locked(self.project, self):
            self.must_be_pending()
            waiting = self.of_the_project(FlagState.OPEN)
            if not waiting:
                return
            for flag in waiting:
                flag.taken_by = by
                flag._move(FlagState.TAKEN, "taken_by")
            Event.record("flag.taken", project=self.project, by=by, flags=[flag.pk for flag in waiting])
            self.refresh_from_db()

    def dismiss(self, *, by: User, words: str) -> None:
        """The project stays: every flag of it that was taken up is closed, and each reporter reads `words`.

        Refused: AlreadyClosed, NotTaken (nobody closes what nobody read), NeedsWords.
        """
        with locked(self.project, self):
            self.must_be_pending()
            if self.state != FlagState.TAKEN:
                raise self.NotTaken
            if not words.strip():
                raise self.NeedsWords
            self.close(self.of_the_project(FlagState.TAKEN), FlagState.DISMISSED, by=by, words=words)
            self.refresh_from_db()

    def uphold(self, *, by: User, reason: str, words: str = "") -> None:
        """Reject the project: `reason` is for its client, `words` for those who reported it; all its flags are closed.

        Refused: AlreadyClosed, Project.NotModerable once it is no longer open, Project.NeedsReason.
        """
        with locked(self.project, self):
            self.must_be_pending()
            self.close(self.of_the_project(*PENDING), FlagState.UPHELD, by=by, words=words)
            self.project.reject(by=by, reason=reason)
            self.refresh_from_db()

    @classmethod
    def close_all(cls, project: Project, *, by: User | None) -> None:
        """The project was rejected whatever the reason: who reported it is told. Called under the project's lock."""
        waiting = list(cls.objects.pending().filter(project=project).select_for_update(no_key=True).order_by("pk"))
        if waiting:
            cls.close(waiting, FlagState.UPHELD, by=by, words="")

    @staticmethod
    def close(flags: Iterable[Flag], state: FlagState, *, by: User | None, words: str) -> None:
        """Close `flags` of one project with one outcome. Called under the project's lock."""
        closed = list(flags)
        for flag in closed:
            flag.words, flag.closed_at, flag.closed_by = words.strip(), timezone.now(), by
            flag._move(state, "words", "closed_at", "closed_by")
        Event.record(f"flag.{state.lower()}", project=closed[0].project, by=by, flags=[flag.pk for flag in closed])

    def of_the_project(self, *states: FlagState) -> list[Flag]:
        """The flags of the same project in one of `states`, locked."""
        rows = type(self).objects.filter(project=self.project, state__in=states).select_related("project")
        return list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))

    def must_be_pending(self) -> None:
        """Refuse to answer twice."""
        if self.state not in PENDING:
            raise self.AlreadyClosed

    def _move(self, state: FlagState, *fields: str) -> None:
        self.state = state
        self.save(update_fields=["state", *fields])

    class NotPublished(Refusal):
        sentence = _("This project is not published any more: there is nothing left to report.")

    class OwnProject(Refusal):
        sentence = _("This project is yours: change it or withdraw it from its report.")

    class AlreadyFiled(Refusal):
        sentence = _("You have reported this project already. We answer you before %(before)s.")

    class TooMany(Refusal):
        sentence = _("Twenty of your reports wait for our answer already. Wait until we have read some of them.")

    class AlreadyClosed(Refusal):
        sentence = _("This report has been answered already.")

    class NotTaken(Refusal):
        sentence = _("Take the report up first: only what has been read is closed.")

    class NeedsWords(Refusal):
        sentence = _("Write the answer: who reported the project reads it, word for word.")
