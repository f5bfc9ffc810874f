from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MailQuerySet(models.QuerySet["Mail"]):
    def to_somebody_like(self, recipient: str) -> MailQuerySet:
        """The mails whose recipient contains these letters, the latest first; all of them for nothing."""
        return self.filter(recipient__icontains=recipient).order_by("-pk")


class Mail(models.Model):
    """A mail of the trial, kept here instead of being sent: nobody outside ever receives anything from a trial."""

    recipient = models.CharField(max_length=254)
    sender = models.CharField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("mail of the trial"), _("mails of the trial")

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject}"
