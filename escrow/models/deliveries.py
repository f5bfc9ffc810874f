"""Deliveries: what the provider hands in, read by the two parties only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.documents.models import Document
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

    from .tranches import Tranche


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User) -> DeliveryQuerySet:
        """The deliveries of one's own agreements, as client or as provider."""
        agreement = "tranche__account__agreement"
        return self.filter(Q(**{f"{agreement}__client": user}) | Q(**{f"{agreement}__provider": user}))


class Delivery(models.Model):
    """One handing-in of a tranche: a message and files."""

    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="deliveries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    message = models.TextField(max_length=5000)
    key = models.UUIDField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.message[:60]

    @property
    def documents(self) -> list[Document]:
        """Its files, in the order in which they were sent."""
        return [file.document for file in self.files.all()]

    def attach(self, files: Sequence[Clean]) -> None:
        """Keep its files. Called by Tranche.deliver under the locks."""
        for file in files:
            document = Document.take_in(file, owner=self.by, purpose="escrow.delivery")
            self.files.create(document=document)

    def same_as(self, *, tranche: Tranche, message: str, files: Sequence[Clean]) -> Delivery:
        """This delivery, if the repeated request says the same; refused (KeyReused) otherwise."""
        names = [document.name for document in self.documents]
        if (self.tranche_id, self.message, names) != (tranche.pk, message, [file.name for file in files]):
            raise self.KeyReused
        return self

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another delivery: nothing was sent. Check it and send it again."
        )


class DeliveryFile(models.Model):
    """A file of a delivery."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="files")
    document = models.OneToOneField(Document, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)
