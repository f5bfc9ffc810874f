"""The one timeline of a case: its steps, what was said, each side's claim, the SMA's own notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.refusals import Refusal
from mediation.states import EntryKind

from .bench import is_member, of_sides, tied_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from marketplace.accounts.models import User

MOST_SIGNS = 5000
SEATS = ("mediator", "arbitrator", "approver")


def sided(user: User, prefix: str = "dispute__") -> Q:
    """What belongs to a case in which `user` is one of the two sides."""
    agreement = f"{prefix}account__agreement"
    return Q(**{f"{agreement}__client": user}) | Q(**{f"{agreement}__provider": user})


def seated(user: User, prefix: str = "dispute__", seats: Sequence[str] = SEATS) -> Q:
    """What belongs to a case in which `user` has one of the `seats`, as long as they are of the SMA.

    Nothing of one in which they have a tie to a side by now. An administrator, who may approve, need not be of the SMA.
    """
    if not (user.is_staff and user.is_active and (user.is_superuser or is_member(user))):
        return Q(pk__in=())
    return Q(*((f"{prefix}{seat}", user) for seat in seats), _connector=Q.OR) & ~of_sides(tied_to(user), prefix)


def concerned(user: User, prefix: str = "dispute__") -> Q:
    """What belongs to a case that `user` reads: as one of its two sides, or as the SMA's own person in it."""
    return sided(user, prefix) | seated(user, prefix)


class Claim(models.Model):
    """What one side asks for of the frozen money, in cents, and why; withdrawn once at most."""

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="claims")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    grievance = models.TextField(_("grievance"), max_length=MOST_SIGNS)
    cents = models.BigIntegerField(_("amount claimed"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("claim"), _("claims")
        default_permissions = ("view",)
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "by"], name="one_claim_per_side"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="claim_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.dispute}: {self.cents}"

    def mark_withdrawn(self) -> None:
        """Its side gives it up. Called by Dispute.withdraw under the locks."""
        self.withdrawn_at = timezone.now()
        self.save(update_fields=["withdrawn_at"])


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User) -> EntryQuerySet:
        """Those of one's own cases: the two sides and the SMA's people in them; nobody else's."""
        return self.filter(concerned(user))

    def shown(self) -> EntryQuerySet:
        """In their order, with who wrote them and the evidence that came with them."""
        return self.select_related("by").prefetch_related("evidence__document", "evidence__original")


class Entry(models.Model):
    """One step of a case, read by both sides and the SMA's people in it; never changed.

    `by` is nobody when a date caused it; `facts` are what its words need (cents, names, ISO dates). `key` is that of
    the form it came from.
    """

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="entries")
    kind = models.CharField(_("step"), max_length=11, choices=EntryKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"))
    text = models.TextField(_("text"), max_length=MOST_SIGNS, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    key = models.UUIDField(unique=True, null=True, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("step of a case"), _("steps of cases")
        default_permissions = ("view",)
        ordering = ["pk"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.dispute}: {self.get_kind_display()}"

    def same_as(self, *, kind: EntryKind, by: User, text: str, hashes: Iterable[str] = ()) -> Entry:
        """This step, if the repeated request says the same; refused (KeyReused) otherwise."""
        own = sorted(piece.original.sha256 for piece in self.evidence.select_related("original"))
        if (self.kind, self.by_id, self.text, own) != (kind, by.pk, text, sorted(hashes)):
            raise self.KeyReused
        return self

    class KeyReused(Refusal):
        sentence = _("This page has already been used for something else: nothing was sent. Check it and send again.")


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, user: User) -> NoteQuerySet:
        """Those of the cases in which `user` sits; never those of the two sides' own."""
        return self.filter(seated(user))


class Note(models.Model):
    """What somebody of the SMA writes down for the SMA alone: neither side ever reads it."""

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("text"), max_length=MOST_SIGNS)
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("note of the SMA"), _("notes of the SMA")
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]
