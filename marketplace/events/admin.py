from __future__ import annotations

from typing import ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin
from marketplace.events.models import Notice, NoticeQuerySet
from marketplace.refusals import Refusal


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Which mails have not left, for administrators (notices quote private words); the refused can be sent again."""

    list_display = ("id", "name", "user", "at", "mail_state", "attempts", "failure")
    list_filter = ("mail_state", "name")
    list_select_related = ("user",)
    search_fields = ("user__email", "=request_id")
    show_full_result_count = False
    actions = ("resend",)
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "resend": AdminDeed(
            _("Send this mail again"),
            "events.resend_notice",
            lambda notice, by, data: notice.resend(),
            offered=lambda notice: notice.mail_state == "FAILED",
        )
    }

    @admin.action(description=_("Send the refused mails again"), permissions=["view"])
    def resend(self, request: HttpRequest, chosen: NoticeQuerySet) -> None:
        """Send again what failed among the chosen; the others are named as refused."""
        for notice in chosen:
            try:
                notice.resend()
                self.message_user(request, _("Notice no. %(number)s will be sent again.") % {"number": notice.pk})
            except Refusal as refusal:
                self.message_user(request, f"{notice.pk}: {refusal}", messages.WARNING)
