"""Evidence: hashed, dated, kept as it was sent; the parties read an inert copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.documents.models import Document
from marketplace.refusals import Refusal
from mediation.exhibits import Exhibit
from mediation.states import DisputeState

from .bench import is_member, of_sides, tied_to
from .timeline import Entry, concerned, seated

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST = 50  # of one side in one case before its decision, and as many after it
COPY, ORIGINAL = "mediation.evidence", "mediation.original"


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: User) -> EvidenceQuerySet:
        """The evidence of one's own cases; for the SMA, besides, what may prove that a court is seized."""
        if not is_member(user):
            return self.filter(concerned(user))
        proofs = self.since_the_decision().filter(dispute__state=DisputeState.DECIDED)
        proofs = proofs.exclude(of_sides(tied_to(user)))
        return self.filter(concerned(user) | Q(pk__in=proofs.values("pk")))

    def since_the_decision(self) -> EvidenceQuerySet:
        """That which came after the decision: it changes nothing in it, but may stop its execution."""
        return self.filter(at__gt=F("dispute__decisions__issued_at"))

    def to_examine(self) -> EvidenceQuerySet:
        """What a side sent since the decision, at which the SMA has not looked: it may prove that a court is seized."""
        rows = self.since_the_decision().filter(dispute__state=DisputeState.DECIDED)
        return rows.exclude(side="S").filter(examined_at=None)

    def mark_examined(self, at: datetime) -> int:
        """The SMA has looked at them; how many. Called by the deeds about courts under the locks."""
        return self.filter(examined_at=None).update(examined_at=at)

    def examined_by(self, user: User) -> EvidenceQuerySet:
        """That whose original `user` may download: of the cases in which they sit."""
        return self.filter(seated(user))


class Evidence(models.Model):
    """One piece of evidence: `document` is the inert copy, `original` what was sent, for the SMA's people alone.

    Named by its side (A: who opened the case, B: the other, S: the SMA) and rank. `late`: before the decision,
    but after Dispute.evidence_by, which the SMA weighs; it is kept all the same. `examined_at`: when the SMA looked at
    what came after the decision, to see whether it shows that a court is seized.
    """

    dispute = models.ForeignKey("mediation.Dispute", models.PROTECT, related_name="evidence")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="evidence")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    side = models.CharField(_("side"), max_length=1)
    rank = models.PositiveSmallIntegerField(_("rank"))
    title = models.CharField(_("title"), max_length=150)
    document = models.OneToOneField(Document, models.PROTECT, related_name="+", verbose_name=_("document"))
    original = models.OneToOneField(Document, models.PROTECT, related_name="+", verbose_name=_("as it was sent"))
    late = models.BooleanField(_("late"), default=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    examined_at = models.DateTimeField(_("examined at"), null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("piece of evidence"), _("evidence")
        default_permissions = ("view",)
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "side", "rank"], name="one_piece_per_side_and_rank"),
            models.CheckConstraint(condition=Q(side__in=["A", "B", "S"]), name="evidence_is_of_a_side"),
        ]

    def __str__(self) -> str:
        return f"{self.label}. {self.title}"

    @property
    def label(self) -> str:
        """How it is quoted: A1, B2."""
        return f"{self.side}{self.rank}"

    @property
    def sha256(self) -> str:
        """The hash of what was sent."""
        return self.original.sha256

    @classmethod
    def keep(cls, entry: Entry, exhibits: Sequence[Exhibit], *, late: bool) -> list[Evidence]:
        """Keep what came with `entry`. Called by the deeds of Dispute under the locks. Refused: TooMuch."""
        if not exhibits or entry.by is None:
            return []
        dispute, side = entry.dispute, entry.dispute.side_of(entry.by)
        rows = cls.objects.filter(dispute=dispute, side=side)
        counted = rows.since_the_decision() if dispute.decision else rows  # the proof of a court has a place of its own
        if counted.count() + len(exhibits) > MOST:
            raise cls.TooMuch(most=MOST)
        return [
            cls.objects.create(
                dispute=dispute,
                entry=entry,
                by=entry.by,
                side=side,
                rank=rank,
                title=(exhibit.title or exhibit.copy.name)[:150],
                document=Document.take_in(exhibit.copy, owner=entry.by, purpose=COPY),
                original=Document.take_in(exhibit.sealed, owner=entry.by, purpose=ORIGINAL),
                late=late,
            )
            for rank, exhibit in enumerate(exhibits, rows.count() + 1)
        ]

    class TooMuch(Refusal):
        sentence = _("At most %(most)s pieces of evidence for each side: join several into one PDF. Nothing was sent.")
