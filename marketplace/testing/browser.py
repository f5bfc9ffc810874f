"""A real browser: the system's Chromium, one context per visitor, and what it complains about."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.db import connections
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, expect, sync_playwright

from marketplace.launch.system import any_browser
from marketplace.testing.cast import signed_in

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.testing.processes import Site

QUIET = """--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking --disable-sync
    --disable-component-update --disable-default-apps --disable-extensions --no-first-run
    --mute-audio --disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication
    --js-flags=--no-turbofan""".split()  # noqa: SIM905
ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
MAKES = """() => [...new Set([...document.querySelectorAll("html, body *")].map(part =>
    [part.localName, ...["lang", "class", "type", "role", "aria-current", "aria-invalid", "open", "disabled"]
        .map(name => part.getAttribute(name))].join(" ")))]"""
LOOKED_AT: set[str] = set()  # by this worker; what the others have looked at is in a file


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all journeys of a worker."""
    # Playwright keeps a loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    path = any_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, ONLY_HERE])
        yield browser
        connections.close_all()  # those that Django keeps apart while Playwright's loop runs in this thread
        browser.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, site: Site) -> Iterator[Enter]:
    """`enter()` opens a window for a visitor, `enter(user)` for somebody signed in; their scripts must not fail."""
    complaints: list[str] = []
    opened = []

    def window(user: User | None = None, *, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=site.url, locale="fr-FR", timezone_id="Europe/Paris", viewport={"width": width, "height": 900}
        )
        opened.append(context)
        context.set_default_timeout(10_000)
        if user:
            value = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": site.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: complaints.extend(refused(page, said.text)))
        return page

    yield window
    for context in opened:
        context.close()
    assert not complaints, "\n".join(dict.fromkeys(complaints))


def settled(page: Page) -> None:
    """Wait until htmx listens to what it has just put in place: a moment after it can be seen."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def refused(page: Page, said: str) -> list[str]:
    """What our content policy has refused."""
    return [f"{page.url}: {said}"] if "Content Security Policy" in said else []


def axe(page: Page) -> list[str]:
    """What axe finds on the page as it stands, at 360 and 1280 px, light and dark; and a page wider than its window."""
    shows_something_new(page)  # a journey that comes here later need not look again
    return faults(page, {360: SCHEMES, 1280: SCHEMES})


def at_every_look(page: Page) -> list[str]:
    """As `axe` where the page shows what no page of its kind has shown; and whether it fits in 320, 360 and 1280 px.

    With SHOTS in the environment, pictures of it in that folder.
    """
    schemes = SCHEMES if shows_something_new(page) else ()
    found = faults(page, {320: (), 360: schemes, 1280: schemes})
    if folder := os.environ.get("SHOTS"):
        keep_pictures(page, Path(folder))
    return found


def shows_something_new(page: Page) -> bool:
    """Whether an element of this make (name, classes, role, state) was never looked at on this kind of page.

    It is looked at by whichever worker of the run comes first.
    """
    page.wait_for_load_state()
    kind = kind_of(page)
    makes = {json.dumps([kind, make]) for make in page.evaluate(MAKES)}
    if makes <= LOOKED_AT:
        return False
    with (Path(os.environ["TEST_FOLDER"]) / "looked-at").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        LOOKED_AT.update(file.read().splitlines())
        new = sorted(makes - LOOKED_AT)
        file.writelines(f"{make}\n" for make in new)
    LOOKED_AT.update(new)
    return bool(new)


def kind_of(page: Page) -> str:
    """The route of a page of ours, or that it has none; of another site's, its server."""
    address = urlsplit(page.url)
    if not page.url.startswith(settings.BASE_URL):
        return address.netloc
    try:
        return resolve(address.path).view_name
    except Resolver404:
        return "404"


def faults(page: Page, looks: Mapping[int, Iterable[Scheme]]) -> list[str]:
    """At each width, whether the page is wider than the window, and what axe finds in each colour scheme.

    Light and dark differ in colours alone, so that the rules on colours are all that is asked a second time.
    """
    found: list[str] = []
    before = page.viewport_size
    for width, schemes in looks.items():
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{page.url} at {width} px is wider than the window")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate("document.getAnimations().forEach(change => change.finish())")
            rules = COLOUR_RULES if scheme == "dark" else None
            found += [f"{page.url} at {width} px, {scheme}: {fault}" for fault in violations(page, rules)]
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)
    return found


def violations(page: Page, rules: list[str] | None = None) -> Iterator[str]:
    """What axe says of the page, by all rules or by some; the page is given the script once."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": rules or WCAG, "preload": False}
    for fault in page.evaluate("options => axe.run(document, options).then(found => found.violations)", options):
        places = "; ".join(node["html"][:160] for node in fault["nodes"][:3])
        yield f"{fault['help']} ({fault['id']}): {places}"


def keep_pictures(page: Page, folder: Path) -> None:
    """The whole page as it stands, narrow and wide."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", page.url.partition("://")[2].partition("/")[2].lower()).strip("-") or "home"
    number, before = len(list(folder.iterdir())) // 2, page.viewport_size
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=folder / f"{number:03}-{name[:60]}-{width}.png", full_page=True)
    if before:
        page.set_viewport_size(before)
