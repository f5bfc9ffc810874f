"""Providers as everybody may know them: what they write of themselves, never who they are (product, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Count, F, Func, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

from .calls import new_key
from .categories import Category
from .choices import Place
from .readers import TEXT_SEARCH
from .skills import asks_for, keys_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from marketplace.accounts.models import User

MARKS = 3  # criteria of a review
PRIOR = 2  # reviews of 3.5 stars that every score begins with: one review of 5 does not come before twenty of 4.9
PRIOR_SUM = 21  # their marks


@dataclass(frozen=True)
class Portrait:
    """What a provider writes of themselves: `day_rate_cents` excluding VAT, or None for none."""

    headline: str
    presentation: str
    skills: Sequence[str] = ()
    categories: Sequence[Category] = field(default_factory=tuple)
    day_rate_cents: int | None = None
    place: str = Place.REMOTE
    city: str = ""
    past_work: str = ""


def reviewed(provider: User) -> dict[str, int]:
    """How many reviews of `provider` clients have published, and the sum of their marks."""
    rows = provider.reviews_received.filter(state="PUBLISHED", as_client=True)
    found = rows.aggregate(reviews_count=Count("pk"), marks_sum=Sum(F("work") + F("exchange") + F("terms")))
    return {name: count or 0 for name, count in found.items()}


class ProfileQuerySet(models.QuerySet["Profile"]):
    def published(self) -> ProfileQuerySet:
        """Profiles that everybody may read: those of a suspended account, or of who is no provider now, are not."""
        active = Q(provider__is_active=True, provider__is_provider=True, provider__email_verified_at__isnull=False)
        return self.filter(active, published_at__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> ProfileQuerySet:
        """Published profiles, and one's own, which its provider previews before publishing it."""
        rows = self.published()
        return rows | self.filter(provider=user) if user.is_authenticated else rows

    def of(self, provider: User) -> ProfileQuerySet:
        """The profile of `provider`, if they have written one."""
        return self.filter(provider=provider)

    def matching(self, text: str) -> ProfileQuerySet:
        """Profiles whose headline, skills or presentation match `text`, as typed into a search box."""
        return self.filter(search=SearchQuery(text, config=TEXT_SEARCH, search_type="websearch"))

    def able_to(self, skill: str) -> ProfileQuerySet:
        """Profiles that name `skill`, whatever its capitals and accents."""
        return self.filter(asks_for([skill]))


class Profile(models.Model):
    """How a provider presents themselves to everybody. Its texts are shown without contact details or whole names.

    `reviews_count` and `marks_sum` are counted anew by each review that is published or hidden; `score`, in thousandths
    of a star, orders the directory.
    """

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    provider = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="profile")
    headline = models.CharField(_("headline"), max_length=120)
    presentation = models.TextField(_("presentation"), max_length=4000)
    skills = ArrayField(models.CharField(max_length=40), verbose_name=_("skills"), default=list, size=12)
    day_rate_cents = models.BigIntegerField(_("day rate excluding VAT"), null=True)
    place = models.CharField(_("place"), max_length=8, choices=Place, default=Place.REMOTE)
    city = models.CharField(_("city"), max_length=80, blank=True)
    past_work = models.TextField(_("past work"), max_length=4000, blank=True)
    written_at = models.DateTimeField(_("written at"), default=timezone.now)
    published_at = models.DateTimeField(_("published at"), null=True)
    reviews_count = models.PositiveIntegerField(default=0, editable=False)
    marks_sum = models.PositiveIntegerField(default=0, editable=False)
    score = models.GeneratedField(
        expression=(F("marks_sum") + PRIOR_SUM) * 1000 / (F("reviews_count") * MARKS + PRIOR * MARKS),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    search = models.GeneratedField(
        expression=SearchVector("headline", weight="A", config=TEXT_SEARCH)
        + SearchVector(
            Func("skills", function="words_of", output_field=models.TextField()), weight="A", config=TEXT_SEARCH
        )
        + SearchVector("presentation", weight="B", config=TEXT_SEARCH),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("provider profile"), _("provider profiles")
        constraints = [
            models.CheckConstraint(condition=~Q(headline="") & ~Q(presentation=""), name="profile_says_something"),
            models.CheckConstraint(
                condition=Q(day_rate_cents=None) | Q(day_rate_cents__gt=0), name="profile_day_rate_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(
                    marks_sum__gte=F("reviews_count") * MARKS,
                    marks_sum__lte=F("reviews_count") * MARKS * 5,
                ),
                name="profile_marks_are_one_to_five",
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="profile_search"),
            GinIndex(keys_of(F("skills")), name="profile_skills"),
            models.Index(fields=["-score", "-id"], condition=Q(published_at__isnull=False), name="profile_best"),
            models.Index(fields=["-published_at", "-id"], name="profile_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.headline}"

    def get_absolute_url(self) -> str:
        return reverse("projects:profile", args=[self.key])

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it now: the same rule as `published()`."""
        provider = self.provider
        return bool(self.published_at and provider.is_active and provider.is_provider and provider.is_verified)

    @property
    def mean(self) -> float | None:
        """The mean of the published reviews, in stars; None without any."""
        return self.marks_sum / (self.reviews_count * MARKS) if self.reviews_count else None

    @classmethod
    def write(cls, portrait: Portrait, *, by: User, published: bool) -> Profile:
        """Write the profile of `by`, the first or the next: shown to everybody when `published`, else to them alone.

        The date of publication stays as long as it is not taken down. The same words again change nothing.
        """
        with locked(by):
            profile = cls.objects.of(by).first() or cls(provider=by, **reviewed(by))
            words = {name: value for name, value in vars(portrait).items() if name != "categories"}
            for name, value in words.items():
                setattr(profile, name, value)
            was_public, profile.written_at = profile.published_at is not None, timezone.now()
            profile.published_at = (profile.published_at or profile.written_at) if published else None
            profile.save(update_fields=[*words, "written_at", "published_at"] if profile.pk else None)
            ProfileCategory.objects.choose(profile, portrait.categories)
            if published != was_public:
                Event.record("profile.published" if published else "profile.taken_down", by=by, profile=profile.pk)
            return profile

    def take_down(self, *, by: User, reason: str) -> None:
        """Moderation takes the profile off the site; its provider reads `reason`, and may publish it again, corrected.

        Refused: NotShown, NeedsReason.
        """
        with locked(self.provider, self):
            if self.published_at is None:
                raise self.NotShown
            if not reason.strip():
                raise self.NeedsReason
            self.published_at = None
            self.save(update_fields=["published_at"])
            Event.record("profile.removed", by=by, profile=self.pk, reason=reason.strip())

    @classmethod
    def recount(cls, provider: User) -> None:
        """Count anew the published reviews of `provider` by clients. Their profile may not be written yet."""
        with locked(provider):
            cls.objects.of(provider).update(**reviewed(provider))

    @property
    def portrait(self) -> Portrait:
        """What its provider wrote, as it was written."""
        chosen = [row.category for row in self.in_categories.all()]
        names = ("headline", "presentation", "skills", "day_rate_cents", "place", "city", "past_work")
        return Portrait(**{name: getattr(self, name) for name in names}, categories=chosen)

    class NotShown(Refusal):
        sentence = _("This profile is not published.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the provider will read it, word for word.")


class ProfileCategoryQuerySet(models.QuerySet["ProfileCategory"]):
    def choose(self, profile: Profile, categories: Iterable[Category]) -> None:
        """Make `categories` those of `profile`, and no others. Called under its provider's lock."""
        chosen = list(categories)
        self.filter(profile=profile).exclude(category__in=chosen).delete()
        rows = [ProfileCategory(profile=profile, category=category) for category in chosen]
        self.bulk_create(rows, ignore_conflicts=True)


class ProfileCategory(models.Model):
    """A category that a provider works in."""

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="in_categories")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")

    objects = ProfileCategoryQuerySet.as_manager()

    class Meta:
        ordering = ["category__position", "pk"]
        constraints = [models.UniqueConstraint(fields=["profile", "category"], name="profile_once_per_category")]

    def __str__(self) -> str:
        return f"{self.profile}: {self.category}"
