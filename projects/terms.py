"""What changed from one version of the terms to the next, in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from marketplace.templatetags.page import day, euros

if TYPE_CHECKING:
    from projects.models import AgreementVersion


class Change(NamedTuple):
    """One difference: what it is about, what stood before, what stands now; texts come as (sign, line) pairs."""

    label: str
    before: str
    after: str
    lines: tuple[tuple[str, str], ...] = ()


def changes(before: AgreementVersion | None, after: AgreementVersion) -> list[Change]:
    """The differences between two versions, none for the first."""
    if before is None:
        return []
    old, new = words(before), words(after)
    found = [Change(label, old[label], new[label]) for label in old if old[label] != new[label]]
    if before.scope != after.scope:
        found.append(Change(_("What is to be done"), "", "", tuple(text_lines(before.scope, after.scope))))
    return found


def words(version: AgreementVersion) -> dict[str, str]:
    """The short terms of a version, as people read them."""
    return {
        _("Price, excluding VAT"): euros(version.price_cents),
        _("Formula"): version.get_formula_display(),
        _("Delay"): _("%(count)s days") % {"count": version.delay_days},
        _("Start"): day(version.starts_on) or "–",
        _("Tranches"): " ; ".join(
            f"{t.title} ({euros(t.cents)}{', ' + day(t.due_on) if t.due_on else ''})" for t in version.tranches.all()
        ),
        _("Deliverables"): " ; ".join(t.deliverable for t in version.tranches.all() if t.deliverable) or "–",
    }


def text_lines(before: str, after: str) -> list[tuple[str, str]]:
    """The lines removed ("-") and added ("+") between two texts."""
    return [(line[0], line[2:]) for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
