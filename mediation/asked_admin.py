"""The administration of what the SMA was asked: what has no case yet waits there, and is opened by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from escrow.models import CaseRequest
from escrow.models.clock import ASK
from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, Waiting, waits
from marketplace.templatetags.page import euros, paris_short
from mediation.asking import is_open, take_up_by_hand
from mediation.bench_deeds import ASSIGN
from mediation.models import Dispute
from mediation.models.bench import of_sides, tied_to
from projects.models import Deadline

if TYPE_CHECKING:
    from escrow.models.cases import CaseRequestQuerySet
    from marketplace.accounts.models import User

READ = "escrow.view_caserequest"


def asked_of(staff: User) -> CaseRequestQuerySet:
    """What `staff` finds of what was asked: nothing in which a side is tied to them. `due`: when it is asked again."""
    about = {"kind": ASK, "subject_label": "escrow.escrowaccount", "subject_id": OuterRef("tranche__account")}
    due = Subquery(Deadline.objects.waiting().filter(**about).values("due_at"))
    return CaseRequest.objects.exclude(of_sides(tied_to(staff), "tranche__")).with_parties().annotate(due=due)


@admin.register(CaseRequest)
class CaseRequestAdmin(ReadOnlyAdmin):
    """What somebody or a date asked of the SMA, the latest first; a case is opened at once, or by hand."""

    list_display = ("project", "tranche", "cause", "held", "state", "at", "next_try")
    list_filter = ["state", "cause"]
    ordering = ["-pk"]
    fields = readonly_fields = (
        *("project", "tranche", "cause", "held", "state", "at", "next_try"),
        *("asker", "closed_at", "obstacle", "case"),
    )
    deed_facts = ["project", "tranche", "cause", "held", "next_try"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "open": AdminDeed(
            _("Open the case"), ASSIGN, lambda row, by, data: take_up_by_hand(row, by=by), offered=is_open
        )
    }

    def get_queryset(self, request: HttpRequest) -> CaseRequestQuerySet:
        return asked_of(cast("User", request.user))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural)})

    @admin.display(description=_("project"))
    def project(self, row: CaseRequest) -> str:
        project = row.tranche.account.project
        return f"{project.number}, {project.title}"

    @admin.display(description=_("held"))
    def held(self, row: CaseRequest) -> str:
        return euros(row.tranche.held_cents)

    @admin.display(description=_("tried again on"))
    def next_try(self, row: CaseRequest) -> str:
        return paris_short(vars(row)["due"]) if is_open(row) else "–"

    @admin.display(description=_("asked by"))
    def asker(self, row: CaseRequest) -> str:
        """The two sides are not named here."""
        if row.by is None:
            return _now("a date, by itself")
        return _now("the client") if row.by == row.tranche.account.agreement.client else _now("the provider")

    @admin.display(description=_("case"))
    def case(self, row: CaseRequest) -> str:
        """The case that was opened of it."""
        opened = Dispute.objects.about([row.tranche]).filter(opened_at__gte=row.at).order_by("pk").first()
        if opened is None or row.obstacle or is_open(row):
            return "–"
        address = reverse("admin:mediation_dispute_change", args=[opened.pk])
        return format_html('<a href="{}">{}</a>', address, opened.number)


@waits
def to_open(user: User) -> Iterator[Waiting]:
    """What was asked and has no case yet, for who may open it."""
    rows = list(asked_of(user).open()) if user.has_perm(READ) and user.has_perm(ASSIGN) else []
    if rows:
        words = ngettext("%(n)s case asked for to open", "%(n)s cases asked for to open", len(rows))
        address = f"{reverse('admin:escrow_caserequest_changelist')}?state__exact=OPEN"
        dates = [due for row in rows if (due := vars(row)["due"])]
        since = min(row.at for row in rows)
        yield Waiting(capfirst(words) % {"n": len(rows)}, address, since=since, before=min(dates, default=None))
