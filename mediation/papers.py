"""The decision of a case on paper, for the two sides, a bailiff or a court."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.documents.printing import printed
from mediation.states import EntryKind, Role

if TYPE_CHECKING:
    from datetime import datetime

    from escrow.models import Shares, Tranche
    from mediation.models import Decision, Dispute


def decision_paper(decision: Decision, *, at: datetime) -> bytes:
    """The PDF/A-3b of an issued decision: sides, tranches, claims, answers, shares, reasons, in the active language.

    Made at `at`: a file made after the decision says so. Each foot carries the SHA-256 of what is decided: a file
    cannot carry its own.
    """
    dispute = decision.dispute
    number = _("Case SMA %(number)s") % {"number": dispute.number}
    return printed(
        "paper/decision.html",
        {
            "decision": decision,
            "printed_at": at if at != decision.issued_at else None,
            "dispute": dispute,
            "project": dispute.project,
            "agreement": dispute.account.agreement,
            "tranches": tranches(decision),
            "mediators": mediators(dispute),
            "claims": dispute.claims.filter(withdrawn_at=None),
            "answers": dispute.entries.filter(kind=EntryKind.ANSWERED),
            "origin": settings.COMPANY_NAME,
            "about": f"{number}, {_('decision')}",
            "seal": _("SHA-256 of what is decided: %(hash)s") % {"hash": decision.sha256},
        },
    )


def tranches(decision: Decision) -> list[tuple[Tranche, int, Shares]]:
    """Each tranche in dispute, what was frozen of it in cents, and what the decision makes of that."""
    freeze = decision.dispute.freeze
    split = freeze.spread(*decision.shares)
    return [(part.tranche, part.cents, split[part.tranche]) for part in freeze.rows]


def mediators(dispute: Dispute) -> list[str]:
    """Everybody who sat as its mediator, in their order."""
    rows = dispute.assignments.filter(role=Role.MEDIATOR).select_related("staff").order_by("pk")
    return list(dict.fromkeys(row.staff.display_name for row in rows))
