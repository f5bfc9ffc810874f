"""The site's own pages: home, errors, health, language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.policies import policy
from marketplace.resume import MARK, is_bookkeeping
from marketplace.ways import own_page

SECRETS = ("password", "csrfmiddlewaretoken", "code", "credential", "iban")


@require_safe
@policy("site.public", suspended=True)
def home(request: HttpRequest) -> HttpResponse:
    prices = {"commission": settings.COMMISSION_RATE_BP, "r0_fee": settings.R0_FEE_RATE_BP}
    offered = {"credits": settings.CREDIT_PRICES_CENTS, "r0_offered": settings.R0_OFFERED}
    return render(request, "home.html", {**prices, **offered})


@require_POST
@policy("site.language", suspended=True)
def language(request: HttpRequest) -> HttpResponse:
    wanted, back = request.POST.get("language", ""), request.POST.get("next", "")
    if wanted not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    if request.user.is_authenticated:
        get_user_model().objects.filter(pk=request.user.pk).update(language=wanted)
    response = redirect(own_page(request, back) or "home")
    options = {"samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE, "httponly": True}
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 86400, **options)
    return response


@require_safe
@never_cache
@policy("site.health", suspended=True)
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
@policy("site.health", suspended=True)
def ready(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database", content_type="text/plain", status=503)
    return HttpResponse("ok", content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the request: whatever is broken (database, session) must not break this page too."""
    return HttpResponseServerError(render_to_string("500.html", {"SITE_NAME": settings.SITE_NAME}))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Says why nothing was done. What was typed on a page of ours is offered again, in sight, for one more click;
    what another site sent is not, or that click would complete the attack. A deed in which nothing was typed has no
    words to show: its author goes back to the page that says what it does."""
    typed = [(name, value) for name, values in request.POST.lists() for value in values if may_show(name)]
    typed = typed if came_from_us(request) else []
    shown = [(name, value) for name, value in typed if value and not is_bookkeeping(name)]
    before = own_page(request, request.headers.get("Referer", "")) or request.get_full_path()
    files = MARK if request.FILES else ""  # which the page drawn again asks for, before anything is sent
    context = {"typed": typed if shown else [], "shown": shown, "before": before, "files": files}
    return render(request, "403_csrf.html", context, status=403)


def may_show(name: str) -> bool:
    return not any(secret in name.lower() for secret in SECRETS)


def came_from_us(request: HttpRequest) -> bool:
    """Whether the browser itself says that a page of this site sent the form."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin" and (
        request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    )
