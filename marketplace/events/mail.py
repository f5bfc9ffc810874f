"""A Letter as a mail: text and HTML from the same words, in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from marketplace.events.tellings import Kind, Letter

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Notice

SALT = "events.unsubscribe"
MAX_SUBJECT = 180


@dataclass(frozen=True)
class Unsubscription:
    """What a signed link switches off, without logging in: one kind of mail of one person."""

    user_id: int
    kind: Kind

    @classmethod
    def read(cls, token: str) -> Unsubscription | None:
        """What `token` stands for, or None when we did not sign it."""
        try:
            user_id, kind = signing.Signer(salt=SALT).unsign_object(token)
            return cls(int(user_id), Kind(kind))
        except (signing.BadSignature, ValueError, TypeError):
            return None

    @property
    def url(self) -> str:
        """The link, which never expires: an old mail must still let its reader go."""
        token = signing.Signer(salt=SALT).sign_object([self.user_id, self.kind.value])
        return absolute(reverse("events:unsubscribe", args=[token]))


def absolute(path: str) -> str:
    """`path` of the site as it must stand in a mail."""
    return path if path.startswith(("http://", "https://")) else f"{settings.BASE_URL}{path}"


def of_notice(notice: Notice) -> EmailMultiAlternatives:
    """The mail of `notice`. Its Message-ID is the same at each try, so that a mailbox shows it once."""
    user = notice.user
    with translation.override(user.language):
        mail = compose(notice.letter, user, notice.kind, action_path=reverse("events:open", args=[notice.pk]))
    mail.extra_headers["Message-ID"] = f"<notice-{notice.pk}.{notice.at:%Y%m%d%H%M%S}@{domain()}>"
    if notice.request_id:
        mail.extra_headers["X-Request-ID"] = notice.request_id
    return mail


def compose(letter: Letter, user: User, kind: Kind, *, action_path: str = "") -> EmailMultiAlternatives:
    """`letter` to `user`, in the active language, with one-click unsubscription (RFC 8058) where `kind` allows it.

    `action_path` replaces the path of the letter's action (the notice's own address marks it as read on the way).
    """
    leave = Unsubscription(user.pk, kind).url if kind.may_be_switched_off else ""
    context = around(letter, user, leave, action_path or letter.path)
    mail = EmailMultiAlternatives(
        subject=" ".join(letter.subject.split())[:MAX_SUBJECT],
        body=tidy(render_to_string("mail/letter.txt", context)),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated", "Content-Language": translation.get_language()},
    )
    mail.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    if leave:
        mail.extra_headers |= {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return mail


def around(letter: Letter, user: User, leave: str, path: str) -> dict[str, Any]:
    """What the two templates need."""
    return {
        "letter": letter,
        "user": user,
        "action_url": absolute(path) if letter.action else "",
        "links": [(label, absolute(address), note) for label, address, note in letter.links],
        "unsubscribe_url": leave,
        "preferences_url": absolute(reverse("events:preferences")) if user.is_verified else "",
        "site_url": absolute("/"),
        "SITE_NAME": settings.SITE_NAME,
        "company": f"{settings.COMPANY_NAME}, {settings.COMPANY_ADDRESS}",
        "language": translation.get_language(),
    }


def tidy(text: str) -> str:
    """`text` with no more than one empty line at a time, as people write."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def domain() -> str:
    """The domain that we write from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
