"""A form sent after the session ended: what was typed waits in the new session until its author has signed in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import QueryDict

KEPT = "typed"
SECRET = ("csrfmiddlewaretoken", "password", "password1", "password2", "code", "iban")
MOST_CHARACTERS = 60_000
MOST_FIELDS = 300


def keep(request: HttpRequest) -> None:
    """Keep what was typed for this address; secrets and files never are, nor more than a person would type."""
    typed = [[name, value] for name, values in lists(request.POST) for value in values]
    if len(typed) <= MOST_FIELDS and sum(len(value) for _name, value in typed) <= MOST_CHARACTERS:
        request.session[KEPT] = {"path": request.get_full_path(), "typed": typed}


def lists(data: QueryDict) -> list[tuple[str, list[str]]]:
    """The fields with their values, without secrets."""
    return [(name, [str(value) for value in values]) for name, values in data.lists() if name not in SECRET]


def offer(request: HttpRequest) -> HttpResponse | None:
    """Back at the address, signed in: a page that gives the form back, once. None when nothing waits for it."""
    kept = request.session.get(KEPT)
    if request.method != "GET" or not kept or kept["path"] != request.get_full_path():
        return None
    del request.session[KEPT]
    shown = [value for name, value in kept["typed"] if value and not is_bookkeeping(name)]
    return render(request, "resume.html", {"typed": kept["typed"], "shown": shown, "path": kept["path"]})


def is_bookkeeping(name: str) -> bool:
    """Whether a field is none that a person fills in."""
    return name in {"key", "instead_of", "number", "act", "seen", "version"} or name.endswith(("_FORMS",))
