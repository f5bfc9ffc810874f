from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Min, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, Waiting, WithReason, waits
from marketplace.forms import Deed, Performing
from marketplace.payments import failures
from marketplace.payments.models import Means
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros, paris, paris_short, siren
from payouts.bankfiles import LARGEST
from payouts.models import (
    BankAnswer,
    BatchState,
    PayoutBatch,
    PayoutRequest,
    PayoutState,
    RefundTransfer,
    RefundTransferState,
)
from payouts.models.batches import named
from payouts.states import ENDED

if TYPE_CHECKING:
    from marketplace.accounts.models import User

DECIDE, SEND = "payouts.decide_payoutrequest", "payouts.send_payoutbatch"
REPAY = "payouts.decide_refundtransfer"


@admin.register(PayoutRequest)
class PayoutRequestAdmin(ReadOnlyAdmin):
    list_display = ["invoice_number", "company", "amount", "state", "asked_at", "due", "decided_by"]
    list_filter = ["state"]
    search_fields = ["invoice_number", "provider__email", "provider__company__name"]
    list_select_related = ["provider__company", "decided_by", "bank_account", "batch"]
    ordering = ["-pk"]
    actions = ["make_batch"]
    fields = [
        *("invoice_number", "issued_on", "company", "client", "project", "tranche", "amount", "vat", "invoice"),
        *("account", "state", "asked_at", "due", "decided_by", "decided_at", "why", "batch", "ended_at"),
    ]
    readonly_fields = ["company", "client", "project", "amount", "vat", "invoice", "account", "due", "why"]
    deed_facts = ["company", "amount", "vat", "invoice", "account", "client", "project", "tranche"]
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
            grave=True,
            offered=lambda request: request.state in {PayoutState.ASKED, PayoutState.APPROVED},
        ),
    }

    @admin.display(description=_("provider"))
    def company(self, row: PayoutRequest) -> str:
        return f"{row.provider.company.name} ({siren(row.provider.company.number)})"

    @admin.display(description=_("client"))
    def client(self, row: PayoutRequest) -> str:
        company = row.tranche.account.agreement.client.company
        return f"{company.name} ({siren(company.number)})"

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
        return f"{row.bank_account.holder}, {row.bank_account.masked}"  # the whole number stands in the bank file alone

    @admin.display(description=_("next step before"), empty_value="–")
    def due(self, row: PayoutRequest) -> str:
        due = paris_short(row.due_at)
        return _("%(date)s, paused: the books are wrong") % {"date": due} if row.__dict__["paused"] else due

    @admin.display(description=_("reason of the refusal"), empty_value="–")
    def why(self, row: PayoutRequest) -> str:
        return row.why if row.state in ENDED else "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutRequest]:
        return PayoutRequest.objects.with_pauses()

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEND)

    @admin.action(description=_("Put the chosen requests into one batch"), permissions=["send"])
    def make_batch(self, request: HttpRequest, queryset: QuerySet[PayoutRequest]) -> HttpResponse | None:
        try:
            batch = PayoutBatch.make(queryset, by=staff(request))
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        if batch.left_out:
            words = _("Left out, for the books of these projects are wrong and their payouts are paused: %(which)s.")
            self.message_user(request, words % {"which": named(batch.left_out)}, messages.WARNING)
        return redirect("admin:payouts_payoutbatch_change", batch.pk)


def staff(request: HttpRequest) -> User:
    """Who is at work in the administration."""
    return cast("User", request.user)


class AccountFilter(admin.SimpleListFilter):
    """Whether the payer's IBAN is known."""

    title = _("IBAN")
    parameter_name = "iban"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", str(_("given"))), ("no", str(_("not given yet")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(bank_account__isnull=self.value() == "no") if self.value() else queryset


@admin.register(RefundTransfer)
class RefundTransferAdmin(ReadOnlyAdmin):
    """Refunds that no card took: those that wait for an IBAN, for approval, for a batch, for the bank."""

    list_display = ["description", "company", "amount", "account", "state", "made_at", "due", "decided_by"]
    list_filter = ["state", AccountFilter]
    search_fields = ["payee__email", "payee__company__name", "refund__payment__description", "=refund__key"]
    list_select_related = ["payee__company", "refund__payment", "bank_account", "batch", "decided_by"]
    ordering = ["-pk"]
    actions = ["make_batch"]
    fields = [
        *("description", "company", "amount", "account", "state", "made_at", "due", "why_no_card", "at_stripe"),
        *("why_returned", "refund", "decided_by", "decided_at", "batch", "ended_at"),
    ]
    readonly_fields = ["description", "company", "amount", "account", "due", "why_no_card", "at_stripe", "why_returned"]
    deed_facts = ["description", "company", "amount", "account", "made_at", "why_no_card", "at_stripe", "why_returned"]
    deeds: ClassVar[dict[str, AdminDeed]] = {
        "approve": AdminDeed(
            _("Approve this refund by transfer"),
            REPAY,
            lambda transfer, by, data: transfer.approve(by=by),
            offered=lambda transfer: transfer.state == RefundTransferState.WAITING and transfer.bank_account_id,
            reauthenticate=True,
        ),
    }

    @admin.display(description=_("what had been paid"))
    def description(self, row: RefundTransfer) -> str:
        return row.refund.payment.description

    @admin.display(description=_("payer"))
    def company(self, row: RefundTransfer) -> str:
        return f"{row.payee.company.name} ({siren(row.payee.company.number)})"

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, row: RefundTransfer) -> str:
        return euros(row.cents)

    @admin.display(description=_("bank account"))
    def account(self, row: RefundTransfer) -> str:
        return f"{row.bank_account.holder}, {row.bank_account.masked}" if row.bank_account else str(_("not given yet"))

    @admin.display(description=_("next step before"), empty_value="–")
    def due(self, row: RefundTransfer) -> str:
        return paris_short(row.due_at)

    @admin.display(description=_("why the card did not take it"), empty_value="–")
    def why_no_card(self, row: RefundTransfer) -> str:
        return failures.in_words(row.refund.failure)

    @admin.display(description=_("to do at Stripe first"), empty_value="–")
    def at_stripe(self, row: RefundTransfer) -> str:
        """What a transfer had paid returns to the payer's cash at Stripe, where our bank has nothing of it."""
        if row.refund.payment.means != Means.TRANSFER:
            return ""
        told = _("Stripe keeps the %(amount)s as the payer’s cash: take them back to our balance before you approve.")
        return told % {"amount": euros(row.cents)}

    @admin.display(description=_("why the bank returned the last transfer"), empty_value="–")
    def why_returned(self, row: RefundTransfer) -> str:
        return row.why if row.reason else ""

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEND)

    @admin.action(description=_("Put the chosen refunds into one batch"), permissions=["send"])
    def make_batch(self, request: HttpRequest, queryset: QuerySet[RefundTransfer]) -> HttpResponse | None:
        try:
            batch = PayoutBatch.make(refunds=queryset, by=staff(request))
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        return redirect("admin:payouts_payoutbatch_change", batch.pk)


class DropForm(Deed):
    """A batch may only be dropped while the bank does not have its file: else its requests could be paid twice."""

    not_given = forms.BooleanField(
        label=_("I have made sure that this file was not given to the bank, and will not be.")
    )


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    list_display = ["message_id", "state", "amount", "made_by", "made_at", "sent_at"]
    list_filter = ["state"]
    list_select_related = ["made_by"]
    fields = [
        *("message_id", "state", "amount", "transfers", "download", "attention"),
        *("made_by", "made_at", "handed_out_at", "sent_at", "sha256"),
    ]
    readonly_fields = ["message_id", "amount", "transfers", "download", "attention"]
    deed_facts = ["amount", "transfers", "made_by", "made_at"]
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
            form=DropForm,
            grave=True,
            offered=lambda batch: batch.state == BatchState.MADE,
        ),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutBatch]:
        return PayoutBatch.objects.with_sums()

    @admin.display(description=_("reference of the file"), ordering="pk")
    def message_id(self, batch: PayoutBatch) -> str:
        return batch.message_id

    @admin.display(description=_("total"), ordering="sum_cents")
    def amount(self, batch: PayoutBatch) -> str:
        return euros(batch.__dict__["sum_cents"])

    @admin.display(description=_("transfers of the batch"), empty_value="–")
    def transfers(self, batch: PayoutBatch) -> str:
        rows = [*batch.requests.with_parts().order_by("pk"), *batch.refunds.with_parts().order_by("pk")]
        return format_html_join("", '<p><a href="{}">{}</a> · {} · {} · {}</p>', (transfer_of(row) for row in rows))

    @admin.display(description=_("SEPA file"), empty_value="–")
    def download(self, batch: PayoutBatch) -> str:
        if batch.state == BatchState.DROPPED:
            return "–"
        url = reverse("admin:payouts_payoutbatch_file", args=[batch.pk])
        return format_html('<a href="{}">{}.xml</a>', url, batch.message_id)

    @admin.display(description=_("attention"), empty_value="–")
    def attention(self, batch: PayoutBatch) -> str:
        if row := batch.outdated:
            return str(PayoutBatch.Outdated(what=row.named))
        is_new = batch.state == BatchState.MADE and not batch.handed_out_at
        return str(PayoutBatch.NotHandedOut()) if is_new else "–"

    def get_urls(self) -> list[URLPattern]:
        # Not by HEAD: it would note as handed out a file that nobody got.
        view = self.admin_site.admin_view(require_GET(self.file_view))
        return [path("<int:pk>/file/", view, name="payouts_payoutbatch_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The kept bytes of the pain.001.001.09 file, unless they must not reach the bank."""
        batch = get_object_or_404(PayoutBatch, pk=pk if request.user.has_perm(SEND) else None)
        try:
            content = batch.hand_out()
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:payouts_payoutbatch_change", batch.pk)
        response = HttpResponse(content, content_type="application/xml")
        response["Content-Disposition"] = f'attachment; filename="{batch.message_id}.xml"'
        response["Cache-Control"] = "private, no-store"
        return response


def transfer_of(row: PayoutRequest | RefundTransfer) -> tuple[str, str, str, str, str]:
    """A transfer as the batch's page lists it: address, invoice or refund, company, amount, state."""
    url = reverse(f"admin:payouts_{row._meta.model_name}_change", args=[row.pk])
    return url, row.motive, row.payee.company.name, euros(row.cents), str(row.get_state_display())


class AnswerForm(Performing):
    """The bank's file."""

    file = forms.FileField(
        label=_("Answer of the bank (pain.002, XML)"),
        help_text=_("5 MB at most. Everything in it is carried out, or nothing; the same file again changes nothing."),
        widget=forms.FileInput(attrs={"accept": ".xml,application/xml,text/xml"}),
    )

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise forms.ValidationError(_("This file is larger than 5 MB: it is no answer to our batches."))
        content: bytes = upload.read()
        return content


@admin.register(BankAnswer)
class BankAnswerAdmin(ReadOnlyAdmin):
    list_display = ["imported_at", "imported_by", "paid", "returned", "pending", "to_look_into"]
    list_select_related = ["imported_by"]
    fields = ["imported_at", "imported_by", "paid", "returned", "pending", "to_look_into", "sha256"]
    readonly_fields = ["to_look_into"]
    change_list_template = "admin/bank_answers.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="payouts_bankanswer_import"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_import": request.user.has_perm(SEND)}
        return super().changelist_view(request, context)

    @admin.display(description=_("to look into"), empty_value="–")
    def to_look_into(self, answer: BankAnswer) -> str:
        return ", ".join(answer.unknown)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Upload the bank's answer: paid or returned, all or nothing."""
        if not request.user.has_perm(SEND):
            return redirect("admin:payouts_bankanswer_changelist")
        form = AnswerForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
        if form.is_valid() and (answer := form.perform(self.reading(form, request), field="file")):
            self.tell(request, answer)
            return redirect("admin:payouts_bankanswer_changelist")
        title = _("Import an answer of the bank")
        context = {**self.admin_site.each_context(request), "form": form, "opts": self.opts, "title": title}
        return TemplateResponse(request, "admin/import_answer.html", context)

    def reading(self, form: AnswerForm, request: HttpRequest) -> Callable[[], BankAnswer]:
        """The deed of the form."""
        return lambda: BankAnswer.read(form.cleaned_data["file"], by=staff(request))

    def tell(self, request: HttpRequest, answer: BankAnswer) -> None:
        """Say what the file has changed, and what a person has to look into."""
        if answer.repeated:
            words = _("This file was imported before, on %(date)s. Nothing was changed.")
            self.message_user(request, words % {"date": paris(answer.imported_at)}, messages.WARNING)
            return
        words = _("Paid: %(paid)s. Returned: %(returned)s. Still under way: %(pending)s.")
        facts = {"paid": answer.paid, "returned": answer.returned, "pending": answer.pending}
        self.message_user(request, words % facts)
        if answer.unknown:
            words = _("To look into with the bank, nothing was moved for it: %(unknown)s.")
            self.message_user(request, words % {"unknown": ", ".join(answer.unknown)}, messages.WARNING)


@waits
def desk(user: User) -> Iterator[Waiting]:
    """Requests and refunds to decide on, approved ones to put into a batch, batches to send, each for who may."""
    if user.has_perm(DECIDE):
        yield from waiting(
            PayoutState.ASKED,
            lambda n: ngettext("%(n)s payment request to decide on", "%(n)s payment requests to decide on", n),
        )
    if user.has_perm(SEND):
        yield from waiting(
            PayoutState.APPROVED,
            lambda n: ngettext("%(n)s approved request to batch", "%(n)s approved requests to batch", n),
        )
        yield from batches()
    if user.has_perm(REPAY):
        yield from refunds(user)


def refunds(user: User) -> Iterator[Waiting]:
    """Refunds that no card took: to be approved, to be put into a batch, and those that wait for an IBAN."""
    rows = RefundTransfer.objects.order_by("pk").select_related("bank_account")
    owed = rows.filter(state=RefundTransferState.WAITING).exclude(bank_account=None)
    yield from owing(
        list(owed),
        "state__exact=WAITING&iban=yes",
        lambda n: ngettext("%(n)s refund by transfer to approve", "%(n)s refunds by transfer to approve", n),
    )
    if user.has_perm(SEND):
        yield from owing(
            list(rows.filter(state=RefundTransferState.APPROVED)),
            "state__exact=APPROVED",
            lambda n: ngettext("%(n)s approved refund to batch", "%(n)s approved refunds to batch", n),
        )
    yield from owing(
        list(rows.without_account()),
        "state__exact=WAITING&iban=no",
        lambda n: ngettext("%(n)s refund waits for an IBAN", "%(n)s refunds wait for an IBAN", n),
    )


def owing(rows: list[RefundTransfer], chosen: str, words: Callable[[int], str]) -> Iterator[Waiting]:
    """These refunds, if any, since when, and the nearest deadline of ours."""
    if rows:
        address = f"{reverse('admin:payouts_refundtransfer_changelist')}?{chosen}"
        before = min((row.due_at for row in rows if row.due_at), default=None)
        yield Waiting(words(len(rows)) % {"n": len(rows)}, address, since=rows[0].made_at, before=before)


def waiting(state: PayoutState, words: Callable[[int], str]) -> Iterator[Waiting]:
    """The requests in `state`, if any, with the nearest deadline."""
    rows = list(PayoutRequest.objects.filter(state=state).select_related("bank_account").order_by("pk"))
    if rows:
        address = f"{reverse('admin:payouts_payoutrequest_changelist')}?state__exact={state}"
        before = min(row.due_at for row in rows if row.due_at)
        yield Waiting(words(len(rows)) % {"n": len(rows)}, address, since=rows[0].asked_at, before=before)


def batches() -> Iterator[Waiting]:
    """The batches whose file the bank does not have yet."""
    found = PayoutBatch.objects.filter(state=BatchState.MADE).aggregate(n=Count("pk"), since=Min("made_at"))
    if found["n"]:
        words = ngettext("%(n)s batch to give to the bank", "%(n)s batches to give to the bank", found["n"])
        address = reverse("admin:payouts_payoutbatch_changelist")
        yield Waiting(words % found, f"{address}?state__exact={BatchState.MADE}", since=found["since"])
