from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, Waiting, waits
from marketplace.forms import Deed
from marketplace.ledger.models import Account, AccountQuerySet, Asset, Move, Pause, Transfer
from marketplace.ledger.statements import Statement
from marketplace.templatetags.page import euros, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marketplace.accounts.models import User

    MovesInline = admin.TabularInline[Move, Transfer]
else:
    MovesInline = admin.TabularInline


def counted(amount: int, asset: str) -> str:
    """`amount` as people read it: euros with their cents, credits as a count."""
    return euros(amount) if asset == Asset.EUR else number(amount)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Every account and what is on it; one account opens its statement."""

    list_display = ("id", "label", "asset", "guard", "total", "opened_at")
    list_display_links = ("id", "label")
    list_filter = ("kind", "asset", "guard")
    search_fields = ("=id", "name__startswith")
    ordering = ("guard", "-id")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> AccountQuerySet:
        return Account.objects.with_total()

    @admin.display(description=_("account"))
    def label(self, account: Account) -> str:
        return account.name or account.get_kind_display()

    @admin.display(description=_("balance"))
    def total(self, account: Any) -> str:
        return counted(account.total, account.asset)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The statement of one account, page by page."""
        account = self.get_object(request, object_id)
        before = request.GET.get("before", "")
        if not self.has_view_permission(request, account) or not isinstance(account, Account):
            raise Http404
        page = self.admin_site.each_context(request) | {
            "title": _("Statement of account"),
            "opts": self.opts,
            "account": account,
            "balance": self.total(account),
            "statement": Statement.of(account, before=int(before) if before.isdecimal() else None),
        }
        return TemplateResponse(request, "admin/ledger/account/statement.html", page)


class MoveInline(MovesInline):
    """The moves of a transfer, as they were written."""

    model = Move
    fk_name = "transfer"
    fields = readonly_fields = ("debit", "credit", "asset", "counted")
    extra = 0
    can_delete = False

    @admin.display(description=_("amount"))
    def counted(self, move: Move) -> str:
        return counted(move.amount, move.asset)

    def has_add_permission(self, request: HttpRequest, obj: Transfer | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Transfer | None = None) -> bool:
        return False


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Every transfer with its moves, found by the start of its key or event, or by its project."""

    list_display = ("key", "event", "project", "by", "at")
    list_select_related = ("by",)
    search_fields = ("key__startswith", "event__startswith", "=project")
    search_help_text = _("Start of the key or of the event, or a project’s whole reference")
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = ("key", "event", "project", "by", "reverses", "at")
    inlines = (MoveInline,)


class LiftForm(Deed):
    """What was wrong and how it was put right: a pause is not lifted without it."""

    reason = forms.CharField(
        label=_("What was wrong, and how it was put right"),
        help_text=_("Kept with the pause, for whoever looks at the books later."),
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        max_length=2000,
    )


@admin.register(Pause)
class PauseAdmin(ReadOnlyAdmin):
    """What the books’ checks found wrong, what stands still since, and what to do about it."""

    list_display = ("whose", "check_name", "sentence", "rows", "since", "seen_at", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), "check_name")
    list_select_related = ("lifted_by",)
    search_fields = ("=project",)
    fields = readonly_fields = (
        *("whose", "check_name", "sentence", "rows", "since", "seen_at", "advice"),
        *("lifted_at", "lifted_by", "reason"),
    )
    deed_facts = ("whose", "check_name", "sentence", "since", "seen_at")
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "lift": AdminDeed(
            _("Lift this pause"),
            "ledger.lift_pause",
            lambda pause, by, data: pause.lift(by=by, reason=data["reason"]),
            form=LiftForm,
            offered=lambda pause: pause.lifted_at is None,
            reauthenticate=True,
        ),
    }

    @admin.display(description=_("payouts that stand still"), ordering="project")
    def whose(self, pause: Pause) -> str:
        return (
            _("those of project %(project)s") % {"project": pause.project}
            if pause.project
            else str(_("those of all projects"))
        )

    @admin.display(description=_("what to do"))
    def advice(self, pause: Pause) -> str:
        words = _(
            "Read the transfers of the days before the pause, and what the row speaks of. A wrong transfer is put "
            "right by another one that reverses it, never by hand in the database. “manage.py check_books” says at "
            "once whether all is right; then lift the pause with the reason."
        )
        address = f"{reverse('admin:ledger_transfer_changelist')}?q={pause.project}"
        return format_html('{} <a href="{}">{}</a>', words, address, _("See the transfers"))


@waits
def pauses(user: User) -> Iterator[Waiting]:
    """Payouts that stand still because the books are wrong, for who may lift that."""
    standing = Pause.objects.standing().order_by("since")
    if user.has_perm("ledger.lift_pause") and (n := len(standing)):
        words = ngettext(
            "%(n)s pause of payouts: the books are wrong", "%(n)s pauses of payouts: the books are wrong", n
        )
        address = f"{reverse('admin:ledger_pause_changelist')}?lifted_at__isempty=1"
        yield Waiting(words % {"n": n}, address, since=standing[0].since)
