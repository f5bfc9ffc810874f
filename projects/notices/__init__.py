"""Who is told of what, by stretch of the way; each module registers its tellings."""

from projects.notices import aftermath, agreements, claims, dossier, flags, hints, publishing, selection

__all__ = ["aftermath", "agreements", "claims", "dossier", "flags", "hints", "publishing", "selection"]
