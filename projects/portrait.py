"""A provider's profile as everybody reads it: masked texts, and what the rows of the site say of its provider."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import day, euros_short, number
from projects.incognito import incognito
from projects.models import Place
from projects.opinions import Received, received
from projects.provider_record import ProviderRecord

if TYPE_CHECKING:
    from projects.models import Profile

TEASER = 260  # signs of a presentation in the directory


class Sheet:
    """One profile, every text of it without contact details and whole names."""

    def __init__(self, profile: Profile, before: str = "") -> None:
        self.profile, self.provider, self.before = profile, profile.provider, before

    def of(self, text: str) -> str:
        """`text` as everybody may read it."""
        return incognito(text, self.provider)

    @property
    def name(self) -> str:
        """First name and initial."""
        return self.provider.public_name

    @cached_property
    def headline(self) -> str:
        """What they do, in a line."""
        return self.of(self.profile.headline)

    @cached_property
    def presentation(self) -> str:
        """How they work."""
        return self.of(self.profile.presentation)

    @property
    def teaser(self) -> str:
        """The beginning of the presentation."""
        text = " ".join(self.presentation.split())
        return text if len(text) <= TEASER else f"{text[:TEASER].rsplit(' ', 1)[0].rstrip(' .,;:')}…"

    @property
    def past_work(self) -> str:
        """What they did before."""
        return self.of(self.profile.past_work)

    @property
    def skills(self) -> list[tuple[str, str]]:
        """Each skill, with the address of those who have it too."""
        path = reverse("projects:directory")
        return [(self.of(skill), f"{path}?{urlencode({'competence': skill})}") for skill in self.profile.skills]

    @property
    def categories(self) -> list[str]:
        """The names of the categories."""
        return [row.category.name for row in self.profile.in_categories.all()]

    @property
    def place(self) -> str:
        """Where they work, with the city if there is one."""
        words, city = capfirst(str(Place(self.profile.place).label)), self.of(self.profile.city)
        return f"{words}, {city}" if city else words

    @property
    def rate(self) -> str:
        """The day rate, or nothing."""
        cents = self.profile.day_rate_cents
        return _("%(amount)s excl. VAT a day") % {"amount": euros_short(cents)} if cents else ""

    @property
    def completed(self) -> str:
        """How many projects they completed, in the directory."""
        n: int = vars(self.profile)["completed"]
        return ngettext("%(n)s project completed", "%(n)s projects completed", n) % {"n": number(n)} if n else ""

    @property
    def since(self) -> str:
        """Since when they are here."""
        return _("Member since %(date)s") % {"date": day(self.provider.date_joined)}

    @property
    def meta(self) -> list[str]:
        """The small line of the page's head."""
        return [words for words in (", ".join(self.categories), self.place, self.since) if words]

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        """Where the page is."""
        return [(_("Providers"), reverse("projects:directory")), (self.name, "")]

    @cached_property
    def reviews(self) -> Received:
        """The first page of what clients said of them, or the one that the address asks for."""
        return received(self.provider, self.before)

    @cached_property
    def record(self) -> list[tuple[Any, str]]:
        """Their track record, one query; the day rate first if they tell one."""
        rate = [(_("Day rate"), self.rate)] if self.rate else []
        return [*rate, *ProviderRecord(self.provider.pk).facts]
