"""Events are the outbox: what happened, who is told of it, and whether the mail has left."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events import doorbell, reactions, tellings
from marketplace.events.tellings import Kind, Letter
from marketplace.states import States
from marketplace.tracing import request_id

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class Keyed(Protocol):
    """Something with a project's key: a Project, without importing it."""

    key: Any


def json_of(facts: dict[str, Any]) -> dict[str, Any]:
    """`facts` as the database will give them back; anything but plain JSON is a TypeError or ValueError now."""
    plain: dict[str, Any] = json.loads(json.dumps(facts, allow_nan=False))
    return plain


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, project: str | Keyed) -> EventQuerySet:
        """The events of one project, oldest first."""
        return self.filter(project_key=project_key(project)).order_by("pk")


def project_key(project: str | Keyed) -> str:
    """The key of a project given as its key or as itself."""
    return project if isinstance(project, str) else str(project.key)


class Event(models.Model):
    """Something that happened: a row of the timeline, written in the transaction of the deed and never changed."""

    verb = models.CharField(max_length=80)
    project_key = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        indexes = [
            models.Index(fields=["project_key", "id"], name="event_of_project", condition=~Q(project_key="")),
            models.Index(fields=["verb", "id"], name="event_by_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.project_key}".strip()

    @classmethod
    def record(cls, verb: str, *, project: str | Keyed = "", by: User | None = None, **facts: Any) -> Event:
        """Write what happened, run what follows from it and tell those concerned, all in the caller's transaction.

        `facts` are plain JSON (ids, cents, names, ISO dates): anything else is a TypeError. The mails leave after
        the commit, by the worker; a dead broker only delays them.
        """
        with transaction.atomic(savepoint=False):
            event = cls.objects.create(verb=verb, project_key=project_key(project), by=by, facts=json_of(facts))
            reactions.run(event)
            Notice.objects.write(event)
        return event


class MailState(models.TextChoices):
    """Where the mail of a notice is."""

    PENDING = "PENDING", _("to be sent")
    SENT = "SENT", _("sent")
    FAILED = "FAILED", _("refused by the mail server")
    OFF = "OFF", _("not wanted")


MAIL_EDGES = (
    ("", "PENDING"),
    ("", "OFF"),
    ("PENDING", "SENT"),
    ("PENDING", "FAILED"),
    ("PENDING", "OFF"),
    ("FAILED", "PENDING"),
)


class NoticeQuerySet(models.QuerySet["Notice"]):
    def write(self, event: Event) -> list[Notice]:
        """One notice per person concerned by `event`; the doorbell rings after commit when one is to be mailed."""
        rows = [
            Notice(event=event, user=user, name=telling.name, facts=json_of(facts), request_id=request_id.get())
            for telling, user, facts in tellings.told(event)
        ]
        unwanted = Preference.objects.unwanted(row.user_id for row in rows)
        for row in rows:
            row.mail_state = MailState.OFF if (row.user_id, row.kind) in unwanted else MailState.PENDING
        if any(row.mail_state == MailState.PENDING for row in rows):
            transaction.on_commit(doorbell.ring)
        return self.bulk_create(rows)

    def of(self, user: User) -> NoticeQuerySet:
        """The notices of `user`, the latest first."""
        return self.filter(user=user).order_by("-pk")

    def unread_of(self, user: User) -> NoticeQuerySet:
        """What `user` has not opened; its `count()` reads an index of unread rows only."""
        return self.filter(user=user, read_at=None)

    def read(self, now: datetime | None = None) -> int:
        """Mark all of these as read; what was read before keeps its time."""
        return self.filter(read_at=None).update(read_at=now or timezone.now())


class Notice(models.Model):
    """One person told of one event, on the site and by mail; its words come from its telling when it is read."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, blank=True, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    name = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.PENDING)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notice"), _("notices")
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="notice_once_per_event_and_person"),
            models.CheckConstraint(
                condition=Q(mail_state="SENT", sent_at__isnull=False) | (~Q(mail_state="SENT") & Q(sent_at=None)),
                name="notice_sent_with_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None)),
            models.Index(fields=["next_try_at"], name="notice_pending", condition=Q(mail_state="PENDING")),
        ]
        triggers = [States(field="mail_state", edges=MAIL_EDGES)]

    def __str__(self) -> str:
        return f"{self.name} → {self.user_id}"

    @property
    def telling(self) -> tellings.Telling:
        """The declaration that this notice comes from."""
        return tellings.by_name[self.name]

    @property
    def kind(self) -> Kind:
        """What it is about, as far as preferences go."""
        return self.telling.kind

    @property
    def letter(self) -> Letter:
        """Its words, in the active language."""
        return self.telling.letter(self.facts)

    @property
    def path(self) -> str:
        """Where it leads on the site, or nothing."""
        return self.letter.path


class PreferenceQuerySet(models.QuerySet["Preference"]):
    def unwanted(self, user_ids: Any) -> set[tuple[int, str]]:
        """The (person, kind) pairs that are not to be mailed among `user_ids`."""
        ids = set(user_ids)
        return set(self.filter(user__in=ids, mail=False).values_list("user_id", "kind")) if ids else set()


class Preference(models.Model):
    """Whether one person wants the mails of one kind; no row means yes. On the site everything is told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mail_preferences")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    mail = models.BooleanField(default=True)

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("mail preference"), _("mail preferences")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="preference_once_per_kind"),
            models.CheckConstraint(
                condition=Q(mail=True) | ~Q(kind__in=["ACCOUNT", "MONEY", "DISPUTE"]),
                name="preference_money_always_mailed",
            ),
        ]
