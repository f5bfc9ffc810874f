from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Company, User
from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, WithReason
from marketplace.templatetags.page import siren


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "is_client", "is_provider", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_active", "is_client", "is_provider", "is_staff"]
    search_fields = ["name", "email"]
    ordering = ["-pk"]
    fields = [
        *("name", "email", "phone", "language", "is_client", "is_provider", "is_staff", "is_active"),
        *("email_verified_at", "date_joined", "last_login"),
    ]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "suspend": AdminDeed(
            _("Suspend this account"),
            "accounts.suspend_user",
            lambda user, by, data: user.suspend(by=by, reason=data["reason"]),
            form=WithReason,
            grave=True,
            offered=lambda user: user.is_active,
        ),
        "reinstate": AdminDeed(
            _("Open this account again"),
            "accounts.suspend_user",
            lambda user, by, data: user.reinstate(by=by),
            offered=lambda user: not user.is_active,
        ),
    }


@admin.register(Company)
class CompanyAdmin(ReadOnlyAdmin):
    list_display = ["name", "siren_number", "vat_number", "country", "vat_status", "city"]
    list_filter = ["vat_status"]
    search_fields = ["name", "siren", "vat_number"]
    list_select_related = ["user"]
    fields = ["user", "name", "country", "siren_number", "vat_number", "vat_status", "street", "postcode", "city"]
    readonly_fields = ["siren_number"]

    @admin.display(description=_("SIREN number"), ordering="siren", empty_value="–")
    def siren_number(self, company: Company) -> str:
        return siren(company.siren)
