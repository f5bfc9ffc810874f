"""The documents of the report: the specification, what the parties sent each other, what other apps add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.templatetags.page import day
from projects.bundles import Filed
from projects.report import Panel, Reading, panel
from projects.storyline import opens_dossier, own_version


class Folder(NamedTuple):
    """Files of one origin, or links to documents that the site draws up: (address, words, details)."""

    title: str
    files: list[Filed]
    links: list[tuple[str, str, str]] = []


Filing = Callable[[Reading], Folder | None]
FILINGS: list[Filing] = []


def filing(maker: Filing) -> Filing:
    """Declare a folder of the report's documents; None: nothing for this reader."""
    FILINGS.append(maker)
    return maker


def folders(reading: Reading) -> Iterator[Folder]:
    """What the reader may download."""
    for maker in FILINGS:
        if (found := maker(reading)) and (found.files or found.links):
            yield found


@filing
def the_agreement(reading: Reading) -> Folder | None:
    """The terms that both accepted, as PDFs: those in force, then those that avenants have replaced."""
    version = reading.once(own_version)
    if not version or not version.agreement.sha256:
        return None
    pdf = reverse("projects:agreement_pdf", args=[version.agreement.key])
    words = _("Agreement, version %(number)s") % {"number": version.number}
    former = [former_terms(version.agreement.key, row) for row in vars(version)["frozen"][1:]]
    return Folder(_("Agreement"), [], [(pdf, words, f"PDF, {version.agreement.get_state_display()}"), *former])


def former_terms(key: str, row: dict[str, Any]) -> tuple[str, str, str]:
    """The link to terms of the agreement `key` that were in force."""
    since = datetime.fromisoformat(row["amended_at"] or row["agreed_at"])
    words = _("Terms of %(date)s") % {"date": day(since)}
    return (
        reverse("projects:former_pdf", args=[key, row["number"]]),
        words,
        _("PDF, version %(number)s, replaced") % row,
    )


@filing
def specification(reading: Reading) -> Folder | None:
    """The client's specification, for who may read the dossier."""
    if not reading.once(opens_dossier):
        return None
    return Folder(_("Specification"), [Filed.of(row) for row in vars(reading.project).get("specified", [])])


@filing
def of_the_thread(reading: Reading) -> Folder | None:
    """What the two parties sent each other."""
    return Folder(_("Private thread"), [Filed.of(row) for row in vars(reading.project).get("thread_files", [])])


@panel(order=90)
def documents_panel(reading: Reading) -> Panel | None:
    """Every file of the project that the reader may download, by origin."""
    found = list(folders(reading))
    if not found and not reading.once(opens_dossier):
        return None
    return Panel("projects/report/documents.html", {"folders": found})
