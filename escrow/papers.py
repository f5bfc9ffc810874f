"""The statement of an internal account on paper, for whoever must show it to an accountant, a bank or a court."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from escrow.figures import Figures
from escrow.statement import as_csv, statement
from marketplace.documents.printing import printed

if TYPE_CHECKING:
    from escrow.models import EscrowAccount


def statement_paper(account: EscrowAccount) -> bytes:
    """The PDF/A-3b of `account` as it is now: figures, tranches, every movement, in the active language.

    Its foot carries the SHA-256 of the movements as the CSV in French or English gives them, so that both agree.
    """
    lines, tranches = statement(account), list(account.tranches.all())
    number = _("Project %(number)s") % {"number": account.project.number}
    return printed(
        "paper/statement.html",
        {
            "account": account,
            "project": account.project,
            "figures": Figures.of(account, tranches),
            "tranches": tranches,
            "lines": lines,
            "now": timezone.now(),
            "holder": settings.R0_ACCOUNT_HOLDER,
            "licence": settings.R0_ACCOUNT_LICENCE,
            "origin": settings.COMPANY_NAME,
            "about": f"{number}, {_('statement of the internal account')}",
            "seal": f"SHA-256 {hashlib.sha256(as_csv(lines).encode()).hexdigest()}",
        },
    )
