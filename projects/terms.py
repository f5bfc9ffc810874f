"""What changed from one version of the terms to the next, in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import day, euros
from projects.models import FeesBy

if TYPE_CHECKING:
    from projects.models import AgreementVersion


class Change(NamedTuple):
    """One difference: what it is about, and its lines removed ("-") and added ("+")."""

    label: str
    lines: tuple[tuple[str, str], ...]


def changes(before: AgreementVersion | None, after: AgreementVersion) -> list[Change]:
    """The differences between two versions, none for the first."""
    if before is None:
        return []
    old, new = words(before), words(after)
    found = [Change(label, (("-", old[label]), ("+", new[label]))) for label in old if old[label] != new[label]]
    for label, former, latter in (
        (_("What is to be done"), before.scope, after.scope),
        (_("Tranches"), tranche_text(before), tranche_text(after)),
    ):
        if former != latter:
            found.append(Change(label, tuple(text_lines(former, latter))))
    return found


def words(version: AgreementVersion) -> dict[str, str]:
    """The short terms of a version, as people read them."""
    return {
        _("Price, excluding VAT"): euros(version.price_cents),
        _("Formula"): version.get_formula_display(),
        _("Delay"): ngettext("%(n)s day", "%(n)s days", version.delay_days) % {"n": version.delay_days},
        _("Start"): day(version.starts_on) or "–",
        _("Silence after a delivery"): _("releases its money") if version.release_on_silence else _("releases nothing"),
        _("Introduction paid by"): str(FeesBy(version.fees_by).label)
        + (version.fees_reason and f" ({version.fees_reason})"),
    }


def payer_words(version: AgreementVersion) -> str:
    """Who owes the platform its fees, and why if it is not the client."""
    return " – ".join(filter(None, (str(FeesBy(version.fees_by).label), version.fees_reason)))


def tranche_text(version: AgreementVersion) -> str:
    """The tranches of a version, one to a line: number, title, amount, date, deliverable."""
    return "\n".join(
        ", ".join(filter(None, (f"{t.position}. {t.title}", euros(t.cents), day(t.due_on), one_line(t.deliverable))))
        for t in version.tranches.all()
    )


def one_line(text: str) -> str:
    """`text` without its line breaks."""
    return " ".join(text.split())


def text_lines(before: str, after: str) -> list[tuple[str, str]]:
    """The lines removed ("-") and added ("+") between two texts."""
    return [(line[0], line[2:]) for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
