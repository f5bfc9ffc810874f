"""The states of a tranche, of a freeze and of a refund request; the database holds the same tables."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TrancheState(models.TextChoices):
    """Where a tranche is; FUNDED means in whole or in part."""

    PLANNED = "PLANNED", _("planned")
    FUNDED = "FUNDED", _("funded")
    DELIVERED = "DELIVERED", _("delivered")
    RELEASED = "RELEASED", _("released")
    DISPUTED = "DISPUTED", _("in dispute")
    REFUNDED = "REFUNDED", _("refunded")
    CANCELLED = "CANCELLED", pgettext_lazy("tranche", "cancelled")


TRANCHE_MOVES = (
    ("", "PLANNED"),
    ("PLANNED", "FUNDED"),
    ("PLANNED", "CANCELLED"),
    ("FUNDED", "DELIVERED"),
    ("FUNDED", "DISPUTED"),
    ("FUNDED", "REFUNDED"),
    ("DELIVERED", "FUNDED"),  # all that it held was released, and a deposit pays for more work
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


class FreezeState(models.TextChoices):
    """Where the money of a dispute is."""

    FROZEN = "FROZEN", _("frozen")
    THAWED = "THAWED", _("given back to the account")
    EXECUTED = "EXECUTED", _("shared out")


FREEZE_MOVES = (("", "FROZEN"), ("FROZEN", "THAWED"), ("FROZEN", "EXECUTED"))


class RequestState(models.TextChoices):
    """Where a request for a refund is; LAPSED: what it asked for is no longer held."""

    ASKED = "ASKED", _("to be answered")
    AGREED = "AGREED", _("agreed")
    REFUSED = "REFUSED", _("refused")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")
    ESCALATED = "ESCALATED", _("before the SMA")
    LAPSED = "LAPSED", _("without object")


REQUEST_MOVES = (
    ("", "ASKED"),
    ("", "AGREED"),  # the provider offers it
    *(("ASKED", end) for end in ("AGREED", "REFUSED", "WITHDRAWN", "ESCALATED", "LAPSED")),
)
