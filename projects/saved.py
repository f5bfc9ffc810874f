"""Saved searches as their owner reads them: what each asks for, where it leads, and how much it finds now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects import matching
from projects.forms.discover import PLACES
from projects.models import Asked, Category, Place, SavedSearch
from projects.models.bands import band_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.accounts.models import User

MANY = 100  # matches from which they are no longer counted
NAMES = {place: name for name, place in PLACES.items()}


@dataclass(frozen=True)
class Shown:
    """One saved search: `url` reopens it in the list; `words` say what it asks for, `found` how much it finds."""

    search: SavedSearch
    url: str
    words: str
    found: str


def searches_of(provider: User) -> list[Shown]:
    """The searches that `provider` keeps, in three queries however many they are."""
    kept = list(SavedSearch.objects.kept_by(provider))
    if not kept:
        return []
    categories = {category.pk: category for category in Category.objects.all()}
    found = matching.counts(provider.pk, MANY)
    return [shown(search, found[search.pk], categories) for search in kept if search.pk in found]


def shown(search: SavedSearch, found: int, categories: dict[int, Category]) -> Shown:
    """One of them, which finds `found` projects."""
    asked = search.asked
    return Shown(search, url_of(asked, categories), ", ".join(words_of(asked, categories)), count_words(found))


def url_of(asked: Asked, categories: dict[int, Category]) -> str:
    """The address of the list that asks for the same."""
    pairs = [
        *([("q", asked.text)] if asked.text else []),
        *(("categorie", categories[pk].slug) for pk in asked.categories if pk in categories),
        *(("budget", band) for band in asked.bands),
        *(("lieu", NAMES[Place(place)]) for place in asked.places),
        *(("competence", skill) for skill in asked.skills),
        *([("peu", "1")] if asked.few_offers else []),
        *([("urgent", "1")] if asked.urgent else []),
    ]
    return f"{reverse('projects:list')}?{urlencode(pairs)}"


def words_of(asked: Asked, categories: dict[int, Category]) -> Iterable[str]:
    """What it asks for, filter by filter."""
    if asked.text:
        yield _("“%(text)s”") % {"text": asked.text}
    yield from (categories[pk].name for pk in asked.categories if pk in categories)
    yield from (band_words(band) for band in asked.bands)
    yield from (str(Place(place).label) for place in asked.places)
    yield from asked.skills
    if asked.few_offers:
        yield _("Fewer than 3 offers")
    if asked.urgent:
        yield _("Urgent")


def count_words(count: int) -> str:
    """How many projects it finds, in words; beyond MANY they are not counted."""
    if count >= MANY:
        return _("more than %(n)s open projects") % {"n": MANY - 1}
    return ngettext("%(n)s open project", "%(n)s open projects", count) % {"n": count}
