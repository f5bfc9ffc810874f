"""Reviews: what both sides of a completed project say of each other, published together (product, section 4.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import paris

from .choices import ProjectState
from .content import days_after
from .deadlines import Deadline, falling
from .profiles import MARKS, Profile
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User

REVIEWS = "reviews"  # the deadline that publishes those of a project


class ReviewState(models.TextChoices):
    WRITTEN = "WRITTEN", _("kept until both are in")
    PUBLISHED = "PUBLISHED", _("published")
    HIDDEN = "HIDDEN", _("hidden by our moderation")


REVIEW_MOVES = (("", "WRITTEN"), ("WRITTEN", "PUBLISHED"), ("PUBLISHED", "HIDDEN"), ("HIDDEN", "PUBLISHED"))

# What the three marks are about: of a provider, of a client.
CRITERIA = {
    True: (_("Quality of the work"), _("Communication"), _("Dates and terms kept")),
    False: (_("Clarity of the need"), _("Communication"), _("Terms and payments kept")),
}


@dataclass(frozen=True)
class Opinion:
    """What one side says: three marks of 1 to 5 stars, and words."""

    work: int
    exchange: int
    terms: int
    text: str


def review_until(project: Project) -> datetime | None:
    """Until when both sides of a completed project may write: so many days after its end."""
    return project.ended_at and days_after(project.ended_at, settings.REVIEW_DAYS)


class ReviewQuerySet(models.QuerySet["Review"]):
    def published(self) -> ReviewQuerySet:
        """Reviews that everybody may read."""
        return self.filter(state=ReviewState.PUBLISHED)

    def visible_to(self, user: User) -> ReviewQuerySet:
        """One's own, whatever became of them, and the published ones about oneself."""
        return self.filter(Q(author=user) | Q(subject=user, state=ReviewState.PUBLISHED))

    def of_provider(self, provider: User) -> ReviewQuerySet:
        """What clients published of `provider`, the latest first."""
        return self.published().filter(subject=provider, as_client=True).order_by("-pk")

    def before(self, pk: str) -> ReviewQuerySet:
        """The page after the review `pk`; the first page for anything that is no number."""
        return self.filter(pk__lt=int(pk)) if pk.isascii() and pk.isdecimal() and len(pk) < 19 else self

    def answerable_by(self, user: User) -> ReviewQuerySet:
        """Published reviews about `user`."""
        return self.published().filter(subject=user)


class Review(models.Model):
    """What one party of a completed project says of the other: marks, words, and one answer of the reviewed.

    Until both have written, or the date has passed, nobody but its author reads it and it may be rewritten.
    `as_client` tells whether the author is the client: the marks are about the provider then.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="reviews", verbose_name=_("project"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews_written", verbose_name=_("author")
    )
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews_received", verbose_name=_("about")
    )
    as_client = models.BooleanField(_("by the client"))
    work = models.PositiveSmallIntegerField(_("work, or clarity of the need"))
    exchange = models.PositiveSmallIntegerField(_("communication"))
    terms = models.PositiveSmallIntegerField(_("terms kept"))
    text = models.TextField(_("words"), max_length=2000)
    key = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=ReviewState, default=ReviewState.WRITTEN, editable=False)
    written_at = models.DateTimeField(_("written at"), default=timezone.now)
    published_at = models.DateTimeField(_("published at"), null=True)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    hidden_reason = models.TextField(_("reason for hiding it"), max_length=1000, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("review"), _("reviews")
        triggers = [States(field="state", edges=REVIEW_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["project", "author"], name="one_review_per_party"),
            models.CheckConstraint(condition=~Q(author=models.F("subject")), name="nobody_reviews_themselves"),
            models.CheckConstraint(
                condition=Q(work__range=(1, 5), exchange__range=(1, 5), terms__range=(1, 5)),
                name="review_marks_are_one_to_five",
            ),
            models.CheckConstraint(
                condition=Q(state="WRITTEN", published_at=None) | (~Q(state="WRITTEN") & Q(published_at__isnull=False)),
                name="published_review_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="review_answer_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | ~Q(state="WRITTEN"), name="only_a_published_review_is_answered"
            ),
            models.CheckConstraint(condition=~Q(state="HIDDEN") | ~Q(hidden_reason=""), name="hidden_review_says_why"),
        ]
        indexes = [
            models.Index(
                fields=["subject", "-id"], condition=Q(state="PUBLISHED", as_client=True), name="review_of_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author} → {self.subject}: {self.project}"

    @property
    def marks(self) -> list[tuple[str, int]]:
        """Each criterion with its stars."""
        values = (self.work, self.exchange, self.terms)
        return [(str(label), value) for label, value in zip(CRITERIA[self.as_client], values, strict=True)]

    @property
    def mean(self) -> float:
        """The mean of the three marks, in stars."""
        return (self.work + self.exchange + self.terms) / MARKS

    @classmethod
    def write(cls, project: Project, opinion: Opinion, *, by: User, key: UUID) -> Review:
        """Write what `by` says of the other party, or write it anew until it is published.

        The second of the two publishes both at once. The same `key` again changes nothing. Refused: NotParty,
        NotCompleted, Published, TooLate.
        """
        with locked(project):
            former = cls.objects.filter(project=project, author=by).first()
            if former and former.key == key:
                return former
            review = former or cls(project=project, author=by, subject=other_party(project, by))
            review.must_be_writable()
            review.as_client = by.pk == project.client_id
            review.key, review.written_at = key, timezone.now()
            for name, value in (said := vars(opinion)).items():
                setattr(review, name, value)
            review.save(update_fields=[*said, "as_client", "key", "written_at"] if former else None)
            if not former:
                Event.record("review.written", project=project, by=by, review=review.pk, title=project.title)
            if cls.objects.filter(project=project).count() == 2:
                cls.publish(project, at=timezone.now())
            return review

    def must_be_writable(self) -> None:
        """Refuse what is said too early or too late."""
        until = review_until(self.project)
        if self.project.state != ProjectState.COMPLETED or until is None:
            raise self.NotCompleted
        if self.state != ReviewState.WRITTEN:
            raise self.Published
        if timezone.now() > until:
            raise self.TooLate(until=paris(until))

    @classmethod
    def publish(cls, project: Project, *, at: datetime) -> None:
        """Show what was written of `project` to everybody, both sides at once. Called under the project's lock."""
        rows = cls.objects.filter(project=project, state=ReviewState.WRITTEN).select_related("subject")
        found = list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))
        for review in found:
            review.published_at = at
            review._move(ReviewState.PUBLISHED, "published_at")
        Deadline.objects.cancel(project, REVIEWS)
        if found:
            Event.record("review.published", project=project, reviews=[r.pk for r in found], title=project.title)

    def answer_with(self, text: str, *, by: User) -> None:
        """The reviewed answers in public, once. The same words again change nothing.

        Refused: NotAbout for anybody else, NotPublished, Answered.
        """
        with locked(self.project, self):
            if by.pk != self.subject_id:
                raise self.NotAbout
            if self.answer == text.strip():
                return
            if self.state != ReviewState.PUBLISHED:
                raise self.NotPublished
            if self.answer:
                raise self.Answered
            self.answer, self.answered_at = text.strip(), timezone.now()
            self.save(update_fields=["answer", "answered_at"])
            Event.record("review.answered", project=self.project, by=by, review=self.pk, title=self.project.title)

    def hide(self, *, by: User, reason: str) -> None:
        """Moderation takes a review off every page and out of every mean; its author reads `reason`.

        Refused: NotPublished, NeedsReason.
        """
        with locked(self.project, self):
            if self.state != ReviewState.PUBLISHED:
                raise self.NotPublished
            if not reason.strip():
                raise self.NeedsReason
            self.hidden_reason = reason.strip()
            self._move(ReviewState.HIDDEN, "hidden_reason")
            Event.record("review.hidden", project=self.project, by=by, review=self.pk, title=self.project.title)

    def show(self, *, by: User) -> None:
        """Moderation shows a hidden review again. Refused: NotHidden."""
        with locked(self.project, self):
            if self.state != ReviewState.HIDDEN:
                raise self.NotHidden
            self._move(ReviewState.PUBLISHED)
            Event.record("review.shown", project=self.project, by=by, review=self.pk, title=self.project.title)

    def _move(self, state: ReviewState, *fields: str) -> None:
        self.state = state
        self.save(update_fields=["state", *fields])
        if self.as_client:
            Profile.recount(self.subject)

    class NotParty(Refusal):
        sentence = _("Only the client and the provider of this project review each other.")

    class NotCompleted(Refusal):
        sentence = _("This project is not completed: reviews come at its end.")

    class Published(Refusal):
        sentence = _("The reviews of this project are published: they no longer change.")

    class TooLate(Refusal):
        sentence = _("Reviews of this project could be written until %(until)s.")

    class NotAbout(Refusal):
        sentence = _("Only the person reviewed answers a review.")

    class NotPublished(Refusal):
        sentence = _("This review is not published.")

    class Answered(Refusal):
        sentence = _("You have answered this review already: one answer each.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the author of the review will read it, word for word.")

    class NotHidden(Refusal):
        sentence = _("This review is not hidden.")


def other_party(project: Project, user: User) -> User:
    """The party of `project` that `user` is not. Refused: Review.NotParty."""
    if project.winner is None or user.pk not in {project.client_id, project.winner_id}:
        raise Review.NotParty
    return project.winner if user.pk == project.client_id else project.client


@falling(REVIEWS)
def publish_what_is_in(deadline: Deadline, at: datetime) -> None:
    """The date has passed: what one side wrote is published alone."""
    Review.publish(deadline.project, at=at)
