from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.events.forms import PreferencesForm
from marketplace.events.mail import Unsubscription
from marketplace.events.models import Notice, Preference
from marketplace.policies import UserRequest, policy

PAGE = 20


@require_safe
@policy("events.own", suspended=True)
def notices(request: UserRequest) -> HttpResponse:
    mine = Notice.objects.visible_to(request.user)
    before = request.GET.get("avant", "")
    page = list(mine.before(before)[: PAGE + 1])
    older = page[PAGE - 1].pk if len(page) > PAGE else None
    context = {
        "steps": [notice.step for notice in page[:PAGE]],
        "older": f"?avant={older}" if older else "",
        "unmailed": mine.unmailed(timezone.now()),
    }
    return render(request, "events/notices.html", context)


@require_safe
@policy("events.own", suspended=True)
def open_notice(request: UserRequest, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    notice.mark_read()
    request.user.unread_notices = None  # counted again: this one is read
    if notice.shown.path:
        return redirect(notice.shown.path)
    return render(request, "events/notice.html", {"notice": notice, "letter": notice.shown})


@require_POST
@policy("events.own", suspended=True)
def read_all(request: UserRequest) -> HttpResponse:
    Notice.objects.visible_to(request.user).read()
    messages.success(request, _("All your notices are marked as read."))
    return redirect("events:notices")


@require_http_methods(["GET", "HEAD", "POST"])
@policy("events.own", suspended=True)
def preferences(request: UserRequest) -> HttpResponse:
    form = PreferencesForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your choices are saved."))
        return redirect("events:preferences")
    return render(request, "events/preferences.html", {"form": form})


@csrf_exempt  # RFC 8058: the mail program posts by itself, without a cookie; the link is signed and only switches off.
@require_http_methods(["GET", "HEAD", "POST"])
@policy("events.unsubscribe", suspended=True)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    what = Unsubscription.read(token)
    if what is None:
        raise Http404
    if request.method == "POST":
        Preference.objects.choose(what.user_id, {what.kind: False})
    return render(request, "events/unsubscribe.html", {"kind": what.kind, "done": request.method == "POST"})
