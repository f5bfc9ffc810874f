from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from marketplace.policies import UserRequest, policy
from projects.correspondence import Correspondence
from projects.forms.thread import ThreadForm, ThreadSearchForm
from projects.views.offers import sent


@require_http_methods(["GET", "HEAD", "POST"])
@policy("projects.thread", suspended="to read")
@cache_control(private=True, no_store=True)
def thread(request: UserRequest, key: str) -> HttpResponse:
    asked, words = request.GET, ThreadSearchForm(request.GET).words
    chosen, before = asked.get("accord", ""), asked.get("avant", "")
    talk = Correspondence(request.user, key, chosen=chosen, words=words, before=before)
    form = ThreadForm(*sent(request), thread=talk.thread)
    if form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Your message is sent: %(name)s is told by e-mail.") % {"name": talk.other})
        return redirect(talk.url())
    page = render(request, "projects/thread.html", {"form": form, **talk.context})
    talk.mark_read()
    return page
