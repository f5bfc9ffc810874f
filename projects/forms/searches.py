from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Performing
from projects.forms.discover import PLACES, Finder
from projects.models import Asked, SavedSearch
from projects.saved import words_of

if TYPE_CHECKING:
    from marketplace.accounts.models import User

LONGEST_ADDRESS = 10_000


def asked_in(finder: Finder) -> Asked:
    """What an address of the list asks for, without its order and its page."""
    chosen = finder.chosen
    return Asked(
        text=finder.text,
        categories=tuple(sorted(c.pk for c in finder.categories if c.slug in chosen["categorie"])),
        bands=tuple(sorted(chosen["budget"])),
        places=tuple(sorted(str(PLACES[place]) for place in chosen["lieu"])),
        skills=tuple(sorted(chosen.get("competence", ()))),
        urgent=bool(chosen["urgent"]),
        few_offers=bool(chosen["peu"]),
    )


class NameField(forms.CharField):
    """What a provider calls a search; on one line, whatever was pasted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Name of the search"), max_length=80, **kwargs)

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class SaveSearchForm(Performing):
    """Save the search of an address of the list; without a name it is called by what it asks for."""

    asked = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_ADDRESS, required=False)
    name = NameField(required=False, help_text=_("Left empty, the search is called by its words and filters."))

    def __init__(self, data: Any = None, *, provider: User, address: str = "") -> None:
        self.provider = provider
        super().__init__(data, initial={"asked": address})

    @cached_property
    def finder(self) -> Finder:
        """The list that the address asks for."""
        address = str(self["asked"].value() or "")[:LONGEST_ADDRESS]
        return Finder(QueryDict(address.rpartition("?")[2]), reverse("projects:list"))

    @property
    def words(self) -> list[str]:
        """What the search asks for, in words."""
        return list(words_of(asked_in(self.finder), {category.pk: category for category in self.finder.categories}))

    def save(self) -> tuple[SavedSearch, bool] | None:
        """Keep the search, and whether it is a new one; a refusal becomes an error and gives None."""
        name = self.cleaned_data["name"] or Truncator(", ".join(self.words)).chars(80)
        return self.perform(lambda: SavedSearch.keep(asked_in(self.finder), name=name, by=self.provider))


class RenameSearchForm(forms.Form):
    """Another name for a saved search."""

    name = NameField()

    def __init__(self, data: Any = None, *, search: SavedSearch) -> None:
        self.search = search
        super().__init__(data, initial={"name": search.name})

    def save(self) -> None:
        """Give it the name."""
        self.search.rename(self.cleaned_data["name"])
