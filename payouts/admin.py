from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, WithReason
from marketplace.forms import Performing
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros
from payouts.bankfiles import LARGEST
from payouts.models import BankAnswer, BatchState, PayoutBatch, PayoutRequest, PayoutState

if TYPE_CHECKING:
    from marketplace.accounts.models import User

DECIDE, SEND = "payouts.decide_payoutrequest", "payouts.send_payoutbatch"


@admin.register(PayoutRequest)
class PayoutRequestAdmin(ReadOnlyAdmin):
    list_display = ["invoice_number", "company", "amount", "state", "asked_at", "decided_by"]
    list_filter = ["state"]
    search_fields = ["invoice_number", "provider__email", "provider__company__name"]
    list_select_related = ["provider__company", "decided_by"]
    ordering = ["asked_at", "pk"]
    actions = ["make_batch"]
    fields = [
        *("invoice_number", "issued_on", "company", "client", "project", "tranche", "amount", "vat", "invoice"),
        *("account", "state", "asked_at", "decided_by", "decided_at", "refusal", "batch", "ended_at"),
    ]
    readonly_fields = ["company", "client", "project", "amount", "vat", "invoice", "account"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "approve": AdminDeed(
            _("Approve this request"),
            DECIDE,
            lambda request, by, data: request.approve(by=by),
            offered=lambda request: request.state == PayoutState.ASKED,
            reauthenticate=True,
        ),
        "refuse": AdminDeed(
            _("Refuse this request"),
            DECIDE,
            lambda request, by, data: request.refuse(by=by, reason=data["reason"]),
            form=WithReason,
            offered=lambda request: request.state in {PayoutState.ASKED, PayoutState.APPROVED},
        ),
    }

    @admin.display(description=_("provider"))
    def company(self, row: PayoutRequest) -> str:
        return f"{row.provider.company.name} ({row.provider.company.number})"

    @admin.display(description=_("client"))
    def client(self, row: PayoutRequest) -> str:
        company = row.tranche.account.agreement.client.company
        return f"{company.name} ({company.number})"

    @admin.display(description=_("project"))
    def project(self, row: PayoutRequest) -> str:
        return row.tranche.account.project.title

    @admin.display(description=_("amount, VAT included"), ordering="cents")
    def amount(self, row: PayoutRequest) -> str:
        return euros(row.cents)

    @admin.display(description=_("excluding VAT, and VAT"))
    def vat(self, row: PayoutRequest) -> str:
        return f"{euros(row.ht_cents)} + {euros(row.vat_cents)}"

    @admin.display(description=_("invoice"))
    def invoice(self, row: PayoutRequest) -> str:
        return format_html('<a href="{}">{}</a>', row.document.get_absolute_url(), row.document.name)

    @admin.display(description=_("bank account"))
    def account(self, row: PayoutRequest) -> str:
        return f"{row.bank_account.holder}, {row.bank_account.masked}"

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEND)

    @admin.action(description=_("Put the chosen requests into one batch"), permissions=["send"])
    def make_batch(self, request: HttpRequest, queryset: QuerySet[PayoutRequest]) -> HttpResponse | None:
        try:
            batch = PayoutBatch.make(queryset, by=staff(request))
        except (Refusal, PayoutRequest.AccountOnHold) as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        return redirect("admin:payouts_payoutbatch_change", batch.pk)


def staff(request: HttpRequest) -> User:
    """Who is at work in the administration."""
    return cast("User", request.user)


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    list_display = ["message_id", "state", "amount", "made_by", "made_at", "sent_at"]
    list_filter = ["state"]
    fields = ["message_id", "state", "amount", "transfers", "made_by", "made_at", "sent_at", "sha256", "download"]
    readonly_fields = ["message_id", "amount", "transfers", "download"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "send": AdminDeed(
            _("Mark as given to the bank"),
            SEND,
            lambda batch, by, data: batch.mark_sent(by=by),
            offered=lambda batch: batch.state == BatchState.MADE,
            reauthenticate=True,
        ),
        "drop": AdminDeed(
            _("Drop this batch"),
            SEND,
            lambda batch, by, data: batch.drop(by=by),
            offered=lambda batch: batch.state == BatchState.MADE,
        ),
    }

    @admin.display(description=_("total"))
    def amount(self, batch: PayoutBatch) -> str:
        return euros(batch.cents)

    @admin.display(description=_("transfers"))
    def transfers(self, batch: PayoutBatch) -> str:
        return ", ".join(f"{row.invoice_number} ({euros(row.cents)})" for row in batch.requests.order_by("pk"))

    @admin.display(description=_("SEPA file"))
    def download(self, batch: PayoutBatch) -> str:
        url = reverse("admin:payouts_payoutbatch_file", args=[batch.pk])
        return format_html('<a href="{}">{}.xml</a>', url, batch.message_id)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.file_view))
        return [path("<int:pk>/file/", view, name="payouts_payoutbatch_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The kept bytes of the pain.001.001.09 file."""
        batch = get_object_or_404(PayoutBatch, pk=pk if request.user.has_perm(SEND) else None)
        response = HttpResponse(batch.file.encode(), content_type="application/xml")
        response["Content-Disposition"] = f'attachment; filename="{batch.message_id}.xml"'
        response["Cache-Control"] = "private, no-store"
        return response


class AnswerForm(Performing):
    """The bank's file."""

    file = forms.FileField(label=_("Answer of the bank (pain.002, XML)"))

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise forms.ValidationError(_("This file is larger than 5 MB: it is no answer to our batches."))
        content: bytes = upload.read()
        return content


@admin.register(BankAnswer)
class BankAnswerAdmin(ReadOnlyAdmin):
    list_display = ["imported_at", "imported_by", "paid", "returned", "unknown"]
    fields = ["imported_at", "imported_by", "paid", "returned", "unknown", "sha256"]
    change_list_template = "admin/bank_answers.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="payouts_bankanswer_import"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_import": request.user.has_perm(SEND)}
        return super().changelist_view(request, context)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Upload the bank's answer: paid or returned, all or nothing."""
        if not request.user.has_perm(SEND):
            return redirect("admin:payouts_bankanswer_changelist")
        form = AnswerForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
        if form.is_valid() and (answer := form.perform(self.reading(form, request), field="file")):
            words = _("Paid: %(paid)s. Returned: %(returned)s. Unknown references: %(unknown)s.")
            facts = {"paid": answer.paid, "returned": answer.returned, "unknown": len(answer.unknown)}
            self.message_user(request, words % facts)
            return redirect("admin:payouts_bankanswer_changelist")
        context = {**self.admin_site.each_context(request), "form": form, "opts": self.opts, "title": _("Import")}
        return TemplateResponse(request, "admin/import_answer.html", context)

    def reading(self, form: AnswerForm, request: HttpRequest) -> Any:
        """The deed of the form."""
        return lambda: BankAnswer.read(form.cleaned_data["file"], by=staff(request))
