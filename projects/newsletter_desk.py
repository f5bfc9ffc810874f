"""The newsletter in the administration: what became of each edition and copy, and what a provider would get now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import SELF
from csp.decorators import csp_update
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from marketplace.accounts.models import User
from marketplace.admin_site import ReadOnlyAdmin
from marketplace.templatetags.page import number, paris_short
from projects import matching, newsletter
from projects.models import CopyState, Edition, NewsletterCopy, Project

if TYPE_CHECKING:
    from datetime import datetime

    from django.core.mail import EmailMultiAlternatives
    from django.db.models import Aggregate, Model, QuerySet

    Filter = admin.SimpleListFilter
else:
    Filter = admin.SimpleListFilter

IN_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
COUNTS = ("copies", "waiting", "sent", "refused", "dropped", "lost")
TIMES = ("first_sent", "last_sent", "took")
LONGEST_KEY = 18  # digits of an account's number


def of_copies(found: Aggregate, **wanted: Any) -> Subquery:
    """`found` over the copies of an edition, worked out for the rows shown only, in an index alone."""
    copies = NewsletterCopy.objects.filter(edition=OuterRef("pk"), **wanted).order_by()
    return Subquery(copies.values("edition").annotate(found=found).values("found"))


def counted(*states: CopyState) -> Coalesce:
    """How many copies of an edition are in one of `states`."""
    wanted = {"state__in": states} if states else {}
    return Coalesce(of_copies(Count("pk"), **wanted), 0, output_field=IntegerField())


class PreviewForm(forms.Form):
    """Whose copy to look at."""

    provider = forms.CharField(
        label=_("E-mail address or account number of the provider"),
        max_length=254,
        widget=forms.TextInput(attrs={"size": 40}),
    )

    def clean_provider(self) -> User:
        typed = self.cleaned_data["provider"].strip().lower()
        wanted = Q(pk=int(typed)) if typed.isdecimal() and len(typed) <= LONGEST_KEY else Q(email=typed)
        user = User.objects.filter(wanted, is_provider=True, company__isnull=False).first()
        if user is None:
            raise forms.ValidationError(_("No provider has this address or number."), code="unknown")
        return user


class Preview:
    """The copy that a provider would get now: chosen and written as the newsletter does, and never sent or kept."""

    def __init__(self, provider: User) -> None:
        self.provider = provider
        self.is_reader = newsletter.readers().filter(pk=provider.pk).exists()

    @cached_property
    def mail(self) -> EmailMultiAlternatives | None:
        """The mail, or None when nothing is new. Its link to unsubscribe leads nowhere: staff are not its reader."""
        keys = matching.preview(self.provider.pk)
        projects = {project.key: project for project in Project.objects.filter(key__in=keys).defer("search")}
        return newsletter.letter_to(self.provider, [projects[key] for key in keys], "#") if keys else None

    @property
    def html(self) -> str:
        """Its HTML part."""
        return str(self.mail.alternatives[0][0]) if self.mail else ""


@admin.register(Edition)
class EditionAdmin(ReadOnlyAdmin):
    """The last runs with their figures, and the preview."""

    list_display = ("day", "matched", *COUNTS, *TIMES)
    readonly_fields = ("day", "until", "written_at", "matched", *COUNTS, *TIMES, "every_copy")
    fields = readonly_fields
    ordering = ["-day"]
    list_per_page = 31
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        return Edition.objects.annotate(
            n_copies=counted(),
            n_waiting=counted(CopyState.READY, CopyState.LEAVING),
            n_sent=counted(CopyState.SENT),
            n_refused=counted(CopyState.FAILED),
            n_dropped=counted(CopyState.DROPPED),
            n_lost=counted(CopyState.LOST),
            first_at=of_copies(Min("sent_at"), state=CopyState.SENT),
            last_at=of_copies(Max("sent_at"), state=CopyState.SENT),
        )

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(require_safe(csp_update({"frame-src": [SELF]})(self.preview)))
        html = self.admin_site.admin_view(require_safe(xframe_options_sameorigin(self.html)))
        return [
            path("preview/", preview, name="projects_edition_preview"),
            path("preview/<int:pk>/html/", html, name="projects_edition_html"),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The page of the preview: whose, then the mail as text and, in a frame of its own, as HTML."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PreviewForm(request.GET or None)
        found = Preview(form.cleaned_data["provider"]) if form.is_valid() else None
        page = {"title": _("Preview of the newsletter"), "opts": self.opts, "form": form, "preview": found}
        return TemplateResponse(request, "admin/preview.html", self.admin_site.each_context(request) | page)

    def html(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part alone, with its own style and nothing else: no script, no form, no link that opens."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        provider = User.objects.filter(pk=pk, is_provider=True, company__isnull=False).first()
        html = Preview(provider).html if provider else ""
        if not html:
            raise Http404
        return HttpResponse(html, headers={"Content-Security-Policy": IN_MAIL})

    @admin.display(description=_("matched"))
    def matched(self, edition: Edition) -> str:
        return span(edition.until, edition.written_at) or str(_("under way"))

    @admin.display(description=_("copies"))
    def copies(self, edition: Any) -> str:
        return number(edition.n_copies)

    @admin.display(description=_("to be sent"))
    def waiting(self, edition: Any) -> str:
        return number(edition.n_waiting)

    @admin.display(description=_("copies sent"))
    def sent(self, edition: Any) -> str:
        return number(edition.n_sent)

    @admin.display(description=_("copies refused"))
    def refused(self, edition: Any) -> str:
        return linked(edition, edition.n_refused, CopyState.FAILED)

    @admin.display(description=_("copies not sent"))
    def dropped(self, edition: Any) -> str:
        return number(edition.n_dropped)

    @admin.display(description=_("copies lost"))
    def lost(self, edition: Any) -> str:
        return linked(edition, edition.n_lost, CopyState.LOST)

    @admin.display(description=_("first sent"), empty_value="–")
    def first_sent(self, edition: Any) -> str:
        return paris_short(edition.first_at)

    @admin.display(description=_("last sent"), empty_value="–")
    def last_sent(self, edition: Any) -> str:
        return paris_short(edition.last_at)

    @admin.display(description=_("sent in"), empty_value="–")
    def took(self, edition: Any) -> str:
        return span(edition.first_at, edition.last_at)

    @admin.display(description=_("copies of the newsletter"))
    def every_copy(self, edition: Edition) -> str:
        return format_html('<a href="{}">{}</a>', copies_path(edition), _("See every copy"))


def span(start: datetime | None, end: datetime | None) -> str:
    """How long it took, in seconds; nothing while it is not over."""
    if start is None or end is None:
        return ""
    seconds = round((end - start).total_seconds())
    return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": number(seconds)}


def copies_path(edition: Edition, state: str = "all") -> str:
    """The list of an edition's copies in `state`."""
    return f"{reverse('admin:projects_newslettercopy_changelist')}?edition__id__exact={edition.pk}&state={state}"


def linked(edition: Edition, count: int, state: CopyState) -> str:
    """A count that leads to its copies."""
    return format_html('<a href="{}">{}</a>', copies_path(edition, state), number(count)) if count else "0"


class Fate(Filter):
    """What did not arrive first; the others on demand."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        states = ((str(state.value), str(state.label)) for state in CopyState)
        return [("", str(_("refused or lost"))), ("all", str(_("All"))), *states]

    def choices(self, changelist: Any) -> Any:
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": (self.value() or "") == value, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() == "all":
            return queryset
        return queryset.filter(state__in=[self.value()] if self.value() else [CopyState.FAILED, CopyState.LOST])


@admin.register(NewsletterCopy)
class CopyAdmin(ReadOnlyAdmin):
    """Single copies, those that did not arrive first: refused with the server's words, or lost and why."""

    list_display = ["id", "edition", "provider", "state", "sent_at", "attempts", "failure"]
    list_filter = [Fate]
    list_select_related = ["edition", "provider"]
    search_fields = ["provider__email"]
    ordering = ["-id"]
    fields = ["edition", "provider", "state", "projects", "sent_at", "attempts", "next_try_at", "failure"]
    readonly_fields = ["projects"]
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "edition__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description=_("projects"))
    def projects(self, copy: NewsletterCopy) -> str:
        titles = dict(Project.objects.filter(key__in=copy.project_keys).values_list("key", "title"))
        return " · ".join(titles.get(key, key) for key in copy.project_keys)
