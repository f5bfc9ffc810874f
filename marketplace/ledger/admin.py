from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from marketplace.admin_site import ReadOnlyAdmin
from marketplace.ledger.models import Account, AccountQuerySet, Asset, Move, Transfer
from marketplace.ledger.statements import Statement
from marketplace.templatetags.page import euros, number

if TYPE_CHECKING:
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
