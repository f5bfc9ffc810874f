"""Checks at start: the site does not come up with a route that nobody has decided on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import URLPattern, URLResolver, get_resolver

from marketplace.policies import FOREIGN


def routes(
    resolver: URLResolver | None = None, namespace: str = "", path: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Every route below `resolver`: its full name (namespaces included), its path, its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        below = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from routes(entry, inner, below)
        else:
            yield f"{namespace}{entry.name or ''}", below, entry


@register(Tags.urls)
def every_route_has_a_policy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An error for each view of ours without `@policy`; the middleware would answer 404 for it."""
    return [
        Error(
            f"The route {name or path} declares no policy.", hint="Put @policy(…) on its view.", id="marketplace.E001"
        )
        for name, path, pattern in routes()
        if not hasattr(pattern.callback, "policy") and not name.startswith(tuple(FOREIGN))
    ]
