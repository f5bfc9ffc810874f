"""How many projects are open for each combination of filters, so that counting costs the same for any number."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Case, Count, Q, Sum, When

from .categories import Category
from .choices import Place
from .projects import Project


class TallyQuerySet(models.QuerySet["Tally"]):
    def refresh(self, bands: Mapping[str, Q], few: Q) -> int:
        """Count the projects open now anew; `bands` and `few` are conditions on them. How many rows that makes."""
        marks = {f"band_{name}": q for name, q in bands.items()} | {"few_offers": few}
        flags = {name: Case(When(q, then=True), default=False) for name, q in marks.items()}
        columns = ["category_id", "place", "urgent", *flags]
        counted = Project.objects.available().annotate(**flags).order_by().values(*columns).annotate(many=Count("pk"))
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(hashtext('projects_tally'))")  # one after the other
            self.all().delete()
            return len(
                self.bulk_create(
                    Tally(
                        category_id=row["category_id"],
                        place=row["place"],
                        urgent=row["urgent"],
                        few_offers=row["few_offers"],
                        bands=[name for name in bands if row[f"band_{name}"]],
                        many=row["many"],
                    )
                    for row in counted
                )
            )

    def sums(self, conditions: Mapping[str, Q]) -> dict[str, int]:
        """How many projects meet each of `conditions` (on a tally's columns): one query."""
        found = self.aggregate(**{name: Sum("many", filter=q or None) for name, q in conditions.items()})
        return {name: many or 0 for name, many in found.items()}


class Tally(models.Model):
    """How many open projects share a category, bands of budget, place, urgency and few offers, a few minutes ago."""

    category = models.ForeignKey(Category, models.CASCADE, related_name="+")
    place = models.CharField(max_length=8, choices=Place)
    urgent = models.BooleanField()
    few_offers = models.BooleanField()
    bands = ArrayField(models.CharField(max_length=8))
    many = models.PositiveIntegerField()

    objects = TallyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.category_id}: {self.many}"
