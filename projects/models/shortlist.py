"""What a client marks on the offers for themselves: the shortlist, and notes. Nobody else ever sees either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.refusals import Refusal

from .offers import Offer

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST_SIGNS = 3000
Mark = TypeVar("Mark", bound=models.Model)


class MarkQuerySet(models.QuerySet[Mark]):
    """Marks of either sort."""

    def made_by(self, client: User) -> Self:
        """A client's own marks: neither providers nor staff read them, nor how many there are."""
        return self.filter(offer__project__client=client)


class ShortlistEntry(models.Model):
    """An offer that its client keeps on the shortlist (product, section 4.6). Nobody is told."""

    offer = models.OneToOneField(Offer, models.PROTECT, related_name="shortlisting")
    added_at = models.DateTimeField(default=timezone.now)

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("shortlist entry"), _("shortlist entries")

    def __str__(self) -> str:
        return str(self.offer)

    @classmethod
    def add(cls, offer: Offer) -> None:
        """Put `offer` on its client's shortlist; a second time changes nothing."""
        cls.objects.get_or_create(offer=offer)

    @classmethod
    def drop(cls, offer: Offer) -> None:
        """Take `offer` off the shortlist; a second time changes nothing."""
        cls.objects.filter(offer=offer).delete()


class OfferNote(models.Model):
    """What the client wrote about an offer for themselves; an emptied note stays, empty, with its `revision`."""

    offer = models.OneToOneField(Offer, models.PROTECT, related_name="note")
    text = models.TextField(max_length=MOST_SIGNS, blank=True)
    revision = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField(default=timezone.now)

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("note on an offer"), _("notes on offers")
        constraints = [
            models.CheckConstraint(condition=Q(revision__gt=0), name="offer_note_revision_is_positive"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @classmethod
    def write(cls, offer: Offer, text: str, *, seen: int) -> OfferNote:
        """Replace the client's note on `offer`; `seen` is the revision that its author had before them, 0 for none.

        The same text again changes nothing. Refused (WrittenElsewhere) when another tab has written since.
        """
        with locked(offer):
            note = cls.objects.filter(offer=offer).first() or cls(offer=offer, revision=0)
            if note.revision and note.text == text:
                return note
            if note.revision != seen:
                raise cls.WrittenElsewhere(text=note.text)
            note.text, note.revision, note.saved_at = text, note.revision + 1, timezone.now()
            note.save(update_fields=None if note._state.adding else ["text", "revision", "saved_at"])
            return note

    class WrittenElsewhere(Refusal):
        sentence = _("Another tab has changed this note since. It says: “%(text)s”. Save again to keep your words.")
