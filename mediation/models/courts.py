"""Courts: what shows that one is seized of a decision, and what it rules in its place (product, section 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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

from .bench import Bench, has_tie, is_member, members, of_sides, tied_to
from .cases import WORDS, Dispute
from .course import Course
from .decisions import Decision
from .evidence import Evidence
from .timeline import Entry, concerned

if TYPE_CHECKING:
    from escrow.models.freezes import Split
    from marketplace.accounts.models import User

COURT = "mediation.court"
EXAMINED = _("A piece that you chose is not to be examined any more: somebody has done it meanwhile. Read the case.")


class SeizureQuerySet(models.QuerySet["Seizure"]):
    def visible_to(self, user: User) -> SeizureQuerySet:
        """Those of one's own cases; for the SMA, besides, those that stand: anybody of it may end them."""
        if not is_member(user):
            return self.filter(concerned(user))
        theirs = self.standing().exclude(of_sides(tied_to(user)))
        return self.filter(concerned(user) | Q(pk__in=theirs.values("pk")))

    def standing(self) -> SeizureQuerySet:
        """Those that stop the execution; one at most per case."""
        return self.filter(ended_at=None)

    def noted(self) -> SeizureQuerySet:
        """Those whose ruling waits for its execution."""
        return self.standing().filter(noted__isnull=False)


class Seizure(models.Model):
    """A court is shown to be seized of a decision: it is not executed until the SMA lifts this, or the court has ruled.

    `document` proves it. `noted`, `provider_cents` and `client_cents` are what the court ruled, as `noted_by` read it,
    before anything moves; `ruling` is that paper once it was executed in the place of the decision. `papers`: all of
    these, and each ruling that another has replaced.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="seizures", verbose_name=_("case"))
    document = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("proof"))
    note = models.TextField(_("note"), max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    noted = models.ForeignKey(Document, models.PROTECT, related_name="+", null=True, verbose_name=_("ruling received"))
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    noted_at = models.DateTimeField(_("noted at"), null=True)
    provider_cents = models.BigIntegerField(_("to the provider"), null=True)
    client_cents = models.BigIntegerField(_("to the client"), null=True)
    ruling = models.OneToOneField(Document, models.PROTECT, related_name="+", null=True, verbose_name=_("ruling"))
    papers = models.ManyToManyField(Document, related_name="+", verbose_name=_("papers"))
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
            models.CheckConstraint(
                condition=Q(noted=None, noted_by=None, noted_at=None, provider_cents=None, client_cents=None)
                | Q(noted__isnull=False, noted_by__isnull=False, provider_cents__gte=0, client_cents__gte=0),
                name="noted_ruling_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.dispute)

    @classmethod
    def record(cls, dispute: Dispute, proof: Clean | Evidence, *, note: str, by: User, seen: int = 0) -> Seizure:
        """Note that a court is seized, with its proof: the decision is not executed. Once: a second gives the first.

        `proof` is a file that the SMA was sent elsewhere, or a piece of the case, as both sides read it. It is examined
        with it, and so are the pieces up to number `seen`, which `by` had before them.
        Refused: Known (a colleague has just noted one), NotedOtherwise (oneself, by another paper or in other words),
        NotDecided (executed by now, too), Bench.NotOfTheSma, Bench.Tied.
        """
        with locked(dispute.project, dispute):
            if done := dispute.seizures.standing().first():
                return done.same_as(proof, note, by=by)
            cls.must_be_possible(dispute, by)
            document = kept(proof, by=by)
            seizure = cls.objects.create(dispute=dispute, document=document, note=note, by=by)
            seizure.papers.add(document)
            cls._examined(dispute, proof, seen)
            Course(dispute).seized(at=timezone.now())
            dispute.write(EntryKind.SEIZED, by=by, text=note)
            dispute.tell("seized", by=by, text=note, proof=document.get_absolute_url())
            return seizure

    def same_as(self, proof: Clean | Evidence, note: str, *, by: User) -> Seizure:
        """This seizure, noted again alike; refused where another's (Known) or other words (NotedOtherwise) are lost."""
        if self.by != by:
            raise self.Known(name=self.by.display_name)
        if (self.note, self.document.sha256) != (note, sha256_of(proof)):
            raise self.NotedOtherwise
        return self

    def lift(self, note: str, *, by: User, seen: str = "") -> None:
        """No court is seized any more: the decision is executed at its date, in some working days at the earliest.

        Over a ruling that was noted, as another person than who noted it, if it takes two: the decision is executed in
        its place. Refused: Ended (a second call), Executed, NotDecided, Bench.NotOfTheSma, Bench.Tied, Replaced (what
        stands is not the `version` seen, if one is given), NeedsAnother, Unread.
        """
        with locked(self.dispute.project, self.dispute, self):
            self._must_stand()
            self.must_be_possible(self.dispute, by)
            if seen and seen != self.version:
                raise self.Replaced
            self._must_be_second(by)
            self._must_be_read()
            self._end(by)
            Course(self.dispute).lifted(at=timezone.now())
            self.dispute.write(EntryKind.LIFTED, by=by, text=note)
            self.dispute.tell("lifted", by=by, text=note, noted=self.noted is not None)

    def note_ruling(self, shares: Shares, ruling: Clean | Evidence, *, by: User, seen: str = "") -> None:
        """Note what the court ruled, with its document: nothing moves yet.

        Another one takes the place of what was noted; the same again changes nothing. Of what the sides have sent,
        `ruling` alone is examined with it. Refused: Ended, Executed, NotDecided, Bench.NotOfTheSma, Bench.Tied,
        Decision.NotTheWhole, Replaced (what stands is not the `version` seen, if one is given).
        """
        with locked(self.dispute.project, self.dispute, self):
            self._must_stand()
            self.must_be_possible(self.dispute, by)
            if min(shares) < 0 or sum(shares) != self.dispute.cents:
                raise Decision.NotTheWhole(frozen=euros(self.dispute.cents))
            if self.noted and (self.shares, self.noted.sha256) == (shares, sha256_of(ruling)):
                return
            if seen and seen != self.version:
                raise self.Replaced
            other = self.noted is not None
            self.noted, self.noted_by, self.noted_at = kept(ruling, by=by), by, timezone.now()
            self.provider_cents, self.client_cents = shares
            self.save(update_fields=["noted", "noted_by", "noted_at", "provider_cents", "client_cents"])
            self.papers.add(self.noted)
            self._examined(self.dispute, ruling)
            facts: dict[str, Any] = {"provider_cents": shares.provider_cents, "client_cents": shares.client_cents}
            self.dispute.write(EntryKind.NOTED, by=by, **facts)
            Course(self.dispute).await_second(self, by=by, at=self.noted_at, other=other)

    @property
    def shares(self) -> Shares | None:
        """What the court ruled, in cents, as it was noted; None before."""
        if self.provider_cents is None or self.client_cents is None:
            return None
        return Shares(self.provider_cents, self.client_cents)

    @property
    def split(self) -> Split | None:
        """What each tranche becomes by the ruling that was noted; None before."""
        return self.dispute.freeze.spread(*self.shares) if self.shares else None

    @property
    def needs_another(self) -> bool:
        """Whether another person than who noted the ruling has to execute it.

        More is at stake than one decides, or what one colleague noted was noted otherwise by another.
        """
        if self.dispute.cents > settings.SMA_APPROVAL_CENTS:
            return True
        others = [entry for entry in self.notings if entry.by_id != self.noted_by_id]
        return any(entry.facts.get("provider_cents") != self.provider_cents for entry in others)

    @property
    def others(self) -> list[User]:
        """Who of the SMA may execute the ruling besides who noted it."""
        return [one for one in members() if one.pk != self.noted_by_id and not has_tie(one, self.dispute)]

    @property
    def notings(self) -> list[Entry]:
        """What was noted of rulings in this case, a seizure that was lifted included; the latest last."""
        return list(self.dispute.entries.filter(kind=EntryKind.NOTED).select_related("by"))

    @property
    def replaced(self) -> list[Document]:
        """The rulings that another took the place of."""
        kept = {self.document_id, self.noted_id, self.ruling_id}
        return [paper for paper in self.papers.all() if paper.pk not in kept]

    @property
    def objections(self) -> list[Entry]:
        """What the two sides have written since the ruling was noted: whoever executes it reads that before."""
        if self.noted_at is None:
            return []
        rows = self.dispute.entries.shown().filter(kind__in=WORDS, at__gt=self.noted_at)
        return [entry for entry in rows if entry.by and self.dispute.is_party(entry.by)]

    @property
    def version(self) -> str:
        """Which ruling is noted, with which shares, and what was last written of it: what its reader has seen."""
        last = [entry.pk for entry in self.objections][-1:] or [0]
        return f"{self.pk}-{self.noted_id or 0}-{self.provider_cents or 0}-{self.client_cents or 0}-{last[0]}"

    def carry_out(self, seen: str, *, by: User) -> None:
        """Execute the ruling that was noted, the `version` seen, in one transfer; as a second person, if it takes two.

        Refused: Ended (it was lifted), Executed (a second call), NotDecided, Bench.NotOfTheSma, Bench.Tied, NotNoted,
        Replaced (another was noted meanwhile), NeedsAnother, Unread.
        """
        dispute = self.dispute
        with locked(dispute.project, dispute, self):
            self._must_stand()
            self.must_be_possible(dispute, by)
            shares = self._must_be_seen(seen, by)
            self.ruling = self.noted
            self._end(by)
            facts: dict[str, Any] = {"provider_cents": shares.provider_cents, "client_cents": shares.client_cents}
            papers = {"proof": self.document.get_absolute_url(), "ruling": self.paper.get_absolute_url()}
            dispute.write(EntryKind.RULED, by=by, **facts)
            dispute.tell("ruled", by=by, **facts, **papers)
            Course(dispute).execute(shares, by=by, at=timezone.now(), **papers)

    @property
    def paper(self) -> Document:
        """The ruling that was noted. Refused: NotNoted."""
        if self.noted is None:
            raise self.NotNoted
        return self.noted

    def _end(self, by: User) -> None:
        self.ended_at, self.ended_by = timezone.now(), by
        self.save(update_fields=["ruling", "ended_at", "ended_by"])

    def _must_stand(self) -> None:
        """Refuse what comes after the court's ruling was executed (Executed), or after it was lifted (Ended)."""
        if self.ended_at:
            raise (self.Executed if self.ruling_id else self.Ended)(date=paris(self.ended_at))

    @staticmethod
    def _examined(dispute: Dispute, paper: Clean | Evidence, seen: int = 0) -> None:
        """What was before the eyes of who notes that a court is seized is examined; what came meanwhile is not."""
        read = Q(pk__lte=seen) | Q(pk=paper.pk if isinstance(paper, Evidence) else None)
        dispute.evidence.to_examine().filter(read).mark_examined(timezone.now())

    def _must_be_second(self, by: User) -> None:
        """Refuse (NeedsAnother) who noted the ruling, if more is at stake than one person decides."""
        if self.needs_another and by.pk == self.noted_by_id:
            raise self.NeedsAnother

    def _must_be_read(self) -> None:
        """Refuse (Unread) what would pass over something that a side has sent and nobody has looked at."""
        if unread := [piece.label for piece in self.dispute.evidence.to_examine()]:
            raise self.Unread(pieces=", ".join(unread))

    def _must_be_seen(self, seen: str, by: User) -> Shares:
        """Refuse what was not noted, what was replaced since `by` read it, and who noted it, if it takes two."""
        if self.shares is None:
            raise self.NotNoted
        if self.version != seen:
            raise self.Replaced
        self._must_be_second(by)
        self._must_be_read()
        return self.shares

    @classmethod
    def must_be_possible(cls, dispute: Dispute, by: User) -> None:
        """Refuse (NotDecided, Bench.NotOfTheSma, Bench.Tied) what is not the SMA's, or not the time for it."""
        if dispute.state != DisputeState.DECIDED:
            raise cls.NotDecided
        if not is_member(by):
            raise Bench.NotOfTheSma(name=by.display_name)
        if has_tie(by, dispute):
            raise Bench.Tied(name=by.display_name)

    class Ended(Refusal):
        sentence = _("No court is seized any more: this was already recorded on %(date)s. Nothing was changed.")

    class Executed(Refusal):
        sentence = _("The ruling of the court was already executed on %(date)s. Nothing was changed.")

    class NotDecided(Refusal):
        sentence = _("This case has no decision that waits for its execution. Nothing was recorded.")

    class Examined(Refusal):
        sentence = EXAMINED

    class NotSeized(Refusal):
        sentence = _("No court is seized of this case. Nothing was changed.")

    class NeedsAnother(Refusal):
        sentence = _("You noted the ruling: another person of the SMA reads it and acts on it.")

    class Known(Refusal):
        sentence = _("%(name)s has just noted it: read it in the case. Nothing was recorded.")

    class NotedOtherwise(Refusal):
        sentence = _("You have just noted it, by another paper or in other words. Nothing more was recorded.")

    class Unread(Refusal):
        sentence = _("Nobody has examined %(pieces)s yet: read it, then note it or set it aside. Nothing was changed.")

    class NotNoted(Refusal):
        sentence = _("No ruling is noted yet: note it first, with its document. Nothing was changed.")

    class Replaced(Refusal):
        sentence = _("What is noted of the court has changed since you opened this page. Read it, then go on.")


def kept(proof: Clean | Evidence, *, by: User) -> Document:
    """What proves that a court is seized: the piece of the case, or a file that is kept now."""
    return proof.document if isinstance(proof, Evidence) else Document.take_in(proof, owner=by, purpose=COURT)


def sha256_of(paper: Clean | Evidence) -> str:
    """Of what the two sides read of it."""
    return paper.document.sha256 if isinstance(paper, Evidence) else hashlib.sha256(paper.content).hexdigest()


def set_aside(dispute: Dispute, pieces: Iterable[Evidence], reason: str, *, by: User) -> None:
    """The SMA has examined what came after the decision: it does not prove that a court is seized, for `reason`.

    The decision is executed at its date. The same again changes nothing. Refused: Seizure.NotDecided,
    Bench.NotOfTheSma, Bench.Tied, Dispute.NeedsText, Seizure.Examined (by somebody else, or with other words).
    """
    with locked(dispute.project, dispute):
        Seizure.must_be_possible(dispute, by)
        if not reason.strip():
            raise Dispute.NeedsText
        labels = [piece.label for piece in pieces]
        done = dispute.entries.filter(kind=EntryKind.DISMISSED, by=by, text=reason, facts__pieces=labels)
        rows = dispute.evidence.to_examine().filter(pk__in=[piece.pk for piece in pieces])
        if rows.count() < len(labels) and done.exists():
            return
        if rows.mark_examined(timezone.now()) < len(labels):
            raise Seizure.Examined
        facts: dict[str, Any] = {"pieces": labels, **dispute.court_facts()}
        dispute.write(EntryKind.DISMISSED, by=by, text=reason, **facts)
        left = dispute.evidence.to_examine().exists()
        dispute.tell("set_aside", by=by, text=reason, **facts, left=left)
