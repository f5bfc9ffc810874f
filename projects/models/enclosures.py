from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact

from .offers import Offer
from .projects import Project
from .thread import ThreadMessage

if TYPE_CHECKING:
    from marketplace.accounts.models import User

CARRIERS = ("question", "answer", "message", "offer", "draft", "thread_message")


class EnclosureQuerySet(models.QuerySet["Enclosure"]):
    def public(self) -> EnclosureQuerySet:
        """The files of questions, answers and messages: whoever reads the dossier reads them."""
        return self.filter(offer=None, draft=None, thread_message=None)

    def visible_to(self, user: User) -> EnclosureQuerySet:
        """Files as visible as what carries them: the dossier's to its readers, an offer's with it, a draft's to one.

        Those of a private thread are for its two parties.
        """
        talk = Q(offer=None, draft=None, thread_message=None, project__in=Project.objects.dossier_open_to(user))
        private = Q(thread_message__in=ThreadMessage.objects.visible_to(user))
        return self.filter(talk | private | Q(offer__in=Offer.objects.visible_to(user)) | Q(draft__provider=user))

    def of_dossier(self) -> EnclosureQuerySet:
        """Those of the dossier: neither of a draft, nor of a private thread."""
        return self.filter(draft=None, thread_message=None)


class EnclosureManager(models.Manager.from_queryset(EnclosureQuerySet)):  # type: ignore[misc]
    """Enclosures with their documents: nobody wants the one without the other."""

    def get_queryset(self) -> EnclosureQuerySet:
        rows: EnclosureQuerySet = super().get_queryset().select_related("document")
        return rows


class Enclosure(models.Model):
    """A file that comes with one question, answer, message (public or private), offer or draft (section 3)."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="enclosures")
    document = models.OneToOneField("documents.Document", models.PROTECT, related_name="+")
    question = models.ForeignKey("projects.Question", models.PROTECT, null=True, related_name="enclosures")
    answer = models.ForeignKey("projects.Answer", models.PROTECT, null=True, related_name="enclosures")
    message = models.ForeignKey("projects.DossierMessage", models.PROTECT, null=True, related_name="enclosures")
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, related_name="enclosures")
    draft = models.ForeignKey("projects.OfferDraft", models.PROTECT, null=True, related_name="enclosures")
    thread_message = models.ForeignKey(ThreadMessage, models.PROTECT, null=True, related_name="enclosures")

    objects = EnclosureManager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Exact(
                    Func(*map(F, CARRIERS), function="num_nonnulls", output_field=models.IntegerField()), 1
                ),
                name="enclosure_comes_with_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.document)

    def drop(self) -> None:
        """Take the file away, and out of the store. Called by `enclose` under the lock."""
        document = self.document
        self.delete()
        document.delete()
