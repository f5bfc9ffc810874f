"""The project report is one page made of parts: each app registers what it has to say and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event
    from projects.models import Project


class Panel(NamedTuple):
    """A section of the report: a template and what it needs."""

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Todo:
    """Something that somebody must do: the strip and the "to do" section of the report show the most urgent first.

    `mine` tells whether the reader is the one who must act; `label` and `url` are the reader's way to do it.
    """

    title: str
    text: str = ""
    label: str = ""
    url: str = ""
    by: datetime | None = None
    mine: bool = True


class Line(NamedTuple):
    """An event put in words for the timeline: a title, a detail, and a tone ("", "go", "stop" or "soon")."""

    title: str
    detail: str = ""
    tone: str = ""


PanelMaker = Callable[["Project", "User"], Panel | None]
TodoMaker = Callable[["Project", "User"], Todo | None]
LineMaker = Callable[["Event", "User"], Line | None]
Page = tuple[str, str, str]
PageMaker = Callable[["Project", "User"], Page | None]
PAGES: dict[str, tuple[int, PageMaker]] = {}
PANELS: dict[str, tuple[int, PanelMaker]] = {}
TODOS: dict[str, TodoMaker] = {}
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


def pages(project: Project, user: User) -> Iterator[Page]:
    """The pages of `project` that `user` may open, in order."""
    for _order, maker in sorted(PAGES.values(), key=lambda pair: pair[0]):
        if made := maker(project, user):
            yield made


def todo(maker: TodoMaker) -> TodoMaker:
    """Register something that the report may ask of its reader, or wait for from the other side."""
    TODOS[f"{maker.__module__}.{maker.__qualname__}"] = maker
    return maker


def line(*verbs: str) -> Callable[[LineMaker], LineMaker]:
    """Register the words of some events; a reader whom an event does not concern gets None."""

    def register(maker: LineMaker) -> LineMaker:
        LINES.update(dict.fromkeys(verbs, maker))
        return maker

    return register


def panels(project: Project, user: User) -> Iterator[Panel]:
    """The sections of `project`'s report for `user`, in order."""
    for _order, maker in sorted(PANELS.values(), key=lambda pair: pair[0]):
        if made := maker(project, user):
            yield made


def todos(project: Project, user: User) -> list[Todo]:
    """What is to be done on `project`: the reader's own first, then by date."""
    made = [found for maker in TODOS.values() if (found := maker(project, user))]
    return sorted(made, key=lambda t: (not t.mine, t.by is None, t.by and t.by.timestamp()))


def lines(events: Iterator[Event] | list[Event], user: User) -> Iterator[tuple[Event, Line]]:
    """The timeline of `events` for `user`; events without words for this reader are left out."""
    for event in events:
        maker = LINES.get(event.verb)
        if maker and (made := maker(event, user)):
            yield event, made
