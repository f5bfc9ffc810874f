"""The private thread: what a client and the provider they chose write to each other, and nobody else reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

from .agreements import LIVING, Agreement, AgreementState
from .content import days_after
from .papers import Enclosing, Papers
from .projects import Project
from .readers import TEXT_SEARCH

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean


class ThreadMessageQuerySet(models.QuerySet["ThreadMessage"]):
    def visible_to(self, user: User) -> ThreadMessageQuerySet:
        """One's own threads: as the project's client, or as the provider whom it is exchanged with; nobody else's."""
        return self.filter(Q(project__client=user) | Q(provider=user))

    def saying(self, text: str) -> ThreadMessageQuerySet:
        """Those that match `text`, as typed into a search box: French stems, accents ignored."""
        return self.filter(search=SearchQuery(text, config=TEXT_SEARCH, search_type="websearch"))

    def before(self, pk: int | None) -> ThreadMessageQuerySet:
        """Those older than the message `pk` (all, without one), the latest first."""
        return self.filter(pk__lt=pk).order_by("-pk") if pk else self.order_by("-pk")

    def mark_read(self, pks: Collection[int], *, by: User) -> int:
        """Note that `by` has read those of the other party among `pks`; the first time counts."""
        rows = self.filter(pk__in=pks, read_at=None).exclude(author=by)
        return rows.update(read_at=timezone.now())


class ThreadMessage(Enclosing, models.Model):
    """A message between a project's client and one provider whom they chose (product, section 4.6).

    `author` is one of the two; `read_at` is when the other one first read it.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="thread_messages")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="thread_messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(max_length=5000)
    key = models.UUIDField()
    written_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("text", config=TEXT_SEARCH), output_field=SearchVectorField(), db_persist=True
    )

    objects = ThreadMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "author", "key"], name="one_thread_message_per_form"),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(read_at__gte=F("written_at")), name="thread_message_read_after_written"
            ),
        ]
        indexes = [models.Index(fields=["project", "provider", "-id"], name="thread_in_order")]

    def __str__(self) -> str:
        return self.text[:60]


class Thread:
    """The exchange of a project's client with the provider of `agreement`, which the selection opens.

    Both write while the agreement lives, and until THREAD_DAYS after the end of the project; they read it for good. A
    provider who declined, or whose agreement lapsed, keeps their own and never sees that of another.
    """

    def __init__(self, agreement: Agreement) -> None:
        self.agreement, self.project = agreement, agreement.project

    @property
    def messages(self) -> ThreadMessageQuerySet:
        """What was written, by either."""
        return ThreadMessage.objects.filter(project=self.project, provider=self.agreement.provider_id)

    @property
    def is_introduced(self) -> bool:
        """Whether the parties have each other's details."""
        return self.agreement.state == AgreementState.ACTIVE

    @property
    def closes_at(self) -> datetime | None:
        """Until when both may write, once the project is over."""
        return days_after(self.project.ended_at, settings.THREAD_DAYS) if self.project.ended_at else None

    @property
    def is_open(self) -> bool:
        """Whether it takes messages now."""
        return self.agreement.state in LIVING and (self.closes_at is None or timezone.now() <= self.closes_at)

    def write(self, text: str, *, by: User, key: UUID, files: Sequence[Clean] = ()) -> ThreadMessage:
        """Send a message with its files to the other party, who is told; the same `key` writes once.

        Refused: NotAParty, Closed, TooManyPapers, FormUsed when the key has sent another text.
        """
        with locked(self.project, self.agreement):
            if by.pk not in {self.agreement.client_id, self.agreement.provider_id}:
                raise self.NotAParty
            if done := self.messages.filter(author=by, key=key).first():
                if done.text != text:
                    raise self.FormUsed
                return done
            if not self.is_open:
                raise self.Closed
            message = self.messages.create(
                project=self.project, provider=self.agreement.provider, author=by, text=text, key=key
            )
            message.enclose(Papers(files), project=self.project, owner=by)
            facts = {"agreement": self.agreement.pk, "message": message.pk, "title": self.project.title}
            Event.record("thread.written", project=self.project, by=by, **facts)
            return message

    class NotAParty(Refusal):
        sentence = _("Only the client and the provider whom they chose write here. Nothing was sent.")

    class FormUsed(Refusal):
        sentence = _("This page has already sent another message, which the other party has. Send this one again.")

    class Closed(Refusal):
        sentence = _("This thread takes no more messages: it stays readable. Nothing was sent.")
