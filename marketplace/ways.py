"""Where people are led back to: pages of this site only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest


def own_page(request: HttpRequest, path: str) -> str:
    """`path` when it is an address of this site, else nothing: nobody is led elsewhere by a link."""
    ours = url_has_allowed_host_and_scheme(path, {request.get_host()}, require_https=request.is_secure())
    return path if ours else ""
