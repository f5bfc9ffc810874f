from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.admin_site import ReadOnlyAdmin, Waiting, waits
from marketplace.payments.failures import in_words
from marketplace.payments.models import CashReturn, Payment, Refund, StripeEvent
from marketplace.payments.models.inbox import EventState
from marketplace.payments.purposes import registry
from marketplace.templatetags.page import euros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model, QuerySet

    from marketplace.accounts.models import User


def words_of(purpose: str) -> str:
    """What people call the purpose of this name; the name itself when no app declares it any more."""
    return str(registry[purpose].words or purpose) if purpose in registry else purpose


class PurposeFilter(admin.SimpleListFilter):
    """What the money is for, in words."""

    title = _("purpose")
    parameter_name = "purpose"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(name, words_of(name)) for name in registry]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(purpose=self.value()) if self.value() else queryset


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Every payment, for Finance."""

    list_display = ("description", "payer", "purpose_words", "amount", "state", "created_at", "paid_at")
    list_filter = ("state", "means", PurposeFilter)
    list_select_related = ("payer",)
    fields = (
        *(
            "description",
            "payer",
            "purpose_words",
            "reference",
            "project_key",
            "amount",
            "parts",
            "means",
            "state",
            "refusal",
        ),
        *("created_at", "paid_at", "cost", "key", "checkout_id", "intent_id", "refunding"),
    )
    readonly_fields = ("purpose_words", "amount", "parts", "cost")
    search_fields = ("=key", "=intent_id", "=checkout_id", "=project_key", "payer__email")
    show_full_result_count = False

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, payment: Payment) -> str:
        return euros(payment.cents)

    @admin.display(description=_("purpose"), ordering="purpose")
    def purpose_words(self, payment: Payment) -> str:
        return words_of(payment.purpose)

    @admin.display(description=_("excluding VAT, and VAT"))
    def parts(self, payment: Payment) -> str:
        return f"{euros(payment.ht_cents)} + {euros(payment.vat_cents)}"

    @admin.display(description=_("Stripe’s fee"), empty_value="–")
    def cost(self, payment: Payment) -> str:
        return euros(payment.cost_cents)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money that goes back to cards, and what could not."""

    list_display = ("payment", "amount", "state", "created_at", "attempts", "why", "key")
    fields = (
        *("payment", "amount", "state", "created_at", "stripe_id", "intent_id", "key"),
        *("attempts", "next_try_at", "claimed_until", "why"),
    )
    readonly_fields = ("amount", "why")
    list_filter = ("state",)
    list_select_related = ("payment",)
    search_fields = ("=key", "=stripe_id", "=intent_id")
    show_full_result_count = False

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, refund: Refund) -> str:
        return euros(refund.cents)

    @admin.display(description=_("failure"), empty_value="–")
    def why(self, refund: Refund) -> str:
        return in_words(refund.failure)


@admin.register(CashReturn)
class CashReturnAdmin(ReadOnlyAdmin):
    """Transfers for payments that were over, sent back by Stripe; what it could not send back waits for Finance."""

    list_display = ("payment", "amount", "state", "created_at", "why")
    fields = ("payment", "amount", "state", "created_at", "stripe_id", "why")
    readonly_fields = ("amount", "why")
    list_filter = ("state",)
    list_select_related = ("payment",)
    search_fields = ("=stripe_id", "=payment__key")
    show_full_result_count = False

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, row: CashReturn) -> str:
        return euros(row.cents)

    @admin.display(description=_("failure"), empty_value="–")
    def why(self, row: CashReturn) -> str:
        return in_words(row.failure)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """What Stripe told us, and what waits for somebody to look at it."""

    list_display = ("event_id", "kind", "object_id", "state", "received_at", "attempts", "failure")
    list_filter = ("state", "kind")
    search_fields = ("=event_id", "=object_id")
    show_full_result_count = False


@waits
def mishaps(user: User) -> Iterator[Waiting]:
    """Messages of Stripe that nobody understood, for who reads them."""
    parked = StripeEvent.objects.filter(state=EventState.PARKED).count()
    if parked and user.has_perm("payments.view_stripeevent"):
        words = ngettext("%(n)s message of Stripe to look at", "%(n)s messages of Stripe to look at", parked)
        address = reverse("admin:payments_stripeevent_changelist")
        yield Waiting(words % {"n": parked}, f"{address}?state__exact={EventState.PARKED}")
    stuck = CashReturn.objects.failed().count()
    if stuck and user.has_perm("payments.view_cashreturn"):
        words = ngettext(
            "%(n)s transfer that Stripe could not send back", "%(n)s transfers that Stripe could not send back", stuck
        )
        address = reverse("admin:payments_cashreturn_changelist")
        yield Waiting(words % {"n": stuck}, f"{address}?state__exact=FAILED")
