"""The report's way to the private thread, and its latest messages."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from projects.correspondence import letters
from projects.masks import Mask
from projects.models import Thread
from projects.report import Page, Panel, Reading, page, panel
from projects.storyline import names_client, own_agreement, own_agreements

SHOWN = 3


@page(order=35)
def thread_page(reading: Reading) -> Page | None:
    """For the parties of an agreement, also one that fell through: they keep what they wrote to each other."""
    if not reading.once(own_agreements):
        return None
    return reverse("projects:thread", args=[reading.project.key]), _("Private thread"), "envelope"


@panel(order=30)
def thread_panel(reading: Reading) -> Panel | None:
    """The latest messages of the living agreement's thread."""
    agreement = reading.once(own_agreement)
    if not agreement:
        return None
    thread = Thread(agreement)
    mask = Mask(reading.project, reading.user, names_client=reading.once(names_client))
    shown = letters(thread.messages.before(None)[:SHOWN], thread, reading.user, mask)
    return Panel("projects/report/thread.html", {"letters": shown, "thread": thread})
