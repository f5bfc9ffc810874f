"""The tabs of a dossier: what they are called, what they count, whether they are locked for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from projects.dossier import Dossier

NEED, SPECIFICATION, OFFERS, TALK, FILES, HISTORY, CLIENT = (
    "besoin",
    "cahier",
    "offres",
    "echanges",
    "fichiers",
    "historique",
    "client",
)
OPEN_TO_ALL = {NEED, CLIENT}


class Tab(NamedTuple):
    """One tab: its address, its words, its number (None: nothing to count), whether it is locked and current."""

    slug: str
    url: str
    label: str
    number: int | None
    locked: bool
    is_current: bool


LABELS: dict[str, StrPromise] = {
    NEED: _("The need"),
    SPECIFICATION: _("Specification"),
    OFFERS: _("Offers"),
    TALK: _("Questions and messages"),
    FILES: _("Files"),
    HISTORY: _("History"),
    CLIENT: _("The client"),
}


def chosen(slug: str) -> str:
    """The tab asked for in the address, or the first one."""
    return slug if slug in LABELS else NEED


def numbers(dossier: Dossier) -> dict[str, int]:
    """What the tabs count. Files of offers go uncounted; the history is a list of steps, counted while it is locked."""
    found = dossier.face.counts
    counted = {
        SPECIFICATION: found["files"],
        OFFERS: int(dossier.project.offers_count),
        TALK: found["asked"] + found["written"],
        FILES: found["files"] + found["papers"],
    }
    return counted if dossier.is_open else {**counted, HISTORY: found["steps"]}


def tabs(dossier: Dossier) -> list[Tab]:
    """Every tab, for one reader."""
    base, counted = dossier.project.get_absolute_url(), numbers(dossier)
    return [
        Tab(
            slug,
            base if slug == NEED else f"{base}?onglet={slug}",
            str(label),
            counted.get(slug),
            not dossier.is_open and slug not in OPEN_TO_ALL,
            slug == dossier.tab,
        )
        for slug, label in LABELS.items()
    ]
