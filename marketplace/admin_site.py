"""Django admin for our staff: a second factor to enter, rows to read, and deeds done by the domain's own methods.

Its first page begins with what waits for the reader: apps say it from their `admin.py` with `@waits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import display_for_field, display_for_value, label_for_field, lookup_field
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from marketplace import resume
from marketplace.forms import Deed

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User

    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


ViewType = TypeVar("ViewType", bound=Callable[..., HttpResponseBase])
PK = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Waiting:
    """Rows that wait for the staff: how many of what, in words, where they are, the oldest's date and the deadline."""

    words: str
    path: str
    since: datetime | None = None
    before: datetime | None = None


Queue = Callable[["User"], Iterable[Waiting]]
queues: list[Queue] = []


def waits(queue: Queue) -> Queue:
    """Declare a function that gives what waits for a member of the staff, by their own rights."""
    queues.append(queue)
    return queue


def waiting_for(user: User) -> list[Waiting]:
    """All that waits for `user`, the nearest deadline first."""
    found = [waiting for queue in queues for waiting in queue(user)]
    return sorted(found, key=lambda waiting: waiting.before.timestamp() if waiting.before else float("inf"))


class ParapheAdminSite(AdminSite):
    """Django admin for staff with a second factor. Its log-in is the site's own, with the same limits on failures."""

    enable_nav_sidebar = False
    index_template = "admin/desk.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        waiting = waiting_for(cast("User", request.user))
        return super().index(request, {**(extra_context or {}), "waiting": waiting})

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_mfa_enabled(request.user)

    def admin_view(self, view: ViewType, cacheable: bool = False) -> ViewType:  # noqa: FBT001, FBT002
        """The guarded view. What was typed after the session had ended waits for its author, as everywhere.

        A NUL in the address of a list is answered as Django answers a wrong filter.
        """
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def resumable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if holds_nul(request):
                return redirect(f"{request.path}?{ERROR_FLAG}=1")
            if request.method == "POST" and not request.user.is_authenticated:
                resume.keep(request)
            kept = resume.offer(request) if self.has_permission(request) else None
            return kept or guarded(request, *args, **kwargs)

        return cast("ViewType", resumable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send everybody where they get what they lack: a session, a second factor; it does not exist for others."""
        if self.has_permission(request):
            return redirect("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if not request.user.is_staff:
            raise Http404
        messages.warning(request, _("Set up a second factor first: the administration asks for one."))
        return redirect("mfa_activate_totp")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")


def holds_nul(request: HttpRequest) -> bool:
    """Whether a list is filtered by a NUL, which no column of the database takes."""
    match = request.resolver_match
    is_list = match is not None and str(match.url_name).endswith("_changelist")
    return is_list and any("\0" in text for name, values in request.GET.lists() for text in (name, *values))


class Confirmation(Deed):
    """A deed that asks for nothing but a click."""


class WithReason(Deed):
    """A deed whose reason is told to the person concerned."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 4, "cols": 80}), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Reason, told to the person concerned")


@dataclass(frozen=True)
class AdminDeed:
    """Something that staff may do to a row: `perform(row, staff member, cleaned data)` calls the domain's method.

    A Refusal becomes an error of the form. `offered` says on which rows the button appears (the domain decides all
    the same); `reauthenticate` asks for the password again first: for what moves money. A `grave` one says no to
    somebody: its button is red.
    """

    label: str | _StrPromise
    permission: str
    perform: Callable[[Any, User, dict[str, Any]], object]
    form: type[Deed] = Confirmation
    offered: Callable[[Any], bool] = lambda row: True
    reauthenticate: bool = False
    grave: bool = False
    template: ClassVar[str] = "admin/deed.html"

    def permits(self, user: Any, row: Any) -> bool:
        """Whether the page of this deed on `row` exists for `user`."""
        return bool(user.has_perm(self.permission))

    def hears(self, user: Any, row: Any) -> bool:
        """Whether what `user` sends is answered on its page, be it by a refusal: nothing typed is lost."""
        return self.permits(user, row)

    def name_on(self, row: Any) -> str | _StrPromise:
        """What it is called on `row`: its button, the title of its page, what is said once it is done."""
        return self.label

    def is_for(self, user: Any, row: Model) -> bool:
        """Whether `user` finds this button on `row`."""
        return self.permits(user, row) and self.offered(row)

    def filled(self, request: HttpRequest, row: Any) -> Deed:
        """Its form on `row`, with what was sent."""
        return self.form(request.POST or None, request.FILES or None)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that staff read and never edit; `deeds` are the only way to change something."""

    deeds: ClassVar[dict[str, AdminDeed]] = {}
    deed_facts: ClassVar[Sequence[str]] = ()  # what the page of a deed says of the row; the list's columns by default
    change_form_template = "admin/deeds.html"
    empty_value_display = "–"
    actions: Sequence[Any] | None = None

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:  # type: ignore[override]
        """Carry out an action on the rows that were ticked; what no box of ours sends is a bad request."""
        if not all(PK.fullmatch(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("A row that was chosen has no number.")
        return super().response_action(request, queryset)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The fields; a row that the reader may not open is named without a link, which would lead to a refusal."""
        return [
            unlinked(self.opts.get_field(str(name))) if self.leads_nowhere(request, name) else name
            for name in super().get_fields(request, obj)
        ]

    def leads_nowhere(self, request: HttpRequest, name: Any) -> bool:
        """Whether the field `name` points to rows that have an admin page, but not for this reader."""
        related = {field.name: field.related_model for field in self.opts.fields}.get(name)
        page = self.admin_site._registry.get(cast("type[Model]", related))
        return page is not None and not page.has_view_permission(request)

    def route(self, page: str) -> str:
        """The name of one of this model's admin pages: `changelist`, `change`, `deed`."""
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def get_urls(self) -> list[URLPattern]:
        name = self.route("deed").removeprefix("admin:")
        deed = path("<int:pk>/<slug:deed>/do/", self.admin_site.admin_view(self.deed_view), name=name)
        return [deed, *super().get_urls()] if self.deeds else super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        context["deeds"] = [
            (deed, deed.name_on(row), reverse(self.route("deed"), args=[row.pk, name]))
            for name, deed in self.deeds.items()
            if row is not None and deed.is_for(request.user, row)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def deed_view(self, request: HttpRequest, pk: int, deed: str) -> HttpResponseBase:
        """The page of one deed on one row: what it asks for, then the deed itself."""
        row = self.get_object(request, str(pk))
        if row is None or deed not in self.deeds:
            raise Http404
        asked = self.deeds[deed].hears if request.method == "POST" else self.deeds[deed].permits
        if not (self.has_view_permission(request, row) and asked(request.user, row)):
            raise PermissionDenied
        if self.deeds[deed].reauthenticate:
            guarded = reauthentication_required(self.do, allow_get=False)
            return cast("HttpResponseBase", guarded(request, row, self.deeds[deed]))
        return self.do(request, row, self.deeds[deed])

    def do(self, request: HttpRequest, row: Model, deed: AdminDeed) -> HttpResponse:
        """Perform `deed` when its form is sent and valid; else draw it."""
        form, name = deed.filled(request, row), deed.name_on(row)
        if form.is_valid():
            form.perform(lambda: deed.perform(row, cast("User", request.user), form.cleaned_data))
            if not form.errors:
                messages.success(request, _("Done: %(deed)s.") % {"deed": name})
                return redirect(self.route("change"), row.pk)
        return self.draw(request, row, deed, form)

    def draw(self, request: HttpRequest, row: Model, deed: AdminDeed, form: Deed) -> TemplateResponse:
        """The page of `deed`; a form that was refused comes back with what was typed."""
        page = self.admin_site.each_context(request) | {
            "title": deed.name_on(row),
            "deed": deed,
            "form": form,
            "original": row,
            "facts": [self.fact(row, name) for name in self.deed_facts or self.list_display],
            "opts": self.opts,
            "back": reverse(self.route("change"), args=[row.pk]),
        }
        return TemplateResponse(request, deed.template, page)

    def fact(self, row: Model, name: str | Callable[[Any], Any]) -> tuple[str, str]:
        """A label and what it says of `row`, as the row's own page shows it."""
        field, _attribute, value = lookup_field(name, row, self)
        label = capfirst(str(label_for_field(name, self.model, self)))
        if field is None or field.is_relation:
            return label, str(display_for_value(value, "–"))
        return label, str(display_for_field(value, field, "–"))


def unlinked(field: Any) -> Callable[[Model], str]:
    """A column with what `field` points to, as plain words."""

    @admin.display(description=field.verbose_name, empty_value="–")
    def words(row: Model) -> str:
        return str(getattr(row, field.name) or "")

    words.__name__ = field.name
    return words
