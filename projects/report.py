"""The project report is one page made of parts: each app registers what it has to say and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.utils.translation import gettext as _

from marketplace.templatetags.page import open_to

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event
    from projects.models import Project

T = TypeVar("T")


class Reading:
    """One reader before one project: what several parts need to know is asked of the database once for the page.

    `before` is the event from before which they read the timeline, if they asked for an older page of it.
    """

    def __init__(self, project: Project, user: User, *, before: str = "") -> None:
        self.project, self.user, self.before = project, user, before
        self._known: dict[Callable[[Reading], Any], Any] = {}

    @property
    def as_client(self) -> bool:
        """Whether the reader is the project's client."""
        return self.project.client_id == self.user.pk

    @property
    def as_winner(self) -> bool:
        """Whether the reader is the provider who was chosen."""
        return self.project.winner_id == self.user.pk

    def once(self, ask: Callable[[Reading], T]) -> T:
        """What `ask` answers of this reading; asked again, the same answer."""
        if ask not in self._known:
            self._known[ask] = ask(self)
        found: T = self._known[ask]
        return found


class Panel(NamedTuple):
    """A section of the report: a template and what it needs."""

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Todo:
    """Something that somebody must do: the strip and the "to do" section of the report show the most urgent first.

    `mine` tells whether the reader is the one who must act; `label` and `url` are the reader's way to do it.
    What is `foremost` comes before all else, whoever must act: it has stopped the rest. `idle`, where nobody must act,
    comes last. `kept`: it stays open to a suspended account.
    """

    title: str
    text: str = ""
    label: str = ""
    url: str = ""
    by: datetime | None = None
    mine: bool = True
    pressing: bool = True
    foremost: bool = False
    kept: bool = False
    idle: bool = False

    def as_suspended(self) -> Todo:
        """The same for a suspended reader: what is closed to them waits, and its date says what it causes."""
        if self.kept or not self.mine:
            return self
        _who, _colon, what = self.title.partition(": ")
        closed = _(
            "This is closed to a suspended account. Money held for you stays on the project’s internal account until "
            "your account is open again, or until our team settles it with you."
        )
        text = f"{closed} {self.text}".strip() if self.by else closed
        title = _("Waits, your account being suspended: %(what)s") % {"what": what or self.title}
        return replace(self, title=title, text=text, label="", url="", mine=False, pressing=False)

    @property
    def when(self) -> str:
        """The words that stand for a date when there is none."""
        if self.by:
            return ""
        return _("As soon as possible") if self.pressing else "–"


class Banner(NamedTuple):
    """News at the very top of the report: a remark (see components/alert.html) with one link."""

    kind: str
    title: str
    text: str
    label: str = ""
    url: str = ""


class Line(NamedTuple):
    """An event put in words for the timeline: a title, a detail, a tone ("", "go", "stop" or "soon"), and whose act."""

    title: str
    detail: str = ""
    tone: str = ""
    who: str = ""


PanelMaker = Callable[[Reading], Panel | None]
TodoMaker = Callable[[Reading], Todo | None]
BannerMaker = Callable[[Reading], Banner | None]
LineMaker = Callable[["Event", Reading], Line | None]
Page = tuple[str, str, str]
PageMaker = Callable[[Reading], Page | None]
PAGES: dict[str, tuple[int, PageMaker]] = {}
PANELS: dict[str, tuple[int, PanelMaker]] = {}
TODOS: dict[str, TodoMaker] = {}
BANNERS: dict[str, BannerMaker] = {}
LINES: dict[str, LineMaker] = {}


def panel(*, order: int) -> Callable[[PanelMaker], PanelMaker]:
    """Register a section of the report; small orders come first. None: nothing to show to this reader."""

    def register(maker: PanelMaker) -> PanelMaker:
        PANELS[f"{maker.__module__}.{maker.__qualname__}"] = (order, maker)
        return maker

    return register


def page(*, order: int) -> Callable[[PageMaker], PageMaker]:
    """Register a page of the project for its sub-navigation: (address, label, icon), or None for this reader."""

    def register(maker: PageMaker) -> PageMaker:
        PAGES[f"{maker.__module__}.{maker.__qualname__}"] = (order, maker)
        return maker

    return register


def pages(reading: Reading) -> Iterator[Page]:
    """The pages of the project that its reader may open, in order."""
    for _order, maker in sorted(PAGES.values(), key=lambda pair: pair[0]):
        if (made := maker(reading)) and open_to(made[0], reading.user):
            yield made


def todo(maker: TodoMaker) -> TodoMaker:
    """Register something that the report may ask of its reader, or wait for from the other side."""
    TODOS[f"{maker.__module__}.{maker.__qualname__}"] = maker
    return maker


def banner(maker: BannerMaker) -> BannerMaker:
    """Register news for the top of the report; None: nothing to say to this reader."""
    BANNERS[f"{maker.__module__}.{maker.__qualname__}"] = maker
    return maker


def banners(reading: Reading) -> list[Banner]:
    """The news for the reader."""
    return [made for maker in BANNERS.values() if (made := maker(reading))]


def line(*verbs: str) -> Callable[[LineMaker], LineMaker]:
    """Register the words of some events; a reader whom an event does not concern gets None."""

    def register(maker: LineMaker) -> LineMaker:
        LINES.update(dict.fromkeys(verbs, maker))
        return maker

    return register


def panels(reading: Reading) -> Iterator[Panel]:
    """The sections of the report for its reader, in order."""
    for _order, maker in sorted(PANELS.values(), key=lambda pair: pair[0]):
        if made := maker(reading):
            yield made


def todos(reading: Reading) -> list[Todo]:
    """What is to be done on the project: what has stopped the rest, then the reader's own, then by date."""
    made = [found for maker in TODOS.values() if (found := maker(reading))]
    if reading.user.is_suspended:
        made = [todo.as_suspended() for todo in made]
    return sorted(made, key=lambda t: (not t.foremost, t.idle, not t.mine, t.by is None, t.by and t.by.timestamp()))


def lines(events: list[Event], reading: Reading) -> Iterator[tuple[Event, Line]]:
    """The timeline of `events` for the reader; events without words for them are left out."""
    for event in events:
        maker = LINES.get(event.verb)
        if maker and (made := maker(event, reading)):
            yield event, made
