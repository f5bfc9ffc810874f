"""How pages name a provider: by their public name, with a link when they have a published profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.core.exceptions import ObjectDoesNotExist
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Profile

register = template.Library()


def profile_of(provider: User) -> Profile | None:
    """The published profile of `provider`; no query when the row was read with `provider__profile`."""
    try:
        profile: Profile = provider.profile
    except ObjectDoesNotExist:
        return None
    return profile if profile.is_public else None


@register.simple_tag
def provider_link(provider: User, *, stars: bool = False) -> SafeString:
    """The public name of `provider`, which leads to their profile if there is one; with their reviews if `stars`.

    Read the rows with `select_related("provider__profile")`: the tag then costs no query.
    """
    context = {"provider": provider, "profile": profile_of(provider), "stars": stars}
    # No space around it: a comma may follow.
    return mark_safe(render_to_string("projects/_provider_link.html", context).strip())  # noqa: S308  (rendered, so escaped)


@register.inclusion_tag("components/star_row.html")
def stars(count: int) -> dict[str, Any]:
    """A mark of 1 to 5, drawn; words say the same to who does not see it."""
    return {"stars": count, "row": [n <= count for n in range(1, 6)]}
