"""Who is told of an event, and in what words: `@tells(verb)` classes of `<app>/notices.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.templatetags.page import stays_open

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event

Facts = dict[str, Any]


class Kind(models.TextChoices):
    """What a notice is about, as far as preferences go."""

    ACCOUNT = "ACCOUNT", _("My account")
    PROJECTS = "PROJECTS", _("Projects and offers")
    SELECTION = "SELECTION", _("Selection")
    AGREEMENT = "AGREEMENT", _("Agreements")
    MONEY = "MONEY", _("Money")
    DISPUTE = "DISPUTE", _("Disputes")
    NEWSLETTER = "NEWSLETTER", _("Newsletter of new projects")

    @property
    def may_be_switched_off(self) -> bool:
        """Money and disputes are always mailed; the account's own security too."""
        return self not in {Kind.ACCOUNT, Kind.MONEY, Kind.DISPUTE}


@dataclass
class Letter:
    """What a notice says: one content for the site, the text and the HTML mail.

    `paragraphs` come first, then `quote` (words of somebody else, drawn as a quotation), `figures` (label, value),
    `table` (rows of cells: heads first, then label and values), `items` (a list, under `items_title`), one `action`
    (label, path on the site), `links` (label, path, a small line; under `links_title`) and a `note` that closes.
    `project` is the small line above the subject. `asks`: a suspended account cannot do what the action is for, though
    its page stays open to it; it reads `known` in the place of the subject, and not the paragraph `ask`.
    """

    subject: str
    paragraphs: list[str]
    figures: list[tuple[str, str]] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    items_title: str = ""
    links: list[tuple[str, str, str]] = field(default_factory=list)
    links_title: str = ""
    note: str = ""
    quote: str = ""
    action: tuple[str, str] | None = None
    project: str = ""
    asks: bool = False
    known: str = ""
    ask: str = ""

    def as_suspended(self) -> Letter:
        """The same for who was suspended when it was written: what is closed to them is not asked of them."""
        if not self.asks and (not self.path or stays_open(self.path)):
            return self
        words = {"subject": self.known or self.subject}
        subject = gettext("For information, your account being suspended: %(subject)s") % words
        told = [paragraph for paragraph in self.paragraphs if paragraph != self.ask]
        closed = gettext(
            "Your account is suspended: what this letter asks for is closed to you, and you need not do it. Money held "
            "for you stays on the project’s internal account until your account is open again, or until our team "
            "settles it with you."
        )
        return replace(self, subject=subject, paragraphs=[closed, *told], action=None, asks=False)

    @property
    def table_lines(self) -> list[str]:
        """The table as plain text: a line for each row, each cell after its head."""
        line = gettext("%(label)s: %(value)s")
        rows = [(label, ", ".join(f"{head.lower()} {cell}" for head, cell in cells)) for label, cells in self.rows]
        return [line % {"label": label, "value": value} for label, value in rows]

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The table without its heads: each row's label, and its cells each with its head."""
        heads, *rows = self.table or [[]]
        return [(label, list(zip(heads[1:], cells, strict=True))) for label, *cells in rows]

    @property
    def path(self) -> str:
        """Where the action leads, or nothing."""
        return self.action[1] if self.action else ""


class Telling(ABC):
    """One way in which one event is told to some people."""

    name: str
    kind: Kind

    @abstractmethod
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        """Who is told, each with the facts (JSON: ids, cents, names, ISO dates) that their letter will need.

        Runs in the transaction of the deed; naming somebody twice tells them once, with the first facts.
        """

    @abstractmethod
    def letter(self, facts: Facts) -> Letter:
        """The words, from the frozen facts alone: no query, in the language that is active when it is read."""


T = TypeVar("T", bound=type[Telling])
by_name: dict[str, Telling] = {}
by_verb: dict[str, list[Telling]] = {}


def tells(verb: str, *, kind: Kind, name: str = "") -> Callable[[T], T]:
    """Declare a Telling of `verb`; a second one of the same verb needs a `name` of its own."""

    def declare(cls: T) -> T:
        telling = cls()
        telling.name, telling.kind = name or verb, kind
        if telling.name in by_name:
            raise ValueError(f"Two tellings are called {telling.name}: give the second a name of its own.")
        by_name[telling.name] = telling
        by_verb.setdefault(verb, []).append(telling)
        return cls

    return declare


def told(event: Event) -> Iterator[tuple[Telling, User, Facts]]:
    """Each person concerned by `event`, once, with the first telling that names them."""
    seen: set[int] = set()
    for telling in by_verb.get(event.verb, ()):
        for user, facts in telling.people(event):
            if user.pk not in seen:
                seen.add(user.pk)
                yield telling, user, facts
    event.rows.clear()
