"""The directory of providers: everything is in the address, and whatever an address says, a page comes back."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlencode

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.templatetags.page import number
from projects.forms.sorts import Sort, cursor_of
from projects.models import Category, Profile, Project, ProjectState
from projects.portrait import Sheet

if TYPE_CHECKING:
    from django.http import QueryDict

    from projects.models.profiles import ProfileQuerySet

PAGE = 20
TOO_MANY = 1000  # beyond, nobody needs the exact number
LONGEST = {"q": 200, "competence": 40}
BEST = "avis"
SORTS = {
    BEST: Sort(
        "score",
        is_descending=True,
        label=gettext_lazy("best reviewed"),
        why=gettext_lazy(
            "The best reviewed come first. Every mean begins with two reviews of 3.5, so that a single opinion does "
            "not decide; among equals the newest profile comes first. Nobody pays for a place."
        ),
    ),
    "recents": Sort(
        "published_at",
        is_descending=True,
        label=gettext_lazy("newest"),
        why=gettext_lazy("The profiles published last come first; nothing else counts, and nobody pays for a place."),
    ),
}


class Page(NamedTuple):
    """A page of the directory and the addresses of its neighbours, empty at an end."""

    sheets: list[Sheet]
    newer: str
    older: str


def address(**asked: str) -> str:
    """The address of the directory that asks for this."""
    query = urlencode({name: value for name, value in asked.items() if value})
    path = reverse("projects:directory")
    return f"{path}?{query}" if query else path


def one_line(text: str, longest: int) -> str:
    """`text` without control characters, its spaces single, cut at `longest`."""
    return " ".join("".join(" " if ord(letter) < 32 else letter for letter in text).split())[:longest].strip()


class Directory:
    """What one address asks of the directory. Whatever it does not understand is left out."""

    def __init__(self, asked: QueryDict) -> None:
        self.text, self.skill = (one_line(asked.get(name, ""), most) for name, most in LONGEST.items())
        self.categories = list(Category.objects.all())
        slugs = {category.slug: category for category in self.categories}
        self.category = slugs.get(asked.get("categorie", ""))
        self.sort_name = asked.get("tri", "") if asked.get("tri", "") in SORTS else BEST
        self.after, self.before = cursor_of(asked.get("apres", "")), cursor_of(asked.get("avant", ""))

    @property
    def sort(self) -> Sort:
        """The order asked for."""
        return SORTS[self.sort_name]

    @property
    def sorts(self) -> list[tuple[str, Any, bool]]:
        """The orders to choose from."""
        return [("" if name == BEST else name, sort.label, name == self.sort_name) for name, sort in SORTS.items()]

    @property
    def asked(self) -> dict[str, str]:
        """What is asked for, as an address has it."""
        slug, tri = self.category.slug if self.category else "", "" if self.sort_name == BEST else self.sort_name
        return {"q": self.text, "categorie": slug, "competence": self.skill, "tri": tri}

    def url(self, **more: str) -> str:
        """The address of this list, but for `more`."""
        return address(**{**self.asked, **more})

    @property
    def here(self) -> str:
        """The address of this very page, without what was not understood."""
        if self.before:
            return self.url(avant="{}-{}".format(*self.before))
        return self.url(apres="{}-{}".format(*self.after)) if self.after else self.url()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.text or self.skill or self.category)

    @property
    def worn(self) -> list[tuple[str, str]]:
        """What is asked for, each with the address of the list without it."""
        words = {"q": _("“%(quote)s”") % {"quote": self.text} if self.text else "", "competence": self.skill}
        words["categorie"] = self.category.name if self.category else ""
        return [(label, self.url(**{name: ""})) for name, label in words.items() if label]

    @cached_property
    def found(self) -> ProfileQuerySet:
        """The published profiles that the address asks for, in no order."""
        rows = Profile.objects.published()
        rows = rows.matching(self.text) if self.text else rows
        rows = rows.able_to(self.skill) if self.skill else rows
        return rows.filter(in_categories__category=self.category) if self.category else rows

    @cached_property
    def headline(self) -> str:
        """How many there are, in words."""
        many = self.found[: TOO_MANY + 1].count()
        if many > TOO_MANY:
            return _("More than %(n)s providers") % {"n": number(TOO_MANY)}
        return ngettext("%(n)s provider", "%(n)s providers", many) % {"n": number(many)}

    @cached_property
    def page(self) -> Page:
        """One page of the list: two queries, whatever lies before it."""
        backwards, cursor = self.before is not None, self.before or self.after
        rows = with_completed(self.found.select_related("provider__company")).defer("search", "past_work")
        if cursor:
            rows = rows.filter(self.sort.beyond(cursor, backwards=backwards))
        rows = rows.order_by(*self.sort.order(backwards=backwards)).prefetch_related("in_categories__category")
        found = list(rows[: PAGE + 1])
        has_more, shown = len(found) > PAGE, found[:PAGE]
        if backwards:
            shown.reverse()
        is_first, is_last = (not has_more, False) if backwards else (not cursor, not has_more)
        newer = "" if is_first or not shown else self.url(avant=self.mark(shown[0]))
        older = "" if is_last or not shown else self.url(apres=self.mark(shown[-1]))
        return Page([Sheet(profile) for profile in shown], newer, older)

    def mark(self, profile: Profile) -> str:
        """The place of `profile` in this order, as it stands in an address."""
        return self.sort.mark(cast("Any", profile))


def with_completed(rows: ProfileQuerySet) -> ProfileQuerySet:
    """Each with `completed`, the projects that its provider brought to an end; worked out for the rows shown only."""
    done = Project.objects.filter(winner=OuterRef("provider"), state=ProjectState.COMPLETED).order_by()
    count = done.values("winner").annotate(n=Count("pk")).values("n")
    return rows.annotate(completed=Coalesce(Subquery(count, output_field=IntegerField()), 0))
