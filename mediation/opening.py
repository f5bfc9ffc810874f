"""What one side may open a case about, and why not."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from escrow.models import EscrowAccount, Tranche
from marketplace import deadlines
from marketplace.templatetags.page import paris
from mediation.ahead import approval_by
from mediation.models import Dispute
from mediation.models.course import decision_due, evening
from mediation.words import numbered

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

    @cached_property
    def again(self) -> list[Tranche]:
        """The tranches about which a case opened by the reader goes straight to an arbitrator."""
        ended = set(Dispute.objects.about(self.free).ended_for(self.reader).values_list("freeze__parts__tranche"))
        return [tranche for tranche in self.free if (tranche.pk,) in ended]

    @cached_property
    def straight(self) -> tuple[str, str] | None:
        """That a case about those has no mediation, and its dates at the latest; nothing if there are none."""
        if not self.again:
            return None
        numbers = [tranche.position for tranche in self.again]
        title = ngettext(
            "Opened again on tranche %(n)s, a dispute goes straight to an arbitrator",
            "Opened again on tranches %(n)s, a dispute goes straight to an arbitrator",
            len(numbers),
        )
        told = _now(
            "A case about it was withdrawn or ended without a decision: there is no mediation any more, and no split "
            "is agreed on. The other side has until %(answer)s to answer, evidence is in time until %(evidence)s, the "
            "arbitrator decides after that and before %(decision)s, and the decision is executed on %(execution)s; "
            "earlier, if the other side answers earlier."
        )
        return title % {"n": numbered(numbers)}, told % self.dates

    @property
    def dates(self) -> dict[str, str]:
        """The dates of a case without a mediation, if everybody takes the whole time."""
        heard = deadlines.after(self.answer_by, settings.SMA_EVIDENCE_DAYS)
        decision = decision_due(self.answer_by, heard)
        approved = approval_by(sum(tranche.held_cents for tranche in self.again), decision)
        dates = {
            "answer": self.answer_by,
            "evidence": heard,
            "decision": decision,
            "execution": evening(approved or decision, settings.SMA_EXECUTION_DAYS),
        }
        return {name: paris(at) for name, at in dates.items()}

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
