from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Notice, NoticeQuerySet
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Notice]
else:
    Base = admin.ModelAdmin


@admin.register(Notice)
class NoticeAdmin(Base):
    """Which mails have not left, for administrators; nothing is changed here but by sending again."""

    list_display = ("id", "name", "user", "at", "mail_state", "attempts", "failure")
    list_filter = ("mail_state", "name")
    list_select_related = ("user",)
    search_fields = ("user__email", "=request_id")
    show_full_result_count = False
    actions = ("resend",)

    def has_view_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """Notices quote private words: administrators alone."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    @admin.action(description=_("Send the refused mails again"), permissions=["view"])
    def resend(self, request: HttpRequest, chosen: NoticeQuerySet) -> None:
        """Send again what failed among the chosen; the others are named as refused."""
        for notice in chosen:
            try:
                notice.resend()
                self.message_user(request, _("Notice no. %(number)s will be sent again.") % {"number": notice.pk})
            except Refusal as refusal:
                self.message_user(request, f"{notice.pk}: {refusal}", messages.WARNING)
