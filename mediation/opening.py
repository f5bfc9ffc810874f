"""What one side may open a case about, and why not."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import EscrowAccount, Tranche
from marketplace import deadlines
from mediation.models import Dispute

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from projects.models import Agreement

IN_BASE = _(
    "This project is under the base formula: it has no internal account, so there is no money for the SMA to decide on."
)
NOTHING_HELD = _(
    "No tranche of this project holds money that could be frozen: the SMA decides on held money alone. What is "
    "released, refunded or already in dispute stays as it is."
)


class Opening:
    """The money of a project before one of its two sides, who may be about to open a case."""

    def __init__(self, agreement: Agreement, reader: User) -> None:
        self.agreement, self.reader = agreement, reader

    @cached_property
    def account(self) -> EscrowAccount | None:
        """The internal account; none in base."""
        return EscrowAccount.objects.with_parties().filter(agreement=self.agreement).first()

    @cached_property
    def free(self) -> list[Tranche]:
        """The tranches whose money could be frozen."""
        rows = self.account.tranches.all() if self.account else []
        return [tranche for tranche in rows if tranche.is_deliverable]

    @cached_property
    def cases(self) -> list[Dispute]:
        """The living cases of the project."""
        return list(Dispute.objects.of_party(self.reader).filter(project=self.agreement.project).living())

    @property
    def answer_by(self) -> datetime:
        """Until when the other side would have to answer a case opened now."""
        return deadlines.after(timezone.now(), settings.SMA_ANSWER_DAYS)

    @property
    def ways(self) -> list[tuple[str, _StrPromise, _StrPromise]]:
        """What else can be done where no case can be opened: an address, its words, and what it brings."""
        project = self.agreement.project
        thread = reverse("projects:thread", args=[project.key])
        first = (
            thread,
            _("Write to the other side"),
            _("Most disagreements end there: say what you ask for, and why."),
        )
        if self.account:
            told = _("It says where the money of each tranche is, and what may still be deposited or invoiced.")
            return [first, (self.account.get_absolute_url(), _("Open the payments page"), told)]
        if self.reader.pk != self.agreement.client_id:  # the client alone chooses the formula
            return [first]
        amend = reverse("projects:amend", args=[self.agreement.key])
        told = _("By an amendment what is left of the work goes under R0: its money is deposited before it is done.")
        return [first, (amend, _("Propose the R0 formula"), told)]

    @property
    def obstacle(self) -> _StrPromise | None:
        """Why no case can be opened at all."""
        if self.account is None:
            return IN_BASE
        return None if self.free else NOTHING_HELD
