"""The words of the projects that are open now, by which a typing error in a search is forgiven."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.postgres.indexes import GistIndex, OpClass
from django.db import connection, models, transaction
from django.utils import timezone

SHORTEST, LONGEST = 3, 40
NEAREST = 24  # words, by trigrams, among which the one with the fewest wrong letters is chosen

# Public columns only. A word with a digit or a sign, such as an address, is no word; "simple" keeps accents.
REFRESH = f"""
    with fresh as (
        select word as text, lower(public.unaccent('public.unaccent'::regdictionary, word)) as plain, ndoc as projects,
            array_to_string(tsvector_to_array(to_tsvector('french_unaccent', word)), ' ') as stem
        from ts_stat(format($$
            select to_tsvector('simple', title || ' ' || teaser || ' ' || words_of(skills)) from projects_project
            where state = 'OPEN' and closes_at > %%L $$, %s::timestamptz))
        where word ~ '^[[:alpha:]]{{{SHORTEST},{LONGEST}}}$'
    ), gone as (
        delete from projects_word where not exists (select from fresh where fresh.text = projects_word.text)
    )
    insert into projects_word (text, plain, stem, projects)
    select text, plain, stem, projects from fresh where stem <> '' order by text
    on conflict (text) do update set projects = excluded.projects where projects_word.projects <> excluded.projects
"""  # noqa: S608  (two numbers of ours)
NEAR = """
    select asked.word, asked.plain, near.text, near.plain, near.projects
    from (
        select word, lower(public.unaccent('public.unaccent'::regdictionary, word)) as plain,
            array_to_string(tsvector_to_array(to_tsvector('french_unaccent', word)), ' ') as stem
        from unnest(%s::text[]) as typed (word)
    ) as asked
    cross join lateral (
        select text, plain, projects from projects_word order by plain <-> asked.plain limit %s
    ) as near
    where asked.stem <> '' and not exists (select from projects_word where stem = asked.stem)
    order by asked.word
"""


class Near(NamedTuple):
    """A word that was typed and that no open project has, and one that looks like it; both also without accents."""

    typed: str
    typed_plain: str
    text: str
    plain: str
    projects: int


class WordQuerySet(models.QuerySet["Word"]):
    def refresh(self) -> int:
        """Make the dictionary that of the projects open now, and of nothing else; how many words it has."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtext('projects_word'))")  # one after the other
            cursor.execute(REFRESH, [timezone.now()])
        return self.count()

    def near(self, typed: list[str]) -> list[Near]:
        """For each word of `typed` that no open project has, those that look like it: one query."""
        with connection.cursor() as cursor:
            cursor.execute(NEAR, [typed, NEAREST])
            return [Near(*row) for row in cursor.fetchall()]


class Word(models.Model):
    """A word of the title, teaser or skills of projects open now; never of what is not public (product, section 3)."""

    text = models.CharField(max_length=LONGEST, unique=True)
    plain = models.CharField(max_length=2 * LONGEST)  # without accents
    stem = models.CharField(max_length=2 * LONGEST, db_index=True)  # as searches compare it
    projects = models.PositiveIntegerField()  # that have it

    objects = WordQuerySet.as_manager()

    class Meta:
        indexes = [GistIndex(OpClass("plain", name="gist_trgm_ops"), name="word_trigrams")]

    def __str__(self) -> str:
        return self.text
