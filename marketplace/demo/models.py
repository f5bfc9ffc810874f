from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SITE = "{trial}"  # in a kept mail: the address of the site, whose port may be another one at the next start


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

    @property
    def shown_text(self) -> str:
        """The text, with links that lead to the site as it runs now."""
        return here(self.text)

    @property
    def shown_html(self) -> str:
        """The HTML, likewise."""
        return here(self.html)

    @property
    def shown_headers(self) -> dict[str, str]:
        """The headers, likewise."""
        return {name: here(value) for name, value in self.headers.items()}


def here(text: str) -> str:
    """`text` of a kept mail with the address that the site has now."""
    return text.replace(SITE, settings.BASE_URL)
