"""A private thread as one of its two parties reads it: page by page, or what a search finds."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from projects.contacts import telling
from projects.exchange import sent_with
from projects.masks import Mask
from projects.models import Agreement, Enclosure, Thread, ThreadMessage
from projects.report import Reading, pages
from projects.storyline import names_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from projects.bundles import Filed

PAGE = 20
MOST_FOUND = 50
MAX_DIGITS = 18  # of a key


class Letter(NamedTuple):
    """A message as the reader may read it; `hides`: its author is told that the other party sees less for now."""

    pk: int
    who: str
    mine: bool
    at: datetime
    read_at: datetime | None
    text: str
    files: Sequence[Document | Filed]
    hides: bool


def letters(messages: Iterable[ThreadMessage], thread: Thread, reader: User, mask: Mask) -> list[Letter]:
    """`messages` with their files: one query more when there are any."""
    rows = list(messages)
    files = sent_with(Enclosure.objects.filter(thread_message__in=rows)) if rows else {}
    return [letter(row, thread, reader, mask)._replace(files=files.get(("thread_message", row.pk), [])) for row in rows]


def name_of(author_id: int, thread: Thread) -> str:
    """The name of one of the two, as far as the other may know it: whole once they are introduced."""
    agreement = thread.agreement
    author = agreement.client if author_id == agreement.client_id else agreement.provider
    if thread.is_introduced:
        return author.display_name
    return _("The client") if author == agreement.client else author.public_name


def letter(message: ThreadMessage, thread: Thread, reader: User, mask: Mask) -> Letter:
    """One message, without its files."""
    author = message.author_id
    return Letter(
        message.pk,
        name_of(message.author_id, thread),
        author == reader.pk,
        message.written_at,
        message.read_at,
        mask.of(message.text, author),
        [],
        hides=not thread.is_introduced and mask.hides_from_others(message.text, author),
    )


class Correspondence:
    """The thread of `user` on the project `key`, opened at the message `before`, or at what `words` find in it.

    A client whose first choice fell through has one with each provider called: the living one, unless `chosen` (the
    key of an agreement) says another. `user` is no party of any: Http404.
    """

    def __init__(self, user: User, key: str, *, chosen: str = "", words: str = "", before: str = "") -> None:
        rows = Agreement.objects.visible_to(user).filter(project__key=key).order_by("-pk")
        latest: dict[int, Agreement] = {}
        for row in rows.select_related("project", "client", "provider"):
            latest.setdefault(row.provider_id, row)
        self.agreements = list(latest.values())
        found = [row for row in self.agreements if chosen in {"", row.key}]
        if not found:
            raise Http404
        self.user, self.words, self.thread = user, words, Thread(found[0])
        self.reading = Reading(self.thread.project, user)
        self.before = int(before) if before.isascii() and before.isdecimal() and len(before) <= MAX_DIGITS else None

    @property
    def other(self) -> str:
        """The other party's name inside a sentence, as far as the reader may know it."""
        party = self.thread.agreement.other_party(self.user)
        if party == self.thread.agreement.client and not self.thread.is_introduced:
            return _("the client")
        return name_of(party.pk, self.thread)

    @cached_property
    def _found(self) -> list[ThreadMessage]:
        rows = self.thread.messages.before(self.before)
        if not self.words:
            return list(rows[: PAGE + 1])
        return list(rows.saying(self.words).exclude(pk__in=self._veiled)[: MOST_FOUND + 1])

    @property
    def _veiled(self) -> list[int]:
        """The messages of which the reader sees less than was written: finding them would tell what is masked."""
        if self.thread.is_introduced:
            return []
        theirs = self.thread.messages.exclude(author=self.user).values_list("pk", "text")
        return [pk for pk, text in theirs if telling(text)]

    @property
    def shown(self) -> list[ThreadMessage]:
        """The messages of this page, the latest first."""
        return self._found[: MOST_FOUND if self.words else PAGE]

    @cached_property
    def letters(self) -> list[Letter]:
        """The same, in words."""
        mask = Mask(self.thread.project, self.user, names_client=self.reading.once(names_client))
        return letters(self.shown, self.thread, self.user, mask)

    @property
    def is_cut(self) -> bool:
        """Whether there are older ones."""
        return len(self._found) > len(self.shown)

    @property
    def older(self) -> str:
        """The address of the page before, or nothing."""
        return self.url(avant=self.shown[-1].pk, q=self.words) if self.is_cut else ""

    @property
    def newer(self) -> str:
        """The address of the latest messages, from an older page."""
        return self.url(q=self.words) if self.before else ""

    def url(self, **query: object) -> str:
        """The address of this thread, with `query` added as far as it says something."""
        path = reverse("projects:thread", args=[self.thread.project.key])
        own = {"accord": self.thread.agreement.key} if len(self.agreements) > 1 else {}
        asked = urlencode(own | {name: value for name, value in query.items() if value})
        return f"{path}?{asked}" if asked else path

    @property
    def others(self) -> list[tuple[str, str, bool]]:
        """The threads of the project between which its client may choose: (address, name, whether it is this one)."""
        path = reverse("projects:thread", args=[self.thread.project.key])
        here = self.thread.agreement
        rows = [(f"{path}?accord={row.key}", row.provider.public_name, row == here) for row in self.agreements]
        return rows if len(rows) > 1 else []

    @property
    def context(self) -> dict[str, Any]:
        """What the page says."""
        project = self.thread.project
        number = _("Project %(number)s") % {"number": project.number}
        return {
            "talk": self,
            "thread": self.thread,
            "project": project,
            "pages": list(pages(self.reading)),
            "crumbs": [
                (_("My projects"), reverse("projects:mine")),
                (number, reverse("projects:report", args=[project.key])),
                (_("Private thread"), ""),
            ],
        }

    def mark_read(self) -> None:
        """The reader has now read the other party's messages of this page."""
        unread = [row.pk for row in self.shown if row.read_at is None and row.author_id != self.user.pk]
        if unread:
            self.thread.messages.mark_read(unread, by=self.user)
