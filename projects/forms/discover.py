"""The search of available projects: everything is in the address, and whatever an address says, a page comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.events.models import Preference
from marketplace.events.tellings import Kind
from projects.bands import BANDS, any_of, band_words, few_offers, overlapping
from projects.facets import TOO_MANY, Choice, Counts, Facets, sentence
from projects.forms.relevance import Ranking
from projects.forms.sorts import LATEST, RELEVANCE, SORTS, Sort, cursor_of
from projects.models import Category, Interest, Place, Project
from projects.models.skills import asks_for
from projects.spelling import respelt

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet

PAGE = 20
LONGEST_QUERY, LONGEST_SKILL = 200, 40
MOST_SKILLS = 10
MOST_WIDENED = 4
FEW_FOUND = 3  # projects: below, a typing error is likely
MANY = 1000  # matches from which a word is common: only its latest projects are counted
PLACES = {"distance": Place.REMOTE, "mixte": Place.MIXED, "sur-place": Place.ON_SITE}


@dataclass(frozen=True)
class Option:
    """One box of the filters, and how many projects it would give, in a few signs."""

    name: str
    value: str
    label: str
    checked: bool
    many: str

    @property
    def html_id(self) -> str:
        """What the box is known by on the page, so that the keyboard stays on it when the filters are drawn anew."""
        return f"f-{self.name}-{slugify(self.value) or self.value.encode().hex()}"


class Tag(NamedTuple):
    """A filter that is on, with the address of the list without it."""

    label: str
    url: str


class Wider(NamedTuple):
    """A list with one filter less: which one, how many projects are there, and its address."""

    lacking: str
    many: str
    url: str


class Page(NamedTuple):
    """A page of the list and the addresses of its neighbours, empty at an end."""

    projects: list[Project]
    newer: str
    older: str


class Finder:
    """What one address asks of the list. Whatever it does not understand is left out."""

    def __init__(self, asked: QueryDict, path: str) -> None:
        self.path = path
        self.text = one_line(asked.get("q", ""), LONGEST_QUERY)
        self.categories = list(Category.objects.all())
        known = {category.slug for category in self.categories}
        skills = (one_line(skill, LONGEST_SKILL) for skill in asked.getlist("competence")[: 10 * MOST_SKILLS])
        self.chosen = {
            "categorie": [slug for slug in dict.fromkeys(asked.getlist("categorie")) if slug in known],
            "budget": [band for band in BANDS if band in asked.getlist("budget")],
            "lieu": [place for place in PLACES if place in asked.getlist("lieu")],
            "competence": list({skill.casefold(): skill for skill in skills if skill}.values())[:MOST_SKILLS],
            "peu": ["1"] if "1" in asked.getlist("peu") else [],
            "urgent": ["1"] if "1" in asked.getlist("urgent") else [],
        }
        sort = asked.get("tri", "")
        self.sort_name = sort if sort in SORTS and (self.text or sort != RELEVANCE) else usual_sort(self.text)
        self.after, self.before = cursor_of(asked.get("apres", "")), cursor_of(asked.get("avant", ""))

    @property
    def sort(self) -> Sort:
        """The order asked for."""
        return SORTS[self.sort_name]

    @property
    def tri(self) -> str:
        """The order as an address has it: nothing for the usual one."""
        return "" if self.sort_name == usual_sort(self.text) else self.sort_name

    @property
    def found(self) -> ProjectQuerySet:
        """The available projects that the address asks for, in no order."""
        return self._filtered(self.matching)

    def _filtered(self, rows: ProjectQuerySet) -> ProjectQuerySet:
        """Those of `rows` that the filters leave."""
        for condition in self.conditions.values():
            rows = rows.filter(condition)
        return rows

    @cached_property
    def matching(self) -> ProjectQuerySet:
        """The available projects that match the words: rare ones are looked up first, common ones met on the way.

        Left alone, PostgreSQL walks the whole list in its order for a word that hardly any project has.
        """
        rows = Project.objects.available()
        if not self.text:
            return rows
        return rows.matching(self.text) if self.is_common else rows.filter(pk__in=self._first_matches)

    @cached_property
    def _first_matches(self) -> list[int]:
        """The keys of some projects that match the words, of all when there are MANY at most."""
        rows = Project.objects.available().matching(self.text)
        return list(rows.order_by().values_list("pk", flat=True)[: MANY + 1])

    @property
    def is_common(self) -> bool:
        """Whether the words are so common that only the latest of their projects are counted."""
        return bool(self.text) and len(self._first_matches) > MANY

    @cached_property
    def looked_at(self) -> ProjectQuerySet:
        """Those of the projects that match the words among which is counted: of common words, the MANY latest."""
        if not self.is_common:
            return self.matching
        keys = list(self.matching.order_by("-opened_at", "-pk").values_list("pk", flat=True)[:MANY])
        return Project.objects.filter(pk__in=keys)

    @cached_property
    def conditions(self) -> dict[str, Q]:
        """What the filters ask for, by heading: one of the boxes ticked there."""
        found = {}
        for name, values in self.chosen.items():
            if name == "competence" and values:
                found[name] = Q(asks_for(values))
            elif values:
                found[name] = any_of(self.choices[name, value] for value in values)
        return found

    @cached_property
    def choices(self) -> dict[Choice, Q]:
        """The condition of each box, but for the skills."""
        found = {("categorie", category.slug): Q(category=category.pk) for category in self.categories}
        found |= {("budget", band): overlapping(*ends) for band, ends in BANDS.items()}
        found |= {("lieu", name): Q(place=place) for name, place in PLACES.items()}
        return found | {("peu", "1"): few_offers(), ("urgent", "1"): Q(urgent=True)}

    @cached_property
    def counts(self) -> Counts:
        """How many projects there are, and what each box would give: in at most three queries."""
        longer = self.found if self.is_common else None
        facets = Facets(self.looked_at, self.choices, self.conditions, self.chosen, bool(self.text), longer)
        return facets.counts(keep=not self.is_narrowed)

    def page(self, user: Any) -> Page:
        """One page of the list, with what `user` has done on each project: one query, whatever lies before it."""
        backwards = self.before is not None
        cursor = self.before or self.after
        rows = self._ranked.with_track_record().with_marks_of(user).defer("description", "search", "rejection_reason")
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

    @property
    def _ranked(self) -> ProjectQuerySet:
        """What was found; in order of relevance, of common words what this page shows."""
        if self.sort_name != RELEVANCE:
            return self.found
        if not self.is_common:
            return self.found.with_relevance(self.text)
        ranking = Ranking(self._filtered(Project.objects.available()), self.text, MANY)
        keys = ranking.keys(PAGE + 1, self.before or self.after, backwards=self.before is not None)
        return Project.objects.filter(pk__in=keys).with_relevance(self.text)

    def url(self, *, without: tuple[str, str] = ("", ""), **more: str) -> str:
        """The address of this list; `without` one filter (all of its heading when the value is ""), or with `more`."""
        name, value = without
        text = more.pop("q", "" if name == "q" else self.text)
        pairs = [("q", text)] if text else []
        pairs += [(n, v) for n, values in self.chosen.items() for v in values if n != name or value not in {v, ""}]
        pairs += [("tri", self.sort_name)] if self.sort_name not in {usual_sort(text), RELEVANCE} else []
        query = urlencode([*pairs, *more.items()])
        return f"{self.path}?{query}" if query else self.path

    @cached_property
    def groups(self) -> list[tuple[str, list[Option]]]:
        """The boxes of the filters, by heading."""
        categories = [(c.slug, c.name) for c in self.categories]
        words = [(name, str(place.label).capitalize()) for name, place in PLACES.items()]
        few = self._options("peu", [("1", _("Fewer than 3 offers"))])
        return [
            (_("Category"), self._options("categorie", categories)),
            (_("Budget excl. VAT"), self._options("budget", [(band, band_words(band)) for band in BANDS])),
            (_("Place of work"), self._options("lieu", words)),
            (_("Competition and time"), few + self._options("urgent", [("1", _("Urgent"))])),
            (_("Skills"), self._skills()),
        ]

    def _options(self, name: str, choices: Sequence[tuple[str, str]]) -> list[Option]:
        return [Option(name, v, label, v in self.chosen[name], self.counts.of((name, v))) for v, label in choices]

    def _skills(self) -> list[Option]:
        """The skills chosen, then those that the projects found ask for most."""
        found = self.counts.skills
        return [Option("competence", s.name, s.name, s.is_chosen, self.counts.of_skill(s)) for s in found]

    @cached_property
    def tags(self) -> list[Tag]:
        """The filters that are on."""
        on = [option for _heading, options in self.groups for option in options if option.checked]
        return [Tag(option.label, self.url(without=(option.name, option.value))) for option in on]

    @property
    def worn(self) -> list[Tag]:
        """The words and the filters that are on."""
        words = [Tag(_("“%(quote)s”") % {"quote": self.text}, self.url(without=("q", "")))] if self.text else []
        return words + self.tags

    @property
    def here(self) -> str:
        """The address of this very page, without what was not understood."""
        if self.before:
            return self.url(avant="{}-{}".format(*self.before))
        return self.url(apres="{}-{}".format(*self.after)) if self.after else self.url()

    @property
    def sorts(self) -> list[tuple[str, str | _StrPromise, bool]]:
        """The orders to choose from, relevance only for words; the usual one has no name, so that it can change."""
        names = [name for name in SORTS if self.text or name != RELEVANCE]
        usual = usual_sort(self.text)
        return [("" if name == usual else name, SORTS[name].label, name == self.sort_name) for name in names]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for at all."""
        return bool(self.text or any(self.chosen.values()))

    @property
    def wider(self) -> list[Wider]:
        """When nothing is found: the lists with the filters of one heading less, the longest first."""
        ticked = [option for _heading, options in self.groups for option in options if option.checked]
        labels = {name: ", ".join(o.label for o in ticked if o.name == name) for name in self.conditions}
        without = dict(self.counts.without)
        if self.text and self.conditions:
            labels["q"], without["q"] = self.text, self._with_filters(Project.objects.available())
        ranked = sorted(((count, name) for name, count in without.items() if count), reverse=True)[:MOST_WIDENED]
        return [Wider(labels[n], sentence(count), self.url(without=(n, ""))) for count, n in ranked]

    @cached_property
    def suggestion(self) -> Wider | None:
        """When the words find next to nothing: the same with their typing errors mended, if that finds more."""
        if not self.text or self.after or self.before or self.counts.total >= FEW_FOUND:
            return None
        text = respelt(self.text)
        count = self._with_filters(Project.objects.available().matching(text)) if text else 0
        return Wider(text, sentence(count), self.url(q=text)) if count > self.counts.total else None

    def _with_filters(self, rows: ProjectQuerySet) -> int:
        """How many of `rows` the filters leave, as far as it is worth counting."""
        return self._filtered(rows)[:TOO_MANY].count()


def usual_sort(text: str) -> str:
    """The order of who asks for none: a search by relevance, the list by date."""
    return RELEVANCE if text else LATEST


def one_line(text: str, longest: int) -> str:
    """`text` without control characters, its spaces single, cut at `longest`."""
    return " ".join("".join(" " if ord(letter) < 32 else letter for letter in text).split())[:longest].strip()


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
