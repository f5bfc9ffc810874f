"""What Modération reads of people in the administration: profiles and reviews, which it may take away, and surveys."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, WithReason
from projects.models import Profile, Review, ReviewState, Survey

MODERATE = "projects.moderate_project"


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    """Provider profiles: the last written first. One that breaks the rules is taken down, its provider told why."""

    list_display = ["provider", "headline", "written_at", "published_at", "reviews_count"]
    list_filter = [("published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["provider"]
    search_fields = ["headline", "=key", "provider__email"]
    ordering = ["-written_at", "-pk"]
    show_full_result_count = False
    fields = [
        *("provider", "headline", "presentation", "skills", "day_rate_cents", "place", "city", "past_work"),
        *("written_at", "published_at", "reviews_count", "marks_sum"),
    ]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "take-down": AdminDeed(
            _("Take the profile down"),
            MODERATE,
            lambda profile, by, data: profile.take_down(by=by, reason=data["reason"]),
            form=WithReason,
            grave=True,
            offered=lambda profile: profile.published_at is not None,
        ),
    }


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Reviews: the latest first. One that breaks the rules is hidden, never rewritten."""

    list_display = ["project", "author", "subject", "work", "exchange", "terms", "written_at", "state"]
    list_filter = ["state", "as_client"]
    list_select_related = ["project", "author", "subject"]
    search_fields = ["project__title", "=project__key", "author__email", "subject__email"]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = [
        *("project", "author", "subject", "as_client", "work", "exchange", "terms", "text", "written_at"),
        *("state", "published_at", "answer", "answered_at", "hidden_reason"),
    ]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "hide": AdminDeed(
            _("Hide the review"),
            MODERATE,
            lambda review, by, data: review.hide(by=by, reason=data["reason"]),
            form=WithReason,
            grave=True,
            offered=lambda review: review.state == ReviewState.PUBLISHED,
        ),
        "show": AdminDeed(
            _("Show the review again"),
            MODERATE,
            lambda review, by, data: review.show(by=by),
            offered=lambda review: review.state == ReviewState.HIDDEN,
        ),
    }


@admin.register(Survey)
class SurveyAdmin(ReadOnlyAdmin):
    """What became of base projects, as each side tells us: never shown to the other."""

    list_display = ["project", "person", "as_client", "rank", "delivered", "paid", "again", "answered_at"]
    list_filter = ["rank", "as_client", "delivered", "paid", "again"]
    list_select_related = ["project", "person"]
    search_fields = ["project__title", "=project__key", "person__email"]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = [
        *("project", "person", "as_client", "rank", "asked_at", "answered_at"),
        *("delivered", "paid", "again", "text"),
    ]
