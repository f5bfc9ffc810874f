"""What Modération follows up in the administration: projects reported to it, details that are called false."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.admin_site import AdminDeed, Confirmation, ReadOnlyAdmin, Waiting, WithReason, waits
from marketplace.templatetags.page import paris_short
from projects.models import ClaimState, DetailsClaim, Flag, FlagState, ProjectState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.db.models import Model, QuerySet
    from django_stubs_ext import StrPromise

    from marketplace.accounts.models import User
    from marketplace.forms import Deed

    Filter = admin.SimpleListFilter
else:
    Filter = admin.SimpleListFilter

MODERATE = "projects.moderate_project"


def moderating(
    label: StrPromise,
    deed: Callable[..., object],
    *,
    on: Callable[[Any], bool],
    form: type[Deed] = Confirmation,
    asked: Mapping[str, str] | None = None,
) -> AdminDeed:
    """A deed of Modération, offered `on` some rows: the domain's own method, by the member of the staff.

    `asked` maps its arguments to the fields of `form`. One that asks for words says no to somebody.
    """

    def perform(row: Any, by: User, data: dict[str, Any]) -> object:
        return deed(row, by=by, **{argument: data[field] for argument, field in (asked or {}).items()})

    return AdminDeed(label, MODERATE, perform, form=form, offered=on, grave=bool(asked))


def queue(user: User, rows: QuerySet[Any], words: Any) -> Iterator[Waiting]:
    """What of `rows`, the longest waiting first, waits for `user` when they moderate; `words` count it."""
    oldest = rows.first() if user.has_perm(MODERATE) else None
    if oldest:
        number = rows.count()
        page = reverse(f"admin:projects_{rows.model._meta.model_name}_changelist")
        since = getattr(oldest, "stated_at", None) or oldest.filed_at
        yield Waiting(words % {"n": number}, page, since=since, before=oldest.answer_by)


class Answered(Filter):
    """What waits for an answer first; what has had one on demand."""

    title = _("state")
    parameter_name = "view"
    pending: ClassVar[tuple[str, ...]]

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("", str(_("To be answered"))), ("all", str(_("All")))]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:  # type: ignore[override]
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.wants_all == (value == "all"), "query_string": query, "display": label}

    @property
    def wants_all(self) -> bool:
        """Whether answered ones are asked for too."""
        return self.value() == "all"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset if self.wants_all else self.waiting(queryset)

    def waiting(self, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """What waits for an answer."""
        return queryset.filter(state__in=self.pending)


class FlagAnswered(Answered):
    """Reports of projects."""

    pending = (FlagState.OPEN, FlagState.TAKEN)


class WithAnswer(WithReason):
    """A rejection after reports: the reason for the client, and a word for those who reported."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 4, "cols": 80}), max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Reason of the rejection, told to the client")
        self.fields["words"].label = _("A word to those who reported the project, if you wish")


@admin.register(Flag)
class FlagAdmin(ReadOnlyAdmin):
    """Projects reported: the longest waiting first. All the reports of one project are answered together."""

    list_display = ["project", "reason", "filed_at", "due", "together", "state"]
    list_filter = [FlagAnswered, "reason"]
    list_select_related = ["project", "reporter"]
    search_fields = ["project__title", "=project__key", "reporter__email"]
    ordering = ["filed_at", "pk"]
    show_full_result_count = False
    fields = [
        *("project", "page", "project_state", "reason", "text", "reporter", "filed_at", "due", "others"),
        *("state", "taken_by", "closed_at", "closed_by", "words"),
    ]
    readonly_fields = ["page", "project_state", "due", "others"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "take": moderating(_("Take up"), Flag.take_up, on=lambda flag: flag.state == FlagState.OPEN),
        "dismiss": moderating(
            _("Answer, the project stays"),
            Flag.dismiss,
            on=lambda flag: flag.state == FlagState.TAKEN,
            form=WithReason,
            asked={"words": "reason"},
        ),
        "uphold": moderating(
            _("Reject the project"),
            Flag.uphold,
            on=lambda flag: flag.state in FlagAnswered.pending and flag.project.state == ProjectState.OPEN,
            form=WithAnswer,
            asked={"reason": "reason", "words": "words"},
        ),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        same = Flag.objects.pending().filter(project=OuterRef("project")).order_by().values("project")
        return Flag.objects.annotate(waiting=Coalesce(Subquery(same.values(n=Count("pk"))), 0))

    @admin.display(description=_("answer before"), ordering="filed_at", empty_value="–")
    def due(self, flag: Flag) -> str:
        return paris_short(flag.answer_by if flag.state in FlagAnswered.pending else None)

    @admin.display(description=_("reports waiting"))
    def together(self, flag: Flag) -> int:
        return int(vars(flag)["waiting"])

    @admin.display(description=_("state of the project"))
    def project_state(self, flag: Flag) -> str:
        return str(flag.project.get_state_display())

    @admin.display(description=_("page of the project"))
    def page(self, flag: Flag) -> str:
        return format_html('<a href="{0}">{0}</a>', flag.project.get_absolute_url())

    @admin.display(description=_("other reports of the project"))
    def others(self, flag: Flag) -> str:
        rows = flag.project.flags.exclude(pk=flag.pk).select_related("reporter").order_by("pk")
        told = [
            (reverse("admin:projects_flag_change", args=[row.pk]), row.get_reason_display(), row.reporter, row.text)
            for row in rows
        ]
        return format_html_join("", '<p><a href="{}">{}</a> ({})<br>{}</p>', told) or "–"


@waits
def flags(user: User) -> Iterator[Waiting]:
    """The reports that wait for an answer, for who may give it."""
    words = ngettext_lazy("%(n)s report of a project to answer", "%(n)s reports of projects to answer", "n")
    yield from queue(user, Flag.objects.pending().order_by("filed_at", "pk"), words)


class ClaimAnswered(Answered):
    """Claims of false details, and those that their client contests."""

    pending = (ClaimState.OPEN,)

    def waiting(self, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(pk__in=DetailsClaim.objects.to_decide().values("pk"))


@admin.register(DetailsClaim)
class DetailsClaimAdmin(ReadOnlyAdmin):
    """Details that providers call false: staff call and write, then give the credit back or say why not."""

    list_display = ["project", "client", "wrong_words", "provider", "filed_at", "due", "state"]
    list_filter = [ClaimAnswered]
    list_select_related = ["project", "client__company", "spending__provider"]
    search_fields = ["project__title", "=project__key", "client__email", "spending__provider__email"]
    ordering = ["filed_at", "pk"]
    show_full_result_count = False
    fields = [
        *("project", "client", "company", "email", "phone", "wrong_words", "text", "provider", "spent_at", "filed_at"),
        *("due", "others", "state", "decided_at", "statement", "stated_at", "corrected_since", "words", "corrected_at"),
    ]
    readonly_fields = [
        *("company", "email", "phone", "wrong_words", "provider", "spent_at", "due", "others", "corrected_since"),
    ]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "confirm": moderating(
            _("Details false: give the credit back"),
            DetailsClaim.confirm,
            on=lambda claim: claim.state == ClaimState.OPEN,
        ),
        "refuse": moderating(
            _("Details right: the credit stays spent"),
            DetailsClaim.refuse,
            on=lambda claim: claim.state == ClaimState.OPEN,
            form=WithReason,
            asked={"words": "reason"},
        ),
        "believe": moderating(
            _("Details right after all: the client may publish"),
            DetailsClaim.believe,
            on=lambda claim: claim.is_contested,
        ),
        "insist": moderating(
            _("Details false all the same: the client corrects them"),
            DetailsClaim.insist,
            on=lambda claim: claim.is_contested,
            form=WithReason,
            asked={"words": "reason"},
        ),
    }

    @admin.display(description=_("what is wrong"))
    def wrong_words(self, claim: DetailsClaim) -> str:
        return claim.wrong_words

    @admin.display(description=_("company"), empty_value="–")
    def company(self, claim: DetailsClaim) -> str:
        return claim.client.company.name if claim.client.has_company else ""

    @admin.display(description=_("e-mail"))
    def email(self, claim: DetailsClaim) -> str:
        return claim.client.email

    @admin.display(description=_("phone"), empty_value="–")
    def phone(self, claim: DetailsClaim) -> str:
        return claim.client.phone

    @admin.display(description=_("provider"))
    def provider(self, claim: DetailsClaim) -> str:
        return str(claim.spending.provider)

    @admin.display(description=_("credit spent at"))
    def spent_at(self, claim: DetailsClaim) -> str:
        return paris_short(claim.spending.at)

    @admin.display(description=_("answer before"), ordering="filed_at", empty_value="–")
    def due(self, claim: DetailsClaim) -> str:
        waits = claim.state == ClaimState.OPEN or claim.is_contested
        return paris_short(claim.answer_by if waits else None)

    @admin.display(description=_("changed since it was found false"), empty_value="–")
    def corrected_since(self, claim: DetailsClaim) -> str:
        if claim.state != ClaimState.CONFIRMED:
            return ""
        return gettext("yes") if claim.is_corrected else gettext("no")

    @admin.display(description=_("other claims about this client"))
    def others(self, claim: DetailsClaim) -> str:
        rows = claim.client.details_claims.exclude(pk=claim.pk).order_by("pk")
        told = [
            (reverse("admin:projects_detailsclaim_change", args=[row.pk]), row.wrong_words, row.get_state_display())
            for row in rows
        ]
        return format_html_join("", '<p><a href="{}">{}</a> ({})</p>', told) or "–"


@waits
def claims(user: User) -> Iterator[Waiting]:
    """The details to be checked, for who may decide."""
    words = ngettext_lazy("%(n)s client’s details to check", "%(n)s clients’ details to check", "n")
    yield from queue(user, DetailsClaim.objects.open().order_by("filed_at", "pk"), words)


@waits
def statements(user: User) -> Iterator[Waiting]:
    """The details to be checked again, since their client contests what was found."""
    words = ngettext_lazy("%(n)s client contests what was found", "%(n)s clients contest what was found", "n")
    yield from queue(user, DetailsClaim.objects.contested().order_by("stated_at", "pk"), words)
