"""Where people are led back to: pages of this site only, and pages that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest


def own_page(request: HttpRequest, path: str) -> str:
    """`path` when it is an address of this site, else nothing: nobody is led elsewhere by a link."""
    ours = url_has_allowed_host_and_scheme(path, {request.get_host()}, require_https=request.is_secure())
    return path if ours else ""


def above(path: str) -> str:
    """The nearest address above `path` that the site knows."""
    parts = path.strip("/").split("/")[:-1]
    while parts:
        try:
            resolve(found := f"/{'/'.join(parts)}/")
        except Resolver404:
            parts.pop()
        else:
            return found
    return "/"
