"""How long the newsletter takes to match: `python -m bench.newsletter [PROVIDERS [PROJECTS]]`.

A PostgreSQL of its own is made, filled, measured and thrown away; no site's data is touched. A third of the providers
follow no category, a third follow one to three; a third keep saved searches, two each; seven in ten had a copy
yesterday, and one in fifty has consulted one of the projects.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.contrib.auth import get_user_model
from django.utils import timezone

from marketplace.testing import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

WORDS = "site logo boutique traduction audit données formation vidéo plans paie serveur marque carte notice".split()  # noqa: SIM905
PEOPLE = [
    """
    insert into accounts_user (password, is_superuser, email, name, phone, language, is_client, is_provider, is_staff,
        is_active, email_verified_at, date_joined)
    select '!', false, 'p' || n || '@banc.example', 'P ' || n, '', 'fr', n = 0, n > 0, false, true, now(), now()
    from generate_series(0, %(providers)s) n
    """,
    """
    insert into accounts_company (user_id, name, country, siren, vat_number, vat_status, street, postcode, city)
    select id, name, 'FR', lpad(id::text, 9, '0'), 'FR00' || lpad(id::text, 9, '0'), 'REGISTERED', '', '44000', 'Nantes'
    from accounts_user
    """,
]
WISHES = [
    """
    insert into projects_interest (provider_id, category_id)
    select distinct u.id, c.id from accounts_user u
    join projects_category c on (u.id + c.id) %% 12 < 1 + u.id %% 3 where u.id %% 3 > 0
    """,
    """
    insert into projects_savedsearch
        (provider_id, name, text, categories, skills, bands, places, urgent, few_offers, created_at)
    select u.id, 'r', (%(words)s::text[])[1 + (u.id + k * 5) %% %(count)s], '{}', '{}',
        case when k = 1 then '{}' else array['1', '2'] end, case when k = 1 then '{}' else array['REMOTE'] end,
        false, u.id %% 2 = 0, now()
    from accounts_user u, generate_series(1, 2) k where (u.id / 3) %% 3 = 0
    """,
    """
    insert into projects_edition (day, until, reached, written_at)
    select current_date - 1, now() - interval '1 day', 0, now()
    """,
    """
    insert into projects_newslettercopy
        (edition_id, provider_id, day, project_keys, until, state, attempts, next_try_at, failure)
    select e.id, u.id, e.day, array['ancien1', 'ancien2'], e.until, 'READY', 0, now(), ''
    from accounts_user u, projects_edition e where u.is_provider and u.id %% 10 < 7
    """,
    "analyze",
]


def calls(models: Any, many: int) -> Iterator[Any]:
    """Open calls for offers, one opened every ten minutes, of all categories, budgets and places."""
    client, categories = get_user_model().objects.order_by("pk")[0], list(models.Category.objects.all())
    now = timezone.now()
    for n in range(1, many + 1):
        word = WORDS[n % len(WORDS)]
        yield models.Project(
            key=f"banc{n}",
            client=client,
            state="OPEN",
            title=f"{word} numéro {n}",
            teaser=f"Un projet de {word}",
            description="x",
            category=categories[n % len(categories)],
            budget_min_cents=n * 20_000,
            budget_max_cents=n * 30_000,
            place=("REMOTE", "MIXED", "ON_SITE")[n % 3],
            urgent=n % 7 == 0,
            offers_count=n % 6,
            opened_at=now - n * timedelta(minutes=10),
            closes_at=now + timedelta(days=20),
        )


def filled(connection: BaseDatabaseWrapper, models: Any, providers: int, projects: int) -> None:
    """The rows, without their triggers: none of these has a life before."""
    facts = {"providers": providers, "projects": projects, "words": WORDS, "count": len(WORDS)}
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for statement in PEOPLE:
            cursor.execute(statement, facts)
        models.Project.objects.bulk_create(calls(models, projects))
        for statement in WISHES:
            cursor.execute(statement, facts)
        cursor.execute("set session_replication_role = origin")


def peak(pid: int) -> float:
    """The most memory that a process has held, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def measure(connection: BaseDatabaseWrapper, newsletter: Any) -> None:
    """Write one edition and say what it took."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        backend = cursor.fetchone()[0]
    began = time.monotonic()
    written = newsletter.write(newsletter.edition_of(newsletter.today()))
    took = time.monotonic() - began
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"matched in {took:.1f} s: {written} copies; peak {own:.0f} MB (Python), {peak(backend):.0f} MB (PostgreSQL)")


def main(providers: int = 100_000, projects: int = 50) -> None:
    place.prepare()
    django.setup()
    from django.db import connection

    from projects import models, newsletter

    connection.creation.create_test_db(verbosity=0)
    filled(connection, models, providers, projects)
    say(f"{providers} providers × {projects} projects")
    measure(connection, newsletter)
    connection.close()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
