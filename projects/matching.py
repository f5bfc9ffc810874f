"""Which projects a newsletter brings to whom: decided in SQL, for many providers at once (product, section 4.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from projects.bands import BANDS, FEW_OFFERS
from projects.models import CopyState, Edition, Project
from projects.models.newsletter import FIRST_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 10  # projects in a copy
BEST = ("offers_count", "-budget_max_cents", "-opened_at", "-pk")
OVERLAP = timedelta(minutes=10)  # a project may become visible this long after the instant at which it was opened
NOT_TAKEN = (CopyState.DROPPED, CopyState.FAILED)  # nobody has read these: what they held is still new


def within(band: str) -> str:
    """The SQL of `overlapping`: whether the budget of a project `p` has a part in `band`."""
    low, high = BANDS[band]
    reaches = f"'{band}' = any(s.bands) and (p.budget_max_cents > {low} or p.budget_min_cents = {low})"
    return f"({reaches} and p.budget_min_cents < {high})" if high else f"({reaches})"


# Whether the saved search `s` finds the project `p`: what Finder.found says of one search, for any number of them.
FINDS = f"""
    (s.categories = '{{}}' or p.category_id = any(s.categories))
    and (s.places = '{{}}' or p.place = any(s.places))
    and (not s.urgent or p.urgent)
    and (not s.few_offers or p.offers_count < {FEW_OFFERS})
    and (s.bands = '{{}}' or {" or ".join(within(band) for band in BANDS)})
    and (s.skills = '{{}}' or exists (
        select from unnest(p.skills) has, unnest(s.skills) wanted where lower(unaccent(has)) = lower(unaccent(wanted))
    ))
    and (s.text = '' or p.search @@ s.query)
"""

POOL = """
    create temporary table newsletter_pool on commit drop as
    select p.id, p.key, p.category_id, p.client_id, p.place, p.skills, p.urgent, p.offers_count, p.opened_at,
        p.search, p.budget_min_cents, p.budget_max_cents, c.siren, nullif(c.vat_number, '') as vat_number,
        b.fingerprint, o.rank
    from unnest(%s::bigint[]) with ordinality as o(id, rank)
    join projects_project p on p.id = o.id
    left join accounts_company c on c.user_id = p.client_id
    left join accounts_bankaccount b on b.user_id = p.client_id and b.replaced_at is null
"""

# One row for each reader: who they are, since when a project is new to them, what they follow and what they know.
READERS = f"""
    select u.id, c.siren, nullif(c.vat_number, '') as vat_number, b.fingerprint,
        coalesce(last.until - %(overlap)s, %(first)s) as since, told.keys as told, known.ids as known,
        followed.ids as followed, found.ids as found, followed.reader is null and found.reader is null as takes_all
    from unnest(%(readers)s::bigint[]) as u(id)
    join accounts_company c on c.user_id = u.id
    left join accounts_bankaccount b on b.user_id = u.id and b.replaced_at is null
    left join lateral (
        select max(until) as until from projects_newslettercopy
        where provider_id = u.id and edition_id <> %(edition)s and state <> all(%(not_taken)s)
    ) last on true
    left join lateral (
        select array_agg(key) as keys from projects_newslettercopy t, unnest(t.project_keys) key
        where t.provider_id = u.id and t.edition_id <> %(edition)s and t.state <> all(%(not_taken)s)
            and t.until > last.until - %(overlap)s
    ) told on true
    left join (
        select provider_id as reader, array_agg(category_id) as ids from projects_interest
        where provider_id = any(%(readers)s) group by provider_id
    ) followed on followed.reader = u.id
    left join (
        select s.provider_id as reader, array_agg(distinct p.id) as ids
        from projects_savedsearch s left join newsletter_pool p on {FINDS}
        where s.provider_id = any(%(readers)s) group by s.provider_id
    ) found on found.reader = u.id
    left join (
        select reader, array_agg(id) as ids from (
            select x.provider_id as reader, p.id from newsletter_pool p
            join credits_spending x on x.project_key = p.key where x.provider_id = any(%(readers)s)
            union
            select x.provider_id, p.id from newsletter_pool p
            join projects_offer x on x.project_id = p.id where x.provider_id = any(%(readers)s)
        ) as both_ways group by reader
    ) known on known.reader = u.id
"""  # noqa: S608  (texts of this module)

CHOSEN = f"""
    with readers as materialized ({READERS})
    select r.id, b.keys from readers r cross join lateral (
        select array_agg(best.key order by best.rank) as keys from (
            select p.key, p.rank from newsletter_pool p
            where p.opened_at > r.since
                and (r.takes_all or p.category_id = any(r.followed) or p.id = any(r.found))
                and p.client_id <> r.id
                and (p.siren = r.siren or p.vat_number = r.vat_number or p.fingerprint = r.fingerprint) is not true
                and (p.id = any(r.known)) is not true
                and (p.key = any(r.told)) is not true
            order by p.rank limit %(most)s
        ) best
    ) b
    where b.keys is not null
"""  # noqa: S608

WRITTEN = f"""
    insert into projects_newslettercopy
        (edition_id, provider_id, day, project_keys, until, state, attempts, next_try_at, failure)
    select %(edition)s, chosen.id, %(day)s, chosen.keys, %(until)s, 'READY', 0, now(), ''
    from ({CHOSEN}) chosen order by chosen.id
    on conflict (provider_id, day) do nothing
"""  # noqa: S608

COUNTED = f"""
    select s.id, (
        select count(*) from (
            select from projects_project p
            where p.state = 'OPEN' and p.closes_at > now() and {FINDS} limit %(most)s
        ) found
    )
    from projects_savedsearch s where s.provider_id = %(provider)s
"""  # noqa: S608


def chosen(edition: Edition, readers: Sequence[int]) -> list[tuple[int, list[str]]]:
    """What `edition` has for each of `readers` (ids): at most ten keys, best first. Nobody without any is named."""
    return run(CHOSEN, edition, readers).fetchall()  # type: ignore[no-any-return]


def write(edition: Edition, readers: Sequence[int]) -> int:
    """Write the copies of `edition` for `readers`; how many. Who has one of that day keeps it."""
    return int(run(WRITTEN, edition, readers).rowcount)


def run(query: str, edition: Edition, readers: Sequence[int]) -> Any:
    """A cursor that has run `query` over the pool of `edition`; only inside a transaction, whose end takes the pool."""
    facts: dict[str, Any] = {
        "readers": list(readers),
        "edition": edition.pk or 0,
        "day": edition.day,
        "until": edition.until,
        "first": edition.until - FIRST_WINDOW,
        "overlap": OVERLAP,
        "not_taken": [str(state) for state in NOT_TAKEN],
        "most": MOST,
    }
    lay_out(edition)
    cursor = connection.cursor()
    cursor.execute(query, facts)
    return cursor


def lay_out(edition: Edition) -> None:
    """The projects that a copy of `edition` may bring, best first, in a table that this transaction alone sees."""
    new = Project.objects.available().filter(opened_at__gt=oldest(edition), opened_at__lte=edition.until)
    keys = list(new.order_by(*BEST).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.newsletter_pool")
        cursor.execute(POOL, [keys])
        cursor.execute("create index on newsletter_pool (rank)")
        cursor.execute("analyze newsletter_pool")


def oldest(edition: Edition) -> datetime:
    """From when on a project may be new to somebody: a week, or since the edition before when none came meanwhile."""
    others = Edition.objects.exclude(pk=edition.pk).filter(written_at__isnull=False, until__lt=edition.until)
    before = others.order_by("-until").values_list("until", flat=True).first()
    week = edition.until - FIRST_WINDOW
    return min(week, before - OVERLAP) if before else week


def counts(provider: int, most: int) -> dict[int, int]:
    """How many open projects each saved search of `provider` (an id) finds now, `most` at most: one query."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"provider": provider, "most": most})
        return dict(cursor.fetchall())


def preview(provider: int, now: datetime | None = None) -> list[str]:
    """The keys that `provider` (an id) would be brought now; nothing is kept."""
    at = now or timezone.now()
    with transaction.atomic():
        found = chosen(Edition(day=timezone.localdate(at), until=at), [provider])
    return found[0][1] if found else []
