"""Mails about the account itself (confirm an address, choose a new password): they wait here for the mail server."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import crypto, letters
from marketplace.accounts.models.people import User
from marketplace.events import doorbell, mail
from marketplace.events.tellings import Kind
from marketplace.states import States

if TYPE_CHECKING:
    from datetime import datetime

TASK = "marketplace.accounts.tasks.deliver"
MOST_TRIES = 12


class MailState(models.TextChoices):
    """Where an account mail is."""

    PENDING = "PENDING", _("to be sent")
    SENT = "SENT", _("sent")
    FAILED = "FAILED", _("refused by the mail server")


class AccountMailQuerySet(models.QuerySet["AccountMail"]):
    def due(self, now: datetime) -> AccountMailQuerySet:
        """Those to be tried now, the longest waiting first, without what a worker has claimed."""
        free = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(free, state=MailState.PENDING, next_try_at__lte=now).order_by("pk")

    def claim(self, now: datetime, count: int) -> list[AccountMail]:
        """Take up to `count` due mails for five minutes; committed before anything is sent."""
        with transaction.atomic():
            due = self.due(now).select_for_update(skip_locked=True, no_key=True)
            keys = list(due.values_list("pk", flat=True)[:count])
            self.filter(pk__in=keys).update(claimed_until=now + timedelta(minutes=5))
        return list(self.filter(pk__in=keys).select_related("user").order_by("pk"))


class AccountMail(models.Model):
    """One mail to one address. Its facts hold links that open the account: encrypted, and wiped once it is sent."""

    user = models.ForeignKey(User, models.PROTECT, related_name="account_mails", verbose_name=_("user"))
    to = models.EmailField(_("e-mail address"))
    name = models.CharField(max_length=60)
    sealed = models.TextField(blank=True, editable=False)
    state = models.CharField(max_length=10, choices=MailState, default=MailState.PENDING)
    at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)

    objects = AccountMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("account mail")
        verbose_name_plural = _("account mails")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="SENT", sent_at__isnull=False, sealed="") | (~Q(state="SENT") & Q(sent_at=None)),
                name="account_mail_sent_is_wiped",
            ),
        ]
        indexes = [models.Index(fields=["next_try_at"], name="account_mail_pending", condition=Q(state="PENDING"))]
        triggers = [
            States(field="state", edges=(("", "PENDING"), ("PENDING", "SENT"), ("PENDING", "FAILED"))),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.user_id}"

    @classmethod
    def post(cls, name: str, *, user: User, to: str, facts: dict[str, Any]) -> AccountMail:
        """Put a mail into the outbox; a worker sends it after the commit, in the user's language."""
        row = cls.objects.create(user=user, to=to, name=name, sealed=crypto.encrypt(json.dumps(facts)))
        transaction.on_commit(lambda: doorbell.ring(TASK))
        return row

    def message(self) -> EmailMultiAlternatives:
        """The mail itself; its Message-ID is the same at each try."""
        with translation.override(self.user.language):
            letter = letters.written(self.name, json.loads(crypto.decrypt(self.sealed)))
            message = mail.compose(letter, self.user, Kind.ACCOUNT)
        message.to = [self.to]
        message.extra_headers["Message-ID"] = f"<account-{self.pk}.{self.at:%Y%m%d%H%M%S}@{mail.domain()}>"
        return message

    def mark_sent(self) -> None:
        """The mail server has taken it: what it said is wiped."""
        self._move(MailState.SENT, sent_at=timezone.now(), sealed="", failure="")

    def fail(self, reason: str) -> None:
        """The server will never take it: its links are wiped too."""
        self._move(MailState.FAILED, sealed="", failure=reason)

    def postpone(self, reason: str) -> None:
        """Later, and later each time up to an hour; after MOST_TRIES it has failed."""
        if self.attempts + 1 >= MOST_TRIES:
            self.fail(reason)
            return
        pause = timedelta(seconds=min(30 * 2**self.attempts, 3600))
        self._move(MailState.PENDING, failure=reason, next_try_at=timezone.now() + pause)

    def _move(self, state: MailState, **changes: Any) -> None:
        row = AccountMail.objects.filter(pk=self.pk, state=MailState.PENDING)
        row.update(state=state, claimed_until=None, attempts=F("attempts") + 1, **changes)
