"""Events are the outbox: what happened, who is told of it, and whether the mail has left."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.events import doorbell, reactions, tellings
from marketplace.events.tellings import Kind, Letter
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.tracing import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from marketplace.accounts.models import User


log = logging.getLogger(__name__)
M = TypeVar("M", bound=models.Model)
T = TypeVar("T")


class Keyed(Protocol):
    """Something with a project's key: a Project, without importing it."""

    key: Any


def json_of(facts: dict[str, Any]) -> dict[str, Any]:
    """`facts` as the database will give them back; anything but plain JSON is a TypeError or ValueError now."""
    plain: dict[str, Any] = json.loads(json.dumps(facts, allow_nan=False))
    return plain


def traced() -> str:
    """The id of the request that causes this, or nothing outside of one."""
    return request_id.get().removeprefix("-")


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, project: str | Keyed) -> EventQuerySet:
        """The events of one project, oldest first."""
        return self.filter(project_key=project_key(project)).order_by("pk")


def project_key(project: str | Keyed) -> str:
    """The key of a project given as its key or as itself."""
    return project if isinstance(project, str) else str(project.key)


class Event(models.Model):
    """Something that happened: a row of the timeline, written in the transaction of the deed and never changed."""

    verb = models.CharField(_("what happened"), max_length=80)
    project_key = models.CharField(_("project"), max_length=40, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    facts = models.JSONField(_("facts"), default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)

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
        plain = json_of(facts)
        with transaction.atomic(savepoint=False):
            event = cls.objects.create(verb=verb, project_key=project_key(project), by=by, facts=plain)
            reactions.run(event)
            Notice.objects.write(event)
        return event

    @cached_property
    def rows(self) -> dict[str, Any]:
        """What `once` has found while people are told, by its name; forgotten then."""
        return {}

    def about(self, rows: models.QuerySet[M], fact: str) -> M:
        """The row of `rows` whose key is the fact of this name, read once for all who are told of this event."""
        return self.once(fact, lambda: rows.get(pk=self.facts[fact]))

    def once(self, name: str, find: Callable[[], T]) -> T:
        """What `find` gives, asked once for all who are told of this event."""
        if name not in self.rows:
            self.rows[name] = find()
        found: T = self.rows[name]
        return found


class MailState(models.TextChoices):
    """Where the mail of a notice is."""

    PENDING = "PENDING", _("to be sent")
    SENT = "SENT", _("sent")
    FAILED = "FAILED", _("refused by the mail server")
    OFF = "OFF", _("not wanted")


SUSPENDED = "to_suspended"  # of the facts: their reader was suspended when they were written
MOST_TRIES = 30
MOST_UNREAD = 99  # that are counted
UNREAD_COUNT = """(
    select count(*) from
    (select from events_notice where read_at is null and user_id = accounts_user.id limit %s) unread
)"""
MAX_DIGITS = 19  # of a key
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
            Notice(event=event, user=user, name=telling.name, facts=json_of(kept), request_id=traced())
            for telling, user, facts in tellings.told(event)
            for kept in [{**facts, SUSPENDED: True} if user.is_suspended else facts]
        ]
        unwanted = Preference.objects.unwanted(row.user_id for row in rows if row.kind.may_be_switched_off)
        for row in rows:
            row.mail_state = MailState.OFF if (row.user_id, row.kind) in unwanted else MailState.PENDING
        if any(row.mail_state == MailState.PENDING for row in rows):
            transaction.on_commit(doorbell.ring)
        return self.bulk_create(rows)

    def due(self, now: datetime) -> NoticeQuerySet:
        """Those whose mail may be tried now, the longest waiting first; what a worker has claimed is not."""
        unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(unclaimed, mail_state=MailState.PENDING, next_try_at__lte=now).order_by("next_try_at", "pk")

    def visible_to(self, user: User) -> NoticeQuerySet:
        """The notices of `user`, the latest first."""
        return self.filter(user=user).order_by("-pk")

    def before(self, pk: str) -> NoticeQuerySet:
        """The page after the notice `pk`; the first page for anything that is no number."""
        return self.filter(pk__lt=int(pk)) if pk.isdecimal() and len(pk) < MAX_DIGITS else self

    def unmailed(self, now: datetime) -> bool:
        """Whether a mail of the last month was refused: their address may be wrong."""
        return self.filter(mail_state=MailState.FAILED, at__gt=now - timedelta(days=30)).exists()

    def unread_of(self, user: User) -> NoticeQuerySet:
        """What `user` has not opened; its `count()` reads an index of unread rows only."""
        return self.filter(user=user, read_at=None)

    def unread_count(self) -> RawSQL:
        """How many a row of people (the outer query) has not opened, counted up to MOST_UNREAD.

        A text: every page asks for it, and the ORM takes longer to write it anew than the database to answer.
        """
        return RawSQL(UNREAD_COUNT, [MOST_UNREAD], output_field=models.IntegerField())  # noqa: S611

    def read(self, now: datetime | None = None) -> int:
        """Mark all of these as read; what was read before keeps its time."""
        return self.filter(read_at=None).update(read_at=now or timezone.now())


class Notice(models.Model):
    """One person told of one event, on the site and by mail; its words come from its telling when it is read."""

    class NotFailed(Refusal):
        sentence = _("Only a mail that the mail server has refused is sent again.")

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, null=True, blank=True, related_name="notices", verbose_name=_("event")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices", verbose_name=_("user")
    )
    name = models.CharField(_("told"), max_length=80)
    facts = models.JSONField(_("facts"), default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    mail_state = models.CharField(_("mail"), max_length=10, choices=MailState.choices, default=MailState.PENDING)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

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
        permissions = [("resend_notice", "Can send a refused mail again")]
        triggers = [States(field="mail_state", edges=MAIL_EDGES)]

    def __str__(self) -> str:
        return f"{self.name} → {self.user_id}"

    @property
    def is_known(self) -> bool:
        """Whether the site still knows the words of this notice."""
        return self.name in tellings.by_name

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
        letter = self.telling.letter(self.facts)
        return letter.as_suspended() if self.facts.get(SUSPENDED) else letter

    @property
    def path(self) -> str:
        """Where it leads on the site, or nothing."""
        return self.letter.path

    @cached_property
    def shown(self) -> Letter:
        """Its words for a page: one that can no longer be written says so and does not break the list."""
        try:
            return self.letter
        except Exception:
            log.exception("Notice %s (%s) cannot be shown.", self.pk, self.name)
            return Letter(gettext("This notice can no longer be shown"), [])

    @property
    def step(self) -> dict[str, Any]:
        """Itself as an item of the timeline component; its link marks it as read on the way."""
        letter, address = self.shown, reverse("events:open", args=[self.pk])
        return {
            "at": self.at,
            "title": letter.subject,
            "who": " · ".join(filter(None, [gettext("Unread") if self.read_at is None else "", letter.project])),
            "text": next(iter(letter.paragraphs), ""),
            "quote": letter.quote,
            "kind": "now" if self.read_at is None else "",
            "url": address,
            "label": letter.action[0] if letter.action else gettext("Read"),
        }

    def mark_read(self) -> None:
        """Its reader has opened it; the first time counts."""
        Notice.objects.filter(pk=self.pk).read()

    def mark_sent(self) -> None:
        """The mail server has taken it."""
        self.move(MailState.SENT, sent_at=timezone.now(), attempts=F("attempts") + 1, failure="")

    def put_aside(self) -> None:
        """Its reader does not want mails of its kind any more."""
        self.move(MailState.OFF)

    def fail(self, reason: str) -> None:
        """The server will never take it (5xx): flagged for the staff and on its reader's page."""
        log.warning("Notice %s failed: %s", self.pk, reason)
        self.move(MailState.FAILED, attempts=F("attempts") + 1, failure=reason)

    def postpone(self, reason: str) -> None:
        """Not this time (4xx): later and later, up to an hour; after MOST_TRIES (about a day) it has failed."""
        if self.attempts + 1 >= MOST_TRIES:
            self.fail(reason)
            return
        pause = timedelta(seconds=min(30 * 2**self.attempts, 3600))
        self.move(MailState.PENDING, attempts=F("attempts") + 1, failure=reason, next_try_at=timezone.now() + pause)

    def wait(self, reason: str) -> None:
        """The server is not there: in a minute, however often."""
        self.move(MailState.PENDING, failure=reason, next_try_at=timezone.now() + timedelta(minutes=1))

    def move(self, mail_state: MailState, **changes: Any) -> None:
        """Write what became of the mail, only while it is to be sent, and let go of the claim."""
        row = Notice.objects.filter(pk=self.pk, mail_state=MailState.PENDING)
        row.update(mail_state=mail_state, claimed_until=None, **changes)

    def resend(self) -> None:
        """Try again what the server had refused, once the address is mended. Refused: NotFailed."""
        with locked(self):
            if self.mail_state != MailState.FAILED:
                raise self.NotFailed
            self.mail_state, self.attempts, self.failure = MailState.PENDING, 0, ""
            self.next_try_at = timezone.now()
            self.save(update_fields=["mail_state", "attempts", "failure", "next_try_at"])
            transaction.on_commit(doorbell.ring)


class PreferenceQuerySet(models.QuerySet["Preference"]):
    def unwanted(self, user_ids: Any) -> set[tuple[int, str]]:
        """The (person, kind) pairs that are not to be mailed among `user_ids`.

        A suspended account is mailed what nobody may switch off, and nothing else: the rest waits on the site.
        """
        if not (ids := set(user_ids)):
            return set()
        chosen = set(self.filter(user__in=ids, mail=False).values_list("user_id", "kind"))
        suspended = get_user_model().objects.filter(pk__in=ids, is_active=False).values_list("pk", flat=True)
        return chosen | {(pk, kind.value) for pk in suspended for kind in Kind if kind.may_be_switched_off}

    def choose(self, user_id: int, wishes: dict[Kind, bool]) -> None:
        """Write which kinds of mail a person wants; what may not be switched off is left on."""
        rows = [
            Preference(user_id=user_id, kind=kind, mail=mail or not kind.may_be_switched_off)
            for kind, mail in wishes.items()
        ]
        self.bulk_create(rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["mail"])


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
