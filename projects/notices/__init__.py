"""Who is told of what, by stretch of the way; each module registers its tellings."""

from projects.notices import agreements, dossier, flags, publishing, selection

__all__ = ["agreements", "dossier", "flags", "publishing", "selection"]
