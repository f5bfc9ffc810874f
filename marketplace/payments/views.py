from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.payments import doorbell, gateway
from marketplace.payments.checkout import page_of
from marketplace.payments.models import Payment, PaymentState, StripeEvent
from marketplace.payments.stages import stage_of
from marketplace.policies import UserRequest, policy


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@policy("payments.own")
def checkout(request: UserRequest, key: UUID) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.visible_to(request.user), key=key)
    if payment.state == PaymentState.PAID:
        messages.info(request, _("This payment is already made: nothing more was charged."))
    try:
        return redirect(page_of(payment))
    except gateway.GatewayError:
        return render(request, "payments/unavailable.html", {"payment": payment}, status=503)


@never_cache
@require_safe
@policy("payments.own")
def payer_returns(request: UserRequest, key: UUID) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.visible_to(request.user), key=key)
    stage = stage_of(payment, abandoned="abandon" in request.GET)
    if stage.is_waiting:
        doorbell.ring("marketplace.payments.tasks.look", payment.pk)
    return render(request, "payments/return.html", {"payment": payment, "stage": stage})


@never_cache
@require_safe
@policy("payments.own")
def status(request: UserRequest, key: UUID) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.visible_to(request.user), key=key)
    return render(request, "payments/status.html", {"payment": payment, "stage": stage_of(payment)})


@csrf_exempt
@require_POST
@policy("payments.webhook")
def webhook(request: HttpRequest) -> HttpResponse:
    try:
        StripeEvent.receive(gateway.verified(request.body, request.headers.get("Stripe-Signature", "")))
    except gateway.Forged:
        return HttpResponse(status=400)
    return HttpResponse(status=200)
