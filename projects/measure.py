"""How long the list and its search take at the rows that are there (`manage.py measure_list`).

Whole pages are asked for in this process, through every middleware, so that a figure is what a visitor waits for on an
idle machine, without the network. Beside it stand the time spent waiting for the database, and the processor time of a
page, Python and PostgreSQL together, which a busy machine does not change (0 when PostgreSQL runs elsewhere). Recall is
the share of the true first page, of all that a search finds ranked one by one, that the page shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode

import psutil
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test import Client

from projects import generated
from projects.forms.discover import PAGE, Finder
from projects.forms.sorts import SORTS
from projects.models import Project

LIST = "/projets/"
COMMON = ("site", "refonte", "boutique", "boulangerie", "création", "développement", "maquette", "gagner du temps")


@dataclass
class Clock:
    """Seconds of each page: whole, waiting for the database, of the processor; the most queries of one; the recall."""

    whole: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    queries: int = 0
    recall: float | None = None

    def time(self, deed: Callable[[], Any]) -> None:
        """Do `deed` once and note how long it took."""
        with watched() as spent:
            begun, used = time.perf_counter(), processor()
            deed()
            self.whole.append(time.perf_counter() - begun)
            self.processor.append(processor() - used)
        self.database.append(sum(spent))
        self.queries = max(self.queries, len(spent))


@contextmanager
def watched() -> Iterator[list[float]]:
    """The seconds of each query of the block."""
    spent: list[float] = []

    def note(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent.append(time.perf_counter() - begun)

    with connection.execute_wrapper(note):
        yield spent


def processor() -> float:
    """The processor seconds of this process and of its PostgreSQL backend so far."""
    connection.ensure_connection()
    try:
        server = psutil.Process(connection.connection.info.backend_pid)
        times = server.cpu_times() if server.name().startswith("postgres") else None
    except psutil.Error:
        times = None
    return time.process_time() + (times.user + times.system if times else 0)


def percentile(seconds: Sequence[float], share: float) -> float:
    """The value that `share` of `seconds` do not exceed, in milliseconds."""
    ranked = sorted(seconds)
    return 1000 * ranked[min(int(share * len(ranked)), len(ranked) - 1)]


def deep(sort: str, share: float) -> str:
    """The address of a page after `share` of the list, as its own links would give it."""
    order = SORTS[sort]
    rows = Project.objects.available().order_by(*order.order(backwards=False))
    row = rows[int(share * (rows.count() - 1))]
    return f"{LIST}?{urlencode({'tri': sort, 'apres': order.mark(row)})}"


def recall(asked: Iterable[str]) -> float | None:
    """The share of the true first pages of these searches that is shown; None when they find nothing."""
    shown = wanted = 0
    for address in asked:
        finder = Finder(QueryDict(address.partition("?")[2]), LIST)
        ranked = finder.found.with_relevance(finder.text).order_by(*finder.sort.order(backwards=False))
        best = set(ranked.values_list("pk", flat=True)[:PAGE])
        shown += len(best & {project.pk for project in finder.page(AnonymousUser()).projects})
        wanted += len(best)
    return shown / wanted if wanted else None


def addresses(times: int) -> Iterator[tuple[str, list[str]]]:
    """What is measured: a name, and the addresses asked for in turn."""
    random = Random(7)  # noqa: S311  (no secret)
    rare = [generated.names()[random.randrange(200, 2500)] for _ in range(times)]
    pairs = [f"{generated.drawn(random, COMMON)} {generated.drawn(random, generated.WHO)}" for _ in range(times)]
    words = {
        "search, common word": [random.choice(COMMON) for _ in range(times)],
        "search, rare word": rare,
        "search, two words": pairs,
        "search, phrase": [f'"{random.choice(("site vitrine", "boutique en ligne"))} pour"' for _ in range(times)],
        "search, no hit": [f"{word}x {word[::-1]}" for word in rare],
        "search, one letter wrong": [f"{word[:2]}{word[3:]}" for word in rare],
    }
    yield "first page", [LIST] * times
    yield "deep page, latest", [deep("recents", n / times) for n in range(1, times)]
    yield "deep page, closing soon", [deep("cloture", n / times) for n in range(1, times)]
    yield "deep page, budget", [deep("budget", n / times) for n in range(1, times)]
    yield "category", [f"{LIST}?categorie={slug}" for slug in ("gestion", "formation", "web", "design")] * (times // 4)
    yield "four filters", [f"{LIST}?categorie=gestion&lieu=sur-place&budget=4&urgent=1"] * times
    for name, texts in words.items():
        yield name, [f"{LIST}?{urlencode({'q': text})}" for text in texts]
    yield "common word, two filters", [f"{LIST}?q=refonte&categorie=gestion&lieu=sur-place"] * times


def measure(times: int, client: Client) -> Iterator[tuple[str, Clock]]:
    """Ask for each address; the first one of each kind warms up and does not count."""
    for name, asked in addresses(times):
        clock = Clock()
        client.get(asked[0])
        for address in asked:
            clock.time(lambda address=address: client.get(address))  # type: ignore[misc]
        clock.recall = recall(address for address in set(asked) if "q=" in address)
        yield name, clock
    clock = Clock()
    for _ in range(times):
        cache.clear()
        clock.time(lambda: client.get(LIST))
    yield "first page, counts not cached", clock


def table(rows: Sequence[tuple[str, Clock]]) -> Iterator[str]:
    """The findings, a line each."""
    yield f"{'milliseconds':34}{'p50':>8}{'p95':>8}{'db p50':>9}{'db p95':>9}{'cpu':>8}{'queries':>9}{'recall':>8}"
    for name, clock in rows:
        halves = [percentile(seconds, share) for seconds in (clock.whole, clock.database) for share in (0.5, 0.95)]
        cpu = 1000 * sum(clock.processor) / len(clock.processor)
        times = f"{halves[0]:8.1f}{halves[1]:8.1f}{halves[2]:9.1f}{halves[3]:9.1f}{cpu:8.1f}"
        found = "" if clock.recall is None else f"{clock.recall:8.2f}"
        yield f"{name:34}{times}{clock.queries:9}{found}"
