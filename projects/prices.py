"""What the platform will bill on a project, said before it is published."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.templatetags.page import percent
from projects.cards import budget_words
from projects.models import Formula, Project
from projects.models.terms import share


class Price(NamedTuple):
    """A line of the prices: what for, the rate, what it makes on this budget, and when it is owed."""

    label: str
    rate: str
    estimate: str
    when: str


def prices(project: Project) -> list[Price]:
    """The commission and the R0 fee on `project`'s budget; publishing itself costs nothing."""
    low, high = project.budget_min_cents, project.budget_max_cents
    rates = [
        (_("Introduction commission"), settings.COMMISSION_RATE_BP, _("once both have accepted the same terms")),
        (_("R0 fee"), settings.R0_FEE_RATE_BP, _("with the commission, only if you choose the R0 formula")),
    ]
    rates = rates if Formula.R0 in Formula.offered() else rates[:1]
    free = Price(_("Publishing, comparing and choosing"), _("free"), _("nothing"), _("never"))
    estimates = [
        Price(label, _("%(rate)s of the price excl. VAT") % {"rate": percent(rate)}, estimate(low, high, rate), when)
        for label, rate, when in rates
    ]
    return [free, *estimates]


def estimate(low_cents: int, high_cents: int, rate_bp: int) -> str:
    """`rate_bp` of a budget, in words."""
    return budget_words(share(low_cents, rate_bp), share(high_cents, rate_bp)) if low_cents else _("set a budget first")
