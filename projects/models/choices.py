"""The states and choices of a project."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.refusals import Refusal


class R0NotOffered(Refusal):
    """Terms under R0 while no licensed institution is named that holds the deposits."""

    sentence = _(
        "The R0 formula is not offered at the moment: no licensed institution holds its deposits. "
        "Choose the base formula. Nothing was recorded."
    )


class ProjectState(models.TextChoices):
    DRAFT = "DRAFT", _("draft")
    SUBMITTED = "SUBMITTED", _("waiting for approval")
    OPEN = "OPEN", _("open to offers")
    AWARDED = "AWARDED", _("awarded")
    ACTIVE = "ACTIVE", _("under way")
    COMPLETED = "COMPLETED", _("completed")
    REJECTED = "REJECTED", _("rejected")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")
    EXPIRED = "EXPIRED", _("expired")
    CANCELLED = "CANCELLED", _("cancelled")


PROJECT_MOVES = (
    ("", "DRAFT"),
    ("DRAFT", "SUBMITTED"),
    ("DRAFT", "OPEN"),
    ("SUBMITTED", "OPEN"),
    ("SUBMITTED", "REJECTED"),
    ("REJECTED", "SUBMITTED"),
    ("OPEN", "REJECTED"),
    ("OPEN", "AWARDED"),
    ("OPEN", "EXPIRED"),
    ("AWARDED", "OPEN"),
    ("AWARDED", "ACTIVE"),
    ("AWARDED", "CANCELLED"),
    ("OPEN", "CANCELLED"),
    ("ACTIVE", "COMPLETED"),
    ("DRAFT", "WITHDRAWN"),
    ("SUBMITTED", "WITHDRAWN"),
    ("REJECTED", "WITHDRAWN"),
    ("OPEN", "WITHDRAWN"),
    ("AWARDED", "WITHDRAWN"),
)


class Formula(models.TextChoices):
    BASE = "BASE", _("base formula")
    R0 = "R0", _("R0 formula (zero risk)")

    @classmethod
    def offered(cls) -> list[Formula]:
        """R0 only while a licensed institution is named that holds its deposits (product, section 5)."""
        return [formula for formula in cls if formula != cls.R0 or settings.R0_OFFERED]

    @classmethod
    def or_base(cls, wanted: str) -> str:
        """The formula that somebody wants, or the base formula while that one is not offered."""
        return wanted if wanted in cls.offered() else cls.BASE

    @classmethod
    def must_be_offered(cls, formula: str) -> None:
        """Refuse (R0NotOffered) terms under a formula that nobody could carry out."""
        if formula not in cls.offered():
            raise R0NotOffered


class Place(models.TextChoices):
    REMOTE = "REMOTE", _("remote")
    MIXED = "MIXED", _("remote, with some visits")
    ON_SITE = "ON_SITE", _("on site")
