from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import ResolverMatch

from marketplace import resume
from marketplace.policies import FOREIGN
from marketplace.tracing import request_id

Next = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """Gives each request an id, which logs, tasks and mails carry on; a proxy's `X-Request-ID` is kept if sane."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        token = request_id.set(given if re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given) else uuid.uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class Author:
    """Names in the browser whoever is signed in, so that a form sent later, without a session, finds its author."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        resume.sign(request, response)
        return response


class WayBack:
    """An address that only takes forms, opened as a page: what waits there is given back, or the page above it named.

    So comes whoever signs in again after having sent a form without a session, or kept the address.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        back = resume.above(request.path)
        if kept := resume.offer(request, back=back):
            return kept
        page = render(request, "405.html", {"back": back}, status=405)
        page["Allow"] = response["Allow"]
        return page


class DefaultDeny:
    """Refuses, as if it did not exist, any view of ours that declares no policy (a system check names it earlier)."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if not hasattr(view, "policy") and not (match and is_foreign(match)):
            raise Http404


def is_foreign(match: ResolverMatch) -> bool:
    """Whether a route belongs to a library that checks by itself."""
    return match.view_name.startswith(tuple(FOREIGN))
