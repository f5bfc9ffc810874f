"""What a provider has written of an offer that is not placed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from marketplace.locking import locked

from .offers import Offer, must_hold_offer_credit
from .papers import NO_PAPERS, Enclosing, Papers
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User


class OfferDraftQuerySet(models.QuerySet["OfferDraft"]):
    def written_by(self, provider: User) -> OfferDraftQuerySet:
        """A provider's own drafts: nobody else sees them, not even their number."""
        return self.filter(provider=provider)


class OfferDraft(Enclosing, models.Model):
    """An offer as its author left it, unchecked: `typed` holds the strings of its form (section 4.4)."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="offer_drafts")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="offer_drafts")
    typed = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    objects = OfferDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "provider"], name="one_offer_draft_per_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.project}"

    @classmethod
    def keep(cls, project: Project, *, by: User, typed: dict[str, Any], papers: Papers = NO_PAPERS) -> OfferDraft:
        """Save what `by` has typed instead of what was saved before; nobody is told.

        Refused as the offer itself: Project.NotAvailable, Project.OwnProject, Offer.NeedsCredit; Offer.AlreadyPlaced
        once an offer stands; TooManyPapers.
        """
        with locked(project):
            project.must_be_available()
            project.must_be_foreign_to(by)
            must_hold_offer_credit(by, project)
            if Offer.objects.living().filter(project=project, provider=by).exists():
                raise Offer.AlreadyPlaced
            saved = {"typed": typed, "saved_at": timezone.now()}
            draft, _made = cls.objects.update_or_create(project=project, provider=by, defaults=saved)
            draft.enclose(papers, project=project, owner=by)
            return draft

    def become(self, offer: Offer) -> None:
        """Its files go to `offer`, and it is gone. Called by Offer.place under the project's lock."""
        self.enclosures.update(draft=None, offer=offer)
        self.delete()
