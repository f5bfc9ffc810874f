"""What cases add to the pages of their project: a part of the report, and the links of the tranches in dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.links import linking
from escrow.reactions import bundled, seen, tranches
from mediation.models import Dispute
from mediation.turns import with_turns
from projects.bundles import rebuilt, whole
from projects.report import Page, Panel, Reading, page, panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.postgres.expressions import ArraySubquery

    from escrow.links import Links
    from escrow.models import Tranche


@bundled("cases")
def with_their_tranche() -> ArraySubquery:
    """Every case about a tranche."""
    return whole(with_turns(Dispute.objects.filter(freeze__parts__tranche=OuterRef("pk"))), "turn", "frozen_cents")


def by_tranche(reading: Reading) -> dict[int, list[Dispute]]:
    """The cases about each tranche that concerns the reader: they came with it, and ask nothing of the database."""
    rows = reading.once(tranches)
    return {row.pk: [of(row, case) for case in rebuilt(Dispute, vars(row)["cases"])] for row in rows}


def of(tranche: Tranche, case: Dispute) -> Dispute:
    """A case with the account and the project of its tranche."""
    case.account, case.project = tranche.account, tranche.account.project
    return case


def of_project(reading: Reading) -> list[Dispute]:
    """Every case of the project that concerns its reader, each once, the latest first."""
    found = {case.pk: case for cases in reading.once(by_tranche).values() for case in cases}
    return [found[pk] for pk in sorted(found, reverse=True)]


@panel(order=6)
def disputes_panel(reading: Reading) -> Panel | None:
    """The cases, and the way to open one; in base, that there is nothing to decide on."""
    if not (reading.as_client or reading.as_winner) or reading.project.activated_at is None:
        return None
    is_r0 = reading.once(seen) is not None
    may_open = not is_r0 or any(tranche.is_deliverable for tranche in reading.once(tranches))
    may_open = may_open and not reading.user.is_suspended
    opening = reverse("mediation:open", args=[reading.project.key]) if may_open else ""
    return Panel("mediation/panel.html", {"cases": reading.once(of_project), "is_r0": is_r0, "opening": opening})


@page(order=55)
def case_page(reading: Reading) -> Page | None:
    """The way to the latest case from every page of its project."""
    cases = reading.once(of_project)
    return (cases[0].get_absolute_url(), _("Dispute"), "scales") if cases else None


@linking
def links_of(rows: Sequence[Tranche], reading: Reading) -> Links:
    """On the payments page: the case of each tranche in dispute, and the way to open one on those that hold money."""
    found: Links = {}
    opening = reverse("mediation:open", args=[reading.project.key])
    cases = reading.once(by_tranche)
    for tranche in rows:
        if case := next((case for case in cases[tranche.pk] if case.is_living), None):
            found[tranche.pk] = (case.get_absolute_url(), _("Case SMA %(number)s") % {"number": case.number})
        elif tranche.is_deliverable:
            found[tranche.pk] = (
                f"{opening}?tranche={tranche.pk}",
                _("Open a dispute on tranche %(n)s") % {"n": tranche.position},
            )
    return found
