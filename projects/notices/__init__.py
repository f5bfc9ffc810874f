"""Who is told of what, by stretch of the way; each module registers its tellings."""

from projects.notices import agreements, dossier, publishing, selection

__all__ = ["agreements", "dossier", "publishing", "selection"]
