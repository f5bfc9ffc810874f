"""Projects: a call for offers, then the work."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, Spending, Wallet
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States

from .categories import Category

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from marketplace.accounts.models import User

KEY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
TEXT_SEARCH = "french_unaccent"  # a text search configuration made by a migration: French stems, accents ignored


def new_key() -> str:
    """A project's public key: ten letters that nobody guesses or misreads."""
    return "".join(secrets.choice(KEY_LETTERS) for _ in range(10))


class ProjectState(models.TextChoices):
    DRAFT = "DRAFT", _("draft")
    SUBMITTED = "SUBMITTED", _("waiting for approval")
    OPEN = "OPEN", _("open to offers")
    AWARDED = "AWARDED", _("awarded")
    ACTIVE = "ACTIVE", _("under way")
    COMPLETED = "COMPLETED", _("completed")
    REJECTED = "REJECTED", _("rejected")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")
    EXPIRED = "EXPIRED", _("expired")
    CANCELLED = "CANCELLED", _("cancelled")


PROJECT_MOVES = (
    ("", "DRAFT"),
    ("DRAFT", "SUBMITTED"),
    ("DRAFT", "OPEN"),
    ("SUBMITTED", "OPEN"),
    ("SUBMITTED", "REJECTED"),
    ("REJECTED", "SUBMITTED"),
    ("OPEN", "REJECTED"),
    ("OPEN", "AWARDED"),
    ("OPEN", "EXPIRED"),
    ("AWARDED", "OPEN"),
    ("AWARDED", "ACTIVE"),
    ("AWARDED", "CANCELLED"),
    ("OPEN", "CANCELLED"),
    ("ACTIVE", "COMPLETED"),
    ("DRAFT", "WITHDRAWN"),
    ("SUBMITTED", "WITHDRAWN"),
    ("REJECTED", "WITHDRAWN"),
    ("OPEN", "WITHDRAWN"),
    ("AWARDED", "WITHDRAWN"),
)


class Formula(models.TextChoices):
    BASE = "BASE", _("base formula")
    R0 = "R0", _("R0 formula (zero risk)")


class Place(models.TextChoices):
    REMOTE = "REMOTE", _("remote")
    MIXED = "MIXED", _("remote, with some visits")
    ON_SITE = "ON_SITE", _("on site")


def spent(user: User, *kinds: Kind) -> Exists:
    """Whether `user` has a living spending of one of `kinds` on the project of the outer query."""
    return Exists(Spending.objects.living().filter(provider=user, kind__in=kinds, project_key=OuterRef("key")))


class ProjectQuerySet(models.QuerySet["Project"]):
    """Who may see what is decided here (product, section 3)."""

    def available(self) -> ProjectQuerySet:
        """Projects that take offers and credits now."""
        return self.filter(state=ProjectState.OPEN, closes_at__gt=timezone.now())

    def published(self) -> ProjectQuerySet:
        """Projects that were open to the public once; those that left show only that they are gone."""
        return self.filter(opened_at__isnull=False).exclude(state=ProjectState.REJECTED)

    def visible_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """Projects whose address answers `user` at all: published ones, and one's own."""
        published = Q(opened_at__isnull=False) & ~Q(state=ProjectState.REJECTED)
        return self.filter(published | Q(client=user)) if user.is_authenticated else self.filter(published)

    def owned_by(self, user: User) -> ProjectQuerySet:
        """The client's own projects."""
        return self.filter(client=user)

    def dossier_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose full dossier `user` may read: owner, winner, or one who spent a consultation credit.

        The losers' access ends LOSER_ACCESS_DAYS after the activation.
        """
        limit = timezone.now() - timedelta(days=settings.LOSER_ACCESS_DAYS)
        recent = Q(activated_at=None) | Q(activated_at__gt=limit)
        return self.filter(
            Q(client=user) | Q(winner=user) | (recent & spent(user, Kind.CONSULTATION)),
        )

    def contact_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose client's name, e-mail and phone `user` may read: contact credit, or winner once active."""
        introduced = Q(activated_at__isnull=False, winner=user)
        return self.filter(Q(client=user) | introduced | spent(user, Kind.CONTACT))

    def bid_open_to(self, user: User) -> ProjectQuerySet:
        """Projects on which `user` has spent an offer credit, and so may bid and ask while they are available."""
        return self.filter(spent(user, Kind.OFFER))

    def report_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose report concerns `user`: its client, its winner, and every provider with a living spending."""
        return self.filter(Q(client=user) | Q(winner=user) | spent(user, Kind.CONSULTATION))

    def alike(self, project: Project) -> ProjectQuerySet:
        """Available projects that resemble `project`: its category first, then the latest."""
        near = Case(When(category=project.category_id, then=0), default=1)
        return self.available().exclude(pk=project.pk).exclude(client=project.client_id).order_by(near, "-opened_at")

    def matching(self, text: str) -> ProjectQuerySet:
        """Projects whose title, teaser or skills match `text`, as typed into a search box."""
        return self.filter(search=SearchQuery(text, config=TEXT_SEARCH, search_type="websearch"))


class Project(models.Model):
    """A client's call for offers, then the work that comes of it (product, section 4)."""

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="projects")
    winner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="won_projects", null=True, blank=True, editable=False
    )
    state = models.CharField(max_length=10, choices=ProjectState, default=ProjectState.DRAFT, editable=False)
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
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    awarded_at = models.DateTimeField(null=True, editable=False)
    activated_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    rejection_reason = models.TextField(blank=True, editable=False)
    source_url = models.URLField(max_length=500, blank=True, editable=False)
    offers_count = models.PositiveIntegerField(default=0, editable=False)
    questions_count = models.PositiveIntegerField(default=0, editable=False)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=TEXT_SEARCH)
        + SearchVector("teaser", weight="B", config=TEXT_SEARCH),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("project"), _("projects")
        triggers = [States(field="state", edges=PROJECT_MOVES)]
        constraints = [
            models.CheckConstraint(condition=Q(budget_min_cents__gt=0), name="budget_is_positive"),
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
        ]
        indexes = [
            GinIndex(fields=["search"], name="project_search"),
            models.Index(fields=["-opened_at", "-id"], condition=Q(state="OPEN"), name="project_open_latest"),
            models.Index(fields=["client", "-created_at"], name="project_by_client"),
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

    def submit(self, *, by: User) -> None:
        """Hand the project in: to moderation, or straight to the public when PRE_MODERATION is off.

        Refused (NotSubmittable) unless it is a draft or was rejected before opening, and its closing date is ahead.
        """
        with locked(self):
            if self.state not in {ProjectState.DRAFT, ProjectState.REJECTED}:
                raise self.NotSubmittable
            if self.closes_at and self.closes_at <= timezone.now():
                raise self.ClosesInThePast
            if self.state == ProjectState.DRAFT and not settings.PRE_MODERATION:
                return self._open(by=by)
            self.submitted_at = timezone.now()
            self._move(ProjectState.SUBMITTED, "submitted_at")
            Event.record("project.submitted", project=self, by=by, title=self.title)
        return None

    def approve(self, *, by: User) -> None:
        """Open the project to the public. Refused (NotModerable) unless it waits for approval."""
        with locked(self):
            if self.state != ProjectState.SUBMITTED:
                raise self.NotModerable
            self._open(by=by)

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
            self._return_credits("project_rejected")

    def withdraw(self, *, by: User) -> None:
        """Take the project back, at any time before it is active; every credit spent on it comes back."""
        with locked(self):
            if self.state in {"ACTIVE", "COMPLETED", "WITHDRAWN", "EXPIRED", "CANCELLED"}:
                raise self.NotWithdrawable
            self.ended_at = timezone.now()
            self._move(ProjectState.WITHDRAWN, "ended_at")
            Event.record("project.withdrawn", project=self, by=by, title=self.title)
            self._return_credits("project_withdrawn")

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

    def _open(self, *, by: User) -> None:
        self.opened_at = timezone.now()
        self.closes_at = self.closes_at or self.opened_at + timedelta(days=settings.PROJECT_OPEN_DAYS)
        if self.closes_at <= self.opened_at:
            raise self.ClosesInThePast
        self._move(ProjectState.OPEN, "opened_at", "closes_at")
        Event.record("project.opened", project=self, by=by, title=self.title)

    def _move(self, state: ProjectState, *fields: str) -> None:
        self.state = state
        self.save(update_fields=["state", *fields])

    def _return_credits(self, reason: str) -> None:
        for spending in Spending.objects.living().on(self.key).select_related("wallet").order_by("pk"):
            spending.give_back(reason)

    class NotSubmittable(Refusal):
        sentence = _("This project has already been handed in. Open its report to see where it stands.")

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


class SpecificationFile(models.Model):
    """A file of the client's specification, open to those who may read the dossier."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="specification_files")
    document = models.OneToOneField("documents.Document", models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)
