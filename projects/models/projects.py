"""Projects: a call for offers, then the work."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, ReturnReason, Spending, Wallet
from marketplace.documents.models import Document
from marketplace.events import doorbell
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.states import States
from marketplace.templatetags.page import PARIS, hour

from .calls import Call
from .calls import new_key as new_key  # under this name in migrations
from .categories import Category
from .choices import PROJECT_MOVES, ProjectState
from .content import Content, Jotting, closing_on, days_after, plain
from .deadlines import Deadline
from .readers import ProjectQuerySet, headings
from .skills import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

    from .versions import ProjectVersion

MOST_FILES = 10
RETURNED_AT_ONCE = 50  # credits that come back within the deed itself: its page stays quick
RETURNS = "projects.tasks.return_credits"
UNPUBLISHED = ("DRAFT", "REJECTED", "WITHDRAWN")  # only these may lack a budget
EXPIRY, CHOICE = "call.expire", "call.remind"  # the dates of an open call


def must_start_later(day: date | None) -> None:
    """Refuse (Project.StartsInThePast) a wanted start before today in Paris."""
    if day and day < timezone.localdate(timezone=PARIS):
        raise Project.StartsInThePast


class Project(Call):
    """A client's call for offers, then the work that comes of it (product, section 4): what is done on it."""

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
            GinIndex(headings(), condition=Q(state="OPEN"), name="project_open_headings"),
            models.Index(fields=["-opened_at", "-id"], condition=Q(state="OPEN"), name="project_open_latest"),
            GinIndex(keys_of(models.F("skills")), condition=Q(state="OPEN"), name="project_open_skills"),
            models.Index(fields=["offers_count", "id"], condition=Q(state="OPEN"), name="project_open_offers"),
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

    @classmethod
    def bring_in(cls, content: Content, *, by: User, source_key: str, source_url: str = "") -> Project:
        """Write a draft that comes from elsewhere; `source_key` tells its source apart among the client's calls."""
        return cls.objects.create(client=by, source_key=source_key, source_url=source_url, **content.as_fields())

    @classmethod
    def begin(cls, jotting: Jotting, *, by: User, key: UUID) -> Project:
        """Write a new draft, as soon as anything of it is written; the same `key` again goes on with the same draft.

        Without a title or a category it stands under other ones, which are still to be corrected. Refused: as `jot`,
        and KeyReused for a key of somebody else's.
        """
        with locked(by):
            if done := cls.objects.filter(form_key=key).first():
                if done.client_id != by.pk:
                    raise cls.KeyReused
                done.jot(jotting)
                return done
            first = Category.objects.order_by("position", "pk")[0]
            fields = Content(**{"title": gettext("Untitled draft"), "category": first, **jotting.answers}).as_fields()
            unwritten = {name: "" for name in ("title", "category") if name not in jotting.answers}
            saved = {"to_correct": {**unwritten, **jotting.to_correct}, "saved_at": timezone.now()}
            project = cls.objects.create(client=by, form_key=key, **saved, **fields)
            project._add_files(jotting.files)
            return project

    def jot(self, jotting: Jotting) -> None:
        """Write one page of the form into the draft: right answers as such, the others as typed, files in and out.

        The same answers again change nothing. Refused: NotEditable once it is handed in, WrittenElsewhere when
        another page has written other answers to the same questions since this one was drawn, TooManyFiles.
        """
        with locked(self):
            if not self.is_editable:
                raise self.NotEditable
            if not self._holds(jotting):
                if jotting.seen is not None and jotting.seen != self.digest(jotting.names):
                    raise self.WrittenElsewhere(hour=hour(self.saved_at) or "–")
                self._jot(jotting)
            self._change_files(jotting.files, jotting.dropped)

    def digest(self, names: Sequence[str]) -> str:
        """What the columns `names` of a draft hold now, in a few characters that differ when it differs."""
        held = [[name, plain(getattr(self, name)), self.to_correct.get(name)] for name in names]
        return sha256(json.dumps(held).encode()).hexdigest()[:16]

    def _holds(self, jotting: Jotting) -> bool:
        """Whether the draft says already what a page says."""
        same = all(getattr(self, name) == value for name, value in jotting.answers.items())
        return same and all(self.to_correct.get(name) == jotting.to_correct.get(name) for name in jotting.names)

    def _jot(self, jotting: Jotting) -> None:
        for name, value in jotting.answers.items():
            setattr(self, name, value)
        # While one end of the budget is to be corrected, the other may not contradict it.
        self.budget_max_cents = max(self.budget_min_cents, self.budget_max_cents)
        others = {name: text for name, text in self.to_correct.items() if name not in jotting.names}
        self.to_correct, self.saved_at = {**others, **jotting.to_correct}, timezone.now()
        self.save(update_fields=[*jotting.answers, "budget_max_cents", "to_correct", "saved_at"])

    def discard(self, *, by: User) -> None:
        """Delete a draft that nobody else has seen, and its files, for good; nothing else is touched.

        Refused: NotDiscardable once it was handed in.
        """
        with locked(self):
            if self.state != ProjectState.DRAFT:
                raise self.NotDiscardable
            for file in self.specification_files.all():
                file.drop()
            self.delete()
            Event.record("project.discarded", by=by)

    def submit(self, *, by: User) -> None:
        """Hand the project in: to moderation, or straight to the public when PRE_MODERATION is off.

        A second call changes nothing. Refused: NotSubmittable unless it is editable, Incomplete, ClosesInThePast,
        StartsInThePast, FalseDetails.
        """
        with locked(self):
            if self.state in {ProjectState.SUBMITTED, ProjectState.OPEN}:
                return
            if not self.is_editable:
                raise self.NotSubmittable
            self._must_be_complete()
            if self.closes_at and self.closes_at <= timezone.now():
                raise self.ClosesInThePast
            must_start_later(self.starts_on)
            if self.has_false_details:
                raise self.FalseDetails
            if self.state == ProjectState.DRAFT and not settings.PRE_MODERATION:
                self._open(by=by, at=timezone.now())
                return
            self.submitted_at = timezone.now()
            self._keep_version()
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
        """Reject with a reason, before or after opening; its client may correct it and hand it in again.

        Every credit spent on it comes back, and the offers placed on it end: corrected and opened again, it takes
        new ones. Refused: NotModerable unless it waits for approval or is open, NeedsReason.
        """
        with locked(self):
            if self.state not in {ProjectState.SUBMITTED, ProjectState.OPEN}:
                raise self.NotModerable
            if not reason.strip():
                raise self.NeedsReason
            was_open, self.rejection_reason = self.state == ProjectState.OPEN, reason.strip()
            self._keep_version().mark_rejected(self.rejection_reason)
            bidders, self.offers_count = self.offers.lapse(), 0
            self._move(ProjectState.REJECTED, "rejection_reason", "offers_count")
            facts = {"title": self.title, "reason": self.rejection_reason, "was_open": was_open, "bidders": bidders}
            Event.record("project.rejected", project=self, by=by, **facts)
            self.return_credits(ReturnReason.REJECTED)

    def withdraw(self, *, by: User) -> None:
        """Take the project back, at any time before it is active; every credit spent on it comes back.

        A second call changes nothing; an agreement not yet paid for lapses. Refused (NotWithdrawable) afterwards.
        """
        with locked(self):
            if self.state == ProjectState.WITHDRAWN:
                return
            if not self.is_withdrawable:
                raise self.NotWithdrawable
            self.ended_at = timezone.now()
            self._move(ProjectState.WITHDRAWN, "ended_at")
            self._end_agreements(self.ended_at)
            Event.record("project.withdrawn", project=self, by=by, title=self.title)
            self.return_credits(ReturnReason.WITHDRAWN)

    def extend(self, *, by: User) -> None:
        """Take more time to choose (SELECTION_EXTENSION_DAYS), once; the bidders are told until when.

        A second call changes nothing. Refused: NotExtendable before the closing, without an offer, or too late.
        """
        with locked(self):
            if self.extended_at:
                return
            if not self.is_extendable:
                raise self.NotExtendable
            self.extended_at, self.reminded_at = timezone.now(), None
            self.save(update_fields=["extended_at", "reminded_at"])
            self.watch(self.extended_at)
            facts = {"title": self.title, "select_by": (self.select_by or self.extended_at).isoformat()}
            Event.record("project.extended", project=self, by=by, **facts)

    def remind(self, *, at: datetime) -> None:
        """Tell the client, once, that the date to choose is near.

        Refused (NotDue) when they were told, when there is nothing to choose, or too late at `at`.
        """
        with locked(self):
            is_choosing = self.state == ProjectState.OPEN and self.offers_count > 0
            if not is_choosing or self.reminded_at or self.select_by is None or at > self.select_by:
                raise self.NotDue
            self.reminded_at = at
            self.save(update_fields=["reminded_at"])
            until, offers = self.select_by.isoformat(), self.offers_count
            Event.record("project.reminded", project=self, title=self.title, select_by=until, offers=offers)

    def watch(self, at: datetime) -> None:
        """Set the date at which an open call is judged next: its closing, then the end of the time to choose.

        At its closing it expires without an offer; with one it is watched again, with a reminder before the end.
        Called under the lock, whenever one of these dates moves. Refused (NotDue) once it is no open call.
        """
        if self.state != ProjectState.OPEN or self.closes_at is None or self.select_by is None:
            raise self.NotDue
        is_choosing = self.offers_count > 0 and at > self.closes_at
        Deadline.objects.set(EXPIRY, self, self.select_by if is_choosing else self.closes_at, project=self)
        if is_choosing and not self.reminded_at:
            near = days_after(self.select_by, -settings.SELECTION_REMINDER_DAYS)
            Deadline.objects.set(CHOICE, self, near, project=self)

    def expire(self, *, at: datetime) -> None:
        """End a call without a choice (product, section 4.6): every credit spent on it comes back.

        Refused (NotDue) unless `at` it is closed without an offer, or past the date to choose.
        """
        with locked(self):
            if not self.is_overdue(at):
                raise self.NotDue
            self.ended_at = at
            self._move(ProjectState.EXPIRED, "ended_at")
            Event.record("project.expired", project=self, title=self.title, offers=self.offers_count)
            self.return_credits(ReturnReason.EXPIRED)

    @property
    def is_withdrawable(self) -> bool:
        """Whether its client may still take it back."""
        return (str(self.state), "WITHDRAWN") in PROJECT_MOVES

    def change(
        self,
        content: Content,
        files: Iterable[Clean] = (),
        dropped: Iterable[int] = (),
        *,
        by: User,
        seen: int | None = None,
    ) -> ProjectVersion | None:
        """Replace what the client wrote of an open project, which becomes a new version (product, section 4.1).

        Sealed offers and the closing date stay as they are, whatever `content` says. The same content changes nothing
        (None). Every bidder with a living offer is told what has changed and may withdraw with the credit back;
        moderators look at it afterwards. Refused: NotChangeable unless it takes offers, Incomplete, TooManyFiles,
        StartsInThePast for another wanted start than before, ChangedElsewhere when another tab has made a newer version
        than the one `seen`.
        """
        with locked(self):
            if not self.is_changeable:
                raise self.NotChangeable
            if content.starts_on != self.starts_on:
                must_start_later(content.starts_on)
            former = self._keep_version()
            self._write(replace(content, sealed=self.sealed, closes_at=self.closes_at))
            self._change_files(files, dropped)
            self._must_be_complete()
            version = self._keep_version()
            if version.pk == former.pk:
                return None
            if seen is not None and seen < former.number:
                raise self.ChangedElsewhere
            version.mark_published(timezone.now(), changed_open=True)
            facts: dict[str, Any] = {"version": version.number, "number": version.published_number}
            facts["changes"] = version.changes_since(former)
            Event.record("project.changed", project=self, by=by, title=self.title, **facts)
            return version

    def look_at_changes(self, *, by: User) -> None:
        """A moderator has looked at what the client changed of an open project. A second call changes nothing."""
        with locked(self):
            for version in self.versions.to_look_at():
                version.mark_looked_at()

    def spend(self, kind: Kind, *, by: User) -> Spending:
        """Spend one credit of `by` on this project: what it opens is in product, section 3.

        A second click, tab or retry gives the first spending and costs nothing. Refused: NotAvailable when the project
        has just closed, OwnProject, YouDeclined, NeedsConsultation, DetailsInDoubt, CompanyHasBid (it would
        open nothing: one offer for each company), Wallet.NoCredit.
        """
        with locked(self):
            if done := Spending.objects.living().on(self.key).filter(provider=by, kind=kind).first():
                return done
            self.must_be_available()
            self.must_be_foreign_to(by)
            if self.was_declined_by(by):
                raise self.YouDeclined
            if kind != Kind.CONSULTATION and not self._consulted_by(by):
                raise self.NeedsConsultation
            if kind == Kind.CONTACT and self.has_false_details:
                raise self.DetailsInDoubt
            if kind == Kind.OFFER and self.has_bid_of_company(by):
                raise self.CompanyHasBid
            spending = Wallet.of(by).spend(kind, self.key)
            Event.record(f"credit.spent.{kind.lower()}", project=self, by=by, spending=spending.pk, title=self.title)
            return spending

    def was_declined_by(self, user: User) -> bool:
        """Whether `user` was chosen for it once, and declined."""
        return self.offers.declined().filter(provider=user).exists()

    def has_bid_of_company(self, user: User) -> bool:
        """Whether a colleague of `user` has a living offer here: their company has no second one (section 2)."""
        living = self.offers.exclude(state="WITHDRAWN")
        return living.filter(company_number=user.company.number).exclude(provider=user).exists()

    @property
    def has_false_details(self) -> bool:
        """Whether its client's details were found false and wait to be corrected or confirmed by them."""
        return self.client.details_claims.uncorrected().exists()

    def cancel(self, *, by: User, reason: str) -> None:
        """Our staff end a call or an award, with a reason told to everybody; every credit spent on it comes back.

        A second call changes nothing. Refused: NotCancellable unless it is open or awarded, NeedsReason.
        """
        with locked(self):
            if self.state == ProjectState.CANCELLED:
                return
            if (str(self.state), "CANCELLED") not in PROJECT_MOVES:
                raise self.NotCancellable
            if not reason.strip():
                raise self.NeedsReason
            at = timezone.now()
            self._end_agreements(at)
            self.mark_cancelled(at, by=by, reason=reason.strip())

    def mark_awarded(self, winner: User) -> None:
        """A winner is chosen: the project leaves the list at once. Called by Selection under the lock."""
        self.winner, self.awarded_at, self.decide_by = winner, timezone.now(), None
        self._move(ProjectState.AWARDED, "winner", "awarded_at", "decide_by")

    def mark_unsettled(self, at: datetime) -> datetime:
        """The award fell through at `at`: until when its client may choose again (section 4.7). Under the lock."""
        self.winner, self.decide_by = None, days_after(at, settings.SECOND_CHOICE_DAYS)
        self.save(update_fields=["winner", "decide_by"])
        return self.decide_by

    def mark_reopened(self, at: datetime, *, closes_at: datetime) -> None:
        """It takes offers again. Called by SecondChoice under the lock."""
        self.reopened_at, self.awarded_at, self.decide_by = at, None, None
        self.extended_at, self.reminded_at = None, None
        self.closes_at = closes_at
        dates = ("reopened_at", "awarded_at", "decide_by", "extended_at", "reminded_at", "closes_at")
        self._move(ProjectState.OPEN, *dates)
        self.watch(at)

    def mark_counted(self, offers: int) -> None:
        """So many offers stand. After its closing, a call whose last one has left is over. Under the lock."""
        self.offers_count = offers
        self.save(update_fields=["offers_count"])
        if not offers and self.state == ProjectState.OPEN and not self.is_available:
            self.watch(timezone.now())

    def mark_cancelled(self, at: datetime, *, by: User | None = None, reason: str = "") -> None:
        """It ends without a work; every credit spent on it comes back. Called under the lock."""
        self.ended_at, self.decide_by = at, None
        self._move(ProjectState.CANCELLED, "ended_at", "decide_by")
        Event.record("project.cancelled", project=self, by=by, title=self.title, reason=reason)
        self.return_credits(ReturnReason.CANCELLED)

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
        """Begin to take offers: for the first time, or anew after a rejection, with the dates of a new call."""
        now = timezone.now()
        if at > now:
            raise self.OpensInTheFuture
        self.opened_at, default = at, timezone.localdate(now, PARIS) + timedelta(days=settings.PROJECT_OPEN_DAYS)
        self.closes_at = self.closes_at or closing_on(default)
        if self.closes_at <= now:
            raise self.ClosesInThePast
        self.extended_at, self.reminded_at, self.rejection_reason = None, None, ""  # its version keeps the reason
        # What a rejection owed back is back before anybody can spend again: a credit that is due opens nothing.
        Spending.objects.on(self.key).give_back(title=self.title)
        self._keep_version().mark_published(now)
        dates = ("opened_at", "closes_at", "extended_at", "reminded_at")
        self._move(ProjectState.OPEN, *dates, "rejection_reason")
        self.watch(now)
        Event.record("project.opened", project=self, by=by, title=self.title)

    def _end_agreements(self, at: datetime) -> None:
        for agreement in self.agreements.select_for_update(no_key=True).unpaid():
            agreement.end_with_project(at)
        Deadline.objects.cancel(self)

    def _move(self, state: ProjectState, *fields: str) -> None:
        if self.state == ProjectState.OPEN:
            Deadline.objects.cancel(self, EXPIRY, CHOICE)
        self.state = state
        self.save(update_fields=["state", *fields])

    def _must_be_complete(self) -> None:
        needed = (self.title, self.teaser, self.description, self.budget_min_cents)
        if self.to_correct or not all(needed):
            raise self.Incomplete

    def _write(self, content: Content) -> None:
        fields = content.as_fields()
        for name, value in fields.items():
            setattr(self, name, value)
        self.to_correct, self.saved_at = {}, timezone.now()
        self.save(update_fields=[*fields, "to_correct", "saved_at"])

    def _keep_version(self) -> ProjectVersion:
        """The version that says what the project says now, written when the latest says something else."""
        version = self.versions.keep(self)
        if version.number != self.version:
            self.version = version.number
            self.save(update_fields=["version"])
        return version

    def _change_files(self, files: Iterable[Clean], dropped: Iterable[int]) -> None:
        for file in self.specification_files.filter(pk__in=dropped):
            file.drop()
        self._add_files(files)

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

    def return_credits(self, reason: ReturnReason, **which: Any) -> None:
        """Owe back what is spent here, or `which` of it (filters), except to a winner who declined.

        The first ones come back at once, the others by sweep. Called under the project's lock.
        """
        declined = self.agreements.declined().values("provider")
        due = Spending.objects.on(self.key).filter(**which).exclude(provider__in=declined).owe(reason)
        Spending.objects.on(self.key).give_back(title=self.title, most=RETURNED_AT_ONCE)
        if due > RETURNED_AT_ONCE:
            transaction.on_commit(lambda: doorbell.ring(RETURNS))

    class NotSubmittable(Refusal):
        sentence = _("This project has already been handed in. Open its report to see where it stands.")

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another project: nothing was written. Check it and send it again."
        )

    class NotEditable(Refusal):
        sentence = _("This project has been handed in: it can no longer be changed.")

    class NotDiscardable(Refusal):
        sentence = _("This project has been handed in: it can be withdrawn, no longer deleted.")

    class NotChangeable(Refusal):
        sentence = _("This project no longer takes offers: what it says can no longer be changed.")

    class ChangedElsewhere(Refusal):
        sentence = _("This project was changed in another tab meanwhile: open its page again. Nothing was published.")

    class Incomplete(Refusal):
        sentence = _("Something is still missing: title, teaser, description and budget are all needed to hand it in.")

    class WrittenElsewhere(Refusal):
        sentence = _("Another tab has written to this page of your draft at %(hour)s: what you see here is not saved.")

    class YouDeclined(Refusal):
        sentence = _("You were chosen for this project and declined: a credit would open nothing. Nothing was charged.")

    class CompanyHasBid(Refusal):
        sentence = _("Your company already has an offer on this project: one for each SIREN. Nothing was charged.")

    class FalseDetails(Refusal):
        sentence = _("Your details were found to be false. Correct them first, from your account page.")

    class DetailsInDoubt(Refusal):
        sentence = _("This client’s details were found to be false and are being corrected. Nothing was charged.")

    class TooManyFiles(Refusal):
        sentence = _("Ten files at most describe a project: remove one, or put several into one PDF.")

    class OpensInTheFuture(Refusal):
        sentence = _("A project cannot have been published in the future.")

    class StartsInThePast(Refusal):
        sentence = _("The wanted start has passed. Choose today or a later day.")

    class ClosesInThePast(Refusal):
        sentence = _("The closing date has passed. Choose a later one.")

    class NotModerable(Refusal):
        sentence = _("This project is no longer waiting for a decision.")

    class NeedsReason(Refusal):
        sentence = _("Give the reason: the client will read it, word for word.")

    class NotExtendable(Refusal):
        sentence = _("The time to choose can be extended once, between the closing of the offers and its own end.")

    class NotDue(Refusal):
        sentence = _("This project has not come to that date.")

    class NotWithdrawable(Refusal):
        sentence = _("This project can no longer be withdrawn: it is under way or already over.")

    class NotCancellable(Refusal):
        sentence = _("Only an open or an awarded project can be cancelled.")

    class NotAvailable(Refusal):
        sentence = _("This project is no longer available: it has just closed. Nothing was charged.")

    class OwnProject(Refusal):
        sentence = _("This project is yours or your company’s: you cannot bid on it. Nothing was charged.")

    class NeedsConsultation(Refusal):
        sentence = _("Open the dossier with a consultation credit first. Nothing was charged.")

    class NotActive(Refusal):
        sentence = _("This project is not under way.")
