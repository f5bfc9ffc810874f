"""The trial's mail server: a table, read at /demo/courrier/."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from marketplace.demo.models import SITE, Mail


class Backend(BaseEmailBackend):
    """Keeps each mail, once per recipient, where the trial's mailbox shows it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        rows = [kept(mail, recipient) for mail in email_messages for recipient in mail.recipients()]
        Mail.objects.bulk_create(rows)
        return len(email_messages)


def kept(mail: EmailMessage, recipient: str) -> Mail:
    """`mail` as `recipient` gets it."""
    parts = mail.alternatives if isinstance(mail, EmailMultiAlternatives) else []
    html = next((str(content) for content, mimetype in parts if mimetype == "text/html"), "")
    return Mail(
        recipient=recipient[:254],
        sender=mail.from_email[:254],
        subject=mail.subject[:250],
        text=plain(str(mail.body)),
        html=plain(html),
        headers={name: plain(str(value)) for name, value in mail.extra_headers.items()},
    )


def plain(text: str) -> str:
    """`text` as the database takes it, and as it stays true when the site is started at another address."""
    return text.replace("\x00", "").replace(settings.BASE_URL, SITE)
