"""Who gets what from which route: every route of the resolver, tried by every role, against one readable table."""

from __future__ import annotations

import io
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, reverse
from pypdf import PdfReader

from marketplace.checks import routes
from marketplace.ledger import checks
from marketplace.policies import FOREIGN
from marketplace.testing import world as worlds
from marketplace.testing.database import planned_once
from marketplace.testing.stage import stage
from marketplace.testing.world import ROLES, Canary, Target, World

TABLE = settings.BASE_DIR / "marketplace/tests/access.txt"
SENT_AWAY = {
    "/compte/connexion/": "in",
    "/compte/adresses/": "mail",
    "/mon-compte/entreprise/": "hat",
    "/compte/double-authentification/application/activer/": "2fa",
    "/compte/confirmation/": "again",
}
REFUSED = {"in", "mail", "hat", "2fa", "again", "400", "403", "404", "405"}
OWN_AFFAIR = {"mfa_download_recovery_codes"}  # allauth notes that they have seen their own codes, whatever the method
TOUCHED = """
    select coalesce(sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
        + pg_stat_get_xact_tuples_deleted(oid)), 0)
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ('django_session', 'django_cache')
"""
HEADING = """\
# Who gets what: one line per route (and object), one column per role, GET/POST (an empty form) in each cell.
# A number is the status. Sent away: in = to log in, mail = to confirm the address, hat = to give a role or company,
# 2fa = to set up a second factor, again = to give the password again, stripe = to the payment page,
# 302 = elsewhere (done, or on its way).
# Written by: python -m pytest marketplace/tests/test_access.py --write-access-table   (then read the difference!)
"""


@dataclass
class Findings:
    """What was seen: the table's lines, and what must not happen at all."""

    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    leaks: set[str] = field(default_factory=set)
    crashes: list[str] = field(default_factory=list)
    other_methods: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    rows: int = 0  # that the transaction has written so far; what is rolled back counts too

    def has_touched_more(self) -> bool:
        """Whether rows were written since this was last asked."""
        before, self.rows = self.rows, rows_touched()
        return self.rows != before


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-access-table", action="store_true", help=f"write {TABLE.name} from what is seen")


def parameters(path: str) -> list[str]:
    """The names of a route's parameters, in order."""
    named = re.findall(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>", path)
    return [first or second for first, second in named]


def named_routes() -> Iterator[tuple[str, str, URLPattern]]:
    """Every route that can be tried by its name; the administration's catch-alls have none and only redirect."""
    for name, path, pattern in routes():
        if name and not name.endswith(":"):
            yield name, path, pattern


@dataclass
class Trial:
    """One role's browser in the world, each request in a transaction of its own that never happened."""

    world: World
    role: str
    findings: Findings
    session: str = ""
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        cookie = self.world.client(self.role).cookies.get(settings.SESSION_COOKIE_NAME)
        self.session = cookie.value if cookie else ""

    def ask(self, method: str, target: Target) -> str:
        """The outcome of one request; what it changed or showed although it must not is noted."""
        self.client.cookies.clear()
        if self.session:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.session
        where = f"{self.role} {method} {target.name}"
        mail.outbox.clear()
        with transaction.atomic():
            try:
                response = self.client.generic(method, reverse(target.route, kwargs=target.kwargs))
                outcome = "stripe" if went_to_stripe(target, response) else outcome_of(response)
                self.look(where, response)
                touched = self.findings.has_touched_more()
                if outcome in REFUSED and target.route not in OWN_AFFAIR and (touched or mail.outbox):
                    self.findings.changes.append(where)
            except Exception as error:
                self.findings.crashes.append(f"{where}: {error!r} at {place_of(error)}")
                outcome = "500"
            transaction.set_rollback(True)
        return outcome

    def look(self, where: str, response: HttpResponseBase) -> None:
        """Note each canary that this role must not see and yet finds in the answer."""
        text = text_of(response)
        for canary in self.world.canaries:
            if self.role not in canary.seen_by and (token := found_in(text, canary)):
                self.findings.leaks.add(f"{where}: {canary.name} ({token})")


def place_of(error: Exception) -> str:
    """The last line of ours that `error` came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if ".venv" not in f.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"


def found_in(text: str, canary: Canary) -> str:
    """The first token of `canary` in `text`, or nothing."""
    return next((token for token in canary.tokens if token in text), "")


def rows_touched() -> int:
    """Rows written by this transaction so far, but for sessions and counters of failures."""
    with connection.execute_wrapper(planned_once), connection.cursor() as cursor:
        cursor.execute(TOUCHED)
        return int(cursor.fetchone()[0])


def went_to_stripe(target: Target, response: HttpResponseBase) -> bool:
    """Whether the payer was let through to Stripe, which need not be there."""
    there = response.get("Location", "").startswith(settings.STRIPE_API_BASE)
    return target.route == "payments:checkout" and (there or response.status_code == 503)


def outcome_of(response: HttpResponseBase) -> str:
    """How the table writes this answer."""
    if response.status_code == 302:
        path = str(response["Location"]).partition("?")[0]
        return SENT_AWAY.get(path, "302")
    return str(response.status_code)


def text_of(response: HttpResponseBase) -> str:
    """All that the answer says: headers, body, the words of a PDF."""
    streamed = getattr(response, "streaming_content", None)
    body = b"".join(streamed) if streamed is not None else getattr(response, "content", b"")
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    if body.startswith(b"%PDF"):
        pages = PdfReader(io.BytesIO(body)).pages
        return headers + "".join(page.extract_text() for page in pages)
    return headers + body.decode(errors="replace")


def explore(world: World) -> Findings:
    """Try every route, by every role, with each method."""
    findings = Findings()
    targets = []
    for name, path, _pattern in named_routes():
        found = worlds.targets_of(world, name, path, parameters(path))
        targets += found
        if not found:
            findings.unknown.append(f"{name} ({path})")
    for role in ROLES:
        trial = Trial(world, role, findings)
        findings.has_touched_more()
        for target in targets:
            got, posted = trial.ask("GET", target), trial.ask("POST", target)
            findings.lines.setdefault(target.name, {})[role] = f"{got}/{posted}"
            if role in {"provider0", "owner"} and not target.route.startswith(tuple(FOREIGN)):
                findings.other_methods += strange(trial, target, got, posted)
    return findings


def strange(trial: Trial, target: Target, got: str, posted: str) -> list[str]:
    """Where HEAD answers otherwise than GET, or PUT and DELETE let somebody in whom GET and POST refuse."""
    answers = {method: trial.ask(method, target) for method in ("HEAD", "PUT", "DELETE")}
    wrong = [] if answers["HEAD"] == got else [f"{trial.role} HEAD {target.name}: {answers['HEAD']}, not {got}"]
    shut = got in REFUSED and posted in REFUSED
    return wrong + [
        f"{trial.role} {method} {target.name}: {answers[method]}"
        for method in ("PUT", "DELETE")
        if answers[method].startswith("5") or (shut and answers[method] not in REFUSED)
    ]


def written(lines: dict[str, dict[str, str]]) -> str:
    """The table as a file."""
    wide = max(len(name) for name in lines)
    columns = {role: max(len(role), *(len(cells[role]) for cells in lines.values())) for role in ROLES}
    rows = [("route", dict(zip(ROLES, ROLES, strict=True))), *sorted(lines.items())]
    table = [
        f"{name:{wide}}  {'  '.join(f'{cells[role]:{width}}' for role, width in columns.items())}".rstrip()
        for name, cells in rows
    ]
    return HEADING + "\n".join(table) + "\n"


def read(path: Path = TABLE) -> dict[str, dict[str, str]]:
    """The table of the file: line → role → cell."""
    rows = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {" ".join(row[: -len(ROLES)]): dict(zip(ROLES, row[-len(ROLES) :], strict=True)) for row in rows[1:]}


@pytest.fixture(scope="module")
def findings(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Findings]:
    """The world explored once; nothing of it stays."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        stage.undo()
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        world = worlds.build()
        assert checks.run() == []
        yield explore(world)
        transaction.set_rollback(True)
