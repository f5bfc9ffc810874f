"""What cases add to the pages of their project: a part of the report, and the links of the tranches in dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.links import linking
from escrow.reactions import seen, tranches
from mediation.models import Dispute
from projects.report import Page, Panel, Reading, page, panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from escrow.links import Links
    from escrow.models import Tranche


def of_project(reading: Reading) -> list[Dispute]:
    """Every case of the project that concerns its reader, the latest first; no query unless one was ever opened."""
    if not any(vars(tranche)["was_frozen"] for tranche in reading.once(tranches)):
        return []
    return list(Dispute.objects.of_party(reading.user).filter(project=reading.project).order_by("-pk"))


@panel(order=6)
def disputes_panel(reading: Reading) -> Panel | None:
    """The cases, and the way to open one; in base, that there is nothing to decide on."""
    if not (reading.as_client or reading.as_winner) or reading.project.activated_at is None:
        return None
    is_r0 = reading.once(seen) is not None
    may_open = not is_r0 or any(tranche.is_deliverable for tranche in reading.once(tranches))
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
    cases = {part.tranche_id: case for case in living(reading) for part in case.freeze.parts.all()}
    for tranche in rows:
        if case := cases.get(tranche.pk):
            found[tranche.pk] = (case.get_absolute_url(), _("Case SMA %(number)s") % {"number": case.number})
        elif tranche.is_deliverable:
            found[tranche.pk] = (
                f"{opening}?tranche={tranche.pk}",
                _("Open a dispute on tranche %(n)s") % {"n": tranche.position},
            )
    return found


def living(reading: Reading) -> list[Dispute]:
    """The cases of the project whose money is frozen, with their tranches."""
    rows = Dispute.objects.of_party(reading.user).filter(project=reading.project).living()
    return list(rows.select_related("freeze").prefetch_related("freeze__parts"))
