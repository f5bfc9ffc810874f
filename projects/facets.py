"""What each filter of the list would give, counted among a bounded number of projects (product, section 4.2).

The filters of other headings apply to a count, those of its own heading do not: ticking a second box adds to the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import grouped
from projects.bands import any_of
from projects.models.skills import Skill, asks_for, most_asked
from projects.models.tallies import Tally

if TYPE_CHECKING:
    from projects.models.readers import ProjectQuerySet

MOST = 2000  # projects that are looked at; the latest, when more match
SHOWN_SKILLS = 10
KEPT = 60  # seconds for which the counts of the whole list are kept
KEY = "projects.facets"
TOO_MANY = 1000
Choice = tuple[str, str]  # a filter's name and value


@dataclass
class Counts:
    """How many projects there are, with each option, and without the filters of each heading.

    Where more match than were looked at, counts are not `whole`: each number is then the least that there is. The
    total stops at TOO_MANY.
    """

    total: int = 0
    options: dict[Choice, int] = field(default_factory=dict)
    without: dict[str, int] = field(default_factory=dict)
    skills: list[Skill] = field(default_factory=list)
    whole: bool = True
    skills_whole: bool = True

    def of(self, choice: Choice) -> str:
        """The number beside an option."""
        return figure(self.options.get(choice, 0), whole=self.whole)

    def of_skill(self, skill: Skill) -> str:
        """The number beside a skill."""
        return figure(skill.many, whole=self.skills_whole)

    def headline(self, shown: int) -> str:
        """How many were found, of which the page has `shown`."""
        many = max(self.total, shown)  # a count that was kept may be a minute old
        return in_words(many) if self.whole or many < TOO_MANY else more_than(many)


def figure(count: int, *, whole: bool) -> str:
    """A count in a few signs: "118", "118+" when it is the least that there is, nothing when it says nothing."""
    if whole:
        return grouped(count)
    return f"{min(count, TOO_MANY - 1)}+" if count else ""


def sentence(count: int) -> str:
    """A count in words, as far as it is worth counting."""
    return more_than(count) if count >= TOO_MANY else in_words(count)


def in_words(count: int) -> str:
    """A count in words."""
    return ngettext("%(n)s project", "%(n)s projects", count) % {"n": grouped(count)}


def more_than(count: int) -> str:
    """The least that there is, in words."""
    return _("More than %(n)s projects") % {"n": grouped(min(count, TOO_MANY) - 1)}


@dataclass
class Facets:
    """The filters of one list: the `rows` that match its words, each option's condition, and what is chosen.

    `longer` is the list itself where its words are so common that `rows` are only some of their projects.
    """

    rows: ProjectQuerySet
    options: Mapping[Choice, Q]
    conditions: Mapping[str, Q]  # by heading, those with something chosen only
    chosen: Mapping[str, list[str]]
    has_words: bool = False
    longer: ProjectQuerySet | None = None

    def counts(self, *, keep: bool) -> Counts:
        """Everything counted, in as many queries whatever the rows and the filters; kept for a minute when `keep`."""
        if keep and (kept := cache.get(KEY)):
            return Counts(**kept)
        found = self._by_tallies() or self._among_latest()
        if not found.whole:
            rows = self.rows.filter(others(self.conditions, "")) if self.longer is None else self.longer
            found.total = rows[:TOO_MANY].count()
        self._add_skills(found)
        if keep:
            cache.set(KEY, vars(found), KEPT)
        return found

    def _by_tallies(self) -> Counts | None:
        """Counted by the tallies, a few minutes old, where so many are open that they are too many to look at."""
        if self.has_words or self.chosen["competence"]:
            return None
        options = {choice: self._tallied(*choice) for choice in self.options}
        conditions = {name: any_of(options[name, v] for v in self.chosen[name]) for name in self.conditions}
        sums = Tally.objects.sums({"looked": Q()} | questions(options, conditions))
        return answered(sums, options, conditions, skills_whole=False) if sums["looked"] > MOST else None

    def _among_latest(self) -> Counts:
        """Counted among the latest projects that match the words: all of them, as a rule."""
        rows, conditions = self.rows, dict(self.conditions)
        if skills := self.chosen["competence"]:  # worked out once for each row, not once for each count
            rows, conditions["competence"] = rows.annotate(has_skill=asks_for(skills)), Q(has_skill=True)
        latest = rows.order_by("-opened_at", "-pk")[: MOST + 1]
        asked = {"looked": Q()} | questions(self.options, conditions)
        found = latest.aggregate(**{name: Count("pk", filter=q or None) for name, q in asked.items()})
        whole = found["looked"] <= MOST and self.longer is None
        return answered(found, self.options, conditions, whole=whole, skills_whole=whole)

    def _add_skills(self, found: Counts) -> None:
        """The skills chosen, and those asked for most by the projects that the other filters leave."""
        rows = self.rows.filter(others(self.conditions, "competence")).order_by("-opened_at", "-pk")
        rows = rows[: MOST if found.skills_whole else MOST // 4]
        found.skills = most_asked(rows, chosen=self.chosen["competence"], most=SHOWN_SKILLS)

    def _tallied(self, name: str, value: str) -> Q:
        """The condition of an option on the columns of a tally."""
        if name == "budget":
            return Q(bands__contains=[value])
        return Q(few_offers=True) if name == "peu" else self.options[name, value]


def questions(options: Mapping[Choice, Q], conditions: Mapping[str, Q]) -> dict[str, Q]:
    """What is to be counted, each under a name that SQL takes."""
    asked = {"total": others(conditions, "")}
    asked |= {f"o{n}": others(conditions, name) & q for n, ((name, _value), q) in enumerate(options.items())}
    return asked | {f"w_{name}": others(conditions, name) for name in conditions}


def answered(found: Mapping[str, int], options: Mapping[Choice, Q], conditions: Mapping[str, Q], **more: Any) -> Counts:
    """The counts that `questions` asked for."""
    by_option = {choice: found[f"o{n}"] for n, choice in enumerate(options)}
    return Counts(found["total"], by_option, {name: found[f"w_{name}"] for name in conditions}, **more)


def others(conditions: Mapping[str, Q], name: str) -> Q:
    """The filters of every heading but `name`."""
    whole = Q()
    for heading, condition in conditions.items():
        if heading != name:
            whole &= condition
    return whole
