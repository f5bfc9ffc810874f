from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Min
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace import deadlines
from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, Waiting, WithReason, waits
from marketplace.templatetags.page import filesize_fr, paris_short
from projects import desk, people_desk
from projects.cards import budget_words
from projects.changes import history
from projects.models import Category, Project, ProjectState, ProjectVersion
from projects.newsletter_desk import CopyAdmin, EditionAdmin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model, QuerySet

    from marketplace.accounts.models import User

    CategoryBase = admin.ModelAdmin[Category]
    Filter = admin.SimpleListFilter
else:
    CategoryBase, Filter = admin.ModelAdmin, admin.SimpleListFilter

CHANGED = "changed"
MOST_VERSIONS = 20


__all__ = ["CategoryAdmin", "CopyAdmin", "EditionAdmin", "ProjectAdmin", "desk", "people_desk"]


class Stage(Filter):
    """The queue of projects to be moderated first; the others on demand."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        states = [("all", _("All")), (CHANGED, _("Changed after opening, to be looked at"))]
        return [*states, *((str(state.value), str(state.label)) for state in ProjectState)]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:  # type: ignore[override]
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.wanted == value, "query_string": query, "display": label}

    @property
    def wanted(self) -> str:
        """The stage asked for: the queue unless something else is."""
        return str(self.value() or ProjectState.SUBMITTED)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.wanted == CHANGED:
            return queryset.filter(pk__in=ProjectVersion.objects.to_look_at().values("project"))
        return queryset if self.wanted == "all" else queryset.filter(state=self.wanted)


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    """Moderation: the longest waiting first; nothing can be edited, only approved or rejected."""

    list_display = ["title", "client", "category", "budget", "submitted_at", "due", "state"]
    list_filter = [Stage, "urgent", "category"]
    list_select_related = ["client", "category"]
    search_fields = ["title", "=key", "client__email"]
    ordering = ["submitted_at", "pk"]
    show_full_result_count = False
    fields = [
        *(
            "client",
            "company",
            "state",
            "rejection_reason",
            "what_changed",
            "title",
            "teaser",
            "description",
            "files",
            "category",
        ),
        *("skills", "budget", "place", "city", "is_urgent", "starts_on", "formula_wanted", "is_sealed", "closes_at"),
        *("submitted_at", "due", "opened_at", "awarded_at", "ended_at"),
        *("offers_count", "questions_count", "source_url"),
    ]
    readonly_fields = ["company", "files", "budget", "due", "what_changed", "is_urgent", "is_sealed"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "approve": AdminDeed(
            gettext_lazy("Approve and publish"),
            "projects.moderate_project",
            lambda project, by, data: project.approve(by=by),
            offered=lambda project: project.state == ProjectState.SUBMITTED,
        ),
        "reject": AdminDeed(
            gettext_lazy("Reject"),
            "projects.moderate_project",
            lambda project, by, data: project.reject(by=by, reason=data["reason"]),
            form=WithReason,
            grave=True,
            offered=lambda project: project.state in {ProjectState.SUBMITTED, ProjectState.OPEN},
        ),
        "cancel": AdminDeed(
            gettext_lazy("Cancel the project"),
            "projects.moderate_project",
            lambda project, by, data: project.cancel(by=by, reason=data["reason"]),
            form=WithReason,
            grave=True,
            offered=lambda project: project.state in {ProjectState.OPEN, ProjectState.AWARDED},
        ),
        "looked-at": AdminDeed(
            gettext_lazy("Changes looked at"),
            "projects.moderate_project",
            lambda project, by, data: project.look_at_changes(by=by),
            offered=lambda project: project.versions.to_look_at().exists(),
        ),
    }

    @admin.display(description=gettext_lazy("what has changed"))
    def what_changed(self, project: Project) -> str:
        """Each version against the one before it, the latest first, with why it was rejected."""
        rows = list(project.versions.order_by("-number")[: MOST_VERSIONS + 1])[::-1]
        return render_to_string("admin/versions.html", {"history": history(rows)[:MOST_VERSIONS]})

    @admin.display(description=gettext_lazy("budget"), ordering="budget_max_cents")
    def budget(self, project: Project) -> str:
        return budget_words(project.budget_min_cents, project.budget_max_cents)

    @admin.display(description=gettext_lazy("decide before"), ordering="submitted_at", empty_value="–")
    def due(self, project: Project) -> str:
        return paris_short(project.moderate_by if project.state == ProjectState.SUBMITTED else None)

    @admin.display(description=gettext_lazy("urgent"))
    def is_urgent(self, project: Project) -> str:
        return _("yes") if project.urgent else _("no")

    @admin.display(description=gettext_lazy("sealed offers"))
    def is_sealed(self, project: Project) -> str:
        return _("yes") if project.sealed else _("no")

    @admin.display(description=gettext_lazy("company"))
    def company(self, project: Project) -> str:
        return project.client.company.name if project.client.has_company else "–"

    @admin.display(description=gettext_lazy("specification"))
    def files(self, project: Project) -> str:
        documents = [file.document for file in project.specification_files.select_related("document")]
        rows = [(document.get_absolute_url(), document.name, filesize_fr(document.size)) for document in documents]
        return format_html_join("", '<p><a href="{}">{}</a> ({})</p>', rows) or "–"


@waits
def moderation(user: User) -> Iterator[Waiting]:
    """The projects that wait for approval, for who may give it."""
    queue = Project.objects.filter(state=ProjectState.SUBMITTED).order_by()
    found = queue.aggregate(number=Count("pk"), since=Min("submitted_at"))
    if found["number"] and user.has_perm("projects.moderate_project"):
        yield Waiting(
            ngettext("%(n)s project to approve", "%(n)s projects to approve", found["number"]) % {"n": found["number"]},
            reverse("admin:projects_project_changelist"),
            since=found["since"],
            before=deadlines.after(found["since"], settings.MODERATION_DAYS),
        )


@waits
def changes(user: User) -> Iterator[Waiting]:
    """The open projects that their clients have changed, for who may look at them."""
    found = ProjectVersion.objects.to_look_at().aggregate(
        number=Count("project", distinct=True), since=Min("written_at")
    )
    if found["number"] and user.has_perm("projects.moderate_project"):
        words = ngettext("%(n)s changed project to look at", "%(n)s changed projects to look at", found["number"])
        yield Waiting(
            words % {"n": found["number"]},
            f"{reverse('admin:projects_project_changelist')}?state={CHANGED}",
            since=found["since"],
            before=deadlines.after(found["since"], settings.MODERATION_DAYS),
        )


@admin.register(Category)
class CategoryAdmin(CategoryBase):
    """The categories, for the administrators."""

    list_display = ["name_fr", "name_en", "slug", "position"]

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        return False
