from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.admin_site import ReadOnlyAdmin
from marketplace.payments.models import Payment, Refund, StripeEvent
from marketplace.templatetags.page import euros


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Every payment, for Finance."""

    list_display = ("key", "payer", "description", "amount", "state", "created_at", "paid_at")
    list_filter = ("state", "purpose")
    list_select_related = ("payer",)
    search_fields = ("=key", "=intent_id", "=checkout_id", "=project_key", "payer__email")
    show_full_result_count = False

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, payment: Payment) -> str:
        return euros(payment.cents)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money that goes back to cards, and what could not."""

    list_display = ("key", "payment", "amount", "state", "created_at", "attempts", "failure")
    list_filter = ("state",)
    list_select_related = ("payment",)
    search_fields = ("=key", "=stripe_id", "=intent_id")
    show_full_result_count = False

    @admin.display(description=_("amount"), ordering="cents")
    def amount(self, refund: Refund) -> str:
        return euros(refund.cents)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """What Stripe told us, and what waits for somebody to look at it."""

    list_display = ("event_id", "kind", "object_id", "state", "received_at", "attempts", "failure")
    list_filter = ("state", "kind")
    search_fields = ("=event_id", "=object_id")
    show_full_result_count = False
