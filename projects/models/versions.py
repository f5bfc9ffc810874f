"""What a client wrote of a project, each time it was handed in or changed after that."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .content import Content, plain
from .projects import Project

if TYPE_CHECKING:
    from marketplace.accounts.models import User

# The closing date is no part of it: opening may fill it in, re-opening moves it.
WRITTEN = tuple(name for name in Content.__dataclass_fields__ if name != "closes_at")
LONGEST_EXCERPT = 600  # characters of a long text in an event's facts


def differing(before: str | None, after: str) -> tuple[str, str]:
    """The lines of each text that the other has not, shortened."""
    old, new = (before or "").splitlines(), after.splitlines()
    gone, come = set(new), set(old)
    texts = ["\n".join(line for line in lines if line not in other) for lines, other in ((old, gone), (new, come))]
    first, second = (text if len(text) <= LONGEST_EXCERPT else text[: LONGEST_EXCERPT - 1] + "…" for text in texts)
    return first, second


class VersionQuerySet(models.QuerySet["ProjectVersion"]):
    def published(self) -> VersionQuerySet:
        """Versions that the public saw: not those that were corrected before the project opened."""
        return self.filter(published_at__isnull=False)

    def readable_by(self, user: User) -> VersionQuerySet:
        """Published versions of the projects whose dossier `user` may read."""
        return self.published().filter(project__in=Project.objects.dossier_open_to(user))

    def to_look_at(self) -> VersionQuerySet:
        """Changes made to open projects that no moderator has looked at yet."""
        return self.filter(changed_open=True, looked_at=None)

    def title_seen_of(self, project: F | OuterRef) -> Subquery:
        """The title that the public last saw of `project`, of the outer query."""
        seen = self.published().filter(project=project).order_by("-number")
        return Subquery(seen.values(seen_title=KeyTextTransform("title", "content"))[:1])

    def keep(self, project: Project) -> ProjectVersion:
        """The version that says what `project` says now: its latest, or else a new one with the next number.

        Called by Project under its lock, once the columns and the files are written.
        """
        latest = self.filter(project=project).order_by("-number").first()
        content = {name: plain(getattr(project, name)) for name in WRITTEN}
        rows = project.specification_files.order_by("pk").values_list("document__name", "document__sha256")
        files = [list(row) for row in rows]
        if latest and (latest.content, latest.files) == (content, files):
            return latest
        number = latest.number + 1 if latest else 1
        return self.create(project=project, number=number, content=content, files=files)


class ProjectVersion(models.Model):
    """A numbered snapshot of a project (product, section 4.1): what its client wrote, its files by name and SHA-256.

    It is never changed; moderation notes on it why it was rejected, or that it has been looked at.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="versions", verbose_name=_("project"))
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    files = models.JSONField(default=list)
    written_at = models.DateTimeField(_("written at"), default=timezone.now)
    published_at = models.DateTimeField(_("published at"), null=True)
    published_number = models.PositiveIntegerField(null=True)  # what the public counts: refusals leave no gap in it
    changed_open = models.BooleanField(default=False)  # it replaced another one before the public's eyes
    rejection_reason = models.TextField(_("rejection reason"), blank=True)
    looked_at = models.DateTimeField(null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_project_version_per_number"),
            models.CheckConstraint(condition=Q(number__gt=0), name="project_version_is_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(changed_open=False) | Q(published_at__isnull=False), name="changed_version_is_published"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, published_number=None)
                | Q(published_at__isnull=False, published_number__gt=0),
                name="published_version_is_numbered_from_one",
            ),
            models.UniqueConstraint(fields=["project", "published_number"], name="one_version_per_published_number"),
        ]
        indexes = [
            models.Index(
                fields=["written_at", "id"], condition=Q(changed_open=True, looked_at=None), name="version_to_look_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}, {self.number}"

    def mark_published(self, at: datetime, *, changed_open: bool = False) -> None:
        """The public sees it from `at` on, under a number of its own. Called by Project under its lock."""
        if self.published_number is None:
            self.published_number = self.project.versions.published().count() + 1
        self.published_at, self.changed_open = at, changed_open
        self.save(update_fields=["published_at", "published_number", "changed_open"])

    def mark_rejected(self, reason: str) -> None:
        """Moderation refused it, and why. Called by Project under its lock."""
        self.rejection_reason = reason
        self.save(update_fields=["rejection_reason"])

    def mark_looked_at(self) -> None:
        """A moderator has looked at it. Called by Project under its lock."""
        self.looked_at = timezone.now()
        self.save(update_fields=["looked_at"])

    def changes_since(self, former: ProjectVersion) -> list[list[Any]]:
        """What differs from `former`: [field, before, after] each, plain JSON for the facts of an event.

        Of the description only the lines that differ, shortened; of the files the names that went and that came.
        """
        found = [[name, former.content.get(name), self.content[name]] for name in WRITTEN]
        changed = [row for row in found if row[1] != row[2]]
        rows = [["description", *differing(*row[1:])] if row[0] == "description" else row for row in changed]
        if self.files != former.files:
            gone = [name for name, sha in former.files if [name, sha] not in self.files]
            rows.append(["files", gone, [name for name, sha in self.files if [name, sha] not in former.files]])
        return rows

    @property
    def before(self) -> ProjectVersion | None:
        """The version that it replaced, none for the first."""
        return ProjectVersion.objects.filter(project=self.project_id, number__lt=self.number).last()
