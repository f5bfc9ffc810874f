"""Messages in a dossier: from the client to all who opened it, from bidders beside their questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

from .choices import ProjectState
from .offers import must_hold_offer_credit
from .papers import Enclosing, Papers
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean


class DossierMessageQuerySet(models.QuerySet["DossierMessage"]):
    def visible_to(self, user: User) -> DossierMessageQuerySet:
        """Messages of the dossiers open to `user`, sealed or not."""
        return self.filter(project__in=Project.objects.dossier_open_to(user))


class DossierMessage(Enclosing, models.Model):
    """A written message of the client, or of a provider who spent an offer credit; the dossier's readers read it."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="dossier_messages")
    text = models.TextField(max_length=3000)
    key = models.UUIDField()
    written_at = models.DateTimeField(auto_now_add=True)

    objects = DossierMessageQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "author", "key"], name="one_dossier_message_per_form"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @classmethod
    def write(cls, project: Project, *, by: User, text: str, key: UUID, files: Sequence[Clean] = ()) -> DossierMessage:
        """Publish a message with its files to all who read the dossier; the same `key` writes once.

        The client may write while the call is open, also between its closing date and the choice. A provider is
        refused as for a question: Project.NotAvailable, Project.OwnProject, Offer.NeedsCredit. Refused as well:
        Closed, TooManyPapers.
        """
        with locked(project):
            if done := cls.objects.filter(project=project, author=by, key=key).first():
                return done
            cls._must_be_open(project, by)
            message = cls.objects.create(project=project, author=by, text=text, key=key)
            message.enclose(Papers(files), project=project, owner=by)
            Event.record("dossier.message", project=project, by=by, message=message.pk, title=project.title)
            return message

    @classmethod
    def _must_be_open(cls, project: Project, by: User) -> None:
        if by.pk != project.client_id:
            project.must_be_available()
            project.must_be_foreign_to(by)
            must_hold_offer_credit(by, project)
        elif project.state != ProjectState.OPEN:
            raise cls.Closed

    class Closed(Refusal):
        sentence = _("This call is no longer open: its dossier takes no more messages. Nothing was sent.")
