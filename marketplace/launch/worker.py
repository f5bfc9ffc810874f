"""gunicorn's worker, which answers an address longer than its limit with a page of ours: no application sees it."""

from __future__ import annotations

import socket
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from gunicorn.http.errors import LimitRequestLine  # type: ignore[import-untyped]
from gunicorn.util import write_nonblock  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class Worker(ThreadWorker):  # type: ignore[misc]  # untyped library
    """The threaded worker, with our words for an address that is too long."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        self.log.info("An address longer than %s was refused.", self.cfg.limit_request_line)
        write_nonblock(client, too_long())


def too_long() -> bytes:
    """The whole answer: status, headers, page. It is drawn without a request, so in the site's first language."""
    with translation.override(settings.LANGUAGE_CODE):
        page = render_to_string("414.html", {"SITE_NAME": settings.SITE_NAME}).encode()
    head = [
        "HTTP/1.1 414 URI Too Long",
        "Connection: close",
        "Content-Type: text/html; charset=utf-8",
        "Content-Security-Policy: default-src 'self'",
        f"Content-Length: {len(page)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + page
