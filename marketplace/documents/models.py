"""Private files: each one is taken in once, made inert, and read only by those concerned."""

from __future__ import annotations

import hashlib
import logging
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.documents import intake, readers

if TYPE_CHECKING:
    from marketplace.accounts.models import User

log = logging.getLogger(__name__)


def shelf(document: Document, name: str) -> str:
    """Where a file lies: a folder per day and a name that nobody can guess and that says nothing."""
    return f"{timezone.now():%Y/%m/%d}/{uuid.uuid4().hex}"


class Document(models.Model):
    """One stored file. Its `purpose` names the app and row that decide who, besides its owner, may read it."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="documents")
    purpose = models.CharField(max_length=60)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=shelf, max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("document"), _("documents")
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="document_not_empty"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_has_its_hash"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where it is downloaded, by those who may."""
        return reverse("documents:download", args=[self.key])

    @classmethod
    def take_in(
        cls, upload: File[bytes] | intake.Clean, *, owner: User, purpose: str, accept: intake.Types = intake.PLAIN
    ) -> Document:
        """Store `upload`, made inert, for `owner`. A file that a DocumentField has cleaned is not cleaned again.

        Refused (ValidationError, with a sentence to show): another type than its content shows or `accept` allows,
        more than 10 MB or 40 million pixels, encrypted, damaged, two types in one, or a disk that is full.
        """
        clean = upload if isinstance(upload, intake.Clean) else intake.clean(upload, accept)
        document = cls(owner=owner, purpose=purpose, name=clean.name, content_type=clean.content_type, size=clean.size)
        document.sha256 = hashlib.sha256(clean.content).hexdigest()
        try:
            document.file.save(clean.name, ContentFile(clean.content), save=False)
        except OSError as full:
            log.exception("A document could not be stored.")
            raise ValidationError(_("The file could not be stored just now. Try again in a moment."), "disk") from full
        document.save(force_insert=True)
        return document

    def readable_by(self, user: User) -> bool:
        """Whether `user` may read it now, as the reader of its purpose says; its owner too, unless it says not."""
        reader = readers.registry.get(self.purpose)
        if user.is_suspended and self.purpose not in readers.kept:
            reader = None
        owns = self.owner_id == user.pk and self.purpose not in readers.shared
        return owns or (reader is not None and reader(user, self))
