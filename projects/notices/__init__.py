"""Who is told of what, by stretch of the way; each module registers its tellings."""

from projects.notices import (
    agreements,
    amendments,
    claims,
    dossier,
    endings,
    flags,
    hints,
    publishing,
    second_choice,
    selection,
    thread,
)

__all__ = [
    "agreements",
    "amendments",
    "claims",
    "dossier",
    "endings",
    "flags",
    "hints",
    "publishing",
    "second_choice",
    "selection",
    "thread",
]
