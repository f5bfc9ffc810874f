"""What the follow-up of projects adds to pages whose views know nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from credits.models import Kind, Spending
from projects.models import DetailsClaim
from projects.nextstep import standing_hint

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Hint, Project

register = template.Library()


@register.simple_tag
def has_spent_contact(project: Project, user: User) -> bool:
    """Whether `user` reads the client's details by a contact credit, which may come back."""
    return Spending.objects.living().on(project.key).filter(provider=user, kind=Kind.CONTACT).exists()


@register.simple_tag
def has_false_details(user: User) -> bool:
    """Whether what `user` gave as their details was found false and waits for them: they can publish nothing."""
    return DetailsClaim.objects.filter(client=user).uncorrected().exists()


@register.simple_tag
def contact_hint(project: Project, user: User) -> Hint | None:
    """What `user` has had no reply to, when the direct contact credit is their next step."""
    return standing_hint(project, user)
