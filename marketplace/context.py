"""What every page knows, computed only when a template asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest

if TYPE_CHECKING:
    from marketplace.accounts.models import User

Figure = Callable[["User"], Any]
FIGURES: dict[str, Figure] = {}


def header(name: str) -> Callable[[Figure], Figure]:
    """Give the page header the figure `name` of the user who is signed in: one cheap query, run once per page at most.

    Declared in an app's `reactions.py`; the header knows "unread" (notices) and "credits" (all kinds together).
    """

    def declare(figure: Figure) -> Figure:
        FIGURES[name] = figure
        return figure

    return declare


class Header:
    """The header's figures, by name, for the reader of one page."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.known:
            user = self.request.user
            figure = FIGURES.get(name)
            self.known[name] = figure(user) if figure and user.is_authenticated else 0
        return self.known[name]


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's name, whether this is a trial, and the figures of the header."""
    return {
        "SITE_NAME": settings.SITE_NAME,
        "TRIAL": settings.TRIAL,
        "SANDBOX": settings.SANDBOX,
        "header": Header(request),
    }
