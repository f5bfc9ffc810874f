"""What Modération finds in its queues on the trial's first day: projects reported, details called false."""

# ruff: noqa: E501  (sentences as people type them)

from __future__ import annotations

from typing import TYPE_CHECKING

from credits.models import Kind, Spending
from marketplace.demo.plot import PLOTS
from projects.models import Detail, DetailsClaim, Flag, FlagReason

if TYPE_CHECKING:
    from marketplace.demo.story import Story

# Index of the call, who reports it, why, in their words, and our answer when it is closed.
REPORTS = [
    (17, "ines", FlagReason.UNPAID, "Le cahier des charges demande trois maquettes avant tout choix, sans les payer.", ""),
    (17, "lea", FlagReason.OTHER, "On demande un essai rédigé de deux pages, qui serait gardé.", ""),
    (9, "yann", FlagReason.DUPLICATE, "Cet appel me semble déjà paru.", "Le premier a été retiré sans choix : celui-ci est le seul en cours."),
]  # fmt: skip
WRONG = "Appelé trois fois en deux jours, à des heures différentes : le numéro sonne dans une boulangerie."


def complain(story: Story) -> None:
    """Providers report two projects, one of which is answered, and one says that a phone number is false."""
    for index, reporter, reason, text, answer in REPORTS:
        project = story.projects[index]
        flag = Flag.file(project, by=story.people[reporter], reason=reason, text=text, key=story.key())
        if answer:
            flag.take_up(by=story.people["maud"])
            flag.dismiss(by=story.people["maud"], words=answer)
    index = next(index for index, plot in enumerate(PLOTS) if plot.contact == "yann")
    project = story.projects[index]
    spending = Spending.objects.get(project_key=project.key, provider=story.people["yann"], kind=Kind.CONTACT)
    DetailsClaim.file(project, spending, wrong=[Detail.PHONE], text=WRONG, key=story.key())
