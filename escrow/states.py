"""The states of a tranche and the moves between them; the database holds the same table."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TrancheState(models.TextChoices):
    """Where a tranche is; FUNDED means in whole or in part."""

    PLANNED = "PLANNED", _("planned")
    FUNDED = "FUNDED", _("funded")
    DELIVERED = "DELIVERED", _("delivered")
    RELEASED = "RELEASED", _("released")
    DISPUTED = "DISPUTED", _("in dispute")
    REFUNDED = "REFUNDED", _("refunded")
    CANCELLED = "CANCELLED", _("cancelled")


TRANCHE_MOVES = (
    ("", "PLANNED"),
    ("PLANNED", "FUNDED"),
    ("PLANNED", "CANCELLED"),
    ("FUNDED", "DELIVERED"),
    ("FUNDED", "DISPUTED"),
    ("FUNDED", "REFUNDED"),
    ("DELIVERED", "RELEASED"),
    ("DELIVERED", "DISPUTED"),
    ("DELIVERED", "REFUNDED"),
    ("DISPUTED", "FUNDED"),
    ("DISPUTED", "DELIVERED"),
    ("DISPUTED", "RELEASED"),
    ("DISPUTED", "REFUNDED"),
    ("CANCELLED", "PLANNED"),  # an avenant back to R0 takes it up again
)
TAKE_DEPOSITS = (TrancheState.PLANNED, TrancheState.FUNDED, TrancheState.DELIVERED)
ENDED = (TrancheState.RELEASED, TrancheState.REFUNDED, TrancheState.CANCELLED)
