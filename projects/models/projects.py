"""Projects: a call for offers, then the work."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, ReturnReason, Spending, Wallet
from marketplace import deadlines
from marketplace.documents.models import Document
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import PARIS

from .categories import Category
from .choices import PROJECT_MOVES, Formula, Place, ProjectState
from .content import Content, closing_on
from .readers import TEXT_SEARCH, ProjectQuerySet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

KEY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
MOST_FILES = 10
UNPUBLISHED = ("DRAFT", "REJECTED", "WITHDRAWN")  # only these may lack a budget


def new_key() -> str:
    """A project's public key: ten letters that nobody guesses or misreads."""
    return "".join(secrets.choice(KEY_LETTERS) for _ in range(10))


class Project(models.Model):
    """A client's call for offers, then the work that comes of it (product, section 4)."""

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="projects", verbose_name=_("client")
    )
    winner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="won_projects", null=True, blank=True, editable=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=ProjectState, default=ProjectState.DRAFT, editable=False
    )
    title = models.CharField(_("title"), max_length=120)
    teaser = models.CharField(_("teaser"), max_length=300)
    description = models.TextField(_("full description"), max_length=20_000)
    category = models.ForeignKey(Category, models.PROTECT, related_name="projects", verbose_name=_("category"))
    skills = ArrayField(models.CharField(max_length=40), verbose_name=_("skills"), default=list, blank=True, size=12)
    budget_min_cents = models.BigIntegerField(_("budget, at least"))
    budget_max_cents = models.BigIntegerField(_("budget, at most"))
    place = models.CharField(_("place"), max_length=8, choices=Place, default=Place.REMOTE)
    city = models.CharField(_("city"), max_length=80, blank=True)
    urgent = models.BooleanField(_("urgent"), default=False)
    starts_on = models.DateField(_("wanted start"), null=True, blank=True)
    formula_wanted = models.CharField(_("formula wanted"), max_length=4, choices=Formula, default=Formula.R0)
    sealed = models.BooleanField(_("sealed offers"), default=False)
    closes_at = models.DateTimeField(_("closing date"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"), null=True, editable=False)
    awarded_at = models.DateTimeField(_("awarded at"), null=True, editable=False)
    activated_at = models.DateTimeField(_("active since"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    rejection_reason = models.TextField(_("rejection reason"), blank=True, editable=False)
    source_url = models.URLField(_("address of the original call"), max_length=500, blank=True, editable=False)
    source_key = models.CharField(max_length=64, blank=True, editable=False)  # of an imported row: imported once
    form_key = models.UUIDField(null=True, unique=True, editable=False)  # of the form that made it: made once
    offers_count = models.PositiveIntegerField(_("offers placed"), default=0, editable=False)
    questions_count = models.PositiveIntegerField(_("questions asked"), default=0, editable=False)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=TEXT_SEARCH)
        + SearchVector(
            Func("skills", function="words_of", output_field=models.TextField()), weight="A", config=TEXT_SEARCH
        )
        + SearchVector("teaser", weight="B", config=TEXT_SEARCH),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("project"), _("projects")
        permissions = [("moderate_project", "Can approve and reject projects")]
        triggers = [States(field="state", edges=PROJECT_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_min_cents__gt=0) | Q(budget_min_cents=0, state__in=UNPUBLISHED),
                name="budget_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(budget_max_cents__gte=models.F("budget_min_cents")), name="budget_is_not_reversed"
            ),
            models.CheckConstraint(
                condition=Q(winner=None) | ~Q(winner=models.F("client")), name="winner_is_not_the_client"
            ),
            models.CheckConstraint(
                condition=~Q(state="OPEN") | Q(opened_at__isnull=False, closes_at__isnull=False),
                name="open_project_has_dates",
            ),
            models.UniqueConstraint(
                fields=["client", "source_key"], condition=~Q(source_key=""), name="one_project_per_imported_row"
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="project_search"),
            models.Index(fields=["-opened_at", "-id"], condition=Q(state="OPEN"), name="project_open_latest"),
            models.Index(fields=["closes_at", "id"], condition=Q(state="OPEN"), name="project_open_closing"),
            models.Index(fields=["-budget_max_cents", "-id"], condition=Q(state="OPEN"), name="project_open_budget"),
            models.Index(
                fields=["category", "-opened_at", "-id"], condition=Q(state="OPEN"), name="project_open_category"
            ),
            models.Index(
                fields=["client", "-id"], include=["opened_at", "awarded_at", "state"], name="project_by_client"
            ),
            models.Index(fields=["submitted_at", "id"], condition=Q(state="SUBMITTED"), name="project_to_be_moderated"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("projects:detail", args=[self.key])

    @property
    def number(self) -> str:
        """The number people quote: year and rank."""
        return f"{self.created_at.year}-{self.pk:04d}"

    @property
    def is_available(self) -> bool:
        """Whether the project takes offers and credits now."""
        return self.state == ProjectState.OPEN and bool(self.closes_at and self.closes_at > timezone.now())

    @property
    def select_by(self) -> datetime | None:
        """Until when the client may choose a winner."""
        return self.closes_at and self.closes_at + timedelta(days=settings.SELECTION_DAYS)

    @property
    def moderate_by(self) -> datetime | None:
        """Until when our moderation decides on a project that was handed in."""
        return self.submitted_at and deadlines.after(self.submitted_at, settings.MODERATION_DAYS)

    @property
    def is_editable(self) -> bool:
        """Whether its client may still write it: a draft, or rejected before it was ever open."""
        return self.state == ProjectState.DRAFT or (self.state == ProjectState.REJECTED and self.opened_at is None)

    @classmethod
    def draft(cls, content: Content, *, by: User, key: UUID, files: Iterable[Clean] = ()) -> Project:
        """Write a new draft with its specification `files`; the same `key` again rewrites the same draft.

        Refused: NotEditable when that draft has been handed in meanwhile, TooManyFiles, KeyReused for a key of somebody
        else's.
        """
        with locked(by):
            if done := cls.objects.filter(form_key=key).first():
                if done.client_id != by.pk:
                    raise cls.KeyReused
                done.rewrite(content, files=files)
                return done
            project = cls.objects.create(client=by, form_key=key, **content.as_fields())
            project._add_files(files)
            return project

    @classmethod
    def bring_in(cls, content: Content, *, by: User, source_key: str, source_url: str = "") -> Project:
        """Write a draft that comes from elsewhere; `source_key` tells its source apart among the client's calls."""
        return cls.objects.create(client=by, source_key=source_key, source_url=source_url, **content.as_fields())

    def rewrite(self, content: Content, *, files: Iterable[Clean] = (), dropped: Iterable[int] = ()) -> None:
        """Replace what the client wrote, add `files`, drop the specification files whose keys are in `dropped`.

        Refused: NotEditable once it is handed in, TooManyFiles.
        """
        with locked(self):
            if not self.is_editable:
                raise self.NotEditable
            fields = content.as_fields()
            for name, value in fields.items():
                setattr(self, name, value)
            self.save(update_fields=list(fields))
            for file in self.specification_files.filter(pk__in=dropped):
                file.drop()
            self._add_files(files)

    def submit(self, *, by: User) -> None:
        """Hand the project in: to moderation, or straight to the public when PRE_MODERATION is off.

        A second call changes nothing. Refused: NotSubmittable unless it is editable, Incomplete, ClosesInThePast.
        """
        with locked(self):
            if self.state in {ProjectState.SUBMITTED, ProjectState.OPEN}:
                return
            if not self.is_editable:
                raise self.NotSubmittable
            if not (self.title and self.teaser and self.description and self.budget_min_cents):
                raise self.Incomplete
            if self.closes_at and self.closes_at <= timezone.now():
                raise self.ClosesInThePast
            if self.state == ProjectState.DRAFT and not settings.PRE_MODERATION:
                self._open(by=by, at=timezone.now())
                return
            self.submitted_at = timezone.now()
            self._move(ProjectState.SUBMITTED, "submitted_at")
            Event.record("project.submitted", project=self, by=by, title=self.title)

    def approve(self, *, by: User | None, at: datetime | None = None) -> None:
        """Open the project to the public, by a moderator or by the system itself (None).

        `at` keeps the date at which an imported call was first published. Refused: NotModerable unless it waits for
        approval, ClosesInThePast, OpensInTheFuture.
        """
        with locked(self):
            if self.state != ProjectState.SUBMITTED:
                raise self.NotModerable
            self._open(by=by, at=at or timezone.now())

    def reject(self, *, by: User, reason: str) -> None:
        """Reject with a reason, before or after opening; every credit spent on it comes back."""
        with locked(self):
            if self.state not in {ProjectState.SUBMITTED, ProjectState.OPEN}:
                raise self.NotModerable
            if not reason.strip():
                raise self.NeedsReason
            self.rejection_reason = reason.strip()
            self._move(ProjectState.REJECTED, "rejection_reason")
            Event.record("project.rejected", project=self, by=by, title=self.title, reason=self.rejection_reason)
            self._return_credits(ReturnReason.REJECTED)

    def withdraw(self, *, by: User) -> None:
        """Take the project back, at any time before it is active; every credit spent on it comes back.

        A second call changes nothing; an agreement under discussion lapses. Refused (NotWithdrawable) afterwards.
        """
        with locked(self):
            if self.state == ProjectState.WITHDRAWN:
                return
            if not self.is_withdrawable:
                raise self.NotWithdrawable
            self.ended_at = timezone.now()
            self._move(ProjectState.WITHDRAWN, "ended_at")
            for agreement in self.agreements.select_for_update(no_key=True).unpaid():
                agreement.lapse()
            Event.record("project.withdrawn", project=self, by=by, title=self.title)
            self._return_credits(ReturnReason.WITHDRAWN)

    @property
    def is_withdrawable(self) -> bool:
        """Whether its client may still take it back."""
        return (str(self.state), "WITHDRAWN") in PROJECT_MOVES

    def spend(self, kind: Kind, *, by: User) -> Spending:
        """Spend one credit of `by` on this project: what it opens is in product, section 3.

        A second click, tab or retry gives the first spending and costs nothing. Refused: NotAvailable when the project
        has just closed, OwnProject, NeedsConsultation, Wallet.NoCredit.
        """
        with locked(self):
            if done := Spending.objects.living().on(self.key).filter(provider=by, kind=kind).first():
                return done
            self.must_be_available()
            self.must_be_foreign_to(by)
            if kind != Kind.CONSULTATION and not self._consulted_by(by):
                raise self.NeedsConsultation
            spending = Wallet.of(by).spend(kind, self.key)
            Event.record(f"credit.spent.{kind.lower()}", project=self, by=by, spending=spending.pk, title=self.title)
            return spending

    def mark_awarded(self, winner: User) -> None:
        """A winner is chosen: the project leaves the list at once. Called by Selection under the lock."""
        self.winner, self.awarded_at = winner, timezone.now()
        self._move(ProjectState.AWARDED, "winner", "awarded_at")

    def mark_active(self) -> None:
        """The introduction is paid. Called by Agreement under the lock."""
        self.activated_at = timezone.now()
        self._move(ProjectState.ACTIVE, "activated_at")

    def complete(self, *, by: User | None = None) -> None:
        """The work is over (product, section 4.8 and 4.10). A second call changes nothing."""
        with locked(self):
            if self.state == ProjectState.COMPLETED:
                return
            if self.state != ProjectState.ACTIVE:
                raise self.NotActive
            self.ended_at = timezone.now()
            self._move(ProjectState.COMPLETED, "ended_at")
            Event.record("project.completed", project=self, by=by, title=self.title)

    def must_be_available(self) -> None:
        """Refuse what only an open project takes."""
        if not self.is_available:
            raise self.NotAvailable

    def must_be_foreign_to(self, user: User) -> None:
        """Refuse (OwnProject) a bid on one's own project, or on one of one's own company (same SIREN or IBAN)."""
        if user.is_tied_to(self.client):
            raise self.OwnProject

    def _consulted_by(self, user: User) -> bool:
        return Spending.objects.living().on(self.key).filter(provider=user, kind=Kind.CONSULTATION).exists()

    def _open(self, *, by: User | None, at: datetime) -> None:
        now = timezone.now()
        if at > now:
            raise self.OpensInTheFuture
        self.opened_at, default = at, timezone.localdate(now, PARIS) + timedelta(days=settings.PROJECT_OPEN_DAYS)
        self.closes_at = self.closes_at or closing_on(default)
        if self.closes_at <= now:
            raise self.ClosesInThePast
        self._move(ProjectState.OPEN, "opened_at", "closes_at")
        Event.record("project.opened", project=self, by=by, title=self.title)

    def _move(self, state: ProjectState, *fields: str) -> None:
        self.state = state
        self.save(update_fields=["state", *fields])

    def _add_files(self, files: Iterable[Clean]) -> None:
        """Add specification files; one that is there already (the same bytes) is not added twice."""
        for clean in files:
            document = Document.take_in(clean, owner=self.client, purpose="projects.specification")
            if self.specification_files.filter(document__sha256=document.sha256).exists():
                document.delete()
            else:
                self.specification_files.create(document=document)
        if self.specification_files.count() > MOST_FILES:
            raise self.TooManyFiles

    def _return_credits(self, reason: ReturnReason) -> None:
        for spending in Spending.objects.living().on(self.key).select_related("wallet").order_by("pk"):
            spending.give_back(reason, title=self.title)

    class NotSubmittable(Refusal):
        sentence = _("This project has already been handed in. Open its report to see where it stands.")

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another project: nothing was written. Check it and send it again."
        )

    class NotEditable(Refusal):
        sentence = _("This project has been handed in: it can no longer be changed.")

    class Incomplete(Refusal):
        sentence = _("Something is still missing: title, teaser, description and budget are all needed to hand it in.")

    class TooManyFiles(Refusal):
        sentence = _("Ten files at most describe a project: remove one, or put several into one PDF.")

    class OpensInTheFuture(Refusal):
        sentence = _("A project cannot have been published in the future.")

    class ClosesInThePast(Refusal):
        sentence = _("The closing date has passed. Choose a later one.")

    class NotModerable(Refusal):
        sentence = _("This project is no longer waiting for a decision.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the client will read it, word for word.")

    class NotWithdrawable(Refusal):
        sentence = _("This project can no longer be withdrawn: it is under way or already over.")

    class NotAvailable(Refusal):
        sentence = _("This project is no longer available: it has just closed. Nothing was charged.")

    class OwnProject(Refusal):
        sentence = _("This project is yours or your company’s: you cannot bid on it. Nothing was charged.")

    class NeedsConsultation(Refusal):
        sentence = _("Open the dossier with a consultation credit first. Nothing was charged.")

    class NotActive(Refusal):
        sentence = _("This project is not under way.")
