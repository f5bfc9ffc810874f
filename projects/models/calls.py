"""What a call for offers says of itself: its columns, and what follows from them at a glance. Changes nothing."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Func
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import deadlines

from .categories import Category
from .choices import Formula, Place, ProjectState
from .content import days_after
from .readers import TEXT_SEARCH, UNSEEN

KEY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_key() -> str:
    """A project's public key: ten letters that nobody guesses or misreads."""
    return "".join(secrets.choice(KEY_LETTERS) for _ in range(10))


class Call(models.Model):
    """The columns of a project, and its read-only words and dates; its deeds are those of Project."""

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="projects", verbose_name=_("client")
    )
    winner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="won_projects", null=True, blank=True, editable=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=ProjectState, default=ProjectState.DRAFT, editable=False
    )
    title = models.CharField(_("title"), max_length=120)
    teaser = models.CharField(_("teaser"), max_length=300)
    description = models.TextField(_("full description"), max_length=20_000)
    category = models.ForeignKey(Category, models.PROTECT, related_name="projects", verbose_name=_("category"))
    skills = ArrayField(models.CharField(max_length=40), verbose_name=_("skills"), default=list, blank=True, size=12)
    budget_min_cents = models.BigIntegerField(_("budget, at least"))
    budget_max_cents = models.BigIntegerField(_("budget, at most"))
    place = models.CharField(_("place"), max_length=8, choices=Place, default=Place.REMOTE)
    city = models.CharField(_("city"), max_length=80, blank=True)
    urgent = models.BooleanField(_("urgent"), default=False)
    starts_on = models.DateField(_("wanted start"), null=True, blank=True)
    formula_wanted = models.CharField(_("formula wanted"), max_length=4, choices=Formula, default=Formula.R0)
    sealed = models.BooleanField(_("sealed offers"), default=False)
    closes_at = models.DateTimeField(_("closing date"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"), null=True, editable=False)
    awarded_at = models.DateTimeField(_("awarded at"), null=True, editable=False)
    activated_at = models.DateTimeField(_("active since"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    decide_by = models.DateTimeField(_("second choice before"), null=True, editable=False)  # when an award fell through
    reopened_at = models.DateTimeField(_("opened again at"), null=True, editable=False)
    rejection_reason = models.TextField(_("rejection reason"), blank=True, editable=False)
    source_url = models.URLField(_("address of the original call"), max_length=500, blank=True, editable=False)
    source_key = models.CharField(max_length=64, blank=True, editable=False)  # of an imported row: imported once
    form_key = models.UUIDField(null=True, unique=True, editable=False)  # of the form that made it: made once
    offers_count = models.PositiveIntegerField(_("offers placed"), default=0, editable=False)
    questions_count = models.PositiveIntegerField(_("questions asked"), default=0, editable=False)
    to_correct = models.JSONField(default=dict, editable=False)  # answers of a draft that are not right yet, as typed
    saved_at = models.DateTimeField(null=True, editable=False)  # the draft, last
    extended_at = models.DateTimeField(_("time to choose extended at"), null=True, editable=False)
    reminded_at = models.DateTimeField(null=True, editable=False)  # that the date to choose is near
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)  # of its latest ProjectVersion
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=TEXT_SEARCH)
        + SearchVector(
            Func("skills", function="words_of", output_field=models.TextField()), weight="A", config=TEXT_SEARCH
        )
        + SearchVector("teaser", weight="B", config=TEXT_SEARCH),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        abstract = True

    @property
    def number(self) -> str:
        """The number people quote: year and rank."""
        return f"{self.created_at.year}-{self.pk:04d}"

    @property
    def stage(self) -> str:
        """Where it is, in words: an open call whose closing date has passed waits for its client's choice."""
        if self.state == ProjectState.OPEN and not self.is_available:
            return str(_("closed to offers, the client is choosing"))
        if self.state == ProjectState.AWARDED and self.decide_by:
            return str(_("the agreement fell through, the client chooses again"))
        return str(ProjectState(self.state).label)

    @property
    def description_words(self) -> int:
        """How many words the full description has; signs that stand alone, as French puts before a colon, are none."""
        return sum(any(letter.isalnum() for letter in word) for word in self.description.split())

    @property
    def is_available(self) -> bool:
        """Whether the project takes offers and credits now."""
        return self.state == ProjectState.OPEN and bool(self.closes_at and self.closes_at > timezone.now())

    @property
    def select_by(self) -> datetime | None:
        """Until when the client may choose a winner: so many days after the closing, twice that once extended."""
        return self.extended_select_by if self.extended_at else self._days_after_closing(settings.SELECTION_DAYS)

    @property
    def extended_select_by(self) -> datetime | None:
        """Until when the client may choose once the time to do so is extended."""
        return self._days_after_closing(settings.SELECTION_DAYS + settings.SELECTION_EXTENSION_DAYS)

    def _days_after_closing(self, days: int) -> datetime | None:
        return self.closes_at and days_after(self.closes_at, days)

    @property
    def is_extendable(self) -> bool:
        """Whether the client may take more time to choose: once, when offers are closed and there is one to choose."""
        choosing = self.state == ProjectState.OPEN and not self.is_available and self.offers_count > 0
        return choosing and self.extended_at is None and not self.is_overdue(timezone.now())

    def is_overdue(self, at: datetime) -> bool:
        """Whether the call is over without a choice at `at`: closed without an offer, or past the date to choose."""
        end = self.select_by if self.offers_count else self.closes_at
        return self.state == ProjectState.OPEN and end is not None and at > end

    @property
    def moderate_by(self) -> datetime | None:
        """Until when our moderation decides on a project that was handed in."""
        return self.submitted_at and deadlines.after(self.submitted_at, settings.MODERATION_DAYS)

    @property
    def is_editable(self) -> bool:
        """Whether its client may write it, to hand it in: a draft, or rejected, before it was open or after."""
        return self.state in {ProjectState.DRAFT, ProjectState.REJECTED}

    @property
    def is_published(self) -> bool:
        """Whether what it says is public, or was to its end: as the queryset `published`."""
        return self.opened_at is not None and self.state not in UNSEEN

    @property
    def is_changeable(self) -> bool:
        """Whether its client may still change it before the public's eyes: while it takes offers."""
        return self.is_available

    @property
    def public_title(self) -> str:
        """Its title for whom may read no more than the public: what moderation has not approved is not shown."""
        return self.title if self.is_published else str(_("a project that has left the site"))
