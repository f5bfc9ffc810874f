"""The public register of decisions: what everybody may read of a case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from marketplace.templatetags.page import PARIS, percent
from mediation.models import Publication
from projects.models.bands import band_of, band_words

if TYPE_CHECKING:
    from mediation.models import Decision, Dispute

ON_A_PAGE = 20
ROW = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Published:
    """One decision of the register: its category, a band of amounts, how it was shared, after how long, and why."""

    publication: Publication

    @property
    def decision(self) -> Decision:
        return self.publication.decision

    @property
    def dispute(self) -> Dispute:
        return self.decision.dispute

    @property
    def category(self) -> str:
        return str(self.dispute.project.category)

    @property
    def band(self) -> str:
        """What was frozen, as a band of amounts: the figure itself could tell who the two sides are."""
        cents = sum(self.decision.shares)
        return band_words(band_of(cents, cents))

    @property
    def outcome(self) -> str:
        """How the frozen money was shared, as a whole percentage."""
        shares = self.decision.shares
        if not shares.client_cents:
            return _("all to the provider")
        if not shares.provider_cents:
            return _("all to the client")
        share = min(99, max(1, round(100 * shares.provider_cents / sum(shares))))
        words = _("%(provider)s to the provider, %(client)s to the client")
        return words % {"provider": percent(share * 100), "client": percent((100 - share) * 100)}

    @property
    def month(self) -> str:
        """When it was decided; the day could tell whose case it is."""
        at = self.decision.issued_at
        return date_format(timezone.localtime(at, PARIS), "YEAR_MONTH_FORMAT") if at else ""

    @property
    def days(self) -> int:
        """Whole days from the opening of the case to its decision."""
        return self.decision.lasted_days

    @property
    def ruled(self) -> bool:
        """Whether a court has ruled otherwise since."""
        return bool(self.publication.__dict__["ruled"])


class Register:
    """One page of the register, the latest decisions first; `before` is the number of the last one read."""

    def __init__(self, before: str = "") -> None:
        self.before = int(before) if ROW.fullmatch(before) else None

    @cached_property
    def rows(self) -> list[Published]:
        """The decisions of this page, and one more if there are others."""
        rows = Publication.objects.public().with_rulings().order_by("-decision_id")
        if self.before is not None:
            rows = rows.filter(decision_id__lt=self.before)
        return [Published(row) for row in rows[: ON_A_PAGE + 1]]

    @property
    def shown(self) -> list[Published]:
        """Those of this page."""
        return self.rows[:ON_A_PAGE]

    @property
    def older(self) -> str:
        """Where the older ones are, if there are any."""
        return f"?avant={self.shown[-1].decision.pk}" if self.rows[ON_A_PAGE:] else ""

    @property
    def newer(self) -> str:
        """Back to the latest ones."""
        return reverse("mediation:register") if self.before is not None else ""
