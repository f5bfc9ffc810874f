"""The report's way to the private thread, and its latest messages."""

from __future__ import annotations

from collections import defaultdict

from django.urls import reverse
from django.utils.translation import gettext as _

from projects.bundles import Filed, rebuilt
from projects.correspondence import letter
from projects.masks import Mask
from projects.models import Thread, ThreadMessage
from projects.report import Page, Panel, Reading, page, panel
from projects.storyline import names_client, own_agreement, own_agreements


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
    rows = rebuilt(ThreadMessage, vars(reading.project)["latest_letters"])
    files: dict[int | None, list[Filed]] = defaultdict(list)
    for found in vars(reading.project)["thread_files"]:
        files[found["row"]].append(Filed.of(found))
    shown = [letter(row, thread, reading.user, mask)._replace(files=files[row.pk][::-1]) for row in rows]
    return Panel("projects/report/thread.html", {"letters": shown, "thread": thread})
