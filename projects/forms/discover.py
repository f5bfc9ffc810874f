"""The search of available projects: everything is in the address, and whatever an address says, a page comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.events.models import Preference
from marketplace.events.tellings import Kind
from marketplace.templatetags.page import euros_short
from projects.models import Category, Interest, Place, Project

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet

PAGE = 20
LONGEST_QUERY = 200
FEW_OFFERS = 3
MANY = 1000  # matches from which a word is common
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CURSOR = re.compile(r"(\d{1,17})-(\d{1,18})")
BANDS = {"1": (0, 100_000), "2": (100_000, 500_000), "3": (500_000, 1_500_000), "4": (1_500_000, None)}
PLACES = {"distance": Place.REMOTE, "mixte": Place.MIXED, "sur-place": Place.ON_SITE}


class Option(NamedTuple):
    """One box of the filters."""

    name: str
    value: str
    label: str
    checked: bool


class Tag(NamedTuple):
    """A filter that is on, with the address of the list without it."""

    label: str
    url: str


@dataclass(frozen=True)
class Sort:
    """An order of the list: the column that it reads, the way it runs, its name and how it is explained."""

    column: str
    is_descending: bool
    label: str | _StrPromise
    why: str | _StrPromise

    def order(self, *, backwards: bool) -> list[str]:
        """The ORDER BY, the row's own number settling ties."""
        sign = "-" if self.is_descending != backwards else ""
        return [f"{sign}{self.column}", f"{sign}pk"]

    def beyond(self, cursor: tuple[int, int], *, backwards: bool) -> Q:
        """The rows after `cursor` (before it when `backwards`)."""
        value, pk = self.value_of(cursor[0]), cursor[1]
        way = "lt" if self.is_descending != backwards else "gt"
        tied = Q(**{self.column: value, f"pk__{way}": pk})
        # The first condition says nothing more, but it lets PostgreSQL begin at the right place of the index.
        return Q(**{f"{self.column}__{way}e": value}) & (Q(**{f"{self.column}__{way}": value}) | tied)

    def value_of(self, number: int) -> Any:
        """The column's value that `number` stands for in an address."""
        return EPOCH + timedelta(microseconds=number) if self.column.endswith("_at") else number

    def mark(self, project: Project) -> str:
        """The place of `project` in this order, as it stands in an address."""
        value = getattr(project, self.column)
        return f"{(value - EPOCH) // MICROSECOND if self.column.endswith('_at') else value}-{project.pk}"


SORTS = {
    "recents": Sort(
        "opened_at",
        is_descending=True,
        label=gettext_lazy("latest"),
        why=gettext_lazy("The projects published last come first; nothing else counts, and nobody pays for a place."),
    ),
    "cloture": Sort(
        "closes_at",
        is_descending=False,
        label=gettext_lazy("closing soon"),
        why=gettext_lazy("The projects that close first come first; nothing else counts, and nobody pays for a place."),
    ),
    "budget": Sort(
        "budget_max_cents",
        is_descending=True,
        label=gettext_lazy("budget"),
        why=gettext_lazy("The highest budgets come first; nothing else counts, and nobody pays for a place."),
    ),
}


class Finder:
    """What one address asks of the list. Whatever it does not understand is left out."""

    def __init__(self, asked: QueryDict, path: str) -> None:
        self.path = path
        text = "".join(" " if ord(letter) < 32 else letter for letter in asked.get("q", ""))
        self.text = " ".join(text.split())[:LONGEST_QUERY].strip()
        self.categories = list(Category.objects.all())
        known = {category.slug for category in self.categories}
        self.chosen = {
            "categorie": [slug for slug in dict.fromkeys(asked.getlist("categorie")) if slug in known],
            "budget": [band for band in BANDS if band in asked.getlist("budget")],
            "lieu": [place for place in PLACES if place in asked.getlist("lieu")],
            "urgent": ["1"] if "1" in asked.getlist("urgent") else [],
            "peu": ["1"] if "1" in asked.getlist("peu") else [],
        }
        self.sort_name = asked.get("tri", "") if asked.get("tri", "") in SORTS else "recents"
        self.after, self.before = cursor_of(asked.get("apres", "")), cursor_of(asked.get("avant", ""))

    @property
    def sort(self) -> Sort:
        """The order asked for."""
        return SORTS[self.sort_name]

    @property
    def found(self) -> ProjectQuerySet:
        """The available projects that the address asks for, in no order."""
        rows = Project.objects.available()
        if self.text:
            rows = self._matching(rows)
        if slugs := self.chosen["categorie"]:
            rows = rows.filter(category__in=[c.pk for c in self.categories if c.slug in slugs])
        if bands := self.chosen["budget"]:
            rows = rows.filter(any_of(overlapping(*BANDS[band]) for band in bands))
        if places := self.chosen["lieu"]:
            rows = rows.filter(place__in=[PLACES[place] for place in places])
        if self.chosen["urgent"]:
            rows = rows.filter(urgent=True)
        if self.chosen["peu"]:
            rows = rows.filter(offers_count__lt=FEW_OFFERS)
        return rows

    def _matching(self, rows: ProjectQuerySet) -> ProjectQuerySet:
        """Those of `rows` that match the words: rare ones are looked up first, common ones met on the way.

        Left alone, PostgreSQL walks the whole list in its order for a word that hardly any project has.
        """
        matches = rows.matching(self.text)
        rare = list(matches.order_by().values_list("pk", flat=True)[: MANY + 1])
        return rows.filter(pk__in=rare) if len(rare) <= MANY else matches

    def page(self, user: Any) -> Page:
        """One page of the list, with what `user` has done on each project: one query, whatever lies before it."""
        backwards = self.before is not None
        cursor = self.before or self.after
        rows = self.found.with_track_record().with_marks_of(user).defer("description", "search", "rejection_reason")
        if cursor:
            rows = rows.filter(self.sort.beyond(cursor, backwards=backwards))
        projects = list(rows.order_by(*self.sort.order(backwards=backwards))[: PAGE + 1])
        has_more, shown = len(projects) > PAGE, projects[:PAGE]
        if backwards:
            shown.reverse()
        is_first, is_last = (not has_more, False) if backwards else (not cursor, not has_more)
        newer = "" if is_first or not shown else self.url(avant=self.sort.mark(shown[0]))
        older = "" if is_last or not shown else self.url(apres=self.sort.mark(shown[-1]))
        return Page(shown, newer, older)

    def url(self, *, without: tuple[str, str] = ("", ""), **more: str) -> str:
        """The address of this list; `without` one filter, or with `more`."""
        pairs = [("q", self.text)] if self.text and without[0] != "q" else []
        pairs += [pair for name, values in self.chosen.items() for v in values if (pair := (name, v)) != without]
        pairs += [("tri", self.sort_name)] if self.sort_name != "recents" else []
        query = urlencode([*pairs, *more.items()])
        return f"{self.path}?{query}" if query else self.path

    @property
    def groups(self) -> list[tuple[str, list[Option]]]:
        """The boxes of the filters, by heading."""
        categories = [(c.slug, c.name) for c in self.categories]
        words = [(name, str(place.label).capitalize()) for name, place in PLACES.items()]
        return [
            (_("Category"), self._options("categorie", categories)),
            (_("Budget excl. VAT"), self._options("budget", [(band, band_words(band)) for band in BANDS])),
            (_("Place of work"), self._options("lieu", words)),
            (
                _("Competition and time"),
                self._options("peu", [("1", _("Fewer than 3 offers"))]) + self._options("urgent", [("1", _("Urgent"))]),
            ),
        ]

    def _options(self, name: str, choices: Sequence[tuple[str, str]]) -> list[Option]:
        return [Option(name, value, label, value in self.chosen[name]) for value, label in choices]

    @cached_property
    def tags(self) -> list[Tag]:
        """The filters that are on."""
        on = [option for _heading, options in self.groups for option in options if option.checked]
        return [Tag(option.label, self.url(without=(option.name, option.value))) for option in on]

    @property
    def sorts(self) -> list[tuple[str, str | _StrPromise, bool]]:
        """The orders to choose from."""
        return [(name, sort.label, name == self.sort_name) for name, sort in SORTS.items()]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for at all."""
        return bool(self.text or self.tags)


class Page(NamedTuple):
    """A page of the list and the addresses of its neighbours, empty at an end."""

    projects: list[Project]
    newer: str
    older: str


def cursor_of(text: str) -> tuple[int, int] | None:
    """The place in the list that an address names, or None for anything else."""
    found = CURSOR.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def any_of(conditions: Any) -> Q:
    """Rows that meet one of `conditions`."""
    whole = Q()
    for condition in conditions:
        whole |= condition
    return whole


def overlapping(low: int, high: int | None) -> Q:
    """Projects whose budget has a part between `low` (included) and `high` cents."""
    reaches = Q(budget_max_cents__gt=low) | Q(budget_min_cents=low)
    return reaches & Q(budget_min_cents__lt=high) if high else reaches


def band_words(band: str) -> str:
    """A band of budgets in words."""
    low, high = BANDS[band]
    if not high:
        return _("more than %(amount)s") % {"amount": euros_short(low)}
    if not low:
        return _("less than %(amount)s") % {"amount": euros_short(high)}
    return _("%(low)s to %(high)s") % {"low": euros_short(low), "high": euros_short(high)}


class InterestsForm(forms.Form):
    """What a provider's newsletter brings, and whether it comes at all."""

    wanted = forms.BooleanField(label=gettext_lazy("Send me the newsletter of new projects"), required=False)
    categories = forms.ModelMultipleChoiceField(
        Category.objects.all(),
        label=gettext_lazy("Categories that I follow"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked and no saved search: every category."),
    )

    def __init__(self, data: Any = None, *, provider: User) -> None:
        self.provider = provider
        off = Preference.objects.unwanted([provider.pk])
        followed = Category.objects.filter(pk__in=Interest.objects.filter(provider=provider).values("category"))
        super().__init__(data, initial={"wanted": (provider.pk, Kind.NEWSLETTER) not in off, "categories": followed})

    def save(self) -> None:
        """Keep the choices."""
        Interest.objects.choose(self.provider, self.cleaned_data["categories"])
        Preference.objects.choose(self.provider.pk, {Kind.NEWSLETTER: self.cleaned_data["wanted"]})
