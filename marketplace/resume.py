"""A form sent after the session ended: what was typed waits in the new session until its author has signed in again.

The session says no more who wrote it, so a signed cookie names whoever was signed in last in this browser. What was
typed is kept for that person alone; from a browser that names nobody, nothing is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.http import QueryDict

KEPT, AUTHOR = "typed", "author"
MARK = "resumed"  # a form that carries it is drawn as it was filled in, and does nothing: its files are missing
SECRET = ("csrfmiddlewaretoken", "password", "password1", "password2", "code", "iban")
BOOKKEEPING = {"key", "means", "instead_of", "number", "act", "seen", "version", "edition", MARK}
ROWS = {
    "tranche",
    "tranches",
    "category",
    "categories",
    "staff",
    "piece",
    "pieces",
    "dropped",
}  # numbers of rows: no words to a reader
TICKED = "on"  # a box that was ticked says nothing without its label
MOST_CHARACTERS = 120_000  # the longest form is that of the terms: 40,000 and 12 tranches of 2,000, with their titles
MOST_FIELDS = 300


def sign(request: HttpRequest, response: HttpResponse) -> None:
    """Write into the browser who is signed in, if the page looked at it; leaving does not erase it."""
    if response.status_code >= 500 or not request.session.accessed:
        return
    user = str(request.session.get(SESSION_KEY, ""))
    if user and author(request) != user:
        options = {"samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE, "httponly": True}
        response.set_signed_cookie(AUTHOR, user, salt=AUTHOR, max_age=365 * 86400, **options)


def author(request: HttpRequest) -> str:
    """The number of whoever was signed in last in this browser; empty when it does not say, or lies."""
    return str(request.get_signed_cookie(AUTHOR, default="", salt=AUTHOR))


def keep(request: HttpRequest) -> None:
    """Keep what was typed for this address; secrets and files never are, nor more than a person would type."""
    typed = [[name, value] for name, values in lists(request.POST) for value in values]
    writer, size = author(request), sum(len(value) for _name, value in typed)
    if writer and len(typed) <= MOST_FIELDS and size <= MOST_CHARACTERS:
        kept = {"path": request.get_full_path(), "typed": typed, "author": writer, "files": bool(request.FILES)}
        request.session[KEPT] = kept


def lists(data: QueryDict) -> list[tuple[str, list[str]]]:
    """The fields with their values, without secrets."""
    return [(name, [str(value) for value in values]) for name, values in data.lists() if name not in SECRET]


def offer(request: HttpRequest, *, back: str = "") -> HttpResponse | None:
    """Back at the address, its author signed in: a page that gives the form back, once. None when nothing waits.

    `back` is where the form stands, if not at its own address. Another person's is forgotten unread. One that had files
    leads to its own page, filled in, to choose them again. One in which nothing was written is not sent unseen: its own
    page says what it does.
    """
    kept = request.session.get(KEPT)
    if request.method != "GET" or not kept or kept["path"] != request.get_full_path():
        return None
    del request.session[KEPT]
    if kept["author"] != str(request.user.pk):
        return None
    shown = [value for name, value in kept["typed"] if value not in {"", TICKED} and not is_bookkeeping(name)]
    if not shown and not kept["files"]:
        messages.warning(request, _("Your session had ended: nothing was sent. Check, then send again."))
        return redirect(back) if back else None
    return render(request, "resume.html", {**kept, "shown": shown, "mark": MARK, "back": back or kept["path"]})


def above(path: str) -> str:
    """The nearest page above an address: home at the latest."""
    parts = path.strip("/").split("/")
    for length in range(len(parts) - 1, 0, -1):
        address = f"/{'/'.join(parts[:length])}/"
        with suppress(Resolver404):
            resolve(address)
            return address
    return reverse("home")


def is_bookkeeping(name: str) -> bool:
    """Whether a field is none that a person fills in with words or figures."""
    return name in BOOKKEEPING | ROWS or name.endswith(("_FORMS",))
