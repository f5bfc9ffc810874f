"""Mails leave here: several over one connection, each with its own outcome, and one bad one never stops the others."""

from __future__ import annotations

import enum
import logging
import smtplib
import ssl
import traceback
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

log = logging.getLogger(__name__)
PERMANENT = 500


class Fate(enum.Enum):
    """What became of a mail."""

    SENT = "sent"
    LATER = "later"  # this one could not leave now (4xx, or something broke before the server had it)
    DOUBTFUL = "doubtful"  # the line broke while the server was taking it: it may have it, or not
    REFUSED = "refused"  # this recipient or this content will never be taken (5xx)
    UNREACHABLE = "unreachable"  # the server is not there: nothing was tried


@dataclass(frozen=True)
class Outcome:
    """The fate of one mail and, unless it was sent, why."""

    mail: EmailMessage
    fate: Fate
    reason: str = ""


def send_many(mails: Iterable[EmailMessage]) -> Generator[Outcome, None, None]:
    """Send `mails` over one connection and say of each, as it goes, what became of it.

    The connection is opened again when the server cuts it; once it cannot be opened, the rest is UNREACHABLE without
    being tried. Nothing is raised for a mail. Closing the iterator closes the connection.
    """
    connection = get_connection()
    absence = ""
    try:
        for mail in mails:
            absence = absence or missing(connection)
            yield Outcome(mail, Fate.UNREACHABLE, absence) if absence else send_one(connection, mail)
    finally:
        close(connection)


def missing(connection: BaseEmailBackend) -> str:
    """Open the connection if it is not; why it cannot be, or nothing."""
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The mail server does not answer: %s", error)
        return in_short(error)
    return ""


def send_one(connection: BaseEmailBackend, mail: EmailMessage) -> Outcome:
    """Send one mail over an open connection; a connection that broke is closed, to be opened anew for the next."""
    try:
        connection.send_messages([mail])
    except Exception as error:
        fate = fate_of(error)
        if fate in {Fate.LATER, Fate.DOUBTFUL}:
            log.warning("A mail could not leave now.", exc_info=True)
            close(connection)
        return Outcome(mail, fate, in_short(error))
    return Outcome(mail, Fate.SENT)


def fate_of(error: Exception) -> Fate:
    """REFUSED for a 5xx about this recipient or content. A refused sender is our own fault, and mended: LATER."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _text in error.recipients.values()]
            return Fate.REFUSED if codes and min(codes) >= PERMANENT else Fate.LATER
        case smtplib.SMTPDataError():
            return Fate.REFUSED if error.smtp_code >= PERMANENT else Fate.LATER
    return Fate.DOUBTFUL if was_being_taken(error) else Fate.LATER


def was_being_taken(error: Exception) -> bool:
    """Whether `error` came after DATA: a server may take a mail and die before it says so (RFC 1047)."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code is smtplib.SMTP.data.__code__ for frame, _line in frames)


def close(connection: BaseEmailBackend) -> None:
    """Say goodbye; a server that is gone already is no matter."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException, ssl.SSLError):
        log.debug("The mail server left before us.", exc_info=True)


def in_short(error: Exception) -> str:
    """An error as one short line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
