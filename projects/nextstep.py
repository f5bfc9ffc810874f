"""The next step of a provider who has had no reply: the direct contact credit, on the report and the dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.templatetags.page import paris
from projects.models import Hint, Project
from projects.report import Reading, Todo, todo

if TYPE_CHECKING:
    from marketplace.accounts.models import User


def standing_hint(project: Project, user: User) -> Hint | None:
    """What `user` was told on `project` and still holds, while a contact credit may be spent there."""
    if project.client_id == user.pk or not project.is_available:
        return None
    hint = Hint.objects.standing_for(user, project).first()
    return None if hint and project.has_false_details else hint


@todo
def call_client(reading: Reading) -> Todo | None:
    """Who has had no reply is told that the direct contact credit is next (product, section 4.5)."""
    hint = standing_hint(reading.project, reading.user)
    if hint is None:
        return None
    url = reverse("projects:spend", args=[reading.project.key, "contact"])
    told = _("No reply since %(since)s.") % {"since": paris(hint.since)}
    return Todo(_("You: call the client"), told, _("See what the direct contact credit opens"), url)
