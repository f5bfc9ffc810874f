from __future__ import annotations

import logging

from celery import shared_task
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from marketplace.accounts.models import AccountMail
from marketplace.events import post_office
from marketplace.events.post_office import Fate

log = logging.getLogger(__name__)
BATCH = 50


@shared_task  # type: ignore[untyped-decorator]
def deliver() -> int:
    """Send the account mails that wait; how many left. One bad mail stops nobody, a dead server stops the run."""
    mails = AccountMail.objects.claim(timezone.now(), BATCH)
    ready = [(mail, message) for mail in mails if (message := written(mail))]
    sent = 0
    for (mail, _message), outcome in zip(ready, post_office.send_many(pair[1] for pair in ready), strict=True):
        if outcome.fate is Fate.SENT:
            mail.mark_sent()
            sent += 1
        elif outcome.fate is Fate.REFUSED:
            mail.fail(outcome.reason)
        else:
            mail.postpone(outcome.reason)
    return sent


def written(mail: AccountMail) -> EmailMultiAlternatives | None:
    """The message of `mail`; one that cannot be written is put off and stops nobody."""
    try:
        return mail.message()
    except Exception as error:
        log.exception("Account mail %s (%s) cannot be written.", mail.pk, mail.name)
        mail.postpone(post_office.in_short(error))
        return None
