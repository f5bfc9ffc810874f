"""Offers and questions: what an offer credit opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, ReturnReason, Spending
from marketplace.billing.vat import Amount
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import euros

from .papers import NO_PAPERS, Enclosing, Papers
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean


class OfferState(models.TextChoices):
    PLACED = "PLACED", _("placed")
    WITHDRAWN = "WITHDRAWN", _("taken back")
    WON = "WON", _("won")
    LOST = "LOST", _("lost")


def stage_of(state: OfferState, lapsed_at: datetime | None, declined_at: datetime | None = None) -> str:
    """`state` in words: an offer that its rejected call took along is not one that its bidder took back."""
    if declined_at:
        return str(_("chosen, and declined"))
    return str(_("ended with the call") if lapsed_at else state.label)


OFFER_MOVES = (
    ("", "PLACED"),
    ("PLACED", "WITHDRAWN"),
    ("WITHDRAWN", "PLACED"),
    ("PLACED", "WON"),
    ("PLACED", "LOST"),
    ("WON", "LOST"),
    ("WON", "WITHDRAWN"),
    ("LOST", "WON"),
    ("LOST", "PLACED"),
)


WHOLE = _("The whole project")
WRITTEN = ("price_cents", "delay_days", "starts_on", "pitch", "assumptions")  # what a provider writes in an offer


@dataclass(frozen=True)
class TrancheTerms:
    """One tranche as typed: `cents` excluding VAT."""

    title: str
    deliverable: str
    cents: int
    due_on: date | None = None


def whole(price_cents: int) -> TrancheTerms:
    """The one tranche of a plain offer: the whole price."""
    return TrancheTerms(str(WHOLE), "", price_cents)


def is_whole(tranches: Sequence[TrancheTerms], price_cents: int) -> bool:
    """Whether `tranches` are but the whole price, as `whole` wrote it in any of our languages."""
    titles = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            titles.add(str(WHOLE))
    return len(tranches) == 1 and any(tranches[0] == TrancheTerms(title, "", price_cents) for title in titles)


def must_add_up(tranches: Sequence[TrancheTerms], price_cents: int) -> None:
    """Refuse (Offer.TranchesDoNotSum) tranches whose amounts are not exactly the price, to the cent."""
    if (total := sum(tranche.cents for tranche in tranches)) != price_cents:
        raise Offer.TranchesDoNotSum(total=euros(total), price=euros(price_cents))


@dataclass(frozen=True)
class OfferTerms:
    """What a provider proposes: `price_cents` excluding VAT, `delay_days` from the start; tranches sum to the price."""

    price_cents: int
    delay_days: int
    pitch: str
    assumptions: str = ""
    starts_on: date | None = None
    tranches: Sequence[TrancheTerms] = field(default_factory=tuple)

    def parts(self) -> list[TrancheTerms]:
        """The tranches, or the whole price as one. Refused: Offer.TranchesDoNotSum."""
        if self.tranches:
            must_add_up(self.tranches, self.price_cents)
        return list(self.tranches) or [whole(self.price_cents)]


class OfferQuerySet(models.QuerySet["Offer"]):
    def living(self) -> OfferQuerySet:
        """Offers that stand: placed, won or lost; not withdrawn."""
        return self.exclude(state=OfferState.WITHDRAWN)

    def counted(self) -> OfferQuerySet:
        """Those that count among an open call's: standing, of a bidder whose account is not suspended."""
        return self.living().filter(provider__is_active=True)

    def declined(self) -> OfferQuerySet:
        """Offers that were chosen and whose bidder did not want the agreement."""
        return self.filter(declined_at__isnull=False)

    def visible_to(self, user: User) -> OfferQuerySet:
        """One's own offers; for the client, every living offer; for who consulted, the others' unless sealed."""
        open_ones = Project.objects.dossier_open_to(user).filter(sealed=False)
        return self.filter(
            Q(provider=user) | (~Q(state=OfferState.WITHDRAWN) & (Q(project__client=user) | Q(project__in=open_ones))),
        )

    def lapse(self) -> list[int]:
        """End those of these offers that are placed; the ids of their bidders. Called by Project under its lock."""
        placed = list(self.filter(state=OfferState.PLACED).select_for_update(no_key=True).order_by("pk"))
        for offer in placed:
            offer.mark_lapsed()
        return [offer.provider_id for offer in placed]

    def placed_by(self, provider: User) -> OfferQuerySet:
        """A provider's own offers, withdrawn or not."""
        return self.filter(provider=provider)

    def addressed_to(self, client: User) -> OfferQuerySet:
        """The offers on a client's own projects, withdrawn or not."""
        return self.filter(project__client=client)


class Offer(Enclosing, models.Model):
    """A provider's offer on a project: price excluding VAT in cents, delay in days, tranches (product, section 4.4)."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="offers")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="offers")
    company_number = models.CharField(max_length=20)  # SIREN or foreign VAT number: one living offer per company
    state = models.CharField(max_length=10, choices=OfferState, default=OfferState.PLACED, editable=False)
    price_cents = models.BigIntegerField()
    vat_rate_bp = models.PositiveIntegerField()  # the provider's own VAT, frozen later in the agreement
    delay_days = models.PositiveIntegerField()
    starts_on = models.DateField(null=True)
    pitch = models.TextField(max_length=5000)
    assumptions = models.TextField(max_length=5000, blank=True)
    key = models.UUIDField()
    revision = models.PositiveIntegerField(default=1)
    project_version = models.PositiveIntegerField(default=0)  # the project as it was when this was placed or revised
    placed_at = models.DateTimeField(default=timezone.now)
    revised_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    lost_reason = models.TextField(blank=True, editable=False)
    lapsed_at = models.DateTimeField(null=True, editable=False)  # it ended with its rejected call, not by its bidder
    declined_at = models.DateTimeField(null=True, editable=False)  # chosen, its bidder did not want the agreement

    objects = OfferQuerySet.as_manager()

    class Meta:
        triggers = [States(field="state", edges=OFFER_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["project", "provider"], name="one_offer_per_provider"),
            models.UniqueConstraint(
                fields=["project", "company_number"],
                condition=~Q(state="WITHDRAWN"),
                name="one_living_offer_per_company",
            ),
            models.UniqueConstraint(fields=["project"], condition=Q(state="WON"), name="one_winning_offer_per_project"),
            models.CheckConstraint(condition=Q(price_cents__gt=0), name="offer_price_is_positive"),
            models.CheckConstraint(condition=Q(delay_days__gt=0), name="offer_delay_is_positive"),
            models.CheckConstraint(condition=Q(lapsed_at=None) | Q(state="WITHDRAWN"), name="lapsed_offer_is_over"),
            models.CheckConstraint(condition=Q(declined_at=None) | Q(state="WITHDRAWN"), name="declined_offer_is_over"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.project}"

    @classmethod
    def place(
        cls,
        project: Project,
        *,
        by: User,
        terms: OfferTerms,
        key: UUID,
        papers: Papers = NO_PAPERS,
        seen: int | None = None,
    ) -> Offer:
        """Place the offer of `by` on `project` with the files of `papers`; a withdrawn one comes back with new terms.

        A draft becomes the offer: its files stay, unless `papers` drop them. `seen` is the version of the project that
        the bidder has read, if it matters. The same `key` again gives the same offer. Two people of one company are
        judged one after the other, under the project's lock. Refused: Project.NotAvailable, Project.OwnProject,
        NeedsCredit (no offer credit spent), AlreadyPlaced, FormUsed (placed by this form, withdrawn since), Declined
        (chosen before, and did not want it), CompanyHasOffer, TranchesDoNotSum, TooManyPapers, ProjectChanged (since
        it was `seen`).
        """
        with locked(project):
            offer = cls.objects.filter(project=project, provider=by).select_for_update(no_key=True).first()
            if offer and offer.key == key:
                return offer._still_placed()
            project.must_be_available()
            project.must_be_foreign_to(by)
            must_hold_offer_credit(by, project)
            must_have_read(project, seen)
            parts = terms.parts()
            number = cls._must_be_welcome(project, by, offer)
            offer = offer or cls(project=project, provider=by)
            offer._place(terms, parts, number=number, key=key)
            for draft in project.offer_drafts.filter(provider=by):
                draft.become(offer)
            offer.enclose(papers, project=project, owner=by)
            Event.record("offer.placed", project=project, by=by, offer=offer.pk, title=project.title)
            return offer

    @classmethod
    def _must_be_welcome(cls, project: Project, by: User, former: Offer | None) -> str:
        """The number of the bidder's company, which has no other living offer there."""
        if former and former.state != OfferState.WITHDRAWN:
            raise cls.AlreadyPlaced
        if cls.objects.living().filter(project=project, company_number=by.company.number).exists():
            raise cls.CompanyHasOffer
        return by.company.number

    def revise(
        self,
        *,
        by: User,
        terms: OfferTerms,
        papers: Papers = NO_PAPERS,
        seen: int | None = None,
        edition: str | None = None,
    ) -> None:
        """Replace the terms and files before selection; the former terms are kept, with the digests of their files.

        The same terms and files again change nothing, but that an offer placed on an older version of the project then
        stands on the present one. `seen` is the version of the project that the bidder has read, and `edition` that of
        the offer, if they matter.

        Refused: Project.NotAvailable, NotRevisable, TranchesDoNotSum, TooManyPapers, ProjectChanged (since it was
        `seen`), RevisedElsewhere (since that `edition`).
        """
        with locked(self.project, self):
            self.project.must_be_available()
            if self.state != OfferState.PLACED:
                raise self.NotRevisable
            parts = terms.parts()
            must_have_read(self.project, seen)
            if edition not in {None, self.edition} and not self._says(terms, parts):
                raise self.RevisedElsewhere
            former = self.as_json()
            if not self.enclose(papers, project=self.project, owner=by) and self._says(terms, parts):
                self._maintain(by=by)
                return
            OfferRevision.objects.create(offer=self, number=self.revision, terms=former)
            self.revision += 1
            self.revised_at = timezone.now()
            self._write(terms, parts, "revision", "revised_at")
            Event.record("offer.revised", project=self.project, by=by, offer=self.pk, title=self.project.title)

    def withdraw(self, *, by: User) -> None:
        """Take the offer back before selection. A second call changes nothing.

        The credit stays spent, unless the project has changed since the offer was placed or revised: then the offer
        credit comes back by itself (product, section 4.1). Refused (NotRevisable) once the client has chosen.
        """
        with locked(self.project, self):
            if self.state == OfferState.WITHDRAWN:
                return
            if self.state != OfferState.PLACED:
                raise self.NotRevisable
            self.state = OfferState.WITHDRAWN
            self.save(update_fields=["state"])
            self._count()
            Event.record("offer.withdrawn", project=self.project, by=by, offer=self.pk, title=self.project.title)
            if self.answers_older_version:
                self.project.return_credits(ReturnReason.CHANGED, kind=Kind.OFFER, provider=self.provider)

    def mark_read(self) -> None:
        """Note when the client first opened the offer, or its last revision: the provider is shown the date."""
        if self.is_unread:
            # A revision written since this row was read stays unread: its words were not on the page.
            type(self).objects.filter(pk=self.pk, revision=self.revision).update(read_at=timezone.now())
            self.refresh_from_db(fields=["read_at"])

    @property
    def edition(self) -> str:
        """What of it a page shows: its placing and its revision; nothing once it was taken back."""
        return "" if self.state == OfferState.WITHDRAWN else f"{self.key}/{self.revision}"

    @property
    def is_unread(self) -> bool:
        """Whether the client has yet to open it as it stands now."""
        return self.read_at is None or bool(self.revised_at and self.revised_at > self.read_at)

    @property
    def answers_older_version(self) -> bool:
        """Whether the project has changed since the offer was placed or revised."""
        return self.project_version < self.project.version

    @property
    def is_placed(self) -> bool:
        """Whether it may still be revised, withdrawn or chosen."""
        return self.state == OfferState.PLACED

    @property
    def stage(self) -> str:
        """Where it is, in words."""
        return stage_of(OfferState(self.state), self.lapsed_at, self.declined_at)

    def mark_lapsed(self) -> None:
        """Its call was rejected: it is over, and its bidder may place another if the call comes back."""
        self.state, self.lapsed_at = OfferState.WITHDRAWN, timezone.now()
        self.save(update_fields=["state", "lapsed_at"])

    def mark_won(self) -> None:
        """Called by Selection and SecondChoice under the lock."""
        self.state, self.lost_reason = OfferState.WON, ""
        self.save(update_fields=["state", "lost_reason"])

    def mark_lost(self, reason: str) -> None:
        """Called by Selection, or when the award falls through; `reason` is the client's, word for word."""
        self.state, self.lost_reason = OfferState.LOST, reason
        self.save(update_fields=["state", "lost_reason"])

    def mark_declined(self) -> None:
        """Its provider did not want the agreement: it is taken back for good. Called by Agreement under the lock."""
        self.state, self.declined_at = OfferState.WITHDRAWN, timezone.now()
        self.save(update_fields=["state", "declined_at"])
        self._count()

    def mark_placed_again(self) -> None:
        """The call is open again: it stands as it was. Called by SecondChoice under the lock."""
        self.state, self.lost_reason = OfferState.PLACED, ""
        self.save(update_fields=["state", "lost_reason"])

    @property
    def amount(self) -> Amount:
        """Price excluding VAT, VAT and total, in cents: the sum of the tranches' own roundings."""
        return Amount.total([Amount.from_ht(tranche.cents, self.vat_rate_bp) for tranche in self.tranches.all()])

    def as_json(self) -> dict[str, Any]:
        """The terms as kept in a revision."""
        return {
            "price_cents": self.price_cents,
            "delay_days": self.delay_days,
            "starts_on": self.starts_on.isoformat() if self.starts_on else None,
            "pitch": self.pitch,
            "assumptions": self.assumptions,
            "tranches": [
                [t.title, t.deliverable, t.cents, t.due_on.isoformat() if t.due_on else None]
                for t in self.tranches.all()
            ],
            "files": [[document.name, document.sha256] for document in self.documents],
        }

    @property
    def typed_tranches(self) -> list[TrancheTerms]:
        """The tranches as the provider typed them: none when the offer is one payment."""
        own = [tranche.terms for tranche in self.tranches.all()]
        return [] if is_whole(own, self.price_cents) else own

    def _still_placed(self) -> Offer:
        if self.state == OfferState.WITHDRAWN:
            raise self.FormUsed
        return self

    def _maintain(self, *, by: User) -> None:
        """The offer stands as it is on the present version of the project."""
        if not self.answers_older_version:
            return
        self.project_version = self.project.version
        self.save(update_fields=["project_version"])
        number = self.project.versions.get(number=self.project_version).published_number
        facts = {"offer": self.pk, "version": self.project_version, "number": number, "title": self.project.title}
        Event.record("offer.maintained", project=self.project, by=by, **facts)

    def _says(self, terms: OfferTerms, parts: list[TrancheTerms]) -> bool:
        own = [tranche.terms for tranche in self.tranches.all()]
        same_parts = own == parts or (is_whole(own, self.price_cents) and is_whole(parts, terms.price_cents))
        return same_parts and all(getattr(self, name) == getattr(terms, name) for name in WRITTEN)

    def _place(self, terms: OfferTerms, parts: list[TrancheTerms], *, number: str, key: UUID) -> None:
        self.company_number, self.key, self.placed_at = number, key, timezone.now()
        self.state, self.read_at, self.lapsed_at = OfferState.PLACED, None, None
        self._write(terms, parts, "company_number", "key", "placed_at", "state", "read_at", "lapsed_at")
        self._count()

    def _write(self, terms: OfferTerms, parts: list[TrancheTerms], *others: str) -> None:
        """Write the terms, the columns of `others` and the tranches."""
        self.vat_rate_bp, self.project_version = self.provider.company.vat_rate_bp, self.project.version
        for name in WRITTEN:
            setattr(self, name, getattr(terms, name))
        fields = ["vat_rate_bp", "project_version", *WRITTEN, *others]
        self.save(update_fields=None if self._state.adding else fields)
        self.tranches.all().delete()
        OfferTranche.objects.bulk_create(
            OfferTranche(offer=self, position=n, **vars(part)) for n, part in enumerate(parts, 1)
        )

    def _count(self) -> None:
        self.project.mark_counted(self.project.offers.counted().count())

    class ProjectChanged(Refusal):
        sentence = _("The client has just changed the project: read what is new, then send your offer again.")

    class NeedsCredit(Refusal):
        sentence = _("Spend an offer credit on this project first. Nothing was sent.")

    class AlreadyPlaced(Refusal):
        sentence = _("You have already placed an offer on this project: revise it instead.")

    class Declined(Refusal):
        sentence = _("You were chosen for this project and declined: you can no longer bid on it.")

    class CompanyHasOffer(Refusal):
        sentence = _("Your company already has an offer on this project: one offer for each SIREN.")

    class NotRevisable(Refusal):
        sentence = _("This offer can no longer be changed: the client has decided, or it was withdrawn.")

    class RevisedElsewhere(Refusal):
        sentence = _(
            "Your offer was changed in another tab: read what it says now, then send this again if it is right."
        )

    class WithdrawnElsewhere(Refusal):
        sentence = _("Your offer was withdrawn in another tab. Sent again, this form places it anew.")

    class TranchesDoNotSum(Refusal):
        sentence = _("The tranches add up to %(total)s, the price is %(price)s. Make both agree, to the cent.")

    class FormUsed(Refusal):
        sentence = _("The offer that this page placed is over. Open the page again to place a new one.")


class OfferTranche(models.Model):
    """A part of an offer: what is delivered, for how much (cents excluding VAT). A plain offer has one."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="tranches")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    deliverable = models.TextField(max_length=2000, blank=True)
    cents = models.BigIntegerField()
    due_on = models.DateField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "position"], name="one_offer_tranche_per_position"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="offer_tranche_is_positive"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def terms(self) -> TrancheTerms:
        """The tranche as terms."""
        return TrancheTerms(self.title, self.deliverable, self.cents, self.due_on)


class OfferRevision(models.Model):
    """The terms of an offer before a revision."""

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    terms = models.JSONField()
    replaced_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "number"], name="one_revision_per_number")]

    def __str__(self) -> str:
        return f"{self.offer}, {self.number}"


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, user: User) -> QuestionQuerySet:
        """Questions of the dossiers open to `user`."""
        return self.filter(project__in=Project.objects.dossier_open_to(user))

    def answerable_by(self, client: User) -> QuestionQuerySet:
        """Questions on one's own projects."""
        return self.filter(project__client=client)


class Question(Enclosing, models.Model):
    """A written question of a provider who spent an offer credit; every consulting provider reads it."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="questions")
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="questions")
    text = models.TextField(max_length=3000)
    key = models.UUIDField()
    asked_at = models.DateTimeField(auto_now_add=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "provider", "key"], name="one_question_per_form"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @classmethod
    def ask(cls, project: Project, *, by: User, text: str, key: UUID, files: Sequence[Clean] = ()) -> Question:
        """Ask in writing; the same `key` asks the same text once.

        Refused: Project.NotAvailable, Offer.NeedsCredit, TooManyPapers, FormUsed when the key has asked another text.
        """
        with locked(project):
            if done := cls.objects.filter(project=project, provider=by, key=key).first():
                if done.text != text:
                    raise cls.FormUsed
                return done
            project.must_be_available()
            project.must_be_foreign_to(by)
            must_hold_offer_credit(by, project)
            question = cls.objects.create(project=project, provider=by, text=text, key=key)
            question.enclose(Papers(files), project=project, owner=by)
            project.questions_count = project.questions.count()
            project.save(update_fields=["questions_count"])
            Event.record("question.asked", project=project, by=by, question=question.pk, title=project.title)
            return question

    def answer_with(self, text: str, *, by: User, files: Sequence[Clean] = ()) -> Answer:
        """Answer once, with files. Refused: AlreadyAnswered a second time with another text, TooManyPapers."""
        with locked(self.project, self):
            if done := Answer.objects.filter(question=self).first():
                if done.text == text:
                    return done
                raise self.AlreadyAnswered
            answer = Answer.objects.create(question=self, text=text)
            answer.enclose(Papers(files), project=self.project, owner=by)
            Event.record("question.answered", project=self.project, by=by, question=self.pk, title=self.project.title)
            return answer

    class AlreadyAnswered(Refusal):
        sentence = _("This question has already been answered.")

    class FormUsed(Refusal):
        sentence = _("This page has already sent another question, which the client has. Send this one again.")


class Answer(Enclosing, models.Model):
    """The client's answer to a question."""

    question = models.OneToOneField(Question, models.PROTECT, related_name="answer")
    text = models.TextField(max_length=3000)
    answered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text[:60]


def must_hold_offer_credit(user: User, project: Project) -> None:
    """Refuse who has not spent an offer credit on `project` (Offer.NeedsCredit), or declined it once (Declined)."""
    if project.offers.declined().filter(provider=user).exists():
        raise Offer.Declined
    if not Spending.objects.living().on(project.key).filter(provider=user, kind=Kind.OFFER).exists():
        raise Offer.NeedsCredit


def must_have_read(project: Project, seen: int | None) -> None:
    """Refuse (Offer.ProjectChanged) terms written before an older version of `project` than the present one."""
    if seen is not None and seen < project.version:
        raise Offer.ProjectChanged
