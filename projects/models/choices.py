"""The states and choices of a project."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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


class Place(models.TextChoices):
    REMOTE = "REMOTE", _("remote")
    MIXED = "MIXED", _("remote, with some visits")
    ON_SITE = "ON_SITE", _("on site")
