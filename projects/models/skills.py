"""Skills as filters compare them, whatever their capitals and accents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, Func, Value

if TYPE_CHECKING:
    from .readers import ProjectQuerySet

KEYS: ArrayField[list[str], list[str]] = ArrayField(models.TextField())


class Skill(NamedTuple):
    """A skill that projects ask for: as most of them spell it, how many do, and whether the reader chose it."""

    name: str
    many: int
    is_chosen: bool


def keys_of(skills: F | Value) -> Func:
    """The comparable form of `skills` (a function made by a migration; an index holds it)."""
    return Func(skills, function="skill_keys", output_field=KEYS)


def asks_for(skills: Iterable[str]) -> Func:
    """The condition of projects that ask for one of `skills`."""
    wanted = keys_of(Value(list(skills), output_field=KEYS))
    return Func(
        keys_of(F("skills")),
        wanted,
        template="%(expressions)s",
        arg_joiner=" && ",
        output_field=models.BooleanField(),
    )


MOST_ASKED = """
    with candidates as materialized ({candidates}), spelt as materialized (
        select skill, count(*) as many from candidates, unnest(skills) as skill group by skill
    ), asked as (
        select key, (array_agg(skill order by many desc, skill))[1] as name, sum(many)::int as many
        from spelt, unnest(skill_keys(array[skill::text])) as key
        group by key
    )
    select * from (
        select wanted.name, coalesce(asked.many, 0), true
        from unnest(%s::text[], skill_keys(%s::text[])) as wanted (name, key) left join asked using (key)
    ) as chosen
    union all select * from (
        select name, many, false from asked where key <> all (skill_keys(%s::text[]))
        order by many desc, name limit %s
    ) as others
"""


def most_asked(projects: ProjectQuerySet, *, chosen: list[str], most: int) -> list[Skill]:
    """Those `chosen`, then the `most` skills that `projects` (a bounded set) ask for oftenest."""
    try:
        inner, values = projects.values("skills").query.sql_with_params()
    except EmptyResultSet:  # a search that is known to find nothing
        return [Skill(name, 0, True) for name in chosen]
    with connection.cursor() as cursor:
        cursor.execute(MOST_ASKED.format(candidates=inner), [*values, chosen, chosen, chosen, most])
        return [Skill(*row) for row in cursor.fetchall()]
