from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.accounts.models import User


class Category(models.Model):
    """What a project is about. The list comes with a migration; staff may add to it."""

    slug = models.SlugField(max_length=40, unique=True)
    name_fr = models.CharField(_("French name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name, verbose_name_plural = _("category"), _("categories")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The category's name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_fr


class InterestQuerySet(models.QuerySet["Interest"]):
    def choose(self, provider: User, categories: Iterable[Category]) -> None:
        """Make `categories` the ones that `provider` follows, and no others."""
        chosen = list(categories)
        with locked(provider):
            self.filter(provider=provider).exclude(category__in=chosen).delete()
            rows = [Interest(provider=provider, category=category) for category in chosen]
            self.bulk_create(rows, ignore_conflicts=True)


class Interest(models.Model):
    """A category that a provider follows: the newsletter brings its projects. No row at all means every category."""

    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="interests")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")

    objects = InterestQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "category"], name="one_interest_per_category")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.category}"
