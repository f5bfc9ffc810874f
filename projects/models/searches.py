"""Searches that a provider keeps: the newsletter brings what they find."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchQueryField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.refusals import Refusal

from .bands import BANDS
from .choices import Place
from .readers import TEXT_SEARCH

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST_SEARCHES = 20


@dataclass(frozen=True)
class Asked:
    """What a search asks for: words, and of each filter the values of which a project must meet one; none: any."""

    text: str = ""
    categories: tuple[int, ...] = ()
    bands: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    urgent: bool = False
    few_offers: bool = False

    def as_fields(self) -> dict[str, object]:
        """The columns of a row, in the one order that makes equal searches equal rows."""
        return {name: sorted(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


NOTHING = Q(text="", categories=[], bands=[], places=[], skills=[], urgent=False, few_offers=False)
WHAT = ["text", "categories", "bands", "places", "skills", "urgent", "few_offers"]


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def kept_by(self, provider: User) -> SavedSearchQuerySet:
        """The searches of `provider`, the oldest first; nobody else sees them."""
        return self.filter(provider=provider).order_by("pk")


class SavedSearch(models.Model):
    """A search of the available projects that a provider keeps (product, section 4.2). The same one is kept once."""

    class Empty(Refusal):
        sentence = _("Choose words or filters first: a search of everything needs no saving.")

    class TooMany(Refusal):
        sentence = _("You keep %(most)s searches already. Delete one to save another.")

    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="saved_searches")
    name = models.CharField(_("name of the search"), max_length=80)
    text = models.CharField(max_length=200, blank=True)
    categories = ArrayField(models.BigIntegerField(), default=list, blank=True)
    bands = ArrayField(models.CharField(max_length=1), default=list, blank=True)
    places = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    urgent = models.BooleanField(default=False)
    few_offers = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    query = models.GeneratedField(
        expression=SearchQuery(F("text"), config=TEXT_SEARCH, search_type="websearch"),
        output_field=SearchQueryField(),
        db_persist=True,
    )

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("saved search"), _("saved searches")
        constraints = [
            models.UniqueConstraint(fields=["provider", *WHAT], name="one_saved_search_of_a_kind"),
            models.CheckConstraint(condition=~NOTHING, name="saved_search_asks_for_something"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_search_has_a_name"),
            models.CheckConstraint(condition=Q(bands__contained_by=list(BANDS)), name="saved_search_bands_are_known"),
            models.CheckConstraint(
                condition=Q(places__contained_by=Place.values), name="saved_search_places_are_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def keep(cls, asked: Asked, *, name: str, by: User) -> tuple[SavedSearch, bool]:
        """Keep what `asked` asks for under `name`, and whether it is new: one that `by` keeps already stays as it is.

        Refused: Empty when it asks for nothing, TooMany beyond MOST_SEARCHES.
        """
        if asked == Asked():
            raise cls.Empty
        with locked(by):
            kept = cls.objects.kept_by(by)
            if found := kept.filter(**asked.as_fields()).first():
                return found, False
            if kept.count() >= MOST_SEARCHES:
                raise cls.TooMany(most=MOST_SEARCHES)
            return cls.objects.create(provider=by, name=name, **asked.as_fields()), True

    def rename(self, name: str) -> None:
        """Call it `name`; what it asks for stays."""
        SavedSearch.objects.filter(pk=self.pk).update(name=name)

    def forget(self) -> None:
        """Delete it: its projects no longer come with the newsletter, unless a category that is followed has them."""
        SavedSearch.objects.filter(pk=self.pk).delete()

    @property
    def asked(self) -> Asked:
        """What it asks for."""
        chosen = tuple(self.categories), tuple(self.bands), tuple(self.places), tuple(self.skills)
        return Asked(self.text, *chosen, urgent=self.urgent, few_offers=self.few_offers)
