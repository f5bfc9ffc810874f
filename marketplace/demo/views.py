from __future__ import annotations

from urllib.parse import urlencode

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from marketplace.demo.forms import SearchForm
from marketplace.demo.models import Mail
from marketplace.policies import policy

PAGE = 30
IN_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"


@require_safe
@policy("demo.trial", suspended=True)
def mailbox(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    recipient, before = asked.get("a", ""), asked.get("avant")
    mails = Mail.objects.to_somebody_like(recipient)
    page = list(mails.filter(pk__lt=before)[: PAGE + 1] if before else mails[: PAGE + 1])
    older = "?" + urlencode({"a": recipient, "avant": page[PAGE - 1].pk}) if len(page) > PAGE else ""
    return render(request, "demo/mailbox.html", {"form": form, "mails": page[:PAGE], "older": older})


@require_safe
@csp_update({"frame-src": [SELF]})
@policy("demo.trial", suspended=True)
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": get_object_or_404(Mail, pk=pk)})


@require_safe
@xframe_options_sameorigin
@policy("demo.trial", suspended=True)
def html(request: HttpRequest, pk: int) -> HttpResponse:
    content = get_object_or_404(Mail, pk=pk).shown_html
    if not content:
        raise Http404
    response = HttpResponse(content.replace("<head>", '<head><base target="_top">', 1))
    response["Content-Security-Policy"] = IN_MAIL + SANDBOX
    return response
