"""Courts: what shows that one is seized of a decision, and what it rules in its place (product, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Shares
from marketplace.documents.intake import Clean
from marketplace.documents.models import Document
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros, paris
from mediation.states import DisputeState, EntryKind

from .bench import Bench, has_tie, members
from .cases import Dispute
from .course import Course
from .decisions import Decision
from .evidence import Evidence
from .timeline import concerned

if TYPE_CHECKING:
    from marketplace.accounts.models import User

COURT = "mediation.court"


class SeizureQuerySet(models.QuerySet["Seizure"]):
    def visible_to(self, user: User) -> SeizureQuerySet:
        """Those of one's own cases: the two sides and the SMA's people in them; nobody else's."""
        return self.filter(concerned(user))

    def standing(self) -> SeizureQuerySet:
        """Those that stop the execution; one at most per case."""
        return self.filter(ended_at=None)


class Seizure(models.Model):
    """A court is shown to be seized of a decision: it is not executed until the SMA lifts this, or the court has ruled.

    `document` proves it; `ruling` is what the court decided, executed in the place of the decision.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="seizures", verbose_name=_("case"))
    document = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("proof"))
    note = models.TextField(_("note"), max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    ruling = models.OneToOneField(Document, models.PROTECT, related_name="+", null=True, verbose_name=_("ruling"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)

    objects = SeizureQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("court seized"), _("courts seized")
        default_permissions = ("view",)
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(ended_at=None), name="one_standing_seizure_per_case"
            ),
            models.CheckConstraint(condition=Q(ruling=None) | Q(ended_at__isnull=False), name="ruling_ends_a_seizure"),
        ]

    def __str__(self) -> str:
        return str(self.dispute)

    @classmethod
    def record(cls, dispute: Dispute, proof: Clean | Evidence, *, note: str, by: User) -> Seizure:
        """Note that a court is seized, with its proof: the decision is not executed. Once: a second gives the first.

        `proof` is a file that the SMA was sent elsewhere, or a piece of the case, as both sides read it.
        Refused: NotDecided (executed by now, too), NotOfTheSma, Bench.Tied.
        """
        with locked(dispute.project, dispute):
            if done := dispute.seizures.standing().first():
                return done
            cls._must_be_possible(dispute, by)
            document = kept(proof, by=by)
            seizure = cls.objects.create(dispute=dispute, document=document, note=note, by=by)
            Course(dispute).seized(at=timezone.now())
            dispute.write(EntryKind.SEIZED, by=by, text=note)
            dispute.tell("seized", by=by, text=note, proof=document.get_absolute_url())
            return seizure

    def lift(self, note: str, *, by: User) -> None:
        """No court is seized any more: the decision is executed at its date.

        Refused: Ended (a second call), NotDecided, Bench.NotOfTheSma, Bench.Tied.
        """
        with locked(self.dispute.project, self.dispute, self):
            self._must_stand()
            self._must_be_possible(self.dispute, by)
            self._end(by)
            Course(self.dispute).lifted(at=timezone.now())
            self.dispute.write(EntryKind.LIFTED, by=by, text=note)
            self.dispute.tell("lifted", by=by, text=note)

    def carry_out(self, shares: Shares, ruling: Clean, *, by: User) -> None:
        """Execute what the court ruled, with its document, in one transfer.

        Above SMA_APPROVAL_CENTS it takes another person than the one who noted the seizure. Refused: Ended (lifted, or
        a second call), NotDecided, Bench.NotOfTheSma, Bench.Tied, NeedsAnother, Decision.NotTheWhole.
        """
        dispute = self.dispute
        with locked(dispute.project, dispute, self):
            self._must_stand()
            self._must_be_possible(dispute, by)
            if dispute.cents > settings.SMA_APPROVAL_CENTS and by.pk == self.by_id:
                raise self.NeedsAnother
            if min(shares) < 0 or sum(shares) != dispute.cents:
                raise Decision.NotTheWhole(frozen=euros(dispute.cents))
            self.ruling = Document.take_in(ruling, owner=by, purpose=COURT)
            self._end(by)
            facts: dict[str, Any] = {"provider_cents": shares.provider_cents, "client_cents": shares.client_cents}
            papers = {"proof": self.document.get_absolute_url(), "ruling": self.ruling.get_absolute_url()}
            dispute.write(EntryKind.RULED, by=by, **facts)
            dispute.tell("ruled", by=by, **facts, **papers)
            Course(dispute).execute(shares, by=by, at=timezone.now(), **papers)

    def _end(self, by: User) -> None:
        self.ended_at, self.ended_by = timezone.now(), by
        self.save(update_fields=["ruling", "ended_at", "ended_by"])

    def _must_stand(self) -> None:
        """Refuse (Ended) what comes after it was lifted, or after the court's ruling was executed."""
        if self.ended_at:
            raise self.Ended(date=paris(self.ended_at))

    @classmethod
    def _must_be_possible(cls, dispute: Dispute, by: User) -> None:
        if dispute.state != DisputeState.DECIDED:
            raise cls.NotDecided
        if not members().filter(pk=by.pk).exists():
            raise Bench.NotOfTheSma(name=by.display_name)
        if has_tie(by, dispute):
            raise Bench.Tied(name=by.display_name)

    class Ended(Refusal):
        sentence = _("No court is seized any more: this was already recorded on %(date)s. Nothing was changed.")

    class NotDecided(Refusal):
        sentence = _("This case has no decision that waits for its execution. Nothing was recorded.")

    class NeedsAnother(Refusal):
        sentence = _("You noted the seizure: for this amount another person of the SMA executes the court’s ruling.")


def kept(proof: Clean | Evidence, *, by: User) -> Document:
    """What proves that a court is seized: the piece of the case, or a file that is kept now."""
    return proof.document if isinstance(proof, Evidence) else Document.take_in(proof, owner=by, purpose=COURT)
