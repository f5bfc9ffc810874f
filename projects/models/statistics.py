"""What became of the calls for offers, counted at night (product, section 9)."""

from __future__ import annotations

from django.db import connections, models, router, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .bands import THRESHOLDS
from .categories import Category

COUNT = """
    with calls as (
        select id, category_id as category, awarded_at - opened_at as delay,
               state in ('ACTIVE', 'COMPLETED') as materialised,
               width_bucket((budget_min_cents + budget_max_cents) / 2, %(thresholds)s::bigint[]) + 1 as band,
               date_trunc('month', case when state in ('ACTIVE', 'COMPLETED') then awarded_at
                                        else coalesce(ended_at, closes_at) end at time zone 'Europe/Paris') as month
        from projects_project
        where state in ('ACTIVE', 'COMPLETED', 'EXPIRED', 'CANCELLED', 'WITHDRAWN')
          and opened_at >= created_at and source_key = ''
    ), bids as (
        select project_id, count(*) as made, count(*) filter (where state = 'WON') as won
        from projects_offer where state <> 'WITHDRAWN' group by project_id
    )
    insert into projects_callstatistic
        (category_id, band, month, closed, materialised, offers, won, selection_delay, computed_at)
    select category, band, month::date, count(*), count(*) filter (where materialised), coalesce(sum(made), 0),
           coalesce(sum(won) filter (where materialised), 0),
           percentile_cont(0.5) within group (order by delay) filter (where materialised), %(now)s
    from calls left join bids on bids.project_id = calls.id
    group by grouping sets ((category, band), (category), (band), (month), ())
"""


class CallStatisticQuerySet(models.QuerySet["CallStatistic"]):
    def of_sets(self) -> CallStatisticQuerySet:
        """The rows by category and band, without those of a month."""
        return self.filter(month=None)

    def refresh(self) -> int:
        """Count everything anew; how many rows. Readers see the former figures until the new ones are all there.

        Two counts at once come one after the other.
        """
        using = router.db_for_write(self.model)
        with transaction.atomic(using), connections[using].cursor() as cursor:
            cursor.execute("lock table projects_callstatistic in share row exclusive mode")
            cursor.execute("delete from projects_callstatistic")
            cursor.execute(COUNT, {"thresholds": THRESHOLDS, "now": timezone.now()})
            return int(cursor.rowcount)


class CallStatistic(models.Model):
    """The closed calls of a set: a category, a band of budgets, both, a month of closing, or all (none of them given).

    A call is closed once its fate is known: its introduction was paid (it materialised), or it ended before, after it
    had been open. Left out: what is still open or being agreed upon; what our moderation took off, which never was a
    call; what came from elsewhere (imported, or generated as if opened before it was written here), whose competition
    took place elsewhere or not at all. Offers taken back count as never made. The month is the one in Paris in which
    it left the list.
    """

    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+", verbose_name=_("category"))
    band = models.PositiveSmallIntegerField(null=True)
    month = models.DateField(null=True)
    closed = models.PositiveIntegerField()
    materialised = models.PositiveIntegerField()
    offers = models.PositiveIntegerField()
    won = models.PositiveIntegerField()
    selection_delay = models.DurationField(null=True)  # median, from opening to selection, of those that materialised
    computed_at = models.DateTimeField()

    objects = CallStatisticQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "band", "month"], nulls_distinct=False, name="one_statistic_per_set"
            ),
            models.CheckConstraint(
                condition=Q(month=None) | Q(category=None, band=None), name="statistic_of_a_month_is_of_all"
            ),
            models.CheckConstraint(
                condition=Q(materialised__lte=F("closed"), won__lte=F("materialised")) & Q(won__lte=F("offers")),
                name="statistic_counts_parts_of_wholes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category_id or '*'} × {self.band or '*'} × {self.month or '*'}: {self.closed}"

    @property
    def mean_offers(self) -> float | None:
        """Competing offers of a closed call, on average; None when there was no call."""
        return self.offers / self.closed if self.closed else None
