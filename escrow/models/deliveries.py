"""Deliveries: what the provider hands in, and what the client wants changed; read by the two parties only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.documents.models import Document
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

from .acceptance import Acceptance

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

    from .tranches import Tranche


class Handed(models.Model):
    """Something that one party hands to the other: a message and files, once per key."""

    purpose: ClassVar[str]
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    message = models.TextField(max_length=5000)
    key = models.UUIDField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        files: RelatedManager[DeliveryFile] | RelatedManager[ChangeFile]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.message[:60]

    @property
    def documents(self) -> list[Document]:
        """Its files, in the order in which they were sent."""
        return [file.document for file in self.files.all()]

    def attach(self, files: Sequence[Clean]) -> None:
        """Keep its files. Called by the deed that hands it over, under the locks."""
        for file in files:
            document = Document.take_in(file, owner=self.by, purpose=self.purpose)
            self.files.create(document=document)

    def says(self, message: str, files: Sequence[Clean]) -> bool:
        """Whether it says just that."""
        names = [document.name for document in self.documents]
        return (self.message, names) == (message, [file.name for file in files])


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User) -> DeliveryQuerySet:
        """The deliveries of one's own agreements, as client or as provider."""
        agreement = "tranche__account__agreement"
        return self.filter(Q(**{f"{agreement}__client": user}) | Q(**{f"{agreement}__provider": user}))


class Delivery(Handed):
    """One handing-in of a tranche: a message and files."""

    purpose = "escrow.delivery"
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="deliveries")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        default_permissions = ("view",)
        ordering = ["pk"]

    def ask_changes(self, message: str, files: Sequence[Clean] = (), *, by: User, key: UUID) -> ChangeRequest:
        """Hand it back with what is to be changed: the client's days stop until the next delivery (product, section 5).

        The same `key` with the same message and files gives the first request. Refused: Overtaken (a later delivery is
        in), Acceptance.NothingToChange, ChangesAsked (the provider's turn), ChangesSpent (twice at most), TooLate,
        CaseRequest.AlreadyOpen, ChangeRequest.KeyReused.
        """
        tranche, account = self.tranche, self.tranche.account
        with locked(account.project, account, tranche):
            if done := ChangeRequest.objects.filter(key=key).first():
                return done.same_as(delivery=self, message=message, files=files)
            if tranche.deliveries.filter(pk__gt=self.pk).exists():
                raise self.Overtaken
            Acceptance(tranche).must_take_changes()
            request = ChangeRequest.objects.create(delivery=self, message=message, by=by, key=key)
            request.attach(files)
            tranche.mark_changes_asked()
            facts = {"delivery": self.pk, "message": message, "files": len(files), "cents": tranche.held_cents}
            Event.record(
                "escrow.changes_asked", project=account.project, by=by, **facts, **account.facts(), **tranche.facts()
            )
            return request

    def same_as(self, *, tranche: Tranche, message: str, files: Sequence[Clean]) -> Self:
        """This delivery, if the repeated request says the same; refused (KeyReused) otherwise."""
        if self.tranche_id != tranche.pk or not self.says(message, files):
            raise self.KeyReused
        return self

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another delivery: nothing was sent. Check it and send it again."
        )

    class Overtaken(Refusal):
        sentence = _("The provider has delivered again meanwhile: look at the new delivery first. Nothing was sent.")


class DeliveryFile(models.Model):
    """A file of a delivery."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="files")
    document = models.OneToOneField(Document, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, user: User) -> ChangeRequestQuerySet:
        """Those about the deliveries of one's own agreements."""
        return self.filter(delivery__in=Delivery.objects.visible_to(user))


class ChangeRequest(Handed):
    """What the client wants changed of one delivery. The clock stands still until the provider delivers again."""

    purpose = "escrow.changes"
    delivery = models.OneToOneField(Delivery, models.PROTECT, related_name="changes")

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("request for changes"), _("requests for changes")
        default_permissions = ("view",)
        ordering = ["pk"]

    def same_as(self, *, delivery: Delivery, message: str, files: Sequence[Clean]) -> Self:
        """This request, if the repeated one says the same; refused (KeyReused) otherwise."""
        if self.delivery_id != delivery.pk or not self.says(message, files):
            raise self.KeyReused
        return self

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another request: nothing was sent. Check it and send it again."
        )


class ChangeFile(models.Model):
    """A file of a request for changes."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="files")
    document = models.OneToOneField(Document, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)
