"""What other apps' events cause here, and what cases add to their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.documents.readers import reads
from mediation import lapses
from mediation.models import Evidence, Seizure

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.models import Document

__all__ = ["lapses"]  # imported for what it registers


@reads("mediation.evidence")
def evidence_is_read_by(user: User, document: Document) -> bool:
    """The inert copy: both sides and the SMA's people in the case."""
    return Evidence.objects.visible_to(user).filter(document=document).exists()


@reads("mediation.original")
def original_is_read_by(user: User, document: Document) -> bool:
    """What was sent, byte for byte: the SMA's people in the case alone."""
    return Evidence.objects.examined_by(user).filter(original=document).exists()


@reads("mediation.court")
def court_paper_is_read_by(user: User, document: Document) -> bool:
    """What a court wrote: both sides and the SMA's people in the case."""
    rows = Seizure.objects.visible_to(user)
    return rows.filter(document=document).exists() or rows.filter(ruling=document).exists()
